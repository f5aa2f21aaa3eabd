"""The checks of ``daypass doctor``. Each is a function that yields findings; none changes anything."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from daypass.adapters import credentials_file
from daypass.adapters.audit import verify
from daypass.adapters.storage import findings as directory_findings
from daypass.adapters.storage.datadir import holder
from daypass.app import Daypass, node_of, open_daypass
from daypass.cli import endpoint
from daypass.cli.problems import explain
from daypass.credentials import AccessKeyPair
from daypass.ids import account_of
from daypass.server import Listen, ListenError
from daypass.server.listen import open_listener
from daypass.settings import Settings, load

CLOCK_SLACK = 5.0
"""Seconds that a file's time may lie in the future: file systems round, and network ones have clocks of their own."""

CERTIFICATE_DAYS = 30
"""Days before its end from which on a certificate wants to be renewed."""

RELEASED = 1_750_000_000
"""Before this moment (June 2025) there was no daypass; a clock that says so is wrong."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, and what to do about it."""

    problem: str
    advice: str


class Patient:
    """The data directory under examination, and what the checks share."""

    def __init__(self, data: Path) -> None:
        self.data = data

    @cached_property
    def settings(self) -> Settings:
        """The settings in force; raises as ``load`` does."""
        return load(self.data, os.environ, {}).settings

    @cached_property
    def running(self) -> endpoint.Endpoint | None:
        """Where the daypass answers, if it is up."""
        return endpoint.running(self.data)

    def opened(self) -> Daypass:
        """The daypass, opened beside a running one; raises as ``open_daypass`` does."""
        return open_daypass(self.settings, self.data)


Check = Callable[[Patient], Iterator[Finding]]


def _settings(patient: Patient) -> Iterator[Finding]:
    """Every setting is understood, and the directory's own file is in force."""
    _ = patient.settings
    yield from ()


def _files(patient: Patient) -> Iterator[Finding]:
    """The directory is ours, whole, and open to nobody else."""
    for problem in directory_findings(patient.data):
        yield Finding(problem.message, problem.advice)


def _lock(patient: Patient) -> Iterator[Finding]:
    """Whoever holds the directory also answers."""
    pid = holder(patient.data)
    if pid is None:
        return
    note = endpoint.noted(patient.data)
    if note is None:
        problem = f"process {pid or 'unknown'} holds the directory and has not said where it answers"
        yield Finding(problem, "it may just be starting; else stop that process and start daypass up again")
    elif endpoint.ask(note, "/-/health") is None:
        yield Finding(
            f"process {pid or note.pid} holds the directory and {note.url} does not answer",
            "see its log; stop it and start again",
        )


def _clock(patient: Patient) -> Iterator[Finding]:
    """The clock has not gone back, and is not years off."""
    now = time.time()
    if now < RELEASED:
        yield Finding(
            f"the clock says {time.strftime('%Y-%m-%d', time.gmtime(now))}", "set the clock, and keep it with NTP"
        )
    files = [path for path in (*patient.data.glob("*"), *patient.data.glob("audit/*")) if path.is_file()]
    newest = max(files, key=lambda path: path.stat().st_mtime, default=None)
    if newest is not None and newest.stat().st_mtime > now + CLOCK_SLACK:
        ahead = round(newest.stat().st_mtime - now)
        advice = "set the clock, and keep it with NTP: sessions live too long while it is behind"
        yield Finding(f"{newest} was written {ahead} s in the future: the clock has gone back", advice)


def _disk(patient: Patient) -> Iterator[Finding]:
    """There is room for the audit trail, without which nothing is minted or changed."""
    free = shutil.disk_usage(patient.data).free
    if free < patient.settings.audit_reserve_bytes:
        problem = (
            f"{free >> 20} MiB are free, and audit_reserve_bytes keeps {patient.settings.audit_reserve_bytes >> 20} MiB"
        )
        yield Finding(problem, "make room, or move old files of DATA/audit elsewhere")


def _database(patient: Patient) -> Iterator[Finding]:
    """The database is ours, answers, and is sound."""
    with patient.opened() as daypass:
        for defect in daypass.storage.defects():
            yield Finding(
                f"the database is damaged: {defect}", "stop daypass, keep a copy of DATA, restore the last backup"
            )
        if not daypass.storage.directory.ids():
            yield Finding("the database holds no account", "start once with daypass up: its first start makes one")


def _disk_snapshot(patient: Patient) -> Iterator[Finding]:
    """With PostgreSQL, there is a disk snapshot that this node could start from now."""
    node = node_of(patient.settings, patient.data)
    if node.keeps_snapshot and node.snapshot() is None:
        problem = "there is no disk snapshot: this node cannot start while its database is away"
        yield Finding(problem, "daypass up writes one within seconds; see its log")


