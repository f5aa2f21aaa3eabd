"""A disk snapshot that may not be used: the start is refused with its reason, and nothing is damaged."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from daypass.adapters.keys import MasterKey, MemorySealingKeys, open_master_key
from daypass.adapters.storage.disk_snapshot import FILE_NAME, Facts, Seal, SnapshotRefused, record, write
from daypass.cli.checks import Patient, findings
from daypass.ports import StoreUnavailable
from daypass.settings import load
from daypass.testing.local import Signer
from tests.calling import admin_of, call, code_of
from tests.faults.conftest import node_of, snapshot_of
from tests.postgres import PostgresServer, start_postgres
from tests.running import Running, eventually, run, up


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, PostgresServer]]:
    """A node that was up and has stopped, to be copied, and its database, which is away."""
    server = start_postgres()
    try:
        data = tmp_path_factory.mktemp("cold") / "data"
        with up(data, "--database", server.new_database()) as running:
            assert running.stop() == 0
        server.kill()
        yield data, server
    finally:
        server.close()


@pytest.fixture
def data(used: tuple[Path, PostgresServer], tmp_path: Path) -> Path:
    """A copy of the node's directory."""
    shutil.copytree(used[0], tmp_path / "data")
    return tmp_path / "data"


def seal_of(data: Path) -> Seal:
    """The seal of the directory's own master key."""
    master = open_master_key(data, MemorySealingKeys())
    return lambda: master.authenticator("disk-snapshot")


def rewritten(data: Path, seal: Seal | None = None, **other: Any) -> None:
    """Write the directory's snapshot anew with other facts, or under another seal."""
    held = snapshot_of(data)
    facts: Facts = msgspec.structs.replace(held.facts, **other)
    write(data / FILE_NAME, facts, map(record, held.accounts.values()), seal or seal_of(data))


def _changed(data: Path) -> None:
    path = data / FILE_NAME
    path.write_bytes(path.read_bytes().replace(b'"status":"Active"', b'"status":"active"'))


def _cut_short(data: Path) -> None:
    path = data / FILE_NAME
    path.write_bytes(path.read_bytes()[:-100])


def _empty(data: Path) -> None:
    (data / FILE_NAME).write_bytes(b"")


def _of_another_daypass(data: Path) -> None:
    rewritten(data, lambda: MasterKey(bytes(32)).authenticator("disk-snapshot"))


def _sealed_for_something_else(data: Path) -> None:
    master = seal_of(data)().digest()
    rewritten(data, lambda: MasterKey(master).authenticator("disk-snapshot"))


def _of_another_database(data: Path) -> None:
    rewritten(data, database="db.example.com/other")


def _of_another_schema(data: Path) -> None:
    rewritten(data, schema="9999")


def _too_old(data: Path) -> None:
    rewritten(data, contact=time.time() - 90_001)


def _of_the_future(data: Path) -> None:
    rewritten(data, contact=time.time() + 60)


def _of_a_newer_daypass(data: Path) -> None:
    path = data / FILE_NAME
    path.write_bytes(path.read_bytes().replace(b"daypass-snapshot-1\n", b"daypass-snapshot-2\n"))


def _a_link(data: Path) -> None:
    path = data / FILE_NAME
    path.rename(data / "elsewhere")
    path.symlink_to(data / "elsewhere")


ILLS: list[tuple[Callable[[Path], None], str]] = [
    (_changed, "is not what this daypass has written"),
    (_cut_short, "is not what this daypass has written"),
    (_empty, "is not what this daypass has written"),
    (_of_another_daypass, "is not what this daypass has written"),
    (_sealed_for_something_else, "is not what this daypass has written"),
    (_of_another_database, "is of the database `db.example.com/other`, not of `127.0.0.1:"),
    (_of_another_schema, "has schema 9999"),
    (_too_old, "is too old: the last contact was 90001 s ago"),
    (_of_the_future, "in the future: the clock has gone back"),
    (_of_a_newer_daypass, "was written by another version of daypass"),
    (_a_link, "cannot be read: "),
]


