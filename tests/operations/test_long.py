"""Operations that compute for long: one after the other."""

from __future__ import annotations

import threading
import time

import pytest

from daypass.errors import Throttling
from daypass.operations import long
from daypass.operations.registry import REGISTRY, Registry


def test_every_long_operation_takes_turns() -> None:
    """A registered function that is long is wrapped, another is as it was."""
    registry, ran = Registry(), []

    def run(_: object) -> dict[str, object]:
        ran.append(long._turn.locked())
        return {}

    for name, is_long in (("iam:A", True), ("iam:B", False)):
        registry.operation(name, "reads", is_long=is_long)(run)
        registry.find(name).handler(None)  # type: ignore[union-attr, arg-type]
    assert ran == [True, False]
    assert REGISTRY.find("iam:SimulateCustomPolicy").is_long  # type: ignore[union-attr]


def test_who_waits_too_long_for_his_turn_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two at once never compute beside each other, and the second is told when the first takes all its patience."""
    monkeypatch.setattr(long, "PATIENCE", 0.1)
    begun, gate, together = threading.Event(), threading.Event(), []

    def compute() -> None:
        together.append(1)
        begun.set()
        gate.wait(10)

    run = long.one_at_a_time(compute)
    first = threading.Thread(target=run)
    first.start()
    assert begun.wait(10)
    began = time.monotonic()
    with pytest.raises(Throttling, match="Rate exceeded"):
        run()
    assert time.monotonic() - began < 5
    gate.set()
    first.join(10)
    run()
    assert len(together) == 2


def test_a_failure_ends_the_turn() -> None:
    """Nobody waits for who is gone."""

    def fail() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        long.one_at_a_time(fail)()
    assert not long._turn.locked()
