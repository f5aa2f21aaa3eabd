"""Processes: start, ready, stop, workers that die or are replaced."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.server.conftest import Program, answers_in, program, read_all, wait_for

PROGRAM = [sys.executable, str(Path(__file__).with_name("program.py"))]


def start_failing(**told: object) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "BROKEN_START": "1"} if told.pop("broken", False) else None
    return subprocess.run(
        [*PROGRAM, json.dumps(told)], capture_output=True, text=True, timeout=30, env=env, check=False
    )


def worker_pids(server: Program, count: int) -> set[int]:
    found: set[int] = set()

    def asked() -> bool:
        with suppress(OSError, ValueError):
            found.add(int(server.get("/pid")))
        return len(found) >= count

    wait_for(asked, 20)
    return found


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_ready_answers_and_ends_with_0(workers: int, number: int) -> None:
    """The ready line is true when it comes, and a signal ends the process cleanly, after its service was closed."""
    with program(workers=workers) as server:
        assert server.get() == b"x" * 1024
        began = time.monotonic()
        assert server.stop(number) == 0
        assert time.monotonic() - began < 3
        assert server.process.stdout
        assert server.process.stdout.read().split() == ["closed"] * workers + ["ended"]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_stop_breaks_no_request_that_is_under_way(workers: int) -> None:
    """Requests on threads, half-sent requests and requests on kept connections are answered whole, then it ends."""
    get = b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n"
    with program(workers=workers) as server:
        slow, half, kept = [[server.connect() for _ in range(5)] for _ in range(3)]
        for sock in kept:
            sock.sendall(get % b"/")
            assert answers_in(sock.recv(65_536))[0].status == 200
        for sock in slow:
            sock.sendall(get % b"/slow")
        for sock in half:
            sock.sendall((get % b"/")[:10])
        time.sleep(0.1)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.05)
        for sock in half:
            sock.sendall((get % b"/")[10:])
        for sock in kept:
            sock.sendall(get % b"/")
        for sock in (*slow, *half, *kept):
            with sock:
                (answer,) = answers_in(read_all(sock))
                assert answer.status == 200
                assert sock not in slow or answer.headers["connection"] == "close"
        assert server.process.wait(10) == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_a_client_that_hangs_does_not_hold_up_the_stop(workers: int) -> None:
    """Draining is bounded."""
    with program(workers=workers, limits={"drain_seconds": 1}) as server, server.connect() as sock:
        sock.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n")
        time.sleep(0.1)
        began = time.monotonic()
        assert server.stop() == 0
        assert 0.9 < time.monotonic() - began < 3.5


@pytest.mark.parametrize("pause", [0.0, 0.01, 0.02, 0.05, 0.1])
def test_a_stop_during_the_start_is_as_quick(pause: float) -> None:
    """Also for workers that are just being made."""
    process = subprocess.Popen([*PROGRAM, '{"workers": 4, "announce": true}'], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "starting\n"
    time.sleep(pause)
    began = time.monotonic()
    process.terminate()
    code = process.wait(20)
    process.stdout.close()
    assert code in (0, -signal.SIGTERM)
    assert time.monotonic() - began < 3


def test_a_taken_port_ends_with_a_clear_error() -> None:
    """Before anything else is opened."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = start_failing(port=taken.getsockname()[1])
    assert done.returncode == 1
    assert "is taken" in done.stderr
    assert done.stdout == ""


def test_a_worker_that_cannot_start_ends_it_with_its_reason() -> None:
    """Nobody is told to be ready, and no worker is left."""
    done = start_failing(workers=2, broken=True)
    assert done.returncode == 1
    assert "WorkerFailed: RuntimeError: the store is not there" in done.stderr
    assert "ready" not in done.stdout


def test_the_failure_of_the_only_process_is_raised() -> None:
    """With one worker the exception of ``make_service`` comes through."""
    done = start_failing(broken=True)
    assert done.returncode == 1
    assert "RuntimeError: the store is not there" in done.stderr


