"""The ten invariants are claimed in the code, each beside what keeps it and with the test that would see it break."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

import pytest

from tools.source_rules import ROOT, Module, modules

INVARIANTS = {
    1: "only proven credentials are accepted, and what is not signed has no effect",
    2: "a session never exceeds its role and what cuts it",
    3: "an acknowledged write survives kill -9",
    4: "verifying and minting go on without the database",
    5: "deleting, disabling and revoking act everywhere at once",
    6: "nothing is minted or changed without an audit record",
    7: "no secret is written anywhere",
    8: "same input and revision, same decision",
    9: "work is bounded by the size of the request",
    10: "what is left out fails closed",
}
_CLAIM = re.compile(r"INVARIANT: (\d+)\.")
_TEST = re.compile(r"(tests/[\w/]+\.py)::(?:\w+::)?(test_\w+)")
_LONG_ONLY = re.compile(r"@pytest\.mark\.(?:nightly|clients|skip|xfail)\b")


def claims() -> Iterator[tuple[int, str, str, str]]:
    """Every claim in the source: number, where it stands, the file and the name of its test."""
    for module in modules():
        if not module.path.startswith("src/"):
            continue
        yield from _claims_of(module)


def _claims_of(module: Module) -> Iterator[tuple[int, str, str, str]]:
    lines = module.text.splitlines()
    for at, line in enumerate(lines):
        if claim := _CLAIM.search(line):
            named = _TEST.search(" ".join(part.strip().lstrip("# ") for part in lines[at : at + 6]))
            assert named, f"{module.path}:{at + 1} names no test"
            yield int(claim[1]), f"{module.path}:{at + 1}", named[1], named[2]


@pytest.fixture(scope="module")
def claimed() -> Mapping[int, list[tuple[str, str, str]]]:
    """The claims by invariant."""
    found = defaultdict(list)
    for number, *rest in claims():
        found[number].append(tuple(rest))
    return found


@pytest.mark.parametrize("number", INVARIANTS, ids=lambda number: f"{number}-{INVARIANTS[number].replace(' ', '-')}")
def test_each_invariant_is_claimed_and_guarded(claimed: Mapping[int, list[tuple[str, str, str]]], number: int) -> None:
    """At least one comment claims it, and a test of the usual run guards it."""
    assert claimed[number], f"no `# INVARIANT: {number}.` in src: {INVARIANTS[number]}"
    assert any(_runs_always(file, test) for _, file, test in claimed[number])


def test_every_claim_is_of_one_of_the_ten_and_its_test_exists(
    claimed: Mapping[int, list[tuple[str, str, str]]],
) -> None:
    """No claim is of an invariant that nobody knows, and none is guarded by a test that is gone."""
    assert claimed.keys() <= INVARIANTS.keys()
    gone = [where for each in claimed.values() for where, file, test in each if _place(file, test) < 0]
    assert not gone


def _place(file: str, test: str) -> int:
    """Where the test begins in its file, or -1."""
    path = ROOT / file
    return path.read_text(encoding="utf-8").find(f"def {test}(") if path.is_file() else -1


def _runs_always(file: str, test: str) -> bool:
    """Whether nothing above the test's name keeps it out of the usual run."""
    above = (ROOT / file).read_text(encoding="utf-8")[: max(0, _place(file, test))]
    decorators = above[above.rfind("\n\n\n") :]
    return _place(file, test) >= 0 and not _LONG_ONLY.search(decorators)
