"""From an unverified signature to a verified caller, in AWS's order of checks.

    1. time        stale, then future
    2. scope       region and service, all mismatches in one message
    3. key, token  unknown or inactive key; token of another key, corrupt, absent, or
                   of version 1 in a region that must be opted into                   → InvalidClientTokenId
    4. expiry      over, or ended before its time by a rule of an account it belongs to or descends from → ExpiredToken
    5. issuer      the user or role behind the session is alive                        → InvalidClientTokenId
    6. signature   constant time                                                       → SignatureDoesNotMatch

So scope errors hide credential errors, an expired token is reported although the signature is wrong, and a deactivated
key likewise. Source: STS answers as observed on the real endpoint; IAM User Guide, "Troubleshoot signed requests".

# INVARIANT: 1. no caller leaves this module but through all six steps.
#   tests/operations/test_authenticate.py::test_no_step_can_be_skipped
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from daypass.activation import ALL_REGIONS, is_good_in
from daypass.credentials import Secret
from daypass.entities import AccessKey
from daypass.errors import EXPIRED_TOKEN, INVALID_TOKEN, ExpiredToken, InvalidClientTokenId
from daypass.exchange import RawRequest
from daypass.ids import account_of
from daypass.ports import Keys, NotLoaded
from daypass.principals import Caller, FederatedUser, RoleSession, Root, Session, User
from daypass.revocation import elsewhere
from daypass.sessions.keyring import Keyring
from daypass.sessions.limits import effective_tags
from daypass.sessions.token import UnknownSealingKey, open_token
from daypass.sigv4 import (
    ProvingKeys,
    UnverifiedSignature,
    check_scope,
    check_time,
    verify_signature,
)
from daypass.snapshot import AccountSnapshot

_UNKNOWN_KEY = f"{INVALID_TOKEN}."

TEMPORARY, LONG_TERM, UNREAD = "ASIA", "AKIA", "unread"
_ASKED = "asked"  # in Caller.derived: the account whose rules were asked, and the others that may end his session

LONGEST_REMEMBERED = 4_096
"""Characters of session policy and tags beyond which a session is opened anew each time: a short token can hold 20,000.

