"""Which sessions were opened, read backwards from the end of the trail, and where the trail has gaps.

Nothing else knows: sessions are stored nowhere. Reading takes as much memory as one block of a file for each chain,
however long the trail is, and ends at the first record that is too old to matter. Only lines that open a session are
decoded.
"""

from __future__ import annotations

import heapq
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import msgspec

from daypass.adapters.audit.layout import (
    SegmentName,
    end_of_lines,
    lines_backwards,
    list_segments,
    opened,
    read_heads,
)
from daypass.ids import account_of
from daypass.principals import Session, SessionKind
from daypass.revocation import FEDERATED_PROVIDER

_TIME = re.compile(rb'"eventTime":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"')
_SEQUENCE = re.compile(rb'"sequence":(\d{1,18}),"previous(?:File|Hash)":')
_TAIL = 512  # octets in which the chain's members stand
_OPENS = b'"session":{"accessKeyId":'
_UNREAD = "some sessions stand in records that this daypass cannot read"
_FORM = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Issued:
    """A session as its record tells it: ``operation`` opened it, called by ``opener`` (an ARN, if he has one)."""

    session: Session
    operation: str
    opener: str


class IssuedSessions:
    """The sessions that were opened at ``since`` (epoch seconds) or later, newest first; an iterable for one use.

    ``gaps`` says, once it is exhausted, where records are missing: what was opened there is not among them.
    """

    def __init__(self, directory: Path, since: int) -> None:
        self.gaps: list[str] = []
        self._directory = directory
        self._since = datetime.fromtimestamp(since, UTC).strftime(_FORM).encode()

    def __iter__(self) -> Iterator[Issued]:
        """Read on.

        Raises:
            OSError: the directory or a file in it cannot be read.
        """
        found = [self._sessions(line) for line in self._chains()]
        return heapq.merge(*found, key=lambda one: one.session.issued, reverse=True)

    def mentions(self, access_key_id: str) -> bool:
        """Whether a session with this id was opened, or one that descends from it."""
        wanted = f'"{access_key_id}"'.encode()
        return any(_OPENS in line and wanted in line for chain in self._chains() for line in chain)

    def _chains(self) -> list[Iterator[bytes]]:
        heads = read_heads(self._directory)  # before the files: a chain only grows
        chains: dict[str, list[SegmentName]] = {}
        for segment in list_segments(self._directory)[0]:
            chains.setdefault(segment.chain, []).append(segment)
        return [self._lines(files, heads[name][0] if name in heads else 0) for name, files in chains.items()]

    def _lines(self, files: list[SegmentName], noted: int) -> Iterator[bytes]:
        """The records of one chain that are young enough, last first. ``noted``: how many it has had at least."""
        chain, following = files[0].chain, None
        for line in self._backwards(files):
            sequence, at = _place(line)
            if not sequence:
                self.gaps.append(f"chain {chain}: a line before record {following or noted + 1} cannot be read")
                following = following and following - 1
                continue
            if following is None and sequence < noted:
                self._miss(chain, f"records {sequence + 1} to {noted}")
            elif following is not None and sequence != following - 1:
                self._miss(chain, f"records {sequence + 1} to {following - 1}")
            following = sequence
            if at < self._since:
                return
            yield line
        if following is None and noted:
            self._miss(chain, f"all {noted} records")
        elif following is not None and following > 1:
            self._miss(chain, f"records 1 to {following - 1}")

    def _backwards(self, files: list[SegmentName]) -> Iterator[bytes]:
        for segment in reversed(files):
            with opened(self._directory / segment.name, os.O_RDONLY) as fd:
                yield from lines_backwards(fd, end_of_lines(fd))

    def _sessions(self, lines: Iterator[bytes]) -> Iterator[Issued]:
        for line in lines:
            if _OPENS in line:
                try:
                    found = _issued(line)
                except ValueError:
                    self._unread()
                    continue
                if found is not None:
                    yield found

    def _unread(self) -> None:
        if _UNREAD not in self.gaps:
            self.gaps.append(_UNREAD)

    def _miss(self, chain: str, what: str) -> None:
        self.gaps.append(f"chain {chain}: {what} are missing")


class _Opened(msgspec.Struct, rename="camel"):
    access_key_id: str
    lineage: tuple[str, ...]
    ancestors: tuple[tuple[str, int], ...]
    kind: SessionKind
    principal_id: str
    name: str
    expires: int
    provider: str | None = None


class _Ours(msgspec.Struct):
    session: _Opened | None = None


class _Who(msgspec.Struct, rename="camel"):
    type: str
    arn: str | None = None
    access_key_id: str | None = None


class _Answer(msgspec.Struct, rename="camel"):
    source_identity: str | None = None


class _Line(msgspec.Struct, rename="camel"):
    event_time: str
    event_name: str | None
    daypass: _Ours
    user_identity: _Who | None = None
    response_elements: _Answer | None = None
    error_code: str | None = None


_decode = msgspec.json.Decoder(_Line).decode


def _issued(line: bytes) -> Issued | None:
    """The session that a record is about; None for a refusal.

    Raises:
        ValueError: it is no record as this code writes them.
    """
    try:
        record = _decode(line)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError("no record of a session") from error
    made, who = record.daypass.session, record.user_identity
    if made is None or record.error_code is not None:
        return None
    answer = record.response_elements
    session = Session(
        made.kind,
        made.access_key_id,
        account_of(made.access_key_id) or "",
        made.principal_id,
        made.name,
        int(datetime.fromisoformat(record.event_time).timestamp()),
        made.expires,
        source_identity=answer.source_identity if answer else None,
        federation=((FEDERATED_PROVIDER, made.provider),) if made.provider else (),
        lineage=made.lineage,
        issuer_key=(who and who.access_key_id) or "",
        ancestors=made.ancestors,
    )
    return Issued(session, record.event_name or "", (who and (who.arn or who.type)) or "")


def _place(line: bytes) -> tuple[int, bytes]:
    """The sequence number and the time of a record; of a line that is none: 0."""
    number, at = _SEQUENCE.search(line, max(0, len(line) - _TAIL)), _TIME.search(line)
    return (int(number[1]), cast("bytes", at[1])) if number and at else (0, b"")
