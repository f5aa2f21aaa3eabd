"""`daypass login` with npm's ``oidc-provider``: somebody signs in on its pages, in a browser or by a device code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.client import installed, run
from tests.identity_providers.browser import Browser
from tests.identity_providers.chromium import chromium
from tests.identity_providers.oidc import OIDC_PROVIDER, oidc_provider
from tests.identity_providers.record import Record
from tests.identity_providers.started import HERE, new_authority
from tests.identity_providers.terminal import Terminal, opened, shown_code
from tests.identity_providers.world import world


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    folder = tmp_path_factory.mktemp("login")
    authority = new_authority(folder)
    with oidc_provider(folder, authority) as provider, world(folder) as made:
        issuer = provider.people
        arn = made.trust_issuer(issuer, "terminal")
        prefix = issuer.url.removeprefix("https://")
        role = made.role("staff", arn, StringEquals={f"{prefix}:sub": "ada", f"{prefix}:aud": "terminal"})
        yield Terminal(made, issuer, role, folder)


def signed_in(browser: Browser, url: str) -> str:
    """Open a page, enter a device code's confirmation, name and consent wherever it asks; the last page."""
    page = browser.open(url)
    for _ in range(6):
        form = next(iter(page.forms), None)
        if form is None:
            break
        filled = {"login": "ada", "password": "any"} if "login" in form.fields else {}
        page = browser.submit(form, **filled)
    return page.text


def test_somebody_signs_in_with_a_browser(terminal: Terminal, record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the provider's pages, back to this machine, and the profile is his."""
    record(OIDC_PROVIDER, "sign-in by code with PKCE, from `daypass login`")
    with terminal.login("--profile", "browser") as login:
        assert "close this page" in signed_in(terminal.browser(), opened(login))
        out, err = login.communicate(timeout=60)
    assert login.returncode == 0, err
    assert "profile browser" in out
    assert terminal.caller("browser", monkeypatch).endswith(":assumed-role/staff/ada")


@pytest.mark.nightly
def test_somebody_signs_in_with_chromium(
    terminal: Terminal, record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real browser follows from the provider's page to this machine, where it is shown that this was all."""
    version = run(installed("chromium"), "--version", folder=HERE).split()[1]
    record(OIDC_PROVIDER, f"Chromium {version}: sign-in by code with PKCE, from `daypass login`")
    with terminal.login("--profile", "chromium") as login, chromium(tmp_path, "unused.invalid", "127.0.0.1") as window:
        window.open(opened(login))
        window.fill_in("[name=login]", "ada")
        window.fill_in("[name=password]", "any")
        window.click("[type=submit]")
        window.click("[type=submit]")
        assert "close this page" in window.text("p")
        _, err = login.communicate(timeout=60)
    assert login.returncode == 0, err
    assert terminal.caller("chromium", monkeypatch).endswith(":assumed-role/staff/ada")


def test_somebody_enters_a_code_on_another_device(
    terminal: Terminal, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The terminal shows where and what, and waits."""
    record(OIDC_PROVIDER, "sign-in by device code, from `daypass login --device`")
    with terminal.login("--profile", "device", "--device", "--session-name", "elsewhere") as login:
        where, code = shown_code(login)
        signed_in(terminal.browser(), f"{where}?user_code={code}")
        out, err = login.communicate(timeout=60)
    assert login.returncode == 0, err
    assert "profile device" in out
    assert terminal.caller("device", monkeypatch).endswith(":assumed-role/staff/elsewhere")
