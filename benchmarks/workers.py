"""What a second worker costs: both on one core, as the single one is, each with as many connections as that one.

Two processes on one core take its caches from each other, so two servers that know nothing of each other are measured
in the same way.
"""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from benchmarks.figures import Figures
from benchmarks.load import cpu_seconds, least, measure
from benchmarks.servers import Server, daypass

ROUNDS = 5
CONNECTIONS = 16
"""Of each load generator; one for each worker."""


def two(figures: Figures, seconds: float) -> None:
    """CPU of a request with two workers beside that with one and of two servers, in rounds that alternate."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))

        def start(name: str, workers: int = 1) -> Server:
            return stack.enter_context(daypass(folder / name, "--workers", str(workers)))

        one, other, pair = start("one"), start("other"), start("pair", workers=2)
        for action in ("AssumeRole", "GetCallerIdentity"):
            works = [partial(_cost, servers, action, seconds) for servers in ([one], [one, other], [pair, pair])]
            alone, apart, both = least(ROUNDS, *works)
            figures.add(f"{action}, one worker, CPU", alone, "us/request")
            figures.add(f"{action}, two servers at once, CPU", apart, "us/request", ("one worker", alone))
            known = ("one worker", alone), ("two servers", apart)
            figures.add(f"{action}, two workers, CPU", both, "us/request", *known)


def _cost(servers: list[Server], action: str, seconds: float) -> float:
    """CPU microseconds of a request while each of ``servers`` is under the load of one generator."""

    def load(server: Server) -> int:
        return measure(server.pid, server.request(action), connections=CONNECTIONS, seconds=seconds).requests

    pids = {server.pid for server in servers}
    before = sum(map(cpu_seconds, pids))
    with ThreadPoolExecutor(len(servers)) as threads:
        count = sum(threads.map(load, servers))
    return (sum(map(cpu_seconds, pids)) - before) / count * 1e6
