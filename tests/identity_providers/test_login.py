"""`daypass login` with npm's ``oidc-provider``: somebody signs in on its pages, in a browser or by a device code."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest

from tests.clients.client import installed, run
from tests.identity_providers.browser import Browser
from tests.identity_providers.chromium import chromium
from tests.identity_providers.oidc import OIDC_PROVIDER, Issuer, oidc_provider
from tests.identity_providers.record import Record
from tests.identity_providers.started import HERE, new_authority
from tests.identity_providers.world import REGION, World, world
from tests.running import PROGRAM


@dataclass(frozen=True, slots=True)
class Terminal:
    """Somebody's machine, from which he signs in at ``issuer`` for ``role``."""

    world: World
    issuer: Issuer
    role: str
    home: Path

    def login(self, *more: str) -> subprocess.Popen[str]:
        """`daypass login`, under way; the browser that it would open is none."""
        authority = str(self.issuer.authority.files.authority)
        words = ("login", "--oidc", self.issuer.url, "--client-id", "terminal", "--role", self.role)
        there = ("--ca-file", authority, "--allow-private", "--endpoint", self.world.daypass.url)
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.home), "BROWSER": "true", "LANG": "C.UTF-8"}
        return subprocess.Popen(
            [*PROGRAM, *words, *there, *more],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def browser(self) -> Browser:
        return Browser(self.issuer.authority.trust)

    def caller(self, profile: str, monkeypatch: pytest.MonkeyPatch) -> str:
        """Whom the credentials of a profile are for."""
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(self.home / ".aws/credentials"))
        session = boto3.Session(profile_name=profile, region_name=REGION)
        return str(session.client("sts", endpoint_url=self.world.daypass.url).get_caller_identity()["Arn"])


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


def opened(login: subprocess.Popen[str]) -> str:
    """The page that `daypass login` says to open."""
    assert login.stderr is not None
    return next(line for line in login.stderr if line.strip().startswith("https://")).strip()


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
        assert login.stderr is not None
        found = re.search(r"open (\S+) and enter the code (\S+)", login.stderr.readline())
        assert found is not None
        signed_in(terminal.browser(), f"{found[1]}?user_code={found[2]}")
        out, err = login.communicate(timeout=60)
    assert login.returncode == 0, err
    assert "profile device" in out
    assert terminal.caller("device", monkeypatch).endswith(":assumed-role/staff/elsewhere")
