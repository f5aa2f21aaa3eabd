"""Mutants of good responses, by the ten thousand: whatever is accepted says what the provider has signed."""

from __future__ import annotations

from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

from daypass.errors import Malformed
from daypass.federation.saml.metadata import read_metadata
from daypass.federation.saml.response import Proved, Terms, verify_response
from daypass.testing.identity_provider import StubIdentityProvider
from tests.federation.saml.mutations import mutant

BLOCKS = 10
MUTANTS = 5_200
"""In each block; 52,000 in the usual run."""

_ATTRIBUTES = {"Role": ["arn:role,arn:provider", "arn:provider,arn:other"], "RoleSessionName": "ada"}
_SIGNED = (("assertion",), ("response",), ("assertion", "response"))

Said = tuple[bytes, str, bool]


def said(proved: Proved) -> Said:
    """All that is read of a proof: everything later is computed from these three.

    The canonical form of the assertion in place of its elements: it tells apart whatever a reader of names, attributes
    and texts can (W3C Exclusive XML Canonicalization), and only the order of attributes and spellings are equal in it.
    """
    canonical = etree.tostring(proved.assertion, method="c14n", exclusive=True)
    return canonical, proved.issuer, proved.was_encrypted


@pytest.fixture(scope="module")
def parents() -> tuple[Terms, list[tuple[bytes, Said]]]:
    """Good responses of every kind, with what is to be read of each; one provider signs them all."""
    idp = StubIdentityProvider()
    private = rsa.generate_private_key(65_537, 2_048)
    terms = Terms(read_metadata(idp.metadata), (private,))
    made = [
        b64decode(idp.response(_ATTRIBUTES, signed=signed, encrypt_for=key))
        for signed in _SIGNED
        for key in (None, private.public_key())
    ]
    return terms, [(data, said(verify_response(data, terms))) for data in made]


@pytest.mark.parametrize("block", range(BLOCKS))
def test_no_mutant_says_anything_else(
    parents: tuple[Terms, list[tuple[bytes, Said]]], block: int, cases: Callable[[int], int]
) -> None:
    """A mutant is refused as malformed, or the same is read of it as of its parent."""
    terms, documents = parents
    ends: Counter[str] = Counter()
    for parent, expected, data in _mutants(documents, block, cases(MUTANTS)):
        try:
            proved = verify_response(data, terms)
        except Malformed as refused:
            ends[str(refused).partition(":")[0]] += 1
            continue
        assert said(proved) == expected, f"accepted: {data!r}"
        ends["accepted, and changed" if data != parent else "accepted"] += 1
    assert ends["accepted, and changed"] > 50, "mutants that never come through try nothing"
    assert ends["no certificate of the provider has made this signature"] > 100, "nor do those that never come so far"
    assert len(ends) > 20, "and they are refused for many reasons"


def _mutants(documents: list[tuple[bytes, Said]], block: int, count: int) -> Iterator[tuple[bytes, Said, bytes]]:
    random = Random(f"saml {block}")  # keys differ from run to run, and the changes do not
    for _ in range(count):
        parent, expected = random.choice(documents)
        yield parent, expected, mutant(parent, random)
