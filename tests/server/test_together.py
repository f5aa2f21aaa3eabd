"""Requests that are answered together: nobody gets an answer whose record is not written."""

from __future__ import annotations

import asyncio
import errno
import os

import pytest

from daypass.exchange import RawRequest, Response
from daypass.ports import NotLoaded
from daypass.server import Application, Limits, Served
from daypass.testing.local import LocalDaypass
from tests.server.conftest import Recorder


class Watched(LocalDaypass):
    """Keeps the last request."""

    def serve(self, raw: RawRequest) -> Response:
        self.asked = raw
        return super().serve(raw)


def application(daypass: LocalDaypass) -> Application:
    served = daypass.daypass
    return Application(Served(served.service, served, turns=served.service), Limits())


def asked(daypass: Watched, action: str) -> RawRequest:
    """A request that is signed and was answered once."""
    assert daypass.call("sts", action).status == 200
    return daypass.asked


def test_no_answer_leaves_a_turn_whose_records_are_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a failing disk each request of the turn is refused as it would be alone; verifying goes on."""
    with Watched() as daypass:
        app = application(daypass)
        mint, look = asked(daypass, "GetSessionToken"), asked(daypass, "GetCallerIdentity")
        assert [answer and answer.status for answer in app.answer_together([mint, look, mint])] == [200, 200, 200]

        def failing(*_: object) -> int:
            raise OSError(errno.EIO, "Input/output error")

        monkeypatch.setattr(os, "write", failing)
        answers = app.answer_together([mint, look, mint])
        monkeypatch.undo()
        assert [answer and answer.status for answer in answers] == [503, 200, 503]
        assert not any(answer and b"SecretAccessKey" in answer.body for answer in answers)
        assert [answer and answer.status for answer in app.answer_together([mint, look])] == [200, 200]


def test_a_turn_is_one_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many records it has; and each has its own."""
    with Watched() as daypass:
        app = application(daypass)
        mint = asked(daypass, "GetSessionToken")
        app.answer_together([mint])
        before = daypass.daypass.audit.counters().records
        writes = []
        real = os.write
        monkeypatch.setattr(os, "write", lambda fd, data: writes.append(fd) or real(fd, data))
        app.answer_together([mint] * 10)
        assert len(writes) == 1
        assert daypass.daypass.audit.counters().records == before + 10


class Counting:
    """A service that is told of turns; the first one fails."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def begin_turn(self) -> None:
        self.told.append("begin")

    def end_turn(self) -> bool:
        self.told.append("end")
        return self.told.count("end") > 1


def test_a_failed_turn_is_answered_again_one_by_one() -> None:
    """In the same order, what belongs on a thread included."""
    recorder, turns = Recorder(), Counting()
    app = Application(Served(recorder, recorder, turns=turns), Limits())
    requests = [RawRequest("GET", target, ()) for target in (b"/a", b"/thread", b"/b")]
    answers = app.answer_together(requests)
    assert [raw.target for raw in recorder.seen] == [b"/a", b"/b", b"/a", b"/b"]
    assert [getattr(answer, "status", None) for answer in answers] == [200, None, 200]
    assert turns.told == ["begin", "end"]


def test_one_request_is_no_turn() -> None:
    """Alone it is written at once."""
    recorder, turns = Recorder(), Counting()
    app = Application(Served(recorder, recorder, turns=turns), Limits())
    (answer,) = app.answer_together([RawRequest("GET", b"/a", ())])
    assert answer is not None
    assert answer.body == b"answer"
    assert turns.told == []


def test_a_defect_does_not_keep_a_turn_open() -> None:
    """Whatever ends it, the turn is closed."""

    class Ends(Recorder):
        def serve(self, raw: RawRequest) -> Response:
            raise KeyboardInterrupt

    service, turns = Ends(), Counting()
    app = Application(Served(service, service, turns=turns), Limits())
    with pytest.raises(KeyboardInterrupt):
        app.answer_together([RawRequest("GET", b"/a", ())] * 2)
    assert turns.told == ["begin", "end"]


class Asker:
    """A connection that may break when it is given its answer."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, breaks: bool) -> None:
        self.loop = loop
        self.breaks = breaks
        self.got: list[str] = []

    def answered(self, raw: RawRequest, response: Response, *, keep: bool) -> None:
        self.got.append("answer")
        if self.breaks:
            raise ValueError("a defect")

    def not_loaded(self, raw: RawRequest, reason: NotLoaded, *, keep: bool) -> None:
        raise AssertionError("nothing here runs on a thread")

    def abort(self) -> None:
        self.got.append("abort")


def test_a_connection_that_breaks_does_not_keep_the_answers_of_others() -> None:
    """It is closed, and whoever comes behind it in the turn has his answer."""

    async def turn() -> list[Asker]:
        recorder = Recorder()
        app = Application(Served(recorder, recorder), Limits())
        askers = [Asker(asyncio.get_running_loop(), breaks=breaks) for breaks in (False, True, False)]
        for asker in askers:
            app.batch.add(asker, RawRequest("GET", b"/a", ()), keep=True)
        await asyncio.sleep(0.01)
        return askers

    assert [asker.got for asker in asyncio.run(turn())] == [["answer"], ["answer", "abort"], ["answer"]]
