"""`daypass doctor` finds what is wrong, says what to do, and changes nothing."""

from __future__ import annotations

import json
import os
import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from daypass.adapters.development_ca import Files, make
from tests.running import Running, run, up


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A daypass directory that was started once and stopped; to be copied."""
    data = tmp_path_factory.mktemp("used") / "data"
    with up(data) as daypass:
        assert daypass.stop() == 0
    return data


def examined(data: Path, **environ: str) -> dict[str, list[dict[str, str]]]:
    """The findings by check; the exit code must agree with them."""
    done = run("doctor", "--json", "--data", str(data), env={"DAYPASS_LISTEN": "127.0.0.1:0", **environ})
    assert "Traceback" not in done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    found = {entry["check"]: entry["findings"] for entry in report["checks"] if entry["findings"]}
    assert done.returncode == (1 if found else 0)
    assert report["healthy"] is not bool(found)
    return found


def test_a_running_daypass_is_healthy(running: Running) -> None:
    """Beside a daypass that is up, every check passes with code 0."""
    assert examined(running.data, DAYPASS_LISTEN="127.0.0.1:7177") == {}


def test_a_stopped_daypass_is_healthy(used: Path) -> None:
    """So does a directory at rest, and looking at it changes no file of it."""
    before = {path: path.read_bytes() for path in used.glob("*") if path.is_file()}
    assert examined(used) == {}
    kept = {path: content for path, content in before.items() if not path.name.endswith(("-wal", "-shm"))}
    assert {path: path.read_bytes() for path in kept} == kept


def _world_readable(data: Path) -> None:
    data.joinpath("master.key").chmod(0o644)


def _lost_master_key(data: Path) -> None:
    data.joinpath("master.key").unlink()


def _lost_credentials(data: Path) -> None:
    data.joinpath("credentials").unlink()


def _spoilt_credentials(data: Path) -> None:
    path = data / "credentials"
    path.write_text(path.read_text()[:-5] + "XXXX\n")


def _foreign_format(data: Path) -> None:
    data.joinpath("credentials").write_text("nonsense")


def _clock_back(data: Path) -> None:
    os.utime(data / "credentials", (time.time() + 3600, time.time() + 3600))


def _torn_audit(data: Path) -> None:
    (file,) = [path for path in sorted((data / "audit").glob("*.jsonl")) if b"CreateAccount" in path.read_bytes()]
    file.write_bytes(file.read_bytes().replace(b"CreateAccount", b"CreateAccornt", 1))


def _broken_database(data: Path) -> None:
    for path in data.glob("*.db"):
        path.write_bytes(b"not a database, but long enough to look at" * 100)


def _unknown_setting(data: Path) -> None:
    data.joinpath("daypass.toml").write_text("wrokers = 2\n")
    data.joinpath("daypass.toml").chmod(0o600)


def _full_disk(data: Path) -> None:
    data.joinpath("daypass.toml").write_text(f"audit_reserve_bytes = {1 << 60}\n")
    data.joinpath("daypass.toml").chmod(0o600)


def _old_certificate(data: Path) -> None:
    files = Files.of(data)
    make(files, [], time.time() - 380 * 86_400)
    settings = data / "daypass.toml"
    settings.write_text('tls_cert = "tls/cert.pem"\ntls_key = "tls/key.pem"\n')
    settings.chmod(0o600)


def _broken_certificate(data: Path) -> None:
    _old_certificate(data)
    Files.of(data).certificate.write_text("none")


def _not_ours(data: Path) -> None:
    data.joinpath("daypass-data").unlink()


ILLS = [
    (_world_readable, "files and modes", "chmod"),
    (_lost_master_key, "key ring", "master"),
    (_lost_credentials, "credentials", "daypass key create"),
    (_spoilt_credentials, "credentials", "daypass key create"),
    (_foreign_format, "credentials", "daypass key create"),
    (_clock_back, "clock", "NTP"),
    (_torn_audit, "audit trail", "daypass audit verify"),
    (_broken_database, "database", ""),
    (_unknown_setting, "settings", "workers"),
    (_full_disk, "disk", "room"),
    (_old_certificate, "certificate", "--renew"),
    (_broken_certificate, "certificate", "tls_cert"),
    (_not_ours, "files and modes", "--data"),
]


@pytest.mark.parametrize(("harm", "check", "advice"), ILLS, ids=[harm.__name__.strip("_") for harm, _, _ in ILLS])
def test_an_ill_is_found_by_its_check(
    used: Path, tmp_path: Path, harm: Callable[[Path], None], check: str, advice: str
) -> None:
    """Each kind of damage is a finding of the check that is meant for it, with something to do about it."""
    data = shutil.copytree(used, tmp_path / "data")
    harm(data)
    found = examined(data)
    assert check in found, found
    assert all(entry["problem"] and entry["advice"] for findings in found.values() for entry in findings)
    assert any(advice in entry["problem"] + entry["advice"] for entry in found[check])


def test_a_directory_that_is_not_there_is_a_finding(tmp_path: Path) -> None:
    """Nothing is made by looking for it."""
    assert "files and modes" in examined(tmp_path / "absent")
    assert not (tmp_path / "absent").exists()


def test_a_taken_port_is_found(used: Path) -> None:
    """When the daypass is down and its address belongs to someone else, the next start would fail."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        found = examined(used, DAYPASS_LISTEN=f"127.0.0.1:{taken.getsockname()[1]}")
    assert list(found) == ["port"]


def test_a_daypass_that_hangs_is_found(used: Path, tmp_path: Path) -> None:
    """A process that holds the directory and answers nobody is named."""
    import signal

    data = shutil.copytree(used, tmp_path / "data")
    with up(data) as daypass:
        daypass.process.send_signal(signal.SIGSTOP)
        found = examined(data)
        daypass.process.send_signal(signal.SIGCONT)
    assert str(daypass.process.pid) in found["lock"][0]["problem"]


def test_the_text_names_every_check(used: Path) -> None:
    """For people: one line a check, an arrow before what to do."""
    done = run("doctor", "--data", str(used), env={"DAYPASS_LISTEN": "127.0.0.1:0"})
    assert done.stdout.count("ok ") == 12
    bad = run("doctor", "--data", str(used / "absent"))
    assert "BAD" in bad.stdout
    assert "→" in bad.stdout
