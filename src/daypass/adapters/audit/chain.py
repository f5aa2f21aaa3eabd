"""One record as a line of a chain: made from a mapping, and read back from bytes.

The hash covers the very bytes of the line, its own member taken out, so there is no canonical form that writer and
reader could understand differently. The chain's members stand at the end of the line for the same reason: they are
added and taken off as bytes, without parsing the record.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

import msgspec

GENESIS = "0" * 64
"""The hash before the first record of a chain."""


Head = tuple[int, str]
"""A place in a chain: the sequence number and the hash of a record."""

_TAIL = re.compile(
    rb'"chain":"(w\d{1,4})","sequence":(\d{1,18})'
    rb'(?:,"previousFile":(?:null|"([\w.-]{1,64})"),"repaired":\d{1,18})?'
    rb',"previousHash":"([0-9a-f]{64})","hash":"([0-9a-f]{64})"\}\}'
)
_TAIL_BYTES = 400
_BRACE = ord("{")
_HASH_BYTES = len('"hash":""}}') + 64


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"an audit record cannot hold a {type(value).__name__}")


_encoder = msgspec.json.Encoder(enc_hook=_plain)


def encode_into(line: bytearray, record: Mapping[str, object]) -> bytes:
    """Make ``line`` the record as one JSON object that ends with its ``daypass`` member: ``…}}``.

    Returns what must stand between that member's content and more of it: a comma, or nothing where it is empty.

    Raises:
        TypeError: the record holds something that JSON has no form for.
    """
    if not isinstance(record, dict) or next(reversed(record), None) != "daypass":
        record = {**{k: v for k, v in record.items() if k != "daypass"}, "daypass": record.get("daypass") or {}}
    try:
        _encoder.encode_into(record, line)
    except UnicodeEncodeError:
        # A lone surrogate has no UTF-8 form; JSON has an escape for it, and a record must not be lost for that.
        line[:] = json.dumps(record, default=_plain, separators=(",", ":")).encode("ascii")
    return b"" if line[-3] == _BRACE else b","


class ChainEnd:
    """The growing end of a chain: makes the line of the next record. Whoever has written it sets ``head``."""

    def __init__(self, name: str, head: Head) -> None:
        self.head = head
        self._start = b'"chain":"%b","sequence":' % name.encode()
        self._line = bytearray()

    def next_line(self, record: Mapping[str, object], opening: bytes = b"") -> tuple[bytearray, Head]:
        """The line of ``record`` with its newline, good until the next call, and the head once it is written.

        Raises:
            TypeError: the record holds something that JSON has no form for.
        """
        line, (sequence, previous) = self._line, self.head
        comma = encode_into(line, record)
        line[-2:] = b'%b%b%d%b,"previousHash":"%b"}}' % (comma, self._start, sequence + 1, opening, previous.encode())
        digest = sha256(line).hexdigest()
        line[-2:] = b',"hash":"%b"}}\n' % digest.encode()
        return line, (sequence + 1, digest)


def opening(previous_file: str | None, repaired: int) -> bytes:
    """What the first record of a file says besides: the file before it, and how many torn bytes were cut off there."""
    name = f'"{previous_file}"' if previous_file else "null"
    return b',"previousFile":%b,"repaired":%d' % (name.encode(), repaired)


@dataclass(frozen=True, slots=True)
class Link:
    """The chain members of a line. ``opens``: the first of its file. ``intact``: its hash is that of its bytes."""

    chain: str
    sequence: int
    opens: bool
    previous_file: str | None
    previous: str
    hash: str
    intact: bool


def read_link(line: bytes) -> Link | None:
    """The chain members of ``line`` (without its newline), or None when it has none."""
    start = max(0, len(line) - _TAIL_BYTES)
    comma = line.find(b'"chain":"w', start)
    while comma >= 0:
        if found := _TAIL.fullmatch(line, comma):
            stem = line[:-_HASH_BYTES].removesuffix(b",")
            chain, sequence, file, previous, digest = (g.decode() if g is not None else None for g in found.groups())
            assert chain
            assert sequence
            assert previous
            assert digest
            intact = sha256(stem + b"}}").hexdigest() == digest  # allow secret-equality: both stand in the file
            opens = b'"previousFile":' in found.group()
            return Link(chain, int(sequence), opens, file, previous, digest, intact)
        comma = line.find(b'"chain":"w', comma + 1)
    return None
