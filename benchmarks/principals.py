"""Many distinct principals in turn: every request of another user, with a key and a session name of his own."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import people
from benchmarks.actions import shared_role
from benchmarks.figures import Figures
from benchmarks.load import Request, measure, resident_megabytes
from benchmarks.servers import Key, Server, daypass
from daypass.settings import Settings
from daypass.testing.local import LocalDaypass

ROUNDS = 2
CONNECTIONS = 16
MANY = 10_000
TOO_MANY = Settings().signing_key_cache * 5 // 4
"""More than the server remembers the signing keys of: who comes round again is as new as at first."""


def rotating(figures: Figures, seconds: float) -> None:
    """GetCallerIdentity and AssumeRole by one user, by 10,000 in turn, and by more than are remembered."""
    with tempfile.TemporaryDirectory() as folder:
        with LocalDaypass(Path(folder) / "data") as local:
            keys, role = people.settle(local, TOO_MANY), shared_role(local)
        with daypass(Path(folder) / "data") as server:
            server.role = role
            for action in ("GetCallerIdentity", "AssumeRole"):
                _compare(figures, server, action, keys, seconds)


def _compare(figures: Figures, server: Server, action: str, keys: Sequence[Key], seconds: float) -> None:
    requests = {count: _requests(server, action, keys[:count]) for count in (1, MANY, TOO_MANY)}
    costs: dict[int, list[float]] = {count: [] for count in requests}
    memory = 0.0
    for number in range(ROUNDS + 1):
        for count, made in requests.items():
            load = measure(server.pid, *made, connections=CONNECTIONS, seconds=seconds)
            if number:  # the first round is for each to have come once: a key is derived once a day
                costs[count].append(load.cpu)
        memory = memory or resident_megabytes(server.pid)
    one, *others = (min(found) for found in costs.values())
    figures.add(f"{action}, one principal, CPU", one, "us/request")
    for count, cost in zip((MANY, TOO_MANY), others, strict=True):
        figures.add(f"{action}, {count:,} principals in turn, CPU", cost, "us/request", ("one principal", one))
    grown = resident_megabytes(server.pid) - memory
    figures.add(f"{action}, memory grown after each principal came once", grown, "MB")


def _requests(server: Server, action: str, keys: Sequence[Key]) -> list[Request]:
    if action != "AssumeRole":
        return [server.post(action, {}, key) for key in keys]
    wishes = ({"RoleArn": server.role, "RoleSessionName": people.name(number)} for number in range(len(keys)))
    return [server.post(action, wish, key) for wish, key in zip(wishes, keys, strict=True)]
