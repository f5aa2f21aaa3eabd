"""Durable truth and the memory that answers from it: one store on SQLite or PostgreSQL, and the directory of snapshots.

What the composition root needs is here; everything else in this package may change.

    with claim(path) as data_dir:               # one `daypass up` per data directory; the lock dies with its process
        with open_store(url, data_dir) as storage:
            storage.store, storage.directory, storage.sealing_keys, storage.last_used, storage.installation

A worker process, or a command that runs beside `daypass up`, opens the store of an existing directory without claiming
it: ``open_store(url, existing(path))``. Writes of either are seen by the next request in every process of the host.

Why it is so: docs/adr/0005-store.md, docs/adr/0006-snapshot.md.
"""

from daypass.adapters.storage.bundle import Storage, open_store
from daypass.adapters.storage.datadir import DataDirectoryError, claim, existing, findings, holder
from daypass.adapters.storage.installation import Installation

__all__ = ["DataDirectoryError", "Installation", "Storage", "claim", "existing", "findings", "holder", "open_store"]
