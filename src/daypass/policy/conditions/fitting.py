"""Values of a key that a condition might be content with, to be tried: guesses, not knowledge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from daypass.policy.conditions.values import read_instant, read_number

_TRIED = 5
"""Values of the policy that guesses are made from."""

_SECOND = 1_000_000_000


def fitting_values(values: Sequence[str]) -> Iterator[str | None]:
    """Values made from a condition's own, likelier ones first; None: no value at all."""
    for written in values[:_TRIED]:
        if "${" not in written:
            yield from _near(written)
    yield from ("true", "false", None, "x", "192.0.2.1")


def _near(written: str) -> Iterator[str]:
    """What equals or fits a value of the policy, or lies beside it."""
    if "*" in written or "?" in written:
        yield written.replace("*", "").replace("?", "x")
        yield written.replace("*", "x").replace("?", "x")
    yield written.partition("/")[0] if _is_network(written) else written
    number = read_number(written)
    if number is not None:
        yield from (str(number + 1), str(number - 1))
    instant = read_instant(written)
    if instant is not None and number is None:
        yield from (str(instant // _SECOND + 1), str(max(0, instant // _SECOND - 1)))


def _is_network(written: str) -> bool:
    head, slash, length = written.partition("/")
    return bool(slash) and length.isdigit() and ("." in head or ":" in head)
