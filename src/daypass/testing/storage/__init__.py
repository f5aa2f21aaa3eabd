"""What every store must keep, as tests: the conformance suite of ``daypass.adapters.storage``.

Derive a test class and give it a fixture ``backend``:

    class TestMyStore(StorageConformance):
        @pytest.fixture
        def backend(self, tmp_path): ...   # a Backend on a fresh, empty database

The suite itself needs no test framework but one that injects ``backend``.
"""

from __future__ import annotations

from daypass.testing.backend import Backend
from daypass.testing.storage.accounts import AccountsConformance
from daypass.testing.storage.codes import CodesConformance
from daypass.testing.storage.organization import OrganizationConformance
from daypass.testing.storage.records import RecordsConformance
from daypass.testing.storage.sharing import SharingConformance

__all__ = ["Backend", "StorageConformance"]


class StorageConformance(
    AccountsConformance, SharingConformance, RecordsConformance, OrganizationConformance, CodesConformance
):
    """The whole suite."""
