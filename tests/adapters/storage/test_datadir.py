"""The data directory: private, recognised, held by one."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from daypass.adapters.storage import DataDirectoryError, claim, existing, findings, holder
from daypass.adapters.storage.datadir import MARKER

HOLD = """
import sys, time
from pathlib import Path
from daypass.adapters.storage import claim
with claim(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""

FORK = "import os; child = os.fork(); child and print(child, flush=True); "
HOLD_AND_FORK = HOLD.replace("time.sleep", f"{FORK}time.sleep")


@contextmanager
def held_by_another(path: Path, program: str = HOLD) -> Iterator[subprocess.Popen[str]]:
    """A process of its own that holds ``path``."""
    process = subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    """A directory that daypass has made."""
    with claim(tmp_path / "data") as path:
        return path


def refusal(path: Path) -> DataDirectoryError:
    """Why ``path`` cannot be claimed."""
    with pytest.raises(DataDirectoryError) as refused, claim(path):
        pass
    return refused.value


def everything_in(path: Path) -> dict[str, bytes]:
    return {entry.name: entry.read_bytes() for entry in path.iterdir() if entry.is_file()}


def test_a_new_directory_is_private_and_ours(tmp_path: Path) -> None:
    """A directory that did not exist is made with mode 0700, parents included, and recognised the next time."""
    with claim(tmp_path / "a" / "data") as path:
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
        assert {stat.S_IMODE(entry.stat().st_mode) for entry in path.iterdir()} == {0o600}
        assert holder(path) == os.getpid()
    assert existing(path) == path
    assert findings(path) == ()
    assert holder(path) is None


def test_the_second_to_claim_is_told_who_holds_it(ours: Path) -> None:
    """While one process holds the directory another is refused, with the holder's number."""
    with held_by_another(ours) as process:
        assert f"in use by process {process.pid}" in refusal(ours).message
        assert holder(ours) == process.pid
        assert existing(ours) == ours
    assert refusal_free(ours)


def test_the_lock_dies_with_its_process(ours: Path) -> None:
    """Right after kill -9 of the holder the directory can be claimed."""
    with held_by_another(ours) as process:
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        assert refusal_free(ours)


def test_a_forked_child_does_not_keep_the_lock(ours: Path) -> None:
    """A worker that outlives its killed parent does not stand in the way of the next start."""
    with held_by_another(ours, HOLD_AND_FORK) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        try:
            assert Path(f"/proc/{child}").exists()
            assert refusal_free(ours)
        finally:
            os.kill(child, signal.SIGKILL)


def refusal_free(path: Path) -> bool:
    """Whether the directory can be claimed."""
    with claim(path):
        return True


def test_a_foreign_directory_is_refused_and_left_alone(tmp_path: Path) -> None:
    """A directory with other people's files is not taken over, and nothing is written in it."""
    tmp_path.chmod(0o700)
    (tmp_path / "thesis.txt").write_text("years of work")
    assert "not a daypass data directory" in refusal(tmp_path).message
    assert everything_in(tmp_path) == {"thesis.txt": b"years of work"}


def test_what_a_killed_first_start_left_is_taken_up(tmp_path: Path) -> None:
    """A directory with nothing but the lock of a start that was killed at once is still new."""
    (tmp_path / "data").mkdir(0o700)
    (tmp_path / "data" / "lock").touch(0o600)
    with claim(tmp_path / "data") as path:
        assert (path / MARKER).is_file()


def test_a_later_format_is_refused(ours: Path) -> None:
    """A directory whose marker names another format belongs to a newer daypass."""
    (ours / MARKER).write_text("daypass data directory, format 2\n")
    assert "newer daypass" in refusal(ours).advice
    with pytest.raises(DataDirectoryError):
        existing(ours)


@pytest.mark.parametrize("name", ["daypass.db", "master.key", "credentials", "anything"])
def test_a_file_that_others_can_read_is_refused(ours: Path, name: str) -> None:
    """A file that group or world may read stops the start, says which, and is not changed."""
    (ours / name).write_bytes(b"secret")
    (ours / name).chmod(0o640)
    found = refusal(ours)
    assert str(ours / name) in found.message
    assert "chmod go-rwx" in found.advice
    assert stat.S_IMODE((ours / name).stat().st_mode) == 0o640
    assert len(findings(ours)) == 1


def test_a_directory_that_others_can_enter_is_refused(ours: Path) -> None:
    """The directory itself must be closed to others."""
    ours.chmod(0o755)
    assert str(ours) in refusal(ours).message


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory to someone else")
def test_a_directory_of_another_user_is_refused(ours: Path) -> None:
    """Not even root uses a directory that belongs to someone else: its files would change owner."""
    os.chown(ours, 65534, 65534)
    assert "belongs to another user" in refusal(ours).message


def test_a_file_in_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    """A path that is a file, or below one, is an error with advice and not a traceback."""
    (tmp_path / "file").touch()
    assert "cannot make" in refusal(tmp_path / "file").message
    assert "cannot make" in refusal(tmp_path / "file" / "below").message


def test_an_absent_directory_is_not_made_by_those_who_only_look(tmp_path: Path) -> None:
    """A command that needs an existing directory says so and makes nothing."""
    with pytest.raises(DataDirectoryError, match="does not exist"):
        existing(tmp_path / "absent")
    assert [finding.message for finding in findings(tmp_path / "absent")] == [f"`{tmp_path}/absent` does not exist"]
    assert not (tmp_path / "absent").exists()


def test_a_directory_that_cannot_be_written_is_refused(ours: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No right to write is an error with advice; root, who may always, is played by a closed door."""
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert "cannot write" in refusal(ours).message
