"""Rotation on a real database under `kill -9`: whenever it strikes, the next start goes on and live tokens open."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from daypass.adapters.keys import RingKeeper, open_master_key
from daypass.adapters.machine import SystemClock, SystemEntropy
from daypass.adapters.storage import claim, open_store
from daypass.sessions import open_token
from tests.sessions.samples import NOW, ROLE

# Three hours a turn, so that about every third turn writes. A line is an acknowledged token.
ROTATE = """
import os, sys
from dataclasses import replace
from pathlib import Path
from daypass.adapters.keys import RingKeeper, open_master_key
from daypass.adapters.storage import open_store
from daypass.adapters.machine import SystemClock, SystemEntropy
from daypass.sessions import seal
from tests.sessions.samples import ROLE

data, now = Path(sys.argv[1]), int(sys.argv[2])
with open_store(None, data, follow=False) as storage:
    master = open_master_key(data, storage.sealing_keys)
    keeper = RingKeeper(storage.sealing_keys, master, clock=SystemClock(), entropy=SystemEntropy())
    while True:
        now += 10_800
        ring = keeper.rotate(now)
        session = ROLE._replace(issued=now, expires=now + 129_600)
        print(now, ring.active.id, seal(session, ring, os.urandom(12)).token, flush=True)
"""


def killed_after(data: Path, now: int, lines: int, pause: float) -> list[tuple[int, str, str]]:
    """What a process acknowledged that rotated from ``now`` on and was killed a moment after some lines."""
    child = subprocess.Popen(
        [sys.executable, "-c", ROTATE, str(data), str(now)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    assert child.stdout is not None
    try:
        told = [child.stdout.readline() for _ in range(lines)]
        time.sleep(pause)
    finally:
        child.kill()
        rest, errors = child.communicate()
    assert not errors
    whole = ("".join(told) + rest).rpartition("\n")[0].splitlines()
    return [(int(when), key_id, token) for when, key_id, token in map(str.split, whole)]


@pytest.mark.timeout(600)
def test_a_kill_during_rotation_loses_no_token(tmp_path: Path, cases: Callable[[int], int]) -> None:
    """After each kill there is one active key, every acknowledged and unexpired token opens, and rotation goes on."""
    random, data = Random(7), tmp_path / "data"
    with claim(data):
        open_store(None, data, follow=False).close()
    now, live, used = NOW, list[tuple[int, str]](), set[str]()
    for _ in range(cases(4)):
        told = killed_after(data, now, random.randint(5, 40), random.random() / 50)
        now = told[-1][0]
        used |= {key_id for _, key_id, _ in told}
        live += [(when + 129_600, token) for when, _, token in told]
        live = [(expires, token) for expires, token in live if expires > now]
        with open_store(None, data, follow=False) as storage:
            master = open_master_key(data, storage.sealing_keys)
            keeper = RingKeeper(storage.sealing_keys, master, clock=SystemClock(), entropy=SystemEntropy())
            states = [row.state for row in storage.sealing_keys.load()]
            assert states.count("active") == 1
            assert states.count("announced") <= 1
            for expires, token in live:
                assert open_token(token, ROLE.access_key_id, keeper.ring())[0].expires == expires
    assert len(used) > 2 * cases(4)
