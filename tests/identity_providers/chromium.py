"""Debian's Chromium without a window, driven as the WebDriver standard has it (W3C WebDriver, section 6)."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.clients.client import installed
from tests.identity_providers.started import free_port, started

_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""The member of an answer that names an element, for everybody alike (section 11)."""


class Chromium:
    """One window."""

    def __init__(self, session: str) -> None:
        self._session = session

    def open(self, url: str) -> None:
        """Go there, and wait for the page."""
        ask(f"{self._session}/url", {"url": url})

    def fill_in(self, selector: str, text: str) -> None:
        """Type into the field that the CSS selector names."""
        ask(f"{self._session}/element/{self._find(selector)}/value", {"text": text})

    def click(self, selector: str) -> None:
        """Click there, and wait for the page that comes of it."""
        ask(f"{self._session}/element/{self._find(selector)}/click", {})

    def text(self, selector: str) -> str:
        """What a person reads there."""
        return str(ask(f"{self._session}/element/{self._find(selector)}/text"))

    def _find(self, selector: str) -> str:
        found = ask(f"{self._session}/element", {"using": "css selector", "value": selector})
        return str(found[_ELEMENT])


@contextmanager
def chromium(folder: Path, host: str, address: str) -> Iterator[Chromium]:
    """A window whose profile and log are in ``folder``, and for which the name ``host`` leads to ``address``."""
    # Root may not use Chromium's own sandbox; a container is one.
    arguments = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        f"--host-resolver-rules=MAP {host} {address}",
    ]
    options = {"binary": installed("chromium"), "args": [*arguments, f"--user-data-dir={folder / 'profile'}"]}
    wanted = {"browserName": "chrome", "acceptInsecureCerts": True, "goog:chromeOptions": options}
    port = free_port()
    driver = f"http://127.0.0.1:{port}"
    with started((installed("chromedriver"), f"--port={port}"), f"{driver}/status", folder=folder):
        made = ask(f"{driver}/session", {"capabilities": {"alwaysMatch": {**wanted, "timeouts": {"implicit": 20_000}}}})
        session = f"{driver}/session/{made['sessionId']}"
        try:
            yield Chromium(session)
        finally:
            urllib.request.urlopen(urllib.request.Request(session, method="DELETE"), timeout=60).close()


def ask(url: str, said: dict[str, Any] | None = None) -> Any:
    """What the driver answers."""
    data = None if said is None else json.dumps(said).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)["value"]
