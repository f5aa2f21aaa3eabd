"""One HTTP exchange, as bytes: what the surfaces hand in and what they get back. Nothing here is trusted yet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, Self

Header = tuple[bytes, bytes]
_FIELDS = ("method", "target", "headers", "body", "peer", "secure")


class RawRequest:
    """A request exactly as it came over the wire. Nobody changes it.

    ``target`` is the raw request target (path and query, undecoded). ``headers`` keep wire order and
    duplicates; names are lower-case, values are stripped of nothing. ``peer`` is the address the connection came from.
    ``by_name`` are the headers by name, the last of each; fewer than ``headers`` where a name repeats.

    A class of its own making, because every step of every request reads its fields: those of a tuple take twice as long
    to read, and a frozen dataclass four times as long to make.
    """

    __slots__ = ("body", "by_name", "headers", "method", "peer", "secure", "target")

    def __init__(
        self,
        method: str,
        target: bytes,
        headers: tuple[Header, ...],
        body: bytes = b"",
        peer: str = "",
        secure: bool = False,  # noqa: FBT001, FBT002  the field of a value
        by_name: dict[bytes, bytes] | None = None,
    ) -> None:
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        self.peer = peer
        self.secure = secure
        self.by_name = dict(headers) if by_name is None else by_name

    def __repr__(self) -> str:
        # INVARIANT: 7. headers and body hold tokens and secrets.
        #   tests/test_exchange.py::test_an_exchange_never_shows_what_it_carries
        return f"<RawRequest {self.method} from {self.peer or 'nowhere'}, {len(self.body)} bytes>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RawRequest) and self._facts() == other._facts()

    def __hash__(self) -> int:
        return hash(self._facts())

    def _facts(self) -> tuple[object, ...]:
        return self.method, self.target, self.headers, self.body, self.peer, self.secure

    def replaced(self, **changes: Any) -> Self:
        """The same request but for ``changes``."""
        return type(self)(**{name: getattr(self, name) for name in _FIELDS} | changes)

    @classmethod
    def of(cls, method: str, target: str, headers: Iterable[tuple[str, str]], body: bytes = b"") -> RawRequest:
        """A request from parts: ``target`` as in the request line (``/path?query``), headers in wire order.

        Raises:
            UnicodeEncodeError: something in it cannot have come over the wire.
        """
        pairs = tuple([(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers])
        return cls(method, target.encode("ascii"), pairs, body)

    def header(self, name: bytes) -> bytes | None:
        """The first value of header ``name`` (lower-case), or None."""
        for key, value in self.headers:
            if key == name:
                return value
        return None

    @property
    def path(self) -> bytes:
        """The target up to the first ``?``, undecoded."""
        return self.target.partition(b"?")[0]

    @property
    def query(self) -> bytes:
        """The target after the first ``?``, undecoded; empty when there is none."""
        return self.target.partition(b"?")[2]


class Response(NamedTuple):
    """An answer ready to send. ``headers`` lack only ``Date`` and ``Content-Length``, which the surface adds."""

    status: int
    headers: tuple[Header, ...]
    body: bytes = b""

    def __repr__(self) -> str:
        return f"<Response {self.status}, {len(self.body)} bytes>"
