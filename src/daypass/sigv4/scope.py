"""What a signature claims (key, time, scope), and whether the claim fits this moment and this door.

Texts are those of AWS's query services. They are part of what clients see, so tests hold them byte for byte
(tests/sigv4/cases/refusals.json).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from daypass.errors import IncompleteSignature, SignatureDoesNotMatch
from daypass.sigv4.canonical import SignedHeaders
from daypass.sigv4.refusals import shown

ALGORITHM = "AWS4-HMAC-SHA256"
ASYMMETRIC = "AWS4-ECDSA-P256-SHA256"
"""SigV4a: the same canonical request under an elliptic curve key, for a set of regions instead of one."""
TERMINATOR = "aws4_request"
WINDOW = 15 * 60
"""Seconds a signature's date may lie before or after now."""
LONGEST_EXPIRES = 7 * 24 * 60 * 60


class UnverifiedSignature(NamedTuple):
    """The parts of a request's signature, as claimed by whoever sent it.

    ``timestamp`` is in epoch seconds and ``timestamp_text`` the same in basic ISO 8601. ``access_key_id`` and the
    scope's parts are empty when ``credential`` does not have all parts (``check_scope`` refuses it, after the time).
    ``region`` is empty in SigV4a, too, until ``settle_region`` has found it; so forgetting that refuses.
    ``scope`` is ``credential`` without the key. ``expires`` is the raw ``X-Amz-Expires`` of a presigned request.

    A named tuple, because one is made for each request and a frozen dataclass takes 2 µs more.
    """

    algorithm: str
    credential: str
    access_key_id: str
    scope: str
    date: str
    region: str
    service: str
    terminator: str
    signed_headers: SignedHeaders
    signature: str
    timestamp: int
    timestamp_text: str
    session_token: str | None
    presigned: bool
    expires: str | None = None

    def __repr__(self) -> str:
        # INVARIANT: 7. no session token in logs. tests/sigv4/test_authorization.py::test_a_claim_never_shows_its_token
        return f"UnverifiedSignature({self.credential!r}, {self.timestamp_text!r}, presigned={self.presigned})"


Split = tuple[str, str, str, str, str, str]
_SPLIT_IN_NONE: Split = ("", "", "", "", "", "")


def split_credential(credential: str) -> Split:
    """Access key id, scope, date, region, service and terminator; all empty when there are not exactly five parts."""
    parts = credential.split("/", 5)
    if len(parts) != 5:
        return _SPLIT_IN_NONE
    key, date, region, service, terminator = parts
    return (key, credential[len(key) + 1 :], date, region, service, terminator)


def split_asymmetric(credential: str) -> Split:
    """Likewise of SigV4a, whose scope has no region; all empty when there are not exactly four parts."""
    parts = credential.split("/", 4)
    if len(parts) != 4:
        return _SPLIT_IN_NONE
    key, date, service, terminator = parts
    return (key, credential[len(key) + 1 :], date, "", service, terminator)


FORMS: Mapping[str, tuple[str, Callable[[str], Split]]] = {
    ALGORITHM: ("keyid/date/region/service/term", split_credential),
    ASYMMETRIC: ("keyid/date/service/term", split_asymmetric),
}
"""The algorithms understood here: how each writes its credential, and what splits it."""


# ── Time ─────────────────────────────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=256)
def _minute(text: bytes) -> int | None:
    """The epoch second at which the minute ``YYYYMMDDTHHMM`` begins, UTC; None when there is no such minute."""
    digits = text[:8] + text[9:]
    if text[8:9] != b"T" or not digits.isdigit():
        return None
    month, day, hour, minute = [int(digits[at : at + 2]) for at in (4, 6, 8, 10)]
    try:
        return int(datetime(int(digits[:4]), month, day, hour, minute, tzinfo=UTC).timestamp())
    except ValueError:
        return None


def parse_timestamp(text: bytes) -> int | None:
    """Epoch seconds of ``YYYYMMDDTHHMMSSZ``; None when ``text`` is anything else. A leap second is no time of day."""
    seconds = text[13:15]
    if len(text) != 16 or text[15] != 90 or not seconds.isdigit() or seconds > b"59":  # 90 is Z
        return None
    minute = _minute(text[:13])
    return None if minute is None else minute + int(seconds)


@lru_cache(maxsize=64)
def read_timestamp(text: bytes) -> tuple[int, str] | None:
    """A date header of usual length in epoch seconds and in basic ISO 8601; None when it says no such time.

    Remembered, because requests come many to a second.
    """
    compact = compact_timestamp(text.strip())
    seconds = parse_timestamp(compact)
    return None if seconds is None else (seconds, compact.decode("ascii"))