def test_two_workers_share_the_port() -> None:
    """Connections come to both."""
    with program(workers=2) as server:
        assert len(worker_pids(server, 2)) == 2


def test_a_killed_worker_is_replaced_and_the_others_go_on() -> None:
    """``kill -9`` of a worker costs its own connections only."""
    with program(workers=2) as server:
        first = worker_pids(server, 2)
        victim = first.pop()
        os.kill(victim, signal.SIGKILL)
        for _ in range(20):
            assert int(server.get("/pid")) != victim
        second: set[int] = set()

        def replaced() -> bool:
            second.add(int(server.get("/pid")))
            return len(second - {victim}) >= 2

        wait_for(replaced)
        assert first <= second
        assert server.stop() == 0


def test_a_worker_that_keeps_dying_is_not_restarted_at_full_speed() -> None:
    """Each death in a row waits longer."""
    with program(workers=2) as server:
        seen: set[int] = set()
        until = time.monotonic() + 1.5
        while time.monotonic() < until:
            with suppress(OSError, ValueError, AssertionError):
                pid = int(server.get("/pid"))
                seen.add(pid)
                os.kill(pid, signal.SIGKILL)
        assert 3 <= len(seen) < 16
        wait_for(lambda: bool(_get_or_none(server)), 10)


def test_when_the_supervisor_is_killed_its_workers_go_and_the_port_is_free() -> None:
    """A start right after ``kill -9`` finds the port, and no worker of the old server answers."""
    with program(workers=2) as server:
        old = worker_pids(server, 2)
        server.stop(signal.SIGKILL)
        with program(workers=2, port=server.address[1]) as again:
            assert not worker_pids(again, 2) & old
        wait_for(lambda: not any(_is_alive(pid) for pid in old))


def test_hup_replaces_the_workers_under_load_without_breaking_a_request() -> None:
    """New workers serve before old ones leave, and no connection is lost between them."""
    with program(workers=2) as server:
        before = worker_pids(server, 2)
        failures: list[str] = []
        served = [0]
        stop = threading.Event()
        clients = [threading.Thread(target=_hammer, args=(server, stop, served, failures)) for _ in range(4)]
        for client in clients:
            client.start()
        for _ in range(3):
            server.process.send_signal(signal.SIGHUP)
            time.sleep(1.5)
        stop.set()
        for client in clients:
            client.join()
        assert not failures
        assert served[0] > 500
        assert not worker_pids(server, 2) & before
        assert server.stop() == 0


def test_hup_stops_a_single_process_cleanly() -> None:
    """Its terminal is gone."""
    with program() as server:
        assert server.stop(signal.SIGHUP) == 0


def test_metrics_of_all_workers_are_added_up() -> None:
    """Whichever worker answers, the sum is the same."""
    with program(workers=2) as server:
        worker_pids(server, 2)
        for _ in range(10):
            with server.connect() as sock:
                sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
                assert answers_in(read_all(sock))[0].status == 400
        wait_for(lambda: b'daypass_http_refusals_total{status="400"} 10.0' in server.get("/-/metrics"))


def _hammer(server: Program, stop: threading.Event, served: list[int], failures: list[str]) -> None:
    """One client with a kept connection: every request it sends must be answered whole."""
    while not stop.is_set():
        try:
            with server.connect() as sock:
                while not stop.is_set():
                    sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                    received = sock.recv(65_536)
                    while len(received) < 1024:
                        more = sock.recv(65_536)
                        if not more:
                            failures.append(f"cut: {received!r}")
                            return
                        received += more
                    (answer,) = answers_in(received)
                    served[0] += 1
                    if answer.headers.get("connection") == "close":
                        break
        except OSError as failure:
            failures.append(repr(failure))
            return


def _get_or_none(server: Program) -> bytes | None:
    with suppress(OSError, ValueError):
        return server.get()
    return None


def _is_alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
