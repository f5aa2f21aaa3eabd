"""What was tried with which identity provider, kept in ``results.json``, from which the page of results is made.

A plugin of the whole run, so that one process hears of all tests wherever they run.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.clients.client import here

RESULTS = Path(__file__).with_name("results.json")
_PROVIDER, _DID = "identity provider", "did"
_found: dict[tuple[str, str], dict[str, Any]] = {}


class Record(Protocol):
    """Say what a test tries; its outcome goes to the record."""

    def __call__(self, provider: str, did: str) -> None:
        """``provider``: name, a space and the version. ``did``: what it is tried with, for readers."""


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Record:
    """Notes what the test tries of whom."""

    def note(provider: str, did: str) -> None:
        usual = request.node.get_closest_marker("nightly") is None
        request.node.user_properties += [(_PROVIDER, provider), (_DID, did), ("usual", usual)]

    return note


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note what a test came to that says what it tries."""
    told = dict(report.user_properties)
    if {_PROVIDER, _DID} <= told.keys() and report.when == "call":
        result = {"outcome": report.outcome, "usual": told["usual"]}
        name, _, version = str(told[_PROVIDER]).rpartition(" ")
        _found.setdefault((name, version), {})[str(told[_DID])] = result


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write it down if the run is one for the record; providers that were not tried stay as they were."""
    is_worker = hasattr(session.config, "workerinput")
    if _found and not is_worker and session.config.getoption("record_clients"):
        before = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
        tried = {name: {"version": version, **here(), "results": said} for (name, version), said in _found.items()}
        RESULTS.write_text(json.dumps(dict(sorted({**before, **tried}.items())), indent=2, ensure_ascii=False) + "\n")
