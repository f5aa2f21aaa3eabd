"""Two judges: whatever we accept, xmlsec accepts; and what it accepts and we refuse, we refuse for a reason."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from daypass.errors import Malformed, ServiceError
from daypass.federation.saml.metadata import read_metadata
from daypass.federation.saml.response import Terms, verify_response
from tests.federation.saml.attacks import ATTACKS, algorithms
from tests.federation.saml.mutations import mutant
from tests.federation.saml.second_judge import ENDED, GOOD, judge
from tests.federation.saml.workshop import KINDS, Workshop, written

STRICTER: dict[str, str] = {
    row["refused"]: row["because"] for row in json.loads((Path(__file__).parent / "stricter.json").read_text())
}


@pytest.fixture(scope="module")
def differences(shop: Workshop) -> list[str]:
    """What we say of the attacks whose signatures are good for xmlsec."""
    documents = [attack.make(shop) for attack in ATTACKS.values()]
    verdicts = judge(documents, shop.certificate)
    judged = zip(ATTACKS.values(), documents, verdicts, strict=True)
    assert verdicts.count(ENDED) < 20
    return [_refused(shop, data, attack.provider, attack.role) for attack, data, verdict in judged if verdict == GOOD]


def _refused(shop: Workshop, data: bytes, provider: str, role: str) -> str:
    try:
        vouched = shop.vouch(data, provider, role)
    except ServiceError as error:
        return error.detail if error.message == "Response signature invalid" else error.message
    assert vouched.tags or vouched.transitive, "what is vouched for and refused later has tags that cannot be had"
    return "PrincipalTag"


def test_we_are_stricter_for_reasons(differences: list[str]) -> None:
    """Each of them is in the table, and the table has nothing that does not happen."""
    assert len(differences) > 1_000, "attacks with good signatures are the ones that count"
    unexplained = {said for said in differences if not any(re.search(refused, said) for refused in STRICTER)}
    assert unexplained == set()
    unused = {refused for refused in STRICTER if not any(re.search(refused, said) for said in differences)}
    assert unused == set()


def test_whatever_we_accept_is_good_for_xmlsec(shop: Workshop, cases: Callable[[int], int]) -> None:
    """Good documents of every kind and algorithm, and the mutants of them that we accept."""
    terms = Terms(read_metadata(shop.idp.metadata))
    parents = [written(shop.good(kind)) for kind in KINDS] + [make(shop) for _, make in algorithms.controls()]
    random = Random("second judge")
    tried = parents + [mutant(random.choice(parents), random) for _ in range(cases(3_000))]
    accepted = [data for data in tried if _accepts(data, terms)]
    assert len(accepted) > len(parents) + 20
    verdicts = judge(accepted, shop.certificate)
    assert [data for data, verdict in zip(accepted, verdicts, strict=True) if verdict != GOOD] == []


def _accepts(data: bytes, terms: Terms) -> bool:
    try:
        verify_response(data, terms)
    except Malformed:
        return False
    return True
