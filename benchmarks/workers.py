"""What a second worker costs: both on one core, as the single one is, each with as many connections as that one."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks.figures import Figures
from benchmarks.load import measure
from benchmarks.servers import daypass

ROUNDS = 3
CONNECTIONS = 16
"""Of each worker."""


def two(figures: Figures, seconds: float) -> None:
    """CPU of a request with two workers beside that with one, in rounds that alternate."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = {
            count: stack.enter_context(daypass(folder / str(count), "--workers", str(count))) for count in (1, 2)
        }
        for action in ("AssumeRole", "GetCallerIdentity"):
            costs: dict[int, list[float]] = {count: [] for count in servers}
            for _ in range(ROUNDS):
                for count, server in servers.items():
                    request, connections = server.request(action), CONNECTIONS * count
                    load = measure(server.pid, request, connections=connections, seconds=seconds)
                    costs[count].append(load.cpu)
            one, both = min(costs[1]), min(costs[2])
            figures.add(f"{action}, one worker, CPU", one, "us/request")
            figures.add(f"{action}, two workers, CPU", both, "us/request", ("one worker", one))
