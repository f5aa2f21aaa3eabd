"""What requests that come again were found to mean.

Clients repeat themselves: every GetCallerIdentity, and every renewal of a role's session under one name, has the same
body, and only its signature is new. So what a short request means is kept under everything that this was read from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, TypeVar

from daypass.exchange import RawRequest

GENERATION = 2_048
"""Requests kept before the older ones begin to be forgotten."""

LONGEST = 1_024
"""Octets of a request's body, and of each header that counts."""

Name = tuple[str | None, bytes, bytes, bytes, bytes | None]
"""Service of the credential scope, body, Host, Content-Type, Accept: all that ``identify`` looks at in a ``POST /``."""

Kept = TypeVar("Kept")


def name_of(service: str | None, raw: RawRequest, headers: Mapping[bytes, bytes]) -> Name:
    """Under what a ``POST /`` is kept."""
    find = headers.get
    return service, raw.body, find(b"host", b""), find(b"content-type", b""), find(b"accept")


class Recall(Generic[Kept]):
    """A bounded memory: when the young generation is full, it takes the place of the old one.

    ``comes_again`` is asked first, so that requests which come once only (a new session name each time) push nothing
    out and cost little.
    """

    def __init__(self) -> None:
        self._seen: set[int] = set()
        self._young: dict[Name, Kept] = {}
        self._old: dict[Name, Kept] = {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def find(self, name: Name) -> Kept | None:
        """What was kept under ``name``."""
        kept = self._young.get(name)
        if kept is None and (kept := self._old.get(name)) is not None:
            self.keep(name, kept)
        return kept

    def comes_again(self, name: Name) -> bool:
        """Whether ``name`` was asked about before, lately."""
        mark = hash(name)
        if mark in self._seen:
            return True
        if len(self._seen) >= 4 * GENERATION:
            self._seen = set()
        self._seen.add(mark)
        return False

    def keep(self, name: Name, kept: Kept) -> None:
        """Remember ``kept``, unless its request is long."""
        # INVARIANT: 9. what callers repeat is remembered, and takes bounded memory whatever they send.
        #   tests/wire/test_recall.py::test_what_is_remembered_is_bounded
        if max(map(len, filter(None, name))) > LONGEST:
            return
        if len(self._young) >= GENERATION:
            self._old, self._young = self._young, {}
        self._young[name] = kept
