"""Records as the pipeline makes them, in short."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from daypass.adapters.audit import AuditSettings, AuditTrail

OPEN = AuditSettings(reserve_bytes=0, sync_seconds=0.05)
"""No reserve, so that a nearly full machine does not fail the tests."""


def record(number: int = 0, **more: object) -> dict[str, object]:
    """A record that is told from others by its number."""
    return {
        "eventVersion": "1.11",
        "eventTime": f"2026-11-22T10:{number // 60 % 60:02d}:{number % 60:02d}Z",
        "eventName": "AssumeRole",
        "errorCode": None,
        "requestParameters": {"roleSessionName": f"session-{number}"},
        **more,
        "daypass": {"revision": number},
    }


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "audit"


@pytest.fixture
def opened(directory: Path) -> Iterator[Callable[..., AuditTrail]]:
    """Opens trails on the directory, and closes what the test left open."""
    trails = []

    def open_one(settings: AuditSettings = OPEN) -> AuditTrail:
        trails.append(AuditTrail(directory, settings))
        return trails[-1]

    yield open_one
    for trail in trails:
        trail.close()


def files(directory: Path) -> list[Path]:
    """The files of all chains, oldest first."""
    return sorted(directory.glob("*.jsonl"), key=lambda path: path.name.split("-")[1:])


def lines(directory: Path) -> list[dict[str, Any]]:
    """Every line of every file."""
    return [json.loads(line) for path in files(directory) for line in path.read_bytes().splitlines()]


def numbers(directory: Path) -> list[int]:
    """The numbers of the records that the trail holds."""
    return [line["daypass"]["revision"] for line in lines(directory)]
