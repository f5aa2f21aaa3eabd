"""Web identity tokens that an attacker would try, one a row, and what must become of each."""

from __future__ import annotations

import re

import pytest

from tests.federation.attacks import claims, encodings, headers, key_sets, session, signatures
from tests.federation.attacks.judges import second_verdict, stopped, verdict
from tests.federation.attacks.kit import Attack
from tests.federation.attacks.stricter import LAXER, STRICTER

__all__ = ["stopped"]

TABLES = (headers, signatures, claims, encodings, key_sets, session)
ATTACKS: list[Attack] = [attack for table in TABLES for attack in table.ATTACKS]
REFUSED = [attack for attack in ATTACKS if attack.refused]

JUDGED = [attack for attack in ATTACKS if attack not in session.ATTACKS]
"""What another library can judge: it knows nothing of AWS's claims."""


def _same(text: str, pattern: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("…"))), text, re.DOTALL) is not None


def test_no_attack_is_accepted() -> None:
    """Each is refused with AWS's code and words, and each good neighbour of one is taken."""
    wrong = []
    for attack in ATTACKS:
        found, refusal = verdict(attack.token, attack.keys)
        if refusal != attack.refused and not (refusal and attack.refused and _same(refusal[1], attack.refused[1])):
            wrong.append((attack.case, attack.refused, refusal, found))
    assert not wrong, "\n".join(map(str, wrong))


def test_there_are_hundreds_of_attacks() -> None:
    """No table is empty, and none says the same twice."""
    names = [attack.case for attack in ATTACKS]
    assert all(table.ATTACKS for table in TABLES)
    assert not {name for name in names if names.count(name) > 1}
    assert len(REFUSED) >= 800


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.usefixtures("stopped")
def test_what_is_accepted_another_library_accepts_alike() -> None:
    """PyJWT, used with care, takes every token that daypass takes, and reads the same claims; else it is told why."""
    differ = set()
    for attack in JUDGED:
        found, _ = verdict(attack.token, attack.keys)
        claims = second_verdict(attack.token, attack.keys)
        if found is not None and (claims is None or claims["sub"] != found.subject):
            differ.add(attack.case)
    _check_explained(differ, LAXER)


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.usefixtures("stopped")
def test_where_another_library_accepts_more_there_is_a_reason() -> None:
    """What PyJWT takes and daypass refuses is listed, each with why, and the list has nothing else."""
    _check_explained({a.case for a in JUDGED if a.refused and second_verdict(a.token, a.keys) is not None}, STRICTER)


def _check_explained(cases: set[str], reasons: dict[str, str]) -> None:
    unexplained = {case for case in cases if not any(re.match(pattern, case) for pattern in reasons)}
    assert not unexplained, "\n".join(sorted(unexplained))
    unused = [pattern for pattern in reasons if not any(re.match(pattern, case) for case in cases)]
    assert not unused