def compact_timestamp(text: bytes) -> bytes:
    """The basic form of an extended ISO 8601 time (``2015-08-30T12:36:00Z``); any other text unchanged."""
    if len(text) == 20 and text[4:5] == text[7:8] == b"-" and text[13:14] == text[16:17] == b":":
        return text[:4] + text[5:7] + text[8:13] + text[14:16] + text[17:]
    return text


def format_timestamp(seconds: int) -> str:
    """Epoch seconds as ``YYYYMMDDTHHMMSSZ``."""
    extended = datetime.fromtimestamp(seconds, UTC).isoformat()  # strftime does not pad early years
    return extended[:19].replace("-", "").replace(":", "") + "Z"


def check_time(unverified: UnverifiedSignature, now: float) -> None:
    """Refuse a signature dated more than 15 minutes before or after ``now`` (epoch seconds, cut to whole ones).

    Presigned requests have the same window: STS does not enforce ``X-Amz-Expires``, so a value that a client may
    send (0 to 604800) has no effect, and one that makes no sense is refused.

    Raises:
        SignatureDoesNotMatch: stale, or from the future.
        IncompleteSignature: ``X-Amz-Expires`` is no such number.
    """
    moment = int(now)
    signed = unverified.timestamp
    if abs(signed - moment) <= WINDOW and unverified.expires is None:
        return
    text = unverified.timestamp_text
    if signed < moment - WINDOW:
        bound = f"{format_timestamp(moment - WINDOW)} ({format_timestamp(moment)} - 15 min.)"
        raise SignatureDoesNotMatch(f"Signature expired: {text} is now earlier than {bound}")
    if signed > moment + WINDOW:
        bound = f"{format_timestamp(moment + WINDOW)} ({format_timestamp(moment)} + 15 min.)"
        raise SignatureDoesNotMatch(f"Signature not yet current: {text} is still later than {bound}")
    if unverified.expires is not None:
        _check_expires(unverified.expires)


def _check_expires(expires: str) -> None:
    # Six digits bound the number before it is one; isdigit alone would let other scripts' digits pass.
    if expires.isascii() and expires.isdigit() and len(expires) <= 6 and int(expires) <= LONGEST_EXPIRES:
        return
    raise IncompleteSignature(f"X-Amz-Expires must be a whole number of seconds from 0 to {LONGEST_EXPIRES}.")


# ── Scope ────────────────────────────────────────────────────────────────────────────────────────────


def check_scope(
    unverified: UnverifiedSignature, *, service: str, regions: Container[str] | Callable[[str], bool] | None
) -> None:
    """Refuse a signature made for another service or region, or on another day than its date.

    ``regions`` are the regions this door answers for, or a function that knows them; None: any that has a name.
    All mismatches are reported in one message, each with a trailing space, as STS has done since 2026.

    Raises:
        IncompleteSignature: the credential does not have as many parts as it must.
        SignatureDoesNotMatch: it does not fit.
    """
    # INVARIANT: 1. a signature for one service or region opens no other.
    # tests/sigv4/test_refusals.py::test_every_refusal_has_its_code_and_text
    if (
        unverified.service == service
        and unverified.terminator == TERMINATOR
        and unverified.date == unverified.timestamp_text[:8]
        and _serves(regions, unverified.region)
    ):
        return
    form, _ = FORMS[unverified.algorithm]
    count = form.count("/") + 1
    if not unverified.terminator and unverified.credential.count("/") + 1 != count:
        raise IncompleteSignature(
            f"Credential must have exactly {count} slash-delimited elements, e.g. {form}, "
            f"got '{shown(unverified.credential)}'"
        )
    findings = ""
    if not _serves(regions, unverified.region):
        findings += "Credential should be scoped to a valid region. "
    if unverified.service != service:
        findings += f"Credential should be scoped to correct service: '{service}'. "
    if unverified.terminator != TERMINATOR:
        claimed = shown(unverified.terminator)
        findings += f"Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{claimed}'. "
    if unverified.date != unverified.timestamp_text[:8]:
        findings += _wrong_date(unverified)
    if findings:
        raise SignatureDoesNotMatch(findings)


def _serves(regions: Container[str] | Callable[[str], bool] | None, region: str) -> bool:
    if not region:
        return False
    if callable(regions):
        return regions(region)
    return regions is None or region in regions


def _wrong_date(unverified: UnverifiedSignature) -> str:
    day, moment = unverified.timestamp_text[:8], unverified.timestamp_text
    return (
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
        f"'{shown(unverified.date)}' != '{day}', from '{moment}'. "
    )
