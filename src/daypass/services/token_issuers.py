"""Accounts as OpenID Connect issuers: their URLs, what they publish, and the rotation of their keys.

An issuer is called ``PUBLIC_URL/-/issuers/ID``. Its id is a UUID (RFC 9562, version 8) whose last twelve digits are the
account's, so that every node finds the account without asking the store; the rest is random, so that nobody learns by
guessing which accounts there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from daypass.entities import SigningAlgorithm, TokenIssuer
from daypass.errors import NoSuchEntity, OperationNotImplemented
from daypass.ids import account_uuid
from daypass.operations.call import Call
from daypass.operations.registry import operation
from daypass.outbound import CACHED, advance, published, replace_at_once
from daypass.ports import Keys, Ports
from daypass.services.accounts import require_operator

PATH = "/-/issuers/"

_RANDOM_BYTES = 10


def new_id(call: Call) -> str:
    """A fresh id for the issuer of the caller's account."""
    return account_uuid(call.account.id, call.ports.entropy.bytes(_RANDOM_BYTES))


def issuer_url(ports: Ports, issuer: TokenIssuer) -> str:
    """What ``issuer`` is called in its tokens.

    Raises:
        OperationNotImplemented: nobody has said under what address others reach this daypass.
    """
    if ports.public_url is None:
        raise OperationNotImplemented("This daypass does not know its own address: its operator must set public_url.")
    return f"{ports.public_url}{PATH}{issuer.id}"


def key_name(account: str, key_id: str) -> str:
    """The name for which a private key is sealed. It has the account in it: key ids repeat between accounts."""
    return f"{account}/{key_id}"


def fresh_key(keys: Keys, account: str, algorithm: SigningAlgorithm, key_id: str) -> tuple[bytes, bytes]:
    """A key pair for the issuer of ``account``."""
    return keys.new_signing_key(algorithm, key_name(account, key_id))


class Issuers:
    """What the issuers of this daypass publish, for the HTTP surface."""

    cached = CACHED

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def find(self, issuer_id: str, *, may_block: bool) -> Mapping[str, bytes] | None:
        """The documents of an issuer by path, None when there is no such issuer, or nobody to name it.

        Raises:
            NotLoaded: ask again on a thread that ``may_block``.
        """
        if self._ports.public_url is None:
            return None
        directory = self._ports.directory
        snapshot = (directory.load if may_block else directory.find)(issuer_id[-12:])
        issuer = snapshot.issuer if snapshot else None
        if snapshot is None or issuer is None or issuer.id != issuer_id:
            return None
        documents = snapshot.derived.get("published")
        if documents is None:
            documents = snapshot.derived["published"] = published(issuer, issuer_url(self._ports, issuer))
        assert isinstance(documents, dict)
        return documents


@operation("daypass:RotateIssuerKeys", "changes")
def rotate_issuer_keys(call: Call) -> Mapping[str, object]:
    """Take the steps that are due with the keys of the account's issuer; ``OnDemand``: announce new ones in any case.

    ``AtOnce``: replace them all now. ``Period``: seconds after which a key gets a successor. Result: ``KeyIds``.

    Raises:
        NoSuchEntity: the account has never been an issuer.
    """
    require_operator(call)
    issuer, account, params = call.account.issuer, call.account.id, call.params
    if issuer is None:
        raise NoSuchEntity(f"The account {account} has no token issuer.")
    fresh = partial(fresh_key, call.ports.keys, account)
    if params.get("AtOnce"):
        following = replace_at_once(issuer, call.now, fresh)
    else:
        on_demand = bool(params.get("OnDemand"))
        following = advance(issuer, call.now, fresh, on_demand=on_demand, period=params["Period"])
    if following is not issuer:
        call.put(following)
    return {"KeyIds": [key.id for key in following.keys]}
