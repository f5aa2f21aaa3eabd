"""One daypass for all IAM tests of a process, one account for each test."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from daypass.testing.local import LocalDaypass
from tests.services.iam.world import World

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def daypass() -> Iterator[LocalDaypass]:
    """A daypass with real store, keys and audit."""
    with LocalDaypass() as local:
        yield local


@pytest.fixture
def world(daypass: LocalDaypass) -> World:
    """A fresh account of it."""
    account, admin = daypass.account_named(f"account {next(_numbers)}")
    return World(daypass, account, admin, daypass.account)
