from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.identity_providers.record import Record


@pytest.fixture
def record(record_property: Callable[[str, object], None]) -> Record:
    """Notes what the test tries of whom."""

    def note(provider: str, did: str) -> None:
        record_property("identity provider", provider)
        record_property("did", did)

    return note
