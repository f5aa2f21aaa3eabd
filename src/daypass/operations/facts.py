"""What the server itself knows about a request: the global condition keys.

Source: IAM User Guide, "AWS global condition context keys".

Keys are computed when a condition asks for one, never before: most requests ask for none. A key that AWS leaves out for
this kind of caller is None here, which policies read as absent. No header or parameter can set or shadow one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from daypass.exchange import RawRequest
from daypass.principals import Anonymous, Caller, User
from daypass.regions import GLOBAL_REGION

Value = str | tuple[str, ...] | None

LONGEST_HEADER = 1_024
"""Characters of ``aws:UserAgent`` and ``aws:Referer`` that conditions see: unsigned text must not cost much."""

_PRINCIPAL_TAG = "aws:principaltag/"


class RequestFacts(NamedTuple):
    """Answers for one request. ``now`` is in epoch seconds; ``raw`` is None for an operator's command."""

    caller: Caller
    now: int
    region: str
    service: str
    raw: RawRequest | None = None
    is_global: bool = False

    def find(self, key: str) -> Value:
        """The value of the global condition key ``key`` (lower-case), or None when the request has none."""
        source = _SOURCES.get(key)
        if source is not None:
            return source(self)
        if key.startswith(_PRINCIPAL_TAG):
            wanted = key[len(_PRINCIPAL_TAG) :]
            return next((value for tag, value in self.caller.tags if tag.lower() == wanted), None)
        return None


@lru_cache(maxsize=1024)
def iso8601(epoch: int) -> str:
    """``2026-01-31T12:00:00Z``. Remembered, since most callers ask for the present second or a common expiry."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _signed(read: Callable[[RequestFacts], Value]) -> Callable[[RequestFacts], Value]:
    """Absent on calls without a signature."""
    return lambda facts: None if isinstance(facts.caller.principal, Anonymous) else read(facts)


def _username(facts: RequestFacts) -> Value:
    principal = facts.caller.principal
    return principal.name if isinstance(principal, User) else None


def _token_issue_time(facts: RequestFacts) -> Value:
    return iso8601(facts.caller.session.issued) if facts.caller.session else None


def _mfa_present(facts: RequestFacts) -> Value:
    """Absent with long-term keys; a role session says ``false`` even when MFA was given to assume it."""
    session = facts.caller.session
    if session is None or session.kind == "federated":
        return None
    return "true" if session.kind in ("user", "root") and session.mfa_at is not None else "false"


def _mfa_age(facts: RequestFacts) -> Value:
    session = facts.caller.session
    if session is None or session.mfa_at is None or session.kind not in ("user", "root"):
        return None
    return str(max(0, facts.now - session.mfa_at))


def _header(name: bytes) -> Callable[[RequestFacts], Value]:
    def read(facts: RequestFacts) -> Value:
        value = facts.raw.header(name) if facts.raw else None
        return value[:LONGEST_HEADER].decode("latin-1") if value is not None else None

    return read


def _requested_region(facts: RequestFacts) -> Value:
    partition = facts.caller.principal.partition
    return GLOBAL_REGION[partition] if facts.is_global or facts.service == "iam" else facts.region


_SOURCES: dict[str, Callable[[RequestFacts], Value]] = {
    "aws:currenttime": lambda facts: iso8601(facts.now),
    "aws:epochtime": lambda facts: str(facts.now),
    "aws:multifactorauthage": _mfa_age,
    "aws:multifactorauthpresent": _mfa_present,
    "aws:principalaccount": lambda facts: facts.caller.account,
    "aws:principalarn": _signed(lambda facts: facts.caller.principal.principal_arn),
    "aws:principalisawsservice": _signed(lambda facts: "false"),
    "aws:principaltype": lambda facts: facts.caller.principal.type,
    "aws:referer": _header(b"referer"),
    "aws:requestedregion": _requested_region,
    "aws:securetransport": lambda facts: "true" if facts.raw is None or facts.raw.secure else "false",
    "aws:sourceidentity": lambda facts: facts.caller.session.source_identity if facts.caller.session else None,
    "aws:sourceip": lambda facts: facts.raw.peer or None if facts.raw else None,
    "aws:tokenissuetime": _token_issue_time,
    "aws:useragent": _header(b"user-agent"),
    "aws:userid": lambda facts: facts.caller.principal.user_id,
    "aws:username": _username,
    "aws:viaawsservice": lambda facts: "false",
}
