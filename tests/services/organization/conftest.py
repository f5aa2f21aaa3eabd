"""One company for the folder's tests; each leaves it as it was made."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from daypass.testing.local import LocalDaypass
from tests.services.organization.company import Company


@pytest.fixture(scope="package")
def made() -> Iterator[Company]:
    with LocalDaypass() as daypass:
        yield Company(daypass)


@pytest.fixture
def company(made: Company) -> Iterator[Company]:
    yield made
    made.reset()
