"""The disk is full: nothing is minted or changed without its record, verification goes on, and later all is well."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from daypass.testing.local import Signer
from tests.calling import admin_of, call, code_of
from tests.running import Running, eventually, run, up
from tests.security.world import trusting

RECOVERY = 5.0
SIZE = 6 * 1024 * 1024
RESERVE = 512 * 1024


@dataclass
class Disk:
    """Where the data directory stands; ``fill`` and ``empty`` take the room away and give it back."""

    data: Path
    fill: Callable[[Running], None]
    empty: Callable[[Running], None]


def small_disk(tmp_path: Path) -> Iterator[Disk]:
    """A file system of six megabytes, filled by a file beside the data directory."""
    mounted = tmp_path / "disk"
    mounted.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(mounted)], check=False)
    if done.returncode:
        pytest.skip("mounting a small disk needs root; the limit on file sizes stands in for it")
    ballast = mounted / "ballast"

    def fill(_: Running) -> None:
        with ballast.open("wb") as file:
            while True:
                try:
                    os.write(file.fileno(), bytes(4096))
                except OSError:
                    break

    try:
        yield Disk(mounted / "data", fill, lambda _: ballast.unlink())
    finally:
        subprocess.run(["umount", "--lazy", str(mounted)], check=True)


def size_limit(tmp_path: Path) -> Iterator[Disk]:
    """No file of the process may grow any more; needs no rights, so it runs everywhere."""

    def limit(running: Running, size: int) -> None:
        _, hard = resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, (size, hard))

    yield Disk(tmp_path / "data", lambda running: limit(running, 1), lambda running: limit(running, -1))


@pytest.fixture(params=[small_disk, size_limit], ids=lambda make: make.__name__)
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    yield from request.param(tmp_path)


@dataclass
class Daypass:
    """A running daypass, its administrator, and a role."""

    running: Running
    admin: Signer
    role: str

    def assume(self) -> str:
        """Code of an AssumeRole; an answer other than success holds no credentials."""
        answer = call(self.running.url, self.admin, "sts:AssumeRole", {"RoleArn": self.role, "RoleSessionName": "full"})
        assert answer.status == 200 or b"SecretAccessKey" not in answer.body
        return code_of(answer)

    def create(self, name: str) -> str:
        """Code of a CreateUser."""
        return code_of(call(self.running.url, self.admin, "iam:CreateUser", {"UserName": name}))

    def identity(self) -> str:
        """Code of a GetCallerIdentity."""
        return code_of(call(self.running.url, self.admin, "sts:GetCallerIdentity"))

    def users(self) -> set[str]:
        """The users there are."""
        answer = call(self.running.url, self.admin, "iam:ListUsers", {"MaxItems": 1000})
        assert answer.status == 200
        return {part.partition("<")[0] for part in answer.body.decode().split("<UserName>")[1:]}


def started(running: Running) -> Daypass:
    admin = admin_of(running.data)
    account = call(running.url, admin, "sts:GetCallerIdentity").body.decode().partition("iam::")[2][:12]
    trust = {"RoleName": "full", "AssumeRolePolicyDocument": trusting(f"arn:aws:iam::{account}:root")}
    assert call(running.url, admin, "iam:CreateRole", trust).status == 200
    return Daypass(running, admin, f"arn:aws:iam::{account}:role/full")


@pytest.mark.parametrize("reserve", [0, RESERVE])
def test_a_full_disk_stops_minting_and_changing_only(disk: Disk, reserve: int) -> None:
    """While it is full AssumeRole and CreateUser answer 503 and leave nothing, GetCallerIdentity goes on."""
    environment = {"DAYPASS_AUDIT_RESERVE_BYTES": str(reserve)}
    with up(disk.data, env=environment) as running:
        daypass = started(running)
        assert (daypass.assume(), daypass.create("before"), daypass.identity()) == ("200", "200", "200")
        disk.fill(running)
        # The last page of the file takes a few records more, and free space is looked at once a second.
        assert eventually(lambda: daypass.assume() == "ServiceUnavailable", 2)
        told = set()
        for number in range(20):
            told.add((daypass.assume(), daypass.create(f"during-{number}"), daypass.identity()))
        assert told == {("ServiceUnavailable", "ServiceUnavailable", "200")}
        disk.empty(running)
        assert eventually(lambda: daypass.assume() == "200", RECOVERY)
        assert eventually(lambda: daypass.create("after") in ("200", "EntityAlreadyExists"), RECOVERY)
        assert daypass.users() == {"admin", "before", "after"}
        assert running.stop() == 0
        check = running.command("audit", "verify")
        assert (check.returncode, check.stderr) == (0, ""), check.stdout


def test_a_daypass_killed_on_a_full_disk_starts_again_when_there_is_room(tmp_path: Path) -> None:
    """Killed while full it has lost nothing that it had acknowledged, and nothing is half."""
    for disk in small_disk(tmp_path):
        with up(disk.data, env={"DAYPASS_AUDIT_RESERVE_BYTES": "0"}) as running:
            daypass = started(running)
            names = {f"user-{number}" for number in range(10)}
            assert {daypass.create(name) for name in names} == {"200"}
            disk.fill(running)
            assert daypass.create("lost") == "ServiceUnavailable"
            running.process.kill()
            running.process.wait()
        disk.empty(running)
        with up(disk.data, env={"DAYPASS_AUDIT_RESERVE_BYTES": "0"}) as running:
            again = Daypass(running, daypass.admin, daypass.role)
            assert again.users() == names | {"admin"}
            assert (again.assume(), again.create("more")) == ("200", "200")
        check = run("audit", "verify", "--data", str(disk.data))
        assert check.returncode == 0, check.stdout


# ── The trail is falsified ───────────────────────────────────────────────────────────────────────────

Falsify = Callable[[list[bytes]], tuple[list[bytes], int]]


def edited(lines: list[bytes]) -> tuple[list[bytes], int]:
    return [*lines[:4], lines[4].replace(b'"userName":"admin"', b'"userName":"alice"'), *lines[5:]], 5


def deleted(lines: list[bytes]) -> tuple[list[bytes], int]:
    return lines[:4] + lines[5:], 5


def reordered(lines: list[bytes]) -> tuple[list[bytes], int]:
    return [*lines[:4], lines[5], lines[4], *lines[6:]], 5


def inserted(lines: list[bytes]) -> tuple[list[bytes], int]:
    return [*lines[:5], lines[4], *lines[5:]], 6


def cut_off(lines: list[bytes]) -> tuple[list[bytes], int]:
    return lines[:-1], 0


@pytest.fixture(scope="module")
def trail(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of a daypass that did some work and was stopped."""
    with up(tmp_path_factory.mktemp("trail") / "data") as running:
        daypass = started(running)
        for number in range(6):
            assert daypass.create(f"user-{number}") == "200"
        assert running.stop() == 0
    return running.data


@pytest.mark.parametrize("falsify", [edited, deleted, reordered, inserted, cut_off])
def test_a_falsified_trail_is_told_with_its_place(trail: Path, tmp_path: Path, falsify: Falsify) -> None:
    """A record edited, deleted, moved, inserted, or the last one cut off: exit 1, with file and line."""
    copy = tmp_path / "data"
    shutil.copytree(trail, copy)
    files = [path for path in sorted((copy / "audit").glob("*.jsonl")) if path.read_bytes().count(b"\n") > 8]
    (file,) = files
    before = file.read_bytes()
    lines, place = falsify(before.splitlines(keepends=True))
    file.write_bytes(b"".join(lines))
    assert file.read_bytes() != before
    check = run("audit", "verify", "--json", "--data", str(copy))
    report = json.loads(check.stdout)
    assert (check.returncode, report["ok"]) == (1, False)
    assert (report["firstBreak"]["file"], report["firstBreak"]["line"]) == (file.name, place)
    plain = run("audit", "verify", "--data", str(copy))
    assert (plain.returncode, f"broken at {file.name}:{place}: " in plain.stdout) == (1, True)
