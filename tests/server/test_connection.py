"""What one connection carries: the request exactly as sent, the answers in order, and the end."""

from __future__ import annotations

import re
import socket
import time
from email.utils import parsedate_to_datetime

from daypass.server import Limits
from tests.server.conftest import Running, answers_in, exchange, read_all, running, wait_for

GET = b"GET %b HTTP/1.1\r\nHost: a\r\n%b\r\n"


def test_the_service_sees_the_target_and_the_headers_as_they_were_sent(server: Running) -> None:
    """Order, duplicates and inner spaces of headers stay; only their names become lower-case."""
    server.recorder.seen.clear()
    lines = b"X-B: 1\r\nx-a:  two  words \r\nX-B: 3\r\nX-Empty:\r\n"
    exchange(server, GET % (b"//a/%2F/../?b=+&a=%zz&", lines))
    (raw,) = server.recorder.seen
    assert raw.target == b"//a/%2F/../?b=+&a=%zz&"
    assert [(name, value.strip()) for name, value in raw.headers] == [
        (b"host", b"a"),
        (b"x-b", b"1"),
        (b"x-a", b"two  words"),
        (b"x-b", b"3"),
        (b"x-empty", b""),
    ]


def test_the_service_learns_the_peer_and_that_nothing_was_encrypted(server: Running) -> None:
    """The peer is the other end of the connection, whatever its headers claim."""
    server.recorder.seen.clear()
    exchange(server, GET % (b"/", b"X-Forwarded-For: 192.0.2.1\r\nForwarded: for=192.0.2.1;proto=https\r\n"))
    (raw,) = server.recorder.seen
    assert (raw.peer, raw.secure) == ("127.0.0.1", False)


def test_an_answer_has_date_and_length_and_names_no_server(server: Running) -> None:
    """The surface adds Date and Content-Length, and nothing else."""
    (answer,) = exchange(server, GET % (b"/", b""))
    assert set(answer.headers) == {"content-type", "date", "content-length"}
    assert abs(parsedate_to_datetime(answer.headers["date"]).timestamp() - time.time()) < 3
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d gmt", answer.headers["date"])


def test_the_answer_to_head_has_the_length_of_the_body_and_no_body(server: Running) -> None:
    """HEAD is answered like GET without the body (STS: same length)."""
    (answer,) = exchange(server, b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", head_only=True)
    assert (answer.status, answer.headers["content-length"], answer.body) == (200, "6", b"")


def test_a_connection_is_kept_for_the_next_request(server: Running) -> None:
    """A client may send one request after another on one connection."""
    with server.connect() as sock:
        for number in range(3):
            sock.sendall(GET % (b"/echo%d" % number, b""))
            (answer,) = answers_in(sock.recv(65_536))
            assert answer.body == b"/echo%d" % number
            assert "connection" not in answer.headers


def test_connection_close_is_honoured_and_said(server: Running) -> None:
    """The last answer says so, and the server closes."""
    with server.connect() as sock:
        sock.sendall(GET % (b"/", b"Connection: close\r\n"))
        (answer,) = answers_in(read_all(sock))
        assert answer.headers["connection"] == "close"


def test_a_request_that_needs_a_thread_is_answered_from_one(server: Running) -> None:
    """``NotLoaded`` sends the request to ``serve_blocking``."""
    (answer,) = exchange(server, GET % (b"/thread", b""))
    assert (answer.status, answer.body) == (200, b"answer")


def test_answers_keep_the_order_of_the_requests() -> None:
    """A request on a thread holds up those behind it on its connection, and nobody else."""
    with running() as server:
        server.recorder.gate.clear()
        with server.connect() as sock:
            sock.sendall(GET % (b"/thread", b"") + GET % (b"/echo1", b"") + GET % (b"/echo2", b"Connection: close\r\n"))
            (other,) = exchange(server, GET % (b"/echo3", b""))
            assert other.body == b"/echo3"
            assert [raw.target for raw in server.recorder.seen] == [b"/echo3"]
            server.recorder.gate.set()
            assert [answer.body for answer in answers_in(read_all(sock))] == [b"answer", b"/echo1", b"/echo2"]


def test_a_refusal_waits_for_the_answer_before_it() -> None:
    """A malformed request behind one on a thread does not cost that one its answer."""
    with running() as server:
        server.recorder.gate.clear()
        with server.connect() as sock:
            sock.sendall(GET % (b"/thread", b"") + b"GET / HTTP/1.1\r\n\r\n")
            exchange(server, GET % (b"/", b""))
            server.recorder.gate.set()
            assert [answer.status for answer in answers_in(read_all(sock))] == [200, 400]


def test_a_client_may_close_its_side_and_wait_for_a_thread() -> None:
    """Half-closing after the request loses no answer."""
    with running() as server:
        server.recorder.gate.clear()
        with server.connect() as sock:
            sock.sendall(GET % (b"/thread", b""))
            sock.shutdown(socket.SHUT_WR)
            server.recorder.gate.set()
            (answer,) = answers_in(read_all(sock))
            assert answer.status == 200


def test_a_client_that_leaves_does_not_disturb_the_thread_it_left() -> None:
    """The answer of a client that is gone is dropped, and the server goes on."""
    with running() as server:
        server.recorder.gate.clear()
        sock = server.connect()
        sock.sendall(GET % (b"/thread", b""))
        exchange(server, GET % (b"/", b""))
        sock.close()
        server.recorder.gate.set()
        wait_for(lambda: len(server.recorder.seen) == 2)
        assert exchange(server, GET % (b"/", b""))[0].status == 200


def test_too_many_waiting_requests_are_shed_with_503() -> None:
    """Two threads and one place in the queue: the fourth request is refused at once, and may be repeated."""
    with running(Limits(threads=2, queued=1)) as server:
        server.recorder.gate.clear()
        waiting = [server.connect() for _ in range(3)]
        for sock in waiting:
            sock.sendall(GET % (b"/thread", b"Connection: close\r\n"))
            exchange(server, GET % (b"/", b""))
        (shed,) = exchange(server, GET % (b"/thread", b""))
        assert (shed.status, shed.headers["retry-after"], shed.body) == (503, "1", b"")
        server.recorder.gate.set()
        for sock in waiting:
            with sock:
                assert answers_in(read_all(sock))[0].status == 200


def test_a_defect_in_the_service_is_a_bare_500(server: Running) -> None:
    """What the service raises never reaches the client, and the connection goes on."""
    broken, fine = exchange(server, GET % (b"/broken", b"") + GET % (b"/", b""))
    assert (broken.status, broken.body, set(broken.headers)) == (500, b"", {"date", "content-length"})
    assert fine.status == 200


def test_a_header_that_would_split_the_answer_is_not_sent(server: Running) -> None:
    """A line break in a header value makes the answer a 500."""
    (answer,) = exchange(server, GET % (b"/split", b""))
    assert answer.status == 500
    assert "set-cookie" not in answer.headers


def test_100_continue_is_sent_only_while_the_body_is_awaited(server: Running) -> None:
    """A client that waits for permission gets it, once the head was found good."""
    with server.connect() as sock:
        sock.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        assert sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(b"abc")
        assert answers_in(sock.recv(65_536))[0].status == 200


def test_too_large_a_body_gets_no_permission(server: Running) -> None:
    """413 comes before the body, and instead of 100."""
    (answer,) = exchange(
        server, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000001\r\nExpect: 100-continue\r\n\r\n"
    )
    assert answer.status == 413
