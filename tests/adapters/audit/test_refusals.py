"""Whoever may do nothing is told so as often as he asks, and the trail tells it as often as it can bear."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from daypass.adapters.audit import AuditSettings, AuditTrail, verify
from daypass.adapters.audit.refusals import MOST_TOLD
from daypass.ports import AuditUnavailable
from tests.adapters.audit.conftest import lines, record

Opened = Callable[..., AuditTrail]
FEW = AuditSettings(reserve_bytes=0, sync_seconds=0.05, refusals_per_second=5)


def refused(number: int = 0, name: str = "CreateUser", key: str = "AKIA2") -> dict[str, Any]:
    return record(
        number,
        eventSource="iam.amazonaws.com",
        eventName=name,
        errorCode="AccessDenied",
        userIdentity={"accessKeyId": key},
        requestID=str(number),
        eventID=str(number),
    )


def told(directory: Path) -> list[dict[str, Any]]:
    """The summaries in the trail."""
    return [line for line in lines(directory) if line["eventName"] == "RefusalsCounted"]


def counted(directory: Path) -> int:
    """Refusals that the trail knows of, shown and not."""
    shown = sum(line["errorCode"] == "AccessDenied" for line in lines(directory))
    return shown + sum(line["daypass"]["refusalsNotShown"] for line in told(directory))


def test_a_flood_is_recorded_at_the_bounded_rate_and_summed_up(opened: Opened, directory: Path) -> None:
    """So many a second have a record; the others are in one summary a second, which comes without being asked for."""
    trail, began, sent = opened(FEW), time.monotonic(), 0
    while time.monotonic() - began < 1.3:
        trail.append_refusal(refused(sent), "ann")
        sent += 1
        time.sleep(0.001)
    assert len(lines(directory)) <= 3 * 5 + 2
    while not told(directory):
        assert time.monotonic() - began < 10
        time.sleep(0.02)
    trail.close()
    assert sent > 100
    assert counted(directory) == sent
    assert 1 <= len(told(directory)) <= 3
    assert verify(directory).ok


def test_a_summary_says_who_was_refused_what_and_how_often(opened: Opened, directory: Path) -> None:
    """It has CloudTrail's members, the caller's identity, and counts by operation, code and key."""
    trail = opened(FEW)
    for number in range(5):
        trail.append_refusal(refused(number), "ann")
    for number in range(7):
        trail.append_refusal(refused(number, "DeleteUser" if number == 3 else "CreateUser", f"ASIA{number % 2}"), "ann")
    trail.append_refusal(refused(key="AKIA3"), "bob")
    trail.close()
    (summary,) = told(directory)
    assert summary.keys() == refused().keys() | {"eventType", "errorMessage", "responseElements", "resources"}
    assert (summary["eventType"], summary["errorCode"], summary["requestID"]) == ("AwsServiceEvent", None, None)
    assert summary["requestParameters"] is None
    assert len(summary["eventID"]) == 32
    assert summary["userIdentity"] == {"accessKeyId": "ASIA0"}
    ours = summary["daypass"]
    assert (ours["refusalsNotShown"], ours["since"]) == (7, "2026-11-22T10:00:00Z")
    assert ours["accessKeyIds"] == {"ASIA0": 4, "ASIA1": 3}
    assert ours["refusals"] == {
        "iam.amazonaws.com CreateUser AccessDenied": 6,
        "iam.amazonaws.com DeleteUser AccessDenied": 1,
    }
    assert lines(directory)[5]["userIdentity"] == {"accessKeyId": "AKIA3"}


def test_other_records_are_never_counted_instead(opened: Opened, directory: Path) -> None:
    """What succeeded or changed something has its record, however much of it there is."""
    trail = opened(FEW)
    for number in range(50):
        trail.append(record(number))
    assert len(lines(directory)) == 50


def test_what_the_disk_does_not_take_now_is_told_later(
    opened: Opened, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A count that could not be written is added to the next one."""
    trail = opened(FEW)
    for number in range(10):
        trail.append_refusal(refused(number), "ann")

    def failing(*_: object) -> int:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "write", failing)
    trail._refusals.tell(at_once=True)
    with pytest.raises(AuditUnavailable):
        trail.append_refusal(refused(), "bob")
    monkeypatch.undo()
    for number in range(10):
        trail.append_refusal(refused(number), "ann")
    trail.close()
    assert sum(line["daypass"]["refusalsNotShown"] for line in told(directory)) == 15
    assert counted(directory) == 20


def test_a_summary_names_a_bounded_number_of_keys(opened: Opened, directory: Path) -> None:
    """Whoever makes a thousand sessions to be refused with makes no long record."""
    trail = opened(FEW)
    for number in range(1_005):
        trail.append_refusal(refused(number, key=f"ASIA{number}"), "role")
    trail.close()
    (summary,) = told(directory)
    keys = summary["daypass"]["accessKeyIds"]
    assert len(keys) == MOST_TOLD + 1
    assert sum(keys.values()) == 1_000


def test_nothing_is_kept_of_callers_who_were_refused_once(opened: Opened) -> None:
    """A second later memory holds nothing of them."""
    trail = opened(FEW)
    for number in range(100):
        trail.append_refusal(refused(number), str(number))
    deadline = time.monotonic() + 10
    while trail._refusals._seconds:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_threads_lose_no_refusal(opened: Opened, directory: Path) -> None:
    """Shown or summed up, each one of four threads' is there."""
    trail = opened(FEW)

    def flood() -> None:
        for number in range(500):
            trail.append_refusal(refused(number), "ann")

    threads = [Thread(target=flood) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    trail.close()
    assert counted(directory) == 2_000