@pytest.mark.parametrize(("harm", "told"), ILLS, ids=[harm.__name__.strip("_") for harm, _ in ILLS])
def test_a_snapshot_that_may_not_be_used_is_refused(data: Path, harm: Callable[[Path], None], told: str) -> None:
    """The reason is told with something to do about it, and no file is another afterwards."""
    harm(data)
    before = files(data)
    with pytest.raises(SnapshotRefused) as caught:
        node_of(data).open(follow=False, cold=True)
    assert told in caught.value.message
    assert caught.value.advice
    assert files(data) == before


def test_a_start_that_is_refused_damages_nothing(data: Path) -> None:
    """The exit code is 3, stderr says why and what to do, and the directory is as it was."""
    _changed(data)
    before = files(data)
    done = run("up", "--data", str(data), "--listen", "127.0.0.1:0")
    assert (done.returncode, done.stdout) == (3, "")
    assert "is not what this daypass has written" in done.stderr.splitlines()[0]
    assert "move snapshot away" in done.stderr.splitlines()[1]
    assert files(data) == before


def test_without_the_key_that_proves_it_no_snapshot_is_used(data: Path) -> None:
    """A lost master key is not made anew to look at a file."""
    (data / "master.key").unlink()
    with pytest.raises(StoreUnavailable, match=r"master\.key.*is missing"):
        node_of(data).open(follow=False, cold=True)
    assert not (data / "master.key").exists()


def files(data: Path) -> dict[str, bytes]:
    """What the directory holds, but for the file that says who holds it."""
    return {path.name: path.read_bytes() for path in data.iterdir() if path.is_file() and path.name != "lock"}


def test_a_first_start_needs_the_database(used: tuple[Path, PostgresServer], tmp_path: Path) -> None:
    """Without a snapshot there is nothing to start from, and nothing is made."""
    url = load(used[0], {}, {}).settings.database or ""
    done = run("up", "--data", str(tmp_path / "new"), "--listen", "127.0.0.1:0", "--database", url)
    assert done.returncode == 3
    assert "the database does not answer" in done.stderr
    assert not (tmp_path / "new" / "credentials").exists()


def test_where_none_is_kept_none_is_used(data: Path) -> None:
    """With the size set to nothing a start does not look at the file; nor does a command, whatever is set."""
    _changed(data)
    for node, cold in ((node_of(data, snapshot_bytes=0), True), (node_of(data), False)):
        with pytest.raises(StoreUnavailable):
            node.open(follow=False, cold=cold)


def test_several_workers_start_from_one_snapshot_and_succeed_each_other(data: Path) -> None:
    """Each worker reads it for itself, and so does the one that takes the place of a dead one."""
    with up(data, "--workers", "2") as running:
        admin = admin_of(data)
        first = workers(running)
        for worker in first:
            os.kill(worker, signal.SIGKILL)
            assert eventually(lambda worker=worker: len(workers(running) - {worker}) == 2 and answers(running, admin))
        assert not first & workers(running)


def workers(running: Running) -> set[int]:
    """The processes that serve."""
    pid = running.process.pid
    return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def answers(running: Running, signer: Signer) -> bool:
    """Whether a call is answered, and well."""
    try:
        return code_of(call(running.url, signer, "sts:GetCallerIdentity", timeout=0.5)) == "200"
    except OSError:
        return False


def test_doctor_tells_what_is_wrong_with_the_snapshot(data: Path) -> None:
    """It is looked at though the database is away; a changed one, and none at all, are findings."""
    assert told_by_doctor(data) == []
    _changed(data)
    assert "is not what this daypass has written" in told_by_doctor(data)[0]
    (data / FILE_NAME).unlink()
    assert "there is no disk snapshot" in told_by_doctor(data)[0]


def told_by_doctor(data: Path) -> list[str]:
    """What ``daypass doctor`` finds in its check of the disk snapshot."""
    return [found.problem for found in findings("disk snapshot", Patient(data))]


def test_a_refused_snapshot_is_no_matter_when_the_database_is_there(
    used: tuple[Path, PostgresServer], data: Path
) -> None:
    """The database rules: with it the node starts beside any file, and replaces it by what it reads."""
    _changed(data)
    used[1].start()
    with up(data) as running:
        assert code_of(call(running.url, admin_of(data), "sts:GetCallerIdentity")) == "200"
        assert running.stop() == 0
    assert snapshot_of(data).facts.contact > time.time() - 60
