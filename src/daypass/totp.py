"""Time-based one-time passwords (RFC 6238 over RFC 4226): HMAC-SHA-1, six digits, a new one every thirty seconds.

A step is the number of such intervals since the epoch. What a verifier must remember of a device, so that each code
works once and guessing leads nowhere, is a ``CodeUse``; keeping it is the store's part.
"""

from __future__ import annotations

from hashlib import sha1
from hmac import compare_digest, digest
from typing import NamedTuple

STEP_SECONDS = 30
DIGITS = 6
WINDOW = 1
"""Steps before and after the present one whose codes are taken: RFC 6238 section 5.2 recommends one for the network."""

RESYNC_WINDOW = 60
"""Steps before and after, half an hour each way, in which two consecutive codes are looked for (section 6)."""

FREE_GUESSES = 5
SHORTEST_CLOSURE = 30
LONGEST_CLOSURE = 3_600


class CodeUse(NamedTuple):
    """What is remembered of one device: the newest step whose code was used, and how often it was guessed at since.

    ``wrong``: wrong codes in a row. ``closed_until``: epoch seconds before which no code is looked at.
    """

    newest_step: int = -1
    wrong: int = 0
    closed_until: int = 0

    def spent(self, step: int) -> CodeUse:
        """After the code of ``step`` was taken: it and all before it are used up."""
        return CodeUse(max(step, self.newest_step))

    def missed(self, now: int) -> CodeUse:
        """After a wrong code at ``now``: five are free, then the device is closed, twice as long each time.

        A closure of an hour leaves 24 guesses a day among a million codes of which three are right.
        """
        wrong = min(self.wrong + 1, 1_000)
        if wrong < FREE_GUESSES:
            return self._replace(wrong=wrong)
        closed = min(LONGEST_CLOSURE, SHORTEST_CLOSURE << min(wrong - FREE_GUESSES, 10))
        return self._replace(wrong=wrong, closed_until=now + closed)


def step_at(now: int) -> int:
    """The step that ``now`` (epoch seconds) lies in."""
    return now // STEP_SECONDS


def code_of(seed: bytes, step: int) -> str:
    """The code of ``step``: dynamic truncation as in RFC 4226 section 5.3."""
    mac = digest(seed, max(step, 0).to_bytes(8, "big"), sha1)
    offset = mac[-1] & 0x0F
    number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


# INVARIANT: 7. how long a comparison takes tells nothing of the right code: all candidates are always compared.
#   tests/test_totp.py::test_every_candidate_is_compared_in_constant_time
def matching_step(seed: bytes, code: str, around: int) -> int | None:
    """The newest step within ``WINDOW`` of ``around`` that ``code`` belongs to, None when it is of none."""
    found = None
    for step in range(around - WINDOW, around + WINDOW + 1):
        if compare_digest(code_of(seed, step).encode(), code.encode()):
            found = step
    return found


def matching_pair(seed: bytes, first: str, second: str, around: int) -> int | None:
    """The newest step within ``RESYNC_WINDOW`` of ``around`` whose code ``first`` is, and ``second`` the next one's."""
    found = None
    wanted = (first + second).encode()
    before = code_of(seed, around - RESYNC_WINDOW)
    for step in range(around - RESYNC_WINDOW, around + RESYNC_WINDOW + 1):
        after = code_of(seed, step + 1)
        if compare_digest((before + after).encode(), wanted):
            found = step
        before = after
    return found
