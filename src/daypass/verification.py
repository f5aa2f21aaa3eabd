"""Verify requests and open session tokens in your own service: no server, no database, no network.

    1. the signature is readable, of one kind, and its host is signed
    2. it is fresh, and made for this service and region
    3. its key is known: a long-term key through ``find_key``, a session through the ring that sealed its token, where
       a token of its version is good
    4. the session has not expired, was not revoked, and ``is_live`` says that its role or user still exists
    5. every ``x-amz-*`` header, the body and the signature hold

What the caller still owes: deciding what the caller may do (``evaluate``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from daypass.activation import is_good_in
from daypass.credentials import Secret
from daypass.errors import EXPIRED_TOKEN, INVALID_TOKEN, ExpiredToken, InvalidClientTokenId, MissingAuthenticationToken
from daypass.exchange import RawRequest
from daypass.principals import Caller, FederatedUser, Principal, RoleSession, Root, Session, User
from daypass.regions import partition_of
from daypass.sessions.keyring import Keyring
from daypass.sessions.token import open_token, refuse_expired
from daypass.sigv4 import (
    MISSING_TOKEN,
    QUERY_PROFILE,
    Profile,
    UnverifiedSignature,
    check_scope,
    check_time,
    proving_key,
    read_authorization,
    settle_region,
    verify_signature,
)

FindKey = Callable[[str], tuple[Secret, Principal] | None]
IsLive = Callable[[Session], bool]
IsRevoked = Callable[[Session], bool]


def verify_request(
    request: RawRequest,
    *,
    service: str,
    regions: Collection[str],
    now: float,
    find_key: FindKey | None = None,
    keyring: Keyring | None = None,
    is_live: IsLive | None = None,
    is_revoked: IsRevoked | None = None,
    profile: Profile = QUERY_PROFILE,
) -> Caller:
    """The verified caller of a request signed with SigV4 or SigV4a.

    Args:
        request: as it came over the wire; ``RawRequest.of`` makes one from parts.
        service: the signing name that this service answers to, such as ``sts`` or ``my-api``.
        regions: the regions that may stand in the credential scope; of a SigV4a region set, one must be among them.
        now: epoch seconds.
        find_key: from a long-term access key id to its secret and owner; None: no such key. Without it none is known.
        keyring: opens session tokens. Without it no session is accepted.
        is_live: whether the principal behind a session still exists. Required with ``keyring``, since a service that
            does not ask accepts sessions of deleted roles until they expire.
        is_revoked: whether the session was ended before its time: ``daypass.is_revoked`` with the rules that are in
            force. It then reads as expired. A service that does not ask may let ``is_live`` say so.
        profile: how clients of this service sign: ``QUERY_PROFILE`` is right for all but JSON services of AWS's kind
            (``JSON_PROFILE``) and S3 (``S3_PROFILE``). One with ``allow_unsigned_payload`` leaves it to the service to
            check a body whose hash is not signed.

    Raises:
        ServiceError: with AWS's code and text: MissingAuthenticationToken, IncompleteSignature, SignatureDoesNotMatch,
            InvalidClientTokenId, ExpiredToken.
        TypeError: ``keyring`` without ``is_live``.
    """
    if keyring is not None and is_live is None:
        raise TypeError("verify_request needs is_live beside keyring")
    unverified = read_authorization(request)
    if unverified is None:
        raise MissingAuthenticationToken(MISSING_TOKEN)
    if not unverified.region:
        unverified = settle_region(request, unverified, regions)
    check_time(unverified, now)
    check_scope(unverified, service=service, regions=frozenset(regions).__contains__)
    if unverified.access_key_id.startswith("ASIA"):
        caller, secret = _session(unverified, keyring, is_live, now, is_revoked)
    else:
        caller, secret = _long_term(unverified, find_key)
    verify_signature(request, unverified, proving_key(secret.reveal(), unverified), profile=profile)
    if caller.session is None and unverified.session_token is not None:
        raise InvalidClientTokenId(INVALID_TOKEN, detail="a session token beside a long-term key")
    return caller


def open_session_token(token: str, access_key_id: str, *, keyring: Keyring, now: float) -> Session:
    """The facts of the session that ``token`` proves beside ``access_key_id``; it has not expired at ``now``.

    The caller still owes: whether its principal exists, and ``is_revoked``.

    Raises:
        InvalidClientTokenId: not sealed by this ring for this key id.
        ExpiredToken: over.
    """
    session, _ = open_token(token, access_key_id, keyring)
    refuse_expired(session, int(now))
    return session


def _long_term(unverified: UnverifiedSignature, find_key: FindKey | None) -> tuple[Caller, Secret]:
    found = find_key(unverified.access_key_id) if find_key else None
    if found is None:
        raise InvalidClientTokenId(f"{INVALID_TOKEN}.", detail="unknown access key")
    secret, principal = found
    return Caller(principal, unverified.access_key_id), secret


def _session(
    unverified: UnverifiedSignature,
    keyring: Keyring | None,
    is_live: IsLive | None,
    now: float,
    is_revoked: IsRevoked | None,
) -> tuple[Caller, Secret]:
    token = unverified.session_token
    if token is None or keyring is None or is_live is None:
        raise InvalidClientTokenId(INVALID_TOKEN, detail="no session token, or no ring to open it with")
    session, secret = open_token(token, unverified.access_key_id, keyring)
    if not is_good_in(session.token_version, unverified.region):
        raise InvalidClientTokenId(
            INVALID_TOKEN, detail=f"a token of version {session.token_version} in an opt-in region"
        )
    refuse_expired(session, int(now))
    if is_revoked is not None and is_revoked(session):
        raise ExpiredToken(EXPIRED_TOKEN, detail="revoked")
    if not is_live(session):
        raise InvalidClientTokenId(INVALID_TOKEN, detail="the principal behind the session is gone, or it was revoked")
    return Caller(_principal(session), unverified.access_key_id, session, session.tags), secret


def _principal(session: Session) -> Principal:
    """Who acts in ``session``, named as at its issuance."""
    kind, _, rest = session.principal.partition("/")
    path, _, name = f"/{rest}".rpartition("/")
    partition = partition_of(session.region) or "aws"
    if session.kind == "role":
        return RoleSession(session.account, session.principal_id, name, session.name, f"{path}/", partition)
    user = User(session.account, session.principal_id, name, f"{path}/", partition) if kind == "user" else None
    if session.kind == "federated":
        return FederatedUser(session.account, session.name, user, partition)
    return user or Root(session.account, partition)
