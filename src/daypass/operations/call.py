"""One call of one operation: all a handler may see and do.

A handler never touches headers, the clock, XML, secrets' comparison or connections. It reads ``params`` (typed and
bounded by the service model), asks ``authorize``, changes entities through ``put``/``delete`` or ``mint``s credentials,
and returns the result members as a mapping. Denials and refusals are raised as ``ServiceError``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from daypass.entities import Entity
from daypass.ids import RANDOM_BYTES, unique_id
from daypass.operations.registry import Operation
from daypass.ports import Ports, Transaction
from daypass.principals import Caller
from daypass.snapshot import AccountSnapshot


class Call:
    """The caller, what is asked, the account it is about, and the few verbs a handler has.

    ``now`` is in epoch seconds, cut to whole ones; it is the time of the audit record. ``region`` is the region the
    request was made to.
    """

    __slots__ = ("_account", "caller", "now", "operation", "params", "ports", "region", "transaction")

    def __init__(
        self,
        operation: Operation,
        caller: Caller,
        params: Mapping[str, Any],
        account: AccountSnapshot,
        ports: Ports,
        *,
        now: int,
        region: str,
        transaction: Transaction | None = None,
    ) -> None:
        self.operation = operation
        self.caller = caller
        self.params = params
        self.ports = ports
        self.now = now
        self.region = region
        self.transaction = transaction
        self._account = account

    @property
    def account(self) -> AccountSnapshot:
        """The caller's account: inside a change as the transaction sees it, else as of the newest revision."""
        return self.transaction.account if self.transaction else self._account

    def find_account(self, account: str) -> AccountSnapshot | None:
        """Another account's snapshot (or this one's), None when daypass does not host it."""
        if account == self.account.id:
            return self.account
        directory = self.ports.directory
        return directory.load(account) if self.transaction else directory.find(account)

    def put(self, entity: Entity) -> None:
        """Add or replace an entity of the caller's account; only in operations that change."""
        assert self.transaction is not None, "put outside a change"
        self.transaction.put(entity)

    def delete(self, entity: Entity) -> None:
        """Remove an entity of the caller's account; only in operations that change."""
        assert self.transaction is not None, "delete outside a change"
        self.transaction.delete(entity.kind, entity.key)

    def new_id(self, family: str) -> str:
        """A fresh unique id (``AIDA``, ``AROA``, ``ANPA``) in the caller's account."""
        return unique_id(family, self.account.id, self.ports.entropy.bytes(RANDOM_BYTES))

    def authorize(
        self,
        resource: str = "*",
        *,
        action: str = "",
        keys: Mapping[str, str | tuple[str, ...]] | None = None,
        resource_tags: tuple[tuple[str, str], ...] = (),
        shown: str | None = None,
    ) -> None:
        """Refuse unless the caller may do ``action`` (default: this operation) on ``resource`` of its own account.

        ``keys`` are condition keys of this request (``iam:PolicyARN``, ``aws:RequestTag/team``); ``resource_tags``
        become ``aws:ResourceTag/…`` and ``iam:ResourceTag/…``; ``shown`` replaces the resource in the message where
        AWS words it differently (``policy arn:…``).

        Raises:
            AccessDenied: with AWS's wording and reason.
        """
        raise RuntimeError("bound by operations.authorize")
