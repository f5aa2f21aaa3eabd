"""Sessions found in the trail: all of them, newest first, with what is missing told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from daypass.adapters.audit import AuditSettings, AuditTrail, Issued, IssuedSessions
from daypass.adapters.audit import issued as issued_module
from daypass.principals import Session
from daypass.revocation import FEDERATED_PROVIDER
from tests.adapters.audit.conftest import files, record

Opened = Callable[..., AuditTrail]
START = int(datetime(2026, 11, 22, 10, tzinfo=UTC).timestamp())
SMALL = AuditSettings(reserve_bytes=0, rotate_bytes=2_000)
PROVIDER = "arn:aws:iam::111122223333:saml-provider/corp"


def key(number: int) -> str:
    return f"ASIAAAAAAAAAAAAAA{number:03d}"


def minted(number: int, **more: Any) -> dict[str, Any]:
    """The record of the session ``number``, opened that many seconds after the start."""
    made = record(number, **more)
    made["userIdentity"] = {"type": "IAMUser", "arn": "arn:ann", "accessKeyId": "AKIAANN"}
    made["daypass"] = {
        "session": {
            "accessKeyId": key(number),
            "lineage": [key(number - 1)] if number else [],
            "ancestors": [["AIDA", START]],
            "kind": "role",
            "principalId": "AROA",
            "name": f"name-{number}",
            "expires": START + number + 900,
            "provider": None if number else PROVIDER,
        }
    }
    return made


def found(sessions: IssuedSessions) -> list[str]:
    return [one.session.access_key_id for one in sessions]


def test_a_session_is_read_as_it_was_opened(opened: Opened, directory: Path) -> None:
    """Every fact that revocation and lists need comes back."""
    opened().append(minted(0, responseElements={"sourceIdentity": "zoe"}))
    (one,) = IssuedSessions(directory, START)
    session = Session(
        "role",
        key(0),
        one.session.account,
        "AROA",
        "name-0",
        START,
        START + 900,
        source_identity="zoe",
        federation=((FEDERATED_PROVIDER, PROVIDER),),
        issuer_key="AKIAANN",
        ancestors=(("AIDA", START),),
    )
    assert one == Issued(session, "AssumeRole", "arn:ann")


def test_all_sessions_come_newest_first_over_chains_and_files(opened: Opened, directory: Path) -> None:
    """Other records between them and rotation change nothing, and a whole trail has no gap."""
    trails = [opened(SMALL) for _ in range(3)]
    for number in range(60):
        trails[number % 3].append(minted(number) if number % 2 == 0 else record(number))
    sessions = IssuedSessions(directory, START)
    assert found(sessions) == [key(number) for number in range(58, -1, -2)]
    assert sessions.gaps == []
    assert len(files(directory)) > 10


def test_reading_stops_at_what_is_too_old(opened: Opened, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a long trail only the young end is read, and what is older is no gap, even when it is gone."""
    trail = opened(SMALL)
    for number in range(60):
        trail.append(minted(number))
    files(directory)[0].unlink()
    read: list[bytes] = []
    lines = issued_module.lines_backwards

    def counted(fd: int, end: int) -> Iterator[bytes]:
        for line in lines(fd, end):
            read.append(line)
            yield line

    monkeypatch.setattr(issued_module, "lines_backwards", counted)
    sessions = IssuedSessions(directory, START + 50)
    assert found(sessions) == [key(number) for number in range(59, 49, -1)]
    assert (len(read), sessions.gaps) == (11, [])


def test_refusals_open_nothing(opened: Opened, directory: Path) -> None:
    """A record with an error is of no session."""
    opened().append(minted(0, errorCode="ServiceUnavailable"))
    assert found(IssuedSessions(directory, START)) == []


def test_a_session_is_known_by_its_own_record_and_by_its_descendants(opened: Opened, directory: Path) -> None:
    """An id that was given out is mentioned, also when only a child's record is young enough; another is not."""
    trail = opened()
    for number in range(5):
        trail.append(minted(number))
    assert IssuedSessions(directory, START).mentions(key(0))
    assert IssuedSessions(directory, START + 3).mentions(key(2))
    assert not IssuedSessions(directory, START + 3).mentions(key(1))
    assert not IssuedSessions(directory, START).mentions(key(9))


def test_a_session_in_a_form_that_is_not_known_is_told(opened: Opened, directory: Path) -> None:
    """What another version or another hand has written is no session, and is not passed over in silence."""
    trail = opened()
    trail.append(minted(0))
    for number, wrong in ((1, {"kind": "guest"}), (2, {"expires": "soon"})):
        made = minted(number)
        made["daypass"]["session"] |= wrong
        trail.append(made)
    trail.append(minted(3) | {"eventTime": "2026-99-22T10:00:00Z"})
    sessions = IssuedSessions(directory, START)
    assert found(sessions) == [key(0)]
    assert sessions.gaps == ["some sessions stand in records that this daypass cannot read"]


def first_file_gone(directory: Path) -> str:
    files(directory)[0].unlink()
    return "chain w0: records 1 to "


def middle_file_gone(directory: Path) -> str:
    files(directory)[2].unlink()
    return "chain w0: records "


def end_gone(directory: Path) -> str:
    files(directory)[-1].unlink()
    return "chain w0: records "


def all_gone_but_a_line(directory: Path) -> str:
    last = files(directory)[-1]
    for path in files(directory)[:-1]:
        path.unlink()
    last.write_bytes(last.read_bytes().splitlines(keepends=True)[-1])
    return "chain w0: records 1 to 39"


def a_line_cut_out(directory: Path) -> str:
    path = files(directory)[1]
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:1] + lines[2:]))
    return "chain w0: records "


def a_line_overwritten(directory: Path) -> str:
    path = files(directory)[1]
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], b"\xff nothing\n", *lines[2:]]))
    return "chain w0: a line before record "


@pytest.mark.parametrize(
    "break_it",
    [first_file_gone, middle_file_gone, end_gone, all_gone_but_a_line, a_line_cut_out, a_line_overwritten],
)
def test_a_gap_is_told(opened: Opened, directory: Path, break_it: Callable[[Path], str]) -> None:
    """Wherever records are missing, one gap is named, and what is there is still found."""
    trail = opened(SMALL)
    for number in range(40):
        trail.append(minted(number))
    trail.close()
    says = break_it(directory)
    sessions = IssuedSessions(directory, START)
    left = found(sessions)
    assert 0 < len(left) < 40
    assert len(sessions.gaps) == 1
    assert sessions.gaps[0].startswith(says)


def test_records_that_come_while_it_reads_are_no_gap(opened: Opened, directory: Path) -> None:
    """A server that writes on is nobody's hindrance."""
    trail = opened(SMALL)
    for number in range(30):
        trail.append(minted(number))
    sessions = IssuedSessions(directory, START)
    reading = iter(sessions)
    first = next(reading)
    for number in range(30, 60):
        trail.append(minted(number))
    assert [one.session.access_key_id for one in (first, *reading)] == [key(number) for number in range(29, -1, -1)]
    assert sessions.gaps == []
