"""The credentials file holds one key a profile, in AWS's format, for nobody else to read."""

from __future__ import annotations

import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import botocore.session
import pytest

from daypass.adapters.credentials_file import is_profile, profiles, put_profile
from daypass.credentials import AccessKeyPair, Secret, TemporaryCredentials
from daypass.testing.backend import together

FIRST = AccessKeyPair("AKIAIOSFODNN7EXAMPLE", Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"))
SECOND = AccessKeyPair("AKIAI44QH8DHBEXAMPLE", Secret("je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A credentials file that does not exist yet."""
    return tmp_path / "credentials"


def test_an_sdk_reads_what_was_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore finds the key of each profile in the file."""
    put_profile(path, "default", FIRST)
    put_profile(path, "team-a", SECOND)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(path))
    for profile, key in (("default", FIRST), ("team-a", SECOND)):
        found = botocore.session.Session(profile=profile).get_credentials()
        assert (found.access_key, found.secret_key) == (key.access_key_id, key.secret_access_key.reveal())
    assert profiles(path) == {"default": FIRST, "team-a": SECOND}


def test_nobody_else_may_read_the_file(path: Path) -> None:
    """It is made with mode 0600, and made so again when a profile is added to a file that was opened to others."""
    put_profile(path, "default", FIRST)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    put_profile(path, "other", SECOND)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_profile_is_replaced_and_the_rest_stays(path: Path) -> None:
    """A new key for a profile leaves other profiles, comments and settings as the owner wrote them."""
    path.write_text("# mine\n[default]\naws_access_key_id = old\naws_secret_access_key = old\n\n[b]\nregion = x")
    put_profile(path, "default", FIRST)
    text = path.read_text()
    assert profiles(path) == {"default": FIRST}
    assert text.startswith("# mine\n[b]\nregion = x\n[default]\n")
    assert "old" not in text


LINE = "x\ncredential_process = touch /tmp/x"
SAID = {"access_key_id": "ASIAEXAMPLE", "secret_access_key": Secret("s"), "session_token": "t", "expiration": 1}


@pytest.mark.parametrize(
    "text", [LINE, "x\r[default]", "x\x0by", "x\u0085y", "x\u2028y", " x", "x y", "", "\u00fc", "x" * 20_000]
)
@pytest.mark.parametrize("member", ["access_key_id", "secret_access_key", "session_token"])
def test_whoever_gives_credentials_writes_no_other_line(path: Path, member: str, text: str) -> None:
    """A profile may name a command that tools run: what comes over the network must not become one."""
    put_profile(path, "default", FIRST)
    given = SAID | {member: Secret(text) if member == "secret_access_key" else text}
    with pytest.raises(ValueError, match="no credentials"):
        put_profile(path, "staff", TemporaryCredentials(**given))  # type: ignore[arg-type]
    assert profiles(path) == {"default": FIRST}


def test_nothing_is_left_beside_the_file(path: Path) -> None:
    """The file is replaced whole and no half-written copy stays behind."""
    put_profile(path, "default", FIRST)
    put_profile(path, "default", SECOND)
    assert [entry.name for entry in path.parent.iterdir()] == ["credentials"]


def test_profiles_that_are_added_at_once_are_all_kept(path: Path) -> None:
    """Each writer reads what the one before it has written, so none of them takes another's profile away."""

    def add(number: int) -> None:
        for place in range(5):
            put_profile(path, f"p{number}-{place}", FIRST)

    assert together(*(partial(add, number) for number in range(8))) == [None] * 8
    assert set(profiles(path)) == {f"p{number}-{place}" for number in range(8) for place in range(5)}


def test_commands_of_two_processes_wait_for_each_other(path: Path) -> None:
    """While another process holds the folder a profile is not added, and it is once that process is gone."""
    hold = "import fcntl, os, sys; fcntl.flock(os.open(sys.argv[1], 0), fcntl.LOCK_EX); print(flush=True); input()"
    command = [sys.executable, "-c", hold, str(path.parent)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        writer = threading.Thread(target=put_profile, args=(path, "default", FIRST))
        writer.start()
        writer.join(0.2)
        assert not path.exists()
        holder.kill()
    writer.join(10)
    assert profiles(path) == {"default": FIRST}


@pytest.mark.parametrize("name", ["", "a b", "a]", "a\n[b", "-x", "a$b", "x" * 129])
def test_a_name_that_would_need_quoting_is_no_profile(path: Path, name: str) -> None:
    """What would break the file or a shell line is refused before anything is written."""
    assert not is_profile(name)
    with pytest.raises(ValueError, match="cannot be a profile"):
        put_profile(path, name, FIRST)
    assert not path.exists()


def test_a_file_in_another_format_is_refused(path: Path) -> None:
    """An unreadable file is an error that names it, not an empty one."""
    path.write_text("aws_access_key_id = x\n")
    with pytest.raises(ValueError, match=str(path)):
        profiles(path)


def test_the_secret_shows_in_no_repr(path: Path) -> None:
    """Profiles can be logged by mistake without giving a secret away."""
    put_profile(path, "default", FIRST)
    assert FIRST.secret_access_key.reveal() not in repr(profiles(path))
