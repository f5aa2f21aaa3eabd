"""Where a browser brings back an answer: one port, one answer, and nobody else's words."""

from __future__ import annotations

import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable

import pytest

from daypass.cli.loopback import MOST_REQUESTS, Loopback


def get(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def in_background(act: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=act)
    thread.start()
    return thread


def test_other_paths_are_no_answer() -> None:
    """A browser asks for an icon, too; the first request to the path is the answer, and no other counts."""
    with Loopback() as loopback:
        seen: list[int] = []
        base = loopback.url.removesuffix("/callback")
        asking = in_background(
            lambda: seen.extend(get(f"{base}{path}") for path in ("/favicon.ico", "/callback?code=a"))
        )
        assert loopback.wait(10) == {"code": "a"}
        asking.join()
        assert seen == [404, 200]


def test_a_parameter_that_is_given_twice_is_not_taken() -> None:
    """Of two codes nobody knows which was meant."""
    with Loopback() as loopback:
        asking = in_background(lambda: get(f"{loopback.url}?code=a&code=b&state=s"))
        assert loopback.wait(10) == {"state": "s"}
        asking.join()


def test_it_ends_without_an_answer() -> None:
    """In time, and after as many requests as no browser makes; a connection that says nothing holds it for a while."""
    with Loopback() as loopback:
        began = time.monotonic()
        assert loopback.wait(0.2) is None
        assert time.monotonic() - began < 2
        url = loopback.url.replace("/callback", "/other")
        asking = in_background(lambda: [get(url) for _ in range(MOST_REQUESTS)])
        assert loopback.wait(30) is None
        asking.join()


def test_only_this_machine_reaches_it() -> None:
    """It listens on loopback alone."""
    with Loopback() as loopback:
        assert loopback._server.server_address[0] == "127.0.0.1"
        port = loopback._server.server_address[1]
        with pytest.raises(OSError, match="in use"), socket.socket() as taken:
            taken.bind(("127.0.0.1", port))
