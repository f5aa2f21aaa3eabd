"""A world for a module's tests; botocore's clock stands where the world's does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.security.world import World, new_world
from tests.sigv4.conftest import botocore_time  # noqa: F401


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """One daypass for a module."""
    with new_world() as made:
        yield made
