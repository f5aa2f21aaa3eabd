"""What ``./dev clients`` found out is kept in ``results.json``, from which the page of results is made."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.clients.client import HERE, here
from tests.clients.scenarios import SCENARIOS
from tests.clients.table import CLIENTS

RESULTS = HERE / "results.json"
_found: dict[str, dict[str, Any]] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note what a test that names client, version and scenario came to."""
    told = dict(report.user_properties)
    if {"client", "version", "scenario"} <= told.keys() and report.when == "call":
        client = _found.setdefault(told["client"], {"version": told["version"], "results": {}})
        client["results"][told["scenario"]] = report.outcome


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write it down if the run is one for the record; what was not tried this time stays as it was."""
    if _found and session.config.getoption("record_clients"):
        before = json.loads(RESULTS.read_text())["clients"] if RESULTS.exists() else {}
        clients = dict(sorted({**before, **{name: {**one, **here()} for name, one in _found.items()}}.items()))
        RESULTS.write_text(json.dumps({**table(), "clients": clients}, indent=2, ensure_ascii=False) + "\n")


def table() -> dict[str, Any]:
    """What the page tells of scenarios and clients beside results."""
    return {
        "scenarios": {name: scenario.does for name, scenario in SCENARIOS.items()},
        "table": {
            client.name: {"pointed": client.pointed, "everyday": client.everyday, "cannot": dict(client.cannot)}
            for client in CLIENTS
        },
    }