def _key_ring(patient: Patient) -> Iterator[Finding]:
    """One sealing key is active, all of them open with the master key, and a running daypass rotates them."""
    with patient.opened() as daypass:
        active = daypass.keys.ring().active
    age = time.time() - active.active_from
    if patient.running and age > 2 * patient.settings.key_rotation_seconds:
        problem = f"sealing key {active.id} is {age / 3600:.0f} hours old and has no successor"
        yield Finding(problem, "see the log of daypass up; try daypass keyring rotate")


def _credentials(patient: Patient) -> Iterator[Finding]:
    """Every key in ``DATA/credentials`` still works."""
    path = patient.data / credentials_file.NAME
    recover = "make a new one: daypass key create --user admin --save"
    if not path.exists():
        yield Finding(f"{path} is missing: `daypass env` has no key", recover)
        return
    try:
        profiles = credentials_file.profiles(path)
    except ValueError as error:
        yield Finding(f"not in AWS's shared format: {error}", f"mend it, or move it away and {recover}")
        return
    with patient.opened() as daypass:
        for profile, pair in profiles.items():
            ill = _ill_key(daypass, pair)
            if ill:
                yield Finding(f"profile `{profile}`: {ill}", recover)


def _ill_key(daypass: Daypass, pair: AccessKeyPair) -> str | None:
    account = daypass.storage.directory.load(account_of(pair.access_key_id) or "")
    key = account.access_keys.get(pair.access_key_id) if account else None
    if key is None or key.status != "Active":
        return f"the key {pair.access_key_id} is gone or inactive"
    secret = daypass.keys.open_secret(key)
    if secret != pair.secret_access_key:  # allow secret-equality: `Secret` compares in constant time
        return f"the secret is not that of {pair.access_key_id}"
    return None


def _port(patient: Patient) -> Iterator[Finding]:
    """A running daypass answers well; else its address is free."""
    if patient.running:
        answer = endpoint.ask(patient.running, "/-/health")
        if answer is None:
            yield Finding(f"{patient.running.url} does not answer", "see the log of daypass up")
        elif answer.status == 503:
            yield Finding(
                f"{patient.running.url} is not well: {answer.body.decode(errors='replace')}",
                "see the log of daypass up",
            )
        return
    try:
        open_listener(Listen(*patient.settings.address)).close()
    except ListenError as error:
        yield Finding(str(error), "a setting that stays: `listen` in DATA/daypass.toml")


def _audit(patient: Patient) -> Iterator[Finding]:
    """The audit trail is unbroken."""
    folder = patient.data / "audit"
    if not folder.is_dir():
        yield Finding(f"{folder} is missing", "if daypass ran before, somebody removed it; daypass up makes a new one")
        return
    first = verify(folder).first_break
    if first is not None:
        advice = "find out who changed it; keep the file; daypass audit verify shows the place"
        yield Finding(f"{first.file}:{first.line}: {first.reason}", advice)


def _certificate(patient: Patient) -> Iterator[Finding]:
    """The TLS certificate, where there is one, is in force for a while."""
    path = patient.settings.tls_cert or (patient.running.certificate if patient.running else None)
    if path is None:
        return
    from cryptography import x509

    try:
        ends = x509.load_pem_x509_certificate(Path(path).read_bytes()).not_valid_after_utc
    except (OSError, ValueError) as error:
        yield Finding(f"cannot read the certificate `{path}`: {error}", "see the settings tls_cert and tls_key")
        return
    days = int((ends.timestamp() - time.time()) // 86_400)
    if days < CERTIFICATE_DAYS:
        when = f"ends in {days} days" if days >= 0 else "has ended"
        yield Finding(
            f"the certificate `{path}` {when}", "renew it (daypass tls init --renew, if that made it), then send SIGHUP"
        )


CHECKS: dict[str, Check] = {
    "settings": _settings,
    "files and modes": _files,
    "lock": _lock,
    "clock": _clock,
    "disk": _disk,
    "database": _database,
    "disk snapshot": _disk_snapshot,
    "key ring": _key_ring,
    "credentials": _credentials,
    "certificate": _certificate,
    "port": _port,
    "audit trail": _audit,
}
"""Every check by the name it is shown under, in the order in which they are worth reading."""


def findings(name: str, patient: Patient) -> Iterator[Finding]:
    """What the check ``name`` finds. A check that cannot be made is a finding too."""
    try:
        yield from CHECKS[name](patient)
    except Exception as error:  # noqa: BLE001 a broken directory breaks in unforeseen ways, and the other checks go on
        problem = explain(error)
        if problem is None:
            yield Finding(
                f"{type(error).__name__}: {error}", "mend what stands above first; else this is a defect of daypass"
            )
        else:
            message, _, advice = problem.text.removeprefix("daypass: ").partition("\n")
            yield Finding(message, advice.strip() or "see daypass doctor --help")
