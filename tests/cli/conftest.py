"""A daypass that is up, shared by tests that leave it as it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.running import Running, up


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One daypass for the tests of a module."""
    with up(tmp_path_factory.mktemp("running") / "data") as daypass:
        yield daypass
