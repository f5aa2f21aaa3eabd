"""Parser, checks and linter take whatever comes: nothing but a DaypassError, no place outside of the text."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

import pytest

from tests.fuzz.policies import KINDS, Mutator, look, seeds


def test_all_that_was_found_before_is_answered() -> None:
    """Every document of the corpus and of the case files, each as three kinds of policies."""
    texts = seeds()
    assert len(texts) > 400
    for number, text in enumerate(texts):
        for more in (0, 3, 5):
            look(bytes([(number + more) % len(KINDS)]) + text.encode("utf-8", "surrogatepass"))


def test_documents_made_from_others_are_answered(cases: Callable[[int], int]) -> None:
    """Thousands of them, other ones with each scale; what fails is added to the corpus."""
    count = cases(6_000)
    for data in islice(Mutator(count), count):
        try:
            look(data)
        except BaseException as error:
            raise AssertionError(data) from error


@pytest.mark.nightly
@pytest.mark.timeout(3_600)
def test_a_million_documents_are_answered() -> None:
    """As many as the project promises, whatever the scale; `python -m tests.fuzz` looks where coverage leads."""
    for data in islice(Mutator(1_000_000), 1_000_000):
        try:
            look(data)
        except BaseException as error:
            raise AssertionError(data) from error
