"""The server is killed in the middle of writes: what it acknowledged is there, and the audit trail agrees."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from random import Random
from threading import Timer
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from tests.calling import admin_of
from tests.running import Running, eventually, run, up

WRITERS = 3


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def iam_at(running: Running) -> Any:
    """A boto3 client that asks once."""
    admin = admin_of(running.data)
    return boto3.client(
        "iam",
        endpoint_url=running.url,
        region_name="us-east-1",
        aws_access_key_id=admin.access_key_id,
        aws_secret_access_key=admin.secret_access_key.reveal(),
        config=Config(retries={"total_max_attempts": 1}, max_pool_connections=WRITERS),
    )


def write_until_it_dies(iam: Any, prefix: str) -> list[str]:
    """Make users until nobody answers; the acknowledged ones."""
    made = []
    for number in count():
        try:
            made.append(iam.create_user(UserName=f"{prefix}-{number}")["User"]["UserName"])
        except BotoCoreError:
            return made
    return made


@pytest.mark.timeout(600)
def test_no_acknowledged_write_is_lost_when_the_server_is_killed(
    data: Path, database: tuple[str, ...], cases: Callable[[int], int]
) -> None:
    """Killed -9 ten times during boto3 writes, it loses nothing acknowledged, and the trail agrees."""
    random, port, kills = Random(11), free_port(), cases(10)
    acknowledged: set[str] = set()
    starts = []
    for turn in range(kills + 1):
        started = time.monotonic()
        with up(data, "--listen", f"127.0.0.1:{port}", *database) as running:
            starts.append(time.monotonic() - started)
            iam = iam_at(running)
            assert acknowledged <= users(iam), turn
            if turn == kills:
                there = users(iam)
                assert running.stop() == 0
                break
            with ThreadPoolExecutor(WRITERS) as pool:
                writing = [pool.submit(write_until_it_dies, iam, f"u{turn}-{n}") for n in range(WRITERS)]
                Timer(random.uniform(0.05, 0.4), os.kill, (running.process.pid, signal.SIGKILL)).start()
                acknowledged.update(*[future.result() for future in writing])
    assert len(acknowledged) > 2 * kills
    assert max(starts[1:]) < 5
    check = run("audit", "verify", "--data", str(data))
    assert check.returncode == 0, check.stdout
    announced, committed = told_by(data / "audit")
    assert there - {"admin"} <= announced
    assert acknowledged <= announced
    assert committed <= there


def users(iam: Any) -> set[str]:
    """All users there are."""
    pages = iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 1000})
    return {user["UserName"] for page in pages for user in page["Users"]}


def told_by(trail: Path) -> tuple[set[str], set[str]]:
    """Names of users that the trail says are about to be made, and of those it says were."""
    announced: dict[str, str] = {}
    committed: set[str] = set()
    for file in sorted(trail.glob("*.jsonl")):
        for line in file.read_text().splitlines():
            record = json.loads(line)
            if record["eventName"] == "CreateUser" and record["errorCode"] is None:
                announced[record["requestID"]] = record["requestParameters"]["userName"]
            elif record["eventName"] == "ChangeCommitted":
                committed.add(record["daypass"]["of"])
    return set(announced.values()), {announced[request] for request in committed if request in announced}


@pytest.mark.timeout(600)
def test_a_killed_worker_is_replaced_and_takes_nothing_with_it(data: Path, database: tuple[str, ...]) -> None:
    """One of three workers is killed -9 during writes: the others answer on, a new one comes, nothing is lost."""
    with up(data, "--workers", "3", *database) as running:
        iam = iam_at(running)
        iam.list_users()
        made: list[str] = []
        for turn in range(3):
            assert eventually(lambda: len(children(running.process.pid)) == 3)
            victim = children(running.process.pid)[turn]
            os.kill(victim, signal.SIGKILL)
            for number in range(20):
                name = f"u{turn}-{number}"
                try:
                    made.append(iam.create_user(UserName=name)["User"]["UserName"])
                except BotoCoreError:
                    continue  # its connection died with the worker; whether it was made is not known
        assert len(made) > 50
        assert set(made) <= users(iam)
        assert eventually(lambda: len(children(running.process.pid)) == 3)
        assert running.stop() == 0
    check = run("audit", "verify", "--data", str(data))
    assert check.returncode == 0, check.stdout


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
