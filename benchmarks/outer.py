"""Figures over HTTP: CPU time, requests a second, latency; and start-up time and memory."""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from benchmarks.figures import Figures
from benchmarks.load import Load, measure, resident_megabytes
from benchmarks.servers import Server, daypass, empty, has, moto, seaweedfs, started

ROUNDS = 5
OTHERS = 6_000
"""Requests that all differ: more than the server remembers."""


def over_http(figures: Figures, seconds: float, *, peers: bool) -> None:
    """AssumeRole and GetCallerIdentity against the empty answer and the peers, in alternating rounds."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        reference = stack.enter_context(empty())
        ours = stack.enter_context(daypass(folder / "data"))
        for connections in (16, 1):
            _compare(figures, reference, ours, connections, seconds)
        if peers:
            _peers(figures, stack, folder, reference, seconds)


def _compare(figures: Figures, reference: Server, ours: Server, connections: int, seconds: float) -> None:
    actions = ("AssumeRole", "GetCallerIdentity")
    always_new = "AssumeRole, every session name new"
    loads: dict[str, list[Load]] = {name: [] for name in ("empty answer", *actions, always_new)}
    for _ in range(ROUNDS):
        form = ours.request("AssumeRole")
        floor = measure(reference.pid, form.to(reference.url), connections=connections, seconds=seconds)
        loads["empty answer"].append(floor)
        for action in actions:
            request = ours.request(action)
            loads[action].append(measure(ours.pid, request, connections=connections, seconds=seconds))
        different = [ours.request("AssumeRole", f"bench-{number}") for number in range(OTHERS)]
        loads[always_new].append(measure(ours.pid, *different, connections=connections, seconds=seconds))
    over = ("empty answer", min(load.cpu for load in loads["empty answer"]))
    for name, runs in loads.items():
        best = min(runs, key=lambda load: load.cpu)
        label = f"{name}, {connections} connections" if connections > 1 else f"{name}, 1 connection"
        figures.add(f"{label}, CPU", best.cpu, "us/request", over)
        figures.add(f"{label}, rate", best.per_second, "requests/s")
        figures.add(f"{label}, p50", best.p50, "us")
        figures.add(f"{label}, p99", best.p99, "us")


def _peers(figures: Figures, stack: ExitStack, folder: Path, reference: Server, seconds: float) -> None:
    floor = measure(reference.pid, reference.request("AssumeRole"), connections=16, seconds=seconds).cpu
    peers = []
    if has("moto_server"):
        peers.append(stack.enter_context(moto()))
    if has("weed"):
        (folder / "weed").mkdir()
        peers.append(stack.enter_context(seaweedfs(folder / "weed")))
    for name, program in (("moto", "moto_server"), ("SeaweedFS", "weed")):
        if not has(program):
            figures.note(f"{name} is not installed")
    for peer in peers:
        for action in ("AssumeRole", "GetCallerIdentity"):
            load = measure(peer.pid, peer.request(action), connections=16, seconds=seconds)
            over = ("empty answer", floor)
            figures.add(f"{peer.name} {action}, 16 connections, CPU", load.cpu, "us/request", over)


def after_many(figures: Figures, sessions: int) -> None:
    """AssumeRole as dear at the last of many sessions as at the first, and nothing left in the store."""
    with tempfile.TemporaryDirectory() as folder, daypass(Path(folder) / "data") as server:
        request = server.request("AssumeRole")
        measure(server.pid, request, connections=16, seconds=2)
        first = measure(server.pid, request, connections=16, seconds=5)
        size, done = _store_bytes(Path(folder) / "data"), first.requests
        before = resident_megabytes(server.pid)
        while done < sessions:
            request = server.request("AssumeRole")
            done += measure(server.pid, request, connections=16, seconds=10).requests
        last = measure(server.pid, server.request("AssumeRole"), connections=16, seconds=5)
        figures.add("AssumeRole at the first sessions, CPU", first.cpu, "us/request")
        over = ("the first", first.cpu)
        figures.add(f"AssumeRole after {done:,} sessions, CPU", last.cpu, "us/request", over)
        figures.add("memory grown by them", resident_megabytes(server.pid) - before, "MB")
        figures.add("store grown by them", _store_bytes(Path(folder) / "data") - size, "bytes")


def _store_bytes(data: Path) -> int:
    return sum(path.stat().st_size for path in data.glob("daypass.db*") if path.is_file())


def start_up(figures: Figures) -> None:
    """From the command to the ready line, the first time and the second; memory when ready."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        for name in ("first start", "second start"):
            begun = time.monotonic()
            with started(data) as (_, pid):
                figures.add(f"{name}, until ready", (time.monotonic() - begun) * 1e3, "ms")
                if name == "second start":
                    figures.add("resident memory when ready", resident_megabytes(pid), "MB")
