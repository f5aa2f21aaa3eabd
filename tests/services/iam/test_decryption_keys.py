"""Private keys of SAML providers that are sent to do harm: what is done with a key is bounded by its size."""

from __future__ import annotations

import time
from base64 import encodebytes
from typing import NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.services.iam.world import Refusal, World, metadata

EXPONENT = 65_537
REFUSED = Refusal(400, "InvalidInput", "Invalid private key.")


class Numbers(NamedTuple):
    """A private key, well made or not. ``n`` 0: the product; ``dp`` 0: the remainder."""

    p: int
    q: int
    d: int
    e: int = EXPONENT
    n: int = 0
    dp: int = 0

    def pem(self) -> str:
        """As PKCS 1 writes it (RFC 8017, appendix A.1.2); libraries refuse to write what is no key."""
        p, q, d = self.p, self.q, self.d
        numbers = (0, self.n or p * q, self.e, d, p, q, self.dp or d % (p - 1), d % (q - 1), pow(q, -1, p))
        der = _element(0x30, b"".join(_element(2, one.to_bytes(one.bit_length() // 8 + 1, "big")) for one in numbers))
        lines = encodebytes(der).decode()
        return f"-----BEGIN RSA PRIVATE KEY-----\n{lines}-----END RSA PRIVATE KEY-----\n"


def _element(tag: int, content: bytes) -> bytes:
    size = len(content).to_bytes(2, "big").lstrip(b"\0")
    return bytes([tag]) + (size if len(content) < 128 else bytes([0x80 + len(size)]) + size) + content


def usual(p: int, q: int, e: int = EXPONENT) -> Numbers:
    return Numbers(p, q, pow(e, -1, (p - 1) * (q - 1)), e)


def create(world: World, key: Numbers) -> object:
    params = {"Name": "corp", "SAMLMetadataDocument": metadata(), "AddPrivateKey": key.pem()}
    return world.call("CreateSAMLProvider", params)


# ── keys that take long ──────────────────────────────────────────────────────────────────────────────


def known_primes(bits: int, beside_pi: int, beside_e: int) -> tuple[int, int]:
    """Two primes of so many bits without a search: of RFC 3526, sections 3 to 7, and of RFC 7919, appendix A."""
    frame = 2**bits - 2 ** (bits - 64) - 1
    pi, e = _pi(bits - 130), _e(bits - 130)
    return frame + 2**64 * (pi + beside_pi), frame + 2**64 * (e + beside_e)


def _pi(bits: int) -> int:
    """Pi times 2 to the ``bits``, by Machin's formula."""
    one = 1 << (bits + 64)
    return 4 * (4 * _arc_tangent(one, 5) - _arc_tangent(one, 239)) >> 64


def _arc_tangent(one: int, x: int) -> int:
    total, power, odd = 0, one // x, 1
    while power:
        total += power // odd if odd % 4 == 1 else -(power // odd)
        power, odd = power // (x * x), odd + 2
    return total


def _e(bits: int) -> int:
    """Euler's number times 2 to the ``bits``."""
    total, term, at = 0, 1 << (bits + 64), 1
    while term:
        total, term, at = total + term, term // at, at + 1
    return total >> 64


def test_a_key_that_takes_a_minute_to_check_is_refused_at_sight(world: World) -> None:
    """While a key is loaded no thread runs, and no other account is served: of 16,384 bits it took 60 seconds."""
    key = usual(*known_primes(8_192, 4_743_158, 10_965_728))
    assert len(key.pem()) <= 16_384
    began = time.monotonic()
    assert create(world, key) == REFUSED
    assert time.monotonic() - began < 1


def test_a_key_of_the_greatest_size_is_taken_at_once(world: World) -> None:
    """Nobody proves that its primes are such, which takes half a second: whoever sends others harms himself."""
    key = usual(*known_primes(2_048, 124_476, 560_316))
    began = time.monotonic()
    assert not isinstance(create(world, key), Refusal)
    assert time.monotonic() - began < 0.3


# ── keys that are none ───────────────────────────────────────────────────────────────────────────────

MADE = rsa.generate_private_key(EXPONENT, 2_048).private_numbers()
P, Q = MADE.p, MADE.q
GOOD = usual(P, Q)
LARGE_EXPONENT = 2**1_024 + 643
BAD = {
    "a modulus that is not the product": GOOD._replace(n=P * Q + 2),
    "an exponent that is not the inverse": GOOD._replace(d=GOOD.d + 2),
    "a remainder that is not the exponent's": GOOD._replace(dp=GOOD.d % (P - 1) + 2),
    "an even modulus": Numbers(P - 1, Q, 1, 1, (P - 1) * Q),
    "a small prime": usual(known_primes(3_072, 1_690_314, 2_625_351)[0], 1_000_003),
    "an exponent that makes encrypting as slow as decrypting": usual(P, Q, LARGE_EXPONENT),
}


def test_numbers_that_belong_together_are_a_key(world: World) -> None:
    """Written by hand, too."""
    assert not isinstance(create(world, GOOD), Refusal)


@pytest.mark.parametrize("case", BAD)
def test_numbers_that_do_not_belong_together_are_no_key(world: World, case: str) -> None:
    """What is not proved by trying for primes is proved by arithmetic."""
    assert create(world, BAD[case]) == REFUSED
