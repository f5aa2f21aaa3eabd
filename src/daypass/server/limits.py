"""How much one client may ask of a connection, and for how long."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, times in seconds; each value is still allowed.

    ``head_bytes`` counts the request line and the header lines; ``body_bytes`` is what STS accepts (one byte more is
    413). ``chunks`` bounds how finely a chunked body may be cut. ``idle_seconds`` is how long a connection may wait
    between requests, ``write_seconds`` how long a client may leave an answer unread. ``connections`` is per process:
    one more is answered 503 and closed. ``threads`` run what cannot be answered inline; ``queued`` requests wait for
    one, the next is answered 503. No caller gets more than ``threads_each`` threads and ``places_each`` places, running
    or waiting, whatever the number of his keys and sessions; what waits for outside parties has
    ``awaiting`` further threads, one for each of them. ``drain_seconds`` is how long a stopping process waits for
    answers under way.
    """

    head_bytes: int = 16_384
    headers: int = 100
    body_bytes: int = 10_000_000
    chunks: int = 10_000
    head_seconds: float = 10.0
    body_seconds: float = 10.0
    idle_seconds: float = 10.0
    write_seconds: float = 10.0
    drain_seconds: float = 5.0
    connections: int = 4_096
    threads: int = 8
    awaiting: int = 16
    queued: int = 128

    @property
    def awaiting_each(self) -> int:
        """Half of what waits for outside parties: no account keeps others waiting by naming slow ones."""
        return -(-self.awaiting // 2)

    @property
    def threads_each(self) -> int:
        """Three quarters of the threads: the others are there for whoever comes next."""
        return max(1, self.threads - max(1, self.threads // 4))

    @property
    def places_each(self) -> int:
        """Half of all places."""
        return max(1, (self.threads + self.queued) // 2)