# INVARIANT: 9. what sessions take in memory is bounded by their number, whatever their callers put into them.
#   tests/security/test_bounded_work.py::test_a_session_full_of_tags_works_and_is_not_remembered
"""

FindAccount = Callable[[str], AccountSnapshot | None]


class Reach(NamedTuple):
    """How far a request reaches for what it needs: into memory alone, or, where it ``may_block``, into the store."""

    find_account: FindAccount
    may_block: bool


class Scope(NamedTuple):
    """What this endpoint accepts in a credential scope. ``regions``: says whether a region name may stand there."""

    service: str
    regions: Callable[[str], bool]


Opened = tuple[Session, Secret, tuple[str, ...]]


class Authenticator:
    """Verifies callers against the key ring and the accounts in memory.

    It remembers, in bounded tables, opened session tokens and derived keys; both are functions of their inputs,
    so remembering never outlives a fact: expiry, revocation and the issuer's life are looked at on every call.
    """

    def __init__(self, keys: Keys, *, capacity: int = 16_384) -> None:
        self._keys = keys
        self._proving_keys = ProvingKeys(capacity)
        self._opened: tuple[Keyring | None, dict[tuple[str, str], Opened]] = (None, {})
        self._capacity = capacity

    def verify(
        self,
        raw: RawRequest,
        unverified: UnverifiedSignature,
        scope: Scope,
        reach: Reach,
        now: float,
    ) -> Caller:
        """The caller behind ``unverified``.

        Raises:
            SignatureDoesNotMatch, InvalidClientTokenId, ExpiredToken: as the module's table says.
            NotLoaded: the account, or a sealing key, is beyond ``reach``.
        """
        check_time(unverified, now)
        check_scope(unverified, service=scope.service, regions=scope.regions)
        if unverified.access_key_id.startswith(TEMPORARY):
            caller, secret = self._temporary(unverified, reach, now)
        else:
            caller, secret = self._long_term(unverified, reach.find_account)
        verify_signature(raw, unverified, self._proving_keys.get(secret.reveal(), unverified))
        if caller.session is None and unverified.session_token is not None:
            raise InvalidClientTokenId(INVALID_TOKEN, detail="a session token beside a long-term key")
        return caller

    def at_sight(self, unverified: UnverifiedSignature, find_account: FindAccount) -> tuple[str, bool]:
        """How failures with this key are counted: its id and True if the key exists, else a kind of key and False.

        Found without opening a token or reading the store, so it proves nothing. There are three kinds, so strangers
        cannot make up further ones: ``TEMPORARY``, ``LONG_TERM``, and ``UNREAD`` for a key whose account exists and is
        not in memory, or is out of date there.
        """
        key_id = unverified.access_key_id
        if key_id.startswith(TEMPORARY):
            return (key_id, True) if (unverified.session_token, key_id) in self._opened[1] else (TEMPORARY, False)
        account = account_of(key_id)
        try:
            snapshot = find_account(account) if account else None
        except NotLoaded:
            return UNREAD, False
        return (key_id, True) if snapshot is not None and key_id in snapshot.access_keys else (LONG_TERM, False)

    def _long_term(self, unverified: UnverifiedSignature, find_account: FindAccount) -> tuple[Caller, Secret]:
        account = account_of(unverified.access_key_id)
        snapshot = find_account(account) if account else None
        key = snapshot.access_keys.get(unverified.access_key_id) if snapshot else None
        if snapshot is None or key is None:
            raise InvalidClientTokenId(_UNKNOWN_KEY, detail="unknown access key")
        if key.status != "Active":
            raise InvalidClientTokenId(_UNKNOWN_KEY, detail="inactive access key")
        return _owner(key, snapshot), self._keys.open_secret(key)

    def _temporary(self, unverified: UnverifiedSignature, reach: Reach, now: float) -> tuple[Caller, Secret]:
        session, secret, others = self._opened_token(unverified, reach)
        if session.token_version != ALL_REGIONS:
            _refuse_elsewhere(session, unverified)
        if now >= session.expires:
            raise ExpiredToken(EXPIRED_TOKEN)
        snapshot = reach.find_account(session.account)
        if snapshot is not None and (others or snapshot.revoked):
            _refuse_revoked(session, snapshot, others, reach.find_account)
        caller = session_caller(session, snapshot) if snapshot else None
        if caller is None:
            raise InvalidClientTokenId(INVALID_TOKEN, detail="the principal behind the session is gone")
        caller.derived[_ASKED] = snapshot, others
        return caller, secret

    def _opened_token(self, unverified: UnverifiedSignature, reach: Reach) -> Opened:
        """The session, its secret, and the other accounts whose rules may end it."""
        token = unverified.session_token
        if token is None:
            raise InvalidClientTokenId(INVALID_TOKEN, detail="a temporary key without its session token")
        ring = self._keys.ring()
        opened_with, table = self._opened
        if ring is not opened_with:  # a key that left the ring must not live on in what it opened
            table = {}
            self._opened = (ring, table)  # at once, so that no thread puts what an old ring opened beside a new one
        name = (token, unverified.access_key_id)
        opened = table.get(name)
        if opened is None:
            session, secret = self._open(token, unverified.access_key_id, ring, reach)
            opened = session, secret, elsewhere(session)
            if _length(opened[0]) <= LONGEST_REMEMBERED:
                if len(table) >= self._capacity:
                    table.clear()
                table[name] = opened
        return opened

    def _open(self, token: str, access_key_id: str, ring: Keyring, reach: Reach) -> tuple[Session, Secret]:
        try:
            return open_token(token, access_key_id, ring)
        except UnknownSealingKey as unknown:
            if not reach.may_block:
                if self._keys.refresh_due():
                    raise NotLoaded(unknown.key_id) from None
                raise
            if self._keys.find_or_refresh(unknown.key_id) is None:
                raise
        return open_token(token, access_key_id, self._keys.ring())


# INVARIANT: 1. a token that is good in some regions only is nobody's anywhere else.
#   tests/services/sts/test_regions.py::test_a_version_1_token_is_no_good_where_one_must_opt_in
def _refuse_elsewhere(session: Session, unverified: UnverifiedSignature) -> None:
    """Refuse a token in a region where its version is no good. IAM is one for all regions, whatever they sign for."""
    if unverified.service != "iam" and not is_good_in(session.token_version, unverified.region):
        raise InvalidClientTokenId(
            INVALID_TOKEN, detail=f"a token of version {session.token_version} in an opt-in region"
        )


def refuse_revoked(caller: Caller, snapshot: AccountSnapshot, find_account: FindAccount) -> None:
    """Look again whether the caller's session has been ended. ``snapshot``: the newest of his account.

    Raises:
        ExpiredToken: with AWS's text, which says what to do: get new credentials.
        NotLoaded, StoreUnavailable: from ``find_account``.
    """
    session = caller.session
    if session is None:
        return
    asked, others = caller.derived.get(_ASKED) or (None, elsewhere(session))
    if others or (snapshot.revoked and snapshot is not asked):
        _refuse_revoked(session, snapshot, others, find_account)


# INVARIANT: 1. what was ended before its time is refused, in whichever account the rule stands.
#   tests/services/test_revocations.py::test_a_revoked_session_is_told_that_it_has_expired
def _refuse_revoked(
    session: Session, snapshot: AccountSnapshot, others: tuple[str, ...], find_account: FindAccount
) -> None:
    if snapshot.revoked.hits(session):
        raise ExpiredToken(EXPIRED_TOKEN, detail=f"revoked in {snapshot.id}")
    for account in others:
        other = find_account(account)
        if other is None or other.revoked.hits(session):
            raise ExpiredToken(EXPIRED_TOKEN, detail=f"revoked in {account}")


def _length(session: Session) -> int:
    """Characters of what callers may put into a session."""
    tags = sum(len(key) + len(value) for key, value in session.tags)
    return tags + len(session.policy or "") + sum(map(len, session.policy_arns))


def _owner(key: AccessKey, snapshot: AccountSnapshot) -> Caller:
    """The caller that holds a long-term key; made once per snapshot."""
    found = snapshot.derived.get(key.id)
    if found is None:
        found = snapshot.derived[key.id] = _holder(key, snapshot)
    assert isinstance(found, Caller)
    return found


def _holder(key: AccessKey, snapshot: AccountSnapshot) -> Caller:
    if key.user_id == snapshot.id:
        return Caller(Root(snapshot.id, snapshot.partition), key.id)
    user = snapshot.users.get(key.user_id)
    if user is None:
        raise InvalidClientTokenId(_UNKNOWN_KEY, detail="the key's user is gone")
    return Caller(User(snapshot.id, user.id, user.name, user.path, snapshot.partition), key.id, None, user.tags)


def caller_in(caller: Caller, snapshot: AccountSnapshot) -> Caller | None:
    """``caller`` as ``snapshot``, newer than the one that authenticated him, knows him: name, path, tags.

    None: his key, user or role is gone or switched off since. Operators have none of these.
    """
    if caller.session is not None:
        return session_caller(caller.session, snapshot)
    if not caller.access_key_id:
        return caller
    key = snapshot.access_keys.get(caller.access_key_id)
    return _owner(key, snapshot) if key is not None and key.status == "Active" else None


def session_caller(session: Session, snapshot: AccountSnapshot) -> Caller | None:
    """The caller behind an opened session, or None when the entity it is bound to by unique id is gone."""
    partition = snapshot.partition
    if session.kind == "role":
        role = snapshot.roles.get(session.principal_id)
        if role is None:
            return None
        who = RoleSession(session.account, role.id, role.name, session.name, role.path, partition)
        return Caller(who, session.access_key_id, session, effective_tags(role.tags, session.tags))
    if session.principal_id == session.account:
        root = Root(session.account, partition)
        acting = FederatedUser(session.account, session.name, None, partition) if session.kind == "federated" else root
        return Caller(acting, session.access_key_id, session, session.tags)
    user = snapshot.users.get(session.principal_id)
    if user is None:
        return None
    person = User(session.account, user.id, user.name, user.path, partition)
    if session.kind == "federated":
        federated = FederatedUser(session.account, session.name, person, partition)
        return Caller(federated, session.access_key_id, session, effective_tags(user.tags, session.tags))
    return Caller(person, session.access_key_id, session, user.tags)
