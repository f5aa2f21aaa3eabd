"""A process that writes to a store and acknowledges each write on its standard output: for tests of several processes.

    python -m daypass.testing.store_process write DATA URL ACCOUNT NAME COUNT
    python -m daypass.testing.store_process breed DATA URL ACCOUNT

``URL`` is ``-`` for SQLite in ``DATA``. With each step ``write`` counts up a tag of the user ``NAME`` and replaces the
role ``NAME.n`` by the next, in one transaction; a line ``NAME n`` says that step ``n`` is committed. ``breed`` forks a
writer without end for each name on its standard input, says ``NAME pid …`` beforehand and ``NAME gone`` when it died.
"""

from __future__ import annotations

import os
import sys
from itertools import count
from pathlib import Path

from daypass.adapters.storage import Storage, open_store
from daypass.entities import Role, User
from daypass.ports import Transaction


def step(change: Transaction, name: str) -> int:
    """One write of the user ``name``: its counter goes up by one, its role is replaced; the counter's new value."""
    user = change.account.users.get(f"AIDA{name}")
    reached = int(user.tags[0][1]) + 1 if user else 1
    change.put(User(f"AIDA{name}", name, "/", 0, tags=(("count", str(reached)),)))
    if reached > 1:
        change.delete(Role.kind, f"AROA{name}.{reached - 1}")
    change.put(Role(f"AROA{name}.{reached}", f"{name}.{reached}", "/", 0, "{}"))
    return reached


def write(storage: Storage, account: str, name: str, steps: int | None) -> None:
    """Write ``steps`` times, or for ever, acknowledging each write after its commit."""
    for _ in range(steps) if steps else count():
        with storage.store.transaction(account) as change:
            reached = step(change, name)
        _say(f"{name} {reached}")


def breed(data: Path, url: str | None, account: str) -> None:
    """Fork a writer for each name that comes in; it opens the store afresh."""
    for line in sys.stdin:
        name = line.strip()
        pid = os.fork()
        if pid == 0:
            _say(f"{name} pid {os.getpid()}")
            write(open_store(url, data, follow=False), account, name, None)
        os.waitpid(pid, 0)
        _say(f"{name} gone")


def _say(line: str) -> None:
    os.write(1, f"{line}\n".encode())  # one system call: what was said is in the pipe even if we die now


def main(arguments: list[str]) -> None:
    """Run the command line of the module's docstring."""
    verb, data, url, account, *rest = arguments
    where = None if url == "-" else url
    if verb == "breed":
        breed(Path(data), where, account)
        return
    name, steps = rest
    with open_store(where, Path(data), follow=False) as storage:
        write(storage, account, name, int(steps))


if __name__ == "__main__":
    main(sys.argv[1:])
