"""What every test may rely on: a clean environment, a scale for case counts, and no process left behind."""

from __future__ import annotations

import os
import signal
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ("tests.postgres", "tests.identity_providers.record")

_SCALE = "TESTS_SCALE"
_RUN = "TESTS_RUN"

# Under xdist the workers inherit this environment, so both names survive into them.
if "DAYPASS_TEST_SCALE" in os.environ:
    os.environ[_SCALE] = os.environ["DAYPASS_TEST_SCALE"]
os.environ[_RUN] = uuid.uuid4().hex

# The developer's own daypass, keys and proxies are no business of the tests.
for _name in list(os.environ):
    if _name.startswith(("DAYPASS_", "AWS_")) or _name.lower() in {"http_proxy", "https_proxy", "all_proxy"}:
        del os.environ[_name]
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
# Under nohup a hangup is ignored, and so it would be by every program that a test starts and hangs up on.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
# botocore would sign everything with awscrt where that is installed. Few users have it; tests that want it say so.
os.environ["BOTO_DISABLE_CRT"] = "true"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--nightly", action="store_true", help="run the long tests too, with ten times the cases")
    parser.addoption("--clients", action="store_true", help="run the tests that drive other people's clients too")
    parser.addoption("--record-clients", action="store_true", help="write down what clients and providers did")


def pytest_configure(config: pytest.Config) -> None:
    scale = _scale(config)
    settings.register_profile(
        "daypass",
        deadline=None,  # two busy cores make a slow example of any
        max_examples=round(100 * scale),
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile("daypass")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = [
        item
        for item in items
        if any(item.get_closest_marker(mark) and not config.getoption(mark) for mark in ("nightly", "clients"))
    ]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def _scale(config: pytest.Config) -> float:
    return float(os.environ.get(_SCALE) or (10 if config.getoption("nightly") else 1))


@pytest.fixture(scope="session")
def cases(pytestconfig: pytest.Config) -> Callable[[int], int]:
    """``cases(100_000)``: that many in the usual run, times DAYPASS_TEST_SCALE in longer ones."""
    scale = _scale(pytestconfig)
    return lambda usual: max(1, round(usual * scale))


@pytest.fixture(scope="session", autouse=True)
def no_process_is_left_behind() -> Iterator[None]:
    """Whatever a test or fixture starts, it also ends: what inherited this run's environment must be gone."""
    yield
    left = list(_descendants(os.environ[_RUN]))
    assert not left, f"left running: {left}"


def _descendants(run: str) -> Iterator[str]:
    mark = f"{_RUN}={run}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        if process.name == str(os.getpid()):
            continue
        try:
            if mark in process.joinpath("environ").read_bytes().split(b"\0"):
                command = process.joinpath("cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                if "multiprocessing.resource_tracker" not in command:
                    yield f"{process.name} {command}"
        except OSError:
            continue  # it ended while we looked, or it belongs to someone else
