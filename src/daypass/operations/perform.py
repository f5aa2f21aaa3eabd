"""Run one operation for a verified caller, and keep the order of effects: handle, record, commit, outcome.

A handler's result is worth nothing until its record is written: credentials that were minted without a record never
leave, a change without a record is rolled back.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from daypass import wire
from daypass.errors import INVALID_TOKEN, InvalidClientTokenId, ServiceUnavailable
from daypass.operations.audit import Record
from daypass.operations.authenticate import FindAccount, caller_in, refuse_revoked
from daypass.operations.call import Call
from daypass.operations.facts import RequestFacts
from daypass.operations.registry import Operation
from daypass.operations.rehearsal import RehearsedCall, rehearse
from daypass.ports import AuditUnavailable, LastUse, NotLoaded, Ports, Transaction
from daypass.principals import Caller, FederatedIdentity, FederatedUser, RoleSession, User
from daypass.snapshot import AccountSnapshot

Result = Mapping[str, Any]

_INLINE = frozenset({"reads", "mints"})


class Performer:
    """Knows the ports and the order of effects; knows nothing of HTTP. ``strict_audit``: even reads need a record."""

    def __init__(self, ports: Ports, *, strict_audit: bool = False) -> None:
        self._ports = ports
        self._strict_audit = strict_audit

    def perform(
        self,
        operation: Operation,
        params: Mapping[str, Any],
        facts: RequestFacts,
        record: Record,
        find_account: FindAccount,
        model: wire.Operation | None = None,
    ) -> Result:
        """The result of ``operation``; its record is written. ``model`` shapes the response for the record.

        Raises:
            ServiceError: the operation refused, or no record could be written; nothing was minted or changed.
            NotLoaded, StoreUnavailable: from the ports.
        """
        if operation.effect in _INLINE:
            return self._inline(operation, params, facts, record, find_account, model)
        record.read_only = False
        if operation.effect == "founds":
            with self._ports.store.create_account(facts.caller.account) as transaction:
                result = self._in(transaction, operation, params, facts, record, model)
        else:
            self._rehearse(operation, params, facts, record)
            with self._ports.store.transaction(facts.caller.account) as transaction:
                facts = _as_of(transaction.account, facts, self._ports.directory.load)
                result = self._in(transaction, operation, params, facts, record, model)
        self._committed(record)
        self._touch(facts)
        return result

    def _inline(
        self,
        operation: Operation,
        params: Mapping[str, Any],
        facts: RequestFacts,
        record: Record,
        find_account: FindAccount,
        model: wire.Operation | None,
    ) -> Result:
        snapshot = find_account(facts.caller.account)
        if snapshot is None:
            raise InvalidClientTokenId(INVALID_TOKEN, detail="the caller's account is gone")
        _must_live(facts.caller, snapshot)
        refuse_revoked(facts.caller, snapshot, find_account)
        if snapshot.membership is not None:
            facts = facts._replace(membership=snapshot.membership)
        result = operation.handler(Call(operation, params, snapshot, self._ports, facts, record, find_account)) or {}
        if model is not None and operation.effect == "mints":
            record.response = model.public_result(result)
        self.write(record, must=operation.effect == "mints" or self._strict_audit)
        self._touch(facts)
        return result

    def perform_unsigned(
        self,
        operation: Operation,
        params: Mapping[str, Any],
        facts: RequestFacts,
        record: Record,
        find_account: FindAccount,
        model: wire.Operation,
    ) -> Result:
        """Like ``perform``, for an operation that finds out itself who asks, and mints. No record, no credentials."""
        assert operation.effect == "mints", "only minting operations are anonymous"
        result = operation.handler(Call(operation, params, None, self._ports, facts, record, find_account)) or {}
        record.response = model.public_result(result)
        self.write(record, must=True)
        return result

    def _rehearse(self, operation: Operation, params: Mapping[str, Any], facts: RequestFacts, record: Record) -> None:
        """Refuse before the transaction what the account in memory denies already. The operator is denied nothing."""
        if record.raw is None:
            return
        find = self._ports.directory.find
        try:
            account = find(facts.caller.account)
            if account is None:
                return
            facts = _as_of(account, facts, find)
        except (NotLoaded, InvalidClientTokenId):
            return  # memory is behind, or the caller gone: the transaction will know
        rehearse(RehearsedCall(operation, params, account, self._ports, facts, record, find))

    def _in(
        self,
        transaction: Transaction,
        operation: Operation,
        params: Mapping[str, Any],
        facts: RequestFacts,
        record: Record,
        model: wire.Operation | None,
    ) -> Result:
        """The part of a change that happens inside its transaction; leaving it commits."""
        load = self._ports.directory.load
        call = Call(operation, params, None, self._ports, facts, record, load, transaction)
        result = operation.handler(call) or {}
        transaction.flush()
        record.response = model.public_result(result) if model else None
        record.ours["revision"] = transaction.revision
        self.write(record, must=True, durable=True)
        record.response = None  # should the commit fail, the record of the failure has no response
        return result

    def _committed(self, record: Record) -> None:
        record.event_id = self._ports.entropy.bytes(16).hex()
        self.write(record.outcome(), must=False)

    def write(self, record: Record, *, must: bool, durable: bool = False) -> None:
        """Append ``record``. ``must``: without it the call fails; such a record leaves the reserve alone."""
        try:
            self._ports.audit.append(record.rendered(), durable=durable, into_reserve=not must)
        except AuditUnavailable as error:
            if must:
                raise ServiceUnavailable(
                    "The request was not carried out because its audit record could not be written.", detail=str(error)
                ) from error

    def write_refusal(self, record: Record, caller: Caller) -> None:
        """Append the record of what ``caller`` was refused, if there is room for it.

        # INVARIANT: 9. whom a provider of many vouches for is a stranger until a role trusts him.
        #   tests/services/sts/test_federated_role.py::test_whoever_has_a_token_of_anybodys_issuer_fills_no_disk
        """
        with suppress(AuditUnavailable):
            few = isinstance(caller.principal, FederatedIdentity)
            self._ports.audit.append_refusal(record.rendered(), caller.holder, few=few)

    def _touch(self, facts: RequestFacts) -> None:
        """Remember when a user's key or a session's role was last used."""
        caller = facts.caller
        used = caller.derived.get("used")
        if used is None:
            used = caller.derived["used"] = _used_by(caller)
        if used:
            self._ports.last_used.touch(caller.principal.account, used, LastUse(facts.now, facts.region, facts.service))


def _used_by(caller: Caller) -> str:
    """The access key or role that a call of ``caller`` uses; empty: none that is kept account of."""
    principal = caller.principal
    if caller.session is None:
        return caller.access_key_id if isinstance(principal, User) else ""
    return principal.role_id if isinstance(principal, RoleSession) else ""


def _must_live(caller: Caller, account: AccountSnapshot) -> None:
    """Look again, in the account as the operation will see it, that what authenticated the caller still exists.

    A key that was deleted while its request was under way must not leave anything behind: the snapshot that
    authenticated it may be a moment old, a transaction's is the truth, and a newer one the better to mint by.

    # INVARIANT: 5. who is deleted while his request is under way changes, mints and reads nothing.
    #   tests/security/test_races.py::test_who_is_gone_by_the_time_he_acts_does_nothing
    """
    if account.derived.get(caller.access_key_id) is caller:
        return  # it was made from this very account
    principal, session = caller.principal, caller.session
    if caller.access_key_id and session is None:
        key = account.access_keys.get(caller.access_key_id)
        alive = key is not None and key.status == "Active"
    elif isinstance(principal, RoleSession):
        alive = principal.role_id in account.roles
    elif isinstance(principal, User):
        alive = principal.id in account.users
    elif isinstance(principal, FederatedUser) and principal.user is not None:
        alive = principal.user.id in account.users
    else:
        alive = True
    if not alive:
        raise _gone()


def _as_of(account: AccountSnapshot, facts: RequestFacts, find_account: FindAccount) -> RequestFacts:
    """``facts`` with the caller's name, tags and place as they are in ``account``: a change may have waited.

    # INVARIANT: 2. who lost a tag or gave up a name before his change is made has nothing from it any more.
    #   tests/security/test_races.py::test_who_is_no_longer_what_he_was_by_the_time_he_acts_is_taken_as_he_is
    """
    caller = caller_in(facts.caller, account)
    if caller is None:
        raise _gone()
    refuse_revoked(facts.caller, account, find_account)
    return facts._replace(caller=caller, membership=account.membership)


def _gone() -> InvalidClientTokenId:
    return InvalidClientTokenId(INVALID_TOKEN, detail="the caller's key or principal was deleted meanwhile")
