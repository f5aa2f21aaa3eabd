"""However the network cuts a request, it is the same request."""

from __future__ import annotations

import asyncio
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from uvicorn.server import ServerState

from daypass.server import Application, Served
from daypass.server.protocol import Connection
from daypass.server.run import Server
from tests.server.conftest import Recorder, answers_in
from tests.server.test_framing import wire_bytes

CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("cases").joinpath("framing.json").read_text())
SMALL = [case for case in CASES if all(isinstance(part, str) for part in case["send"])]


class Wire(asyncio.Transport):
    """A transport that keeps what was written."""

    def __init__(self) -> None:
        super().__init__({"peername": ("192.0.2.1", 40000)})
        self.written = b""

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def write_eof(self) -> None: ...

    def can_write_eof(self) -> bool:
        return True

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


def feed(pieces: list[bytes]) -> tuple[list[int], list[list[str]]]:
    """The statuses and the requests that came of the pieces."""

    async def talk() -> tuple[list[int], list[list[str]]]:
        recorder, wire = Recorder(), Wire()
        application = Application(Served(recorder, recorder))
        server = Server(application, None, None)  # type: ignore[arg-type]
        connection = Connection(server.config, ServerState(), {}, asyncio.get_running_loop())
        connection.connection_made(wire)
        for piece in pieces:
            connection.data_received(piece)
            await asyncio.sleep(0)
        for _ in range(20):  # each request of a pipeline takes a turn of the loop
            await asyncio.sleep(0)
        connection.connection_lost(None)
        application.close()
        seen = [[raw.method, raw.target.decode(), raw.body.decode()] for raw in recorder.seen]
        return [answer.status for answer in answers_in(wire.written, head_only=seen[:1] == [["HEAD", "/", ""]])], seen

    return asyncio.run(talk())


@given(st.sampled_from(SMALL), st.lists(st.integers(0, 400), max_size=6))
def test_the_cuts_between_reads_change_nothing(case: dict[str, Any], cuts: list[int]) -> None:
    """Statuses and requests are those of the whole, wherever the reads begin and end."""
    sent = wire_bytes(case["send"])
    edges = sorted({0, len(sent), *(cut for cut in cuts if cut < len(sent))})
    pieces = [sent[start:end] for start, end in pairwise(edges)]
    assert feed(pieces) == (case["status"], case["served"])


@given(st.sampled_from([case for case in SMALL if len(case["send"][0]) < 700]))
def test_single_bytes_change_nothing(case: dict[str, Any]) -> None:
    """One byte a read is the finest cut."""
    assert feed([bytes([byte]) for byte in wire_bytes(case["send"])]) == (case["status"], case["served"])


@given(st.lists(st.sampled_from([case for case in SMALL if case["status"] == [200]]), max_size=5), st.integers(1, 300))
def test_a_pipeline_is_served_in_order(cases: list[dict[str, Any]], size: int) -> None:
    """Several good requests in a row are all served, up to the first that closes."""
    kept = [case for case in cases if not _closes(case)]
    sent = b"".join(wire_bytes(case["send"]) for case in kept)
    statuses, seen = feed([sent[at : at + size] for at in range(0, len(sent), size)])
    assert statuses == [200] * len(kept)
    assert seen == [case["served"][0] for case in kept]


def _closes(case: dict[str, Any]) -> bool:
    return case["served"][0][0] == "HEAD" or any(
        mark in case["send"][0] for mark in ("HTTP/1.0", "Connection:", "Expect:")
    )


@given(st.binary(max_size=300))
def test_random_bytes_are_refused_or_awaited(noise: bytes) -> None:
    """Noise never reaches a service, and never breaks the connection's code."""
    statuses, seen = feed([noise[:100], noise[100:]] if noise else [])
    assert statuses in ([], [400])
    assert seen == []
