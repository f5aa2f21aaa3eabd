"""Somebody at a terminal, who types `daypass login`."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import boto3
import pytest

from tests.identity_providers.browser import Browser
from tests.identity_providers.oidc import Issuer
from tests.identity_providers.world import REGION, World
from tests.running import PROGRAM


@dataclass(frozen=True, slots=True)
class Terminal:
    """Somebody's machine, from which he signs in at ``issuer`` for ``role``."""

    world: World
    issuer: Issuer
    role: str
    home: Path
    trusts: Mapping[str, str] = field(default_factory=dict)
    """Whom his machine believes that it is daypass, where that is https: variables and files."""

    @contextmanager
    def login(self, *more: str) -> Iterator[subprocess.Popen[str]]:
        """`daypass login`, under way until the block ends; the browser that it would open is none."""
        authority = str(self.issuer.authority.files.authority)
        words = ("login", "--oidc", self.issuer.url, "--client-id", "terminal", "--role", self.role)
        there = ("--ca-file", authority, "--allow-private", "--endpoint", self.world.daypass.url)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "BROWSER": "true",
            "LANG": "C.UTF-8",
            **self.trusts,
        }
        with subprocess.Popen(
            [*PROGRAM, *words, *there, *more],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as login:
            try:
                yield login
            finally:
                login.kill()  # it would wait for its person for minutes

    def browser(self) -> Browser:
        return Browser(self.issuer.authority.trust)

    def caller(self, profile: str, monkeypatch: pytest.MonkeyPatch) -> str:
        """Whom the credentials of a profile are for."""
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(self.home / ".aws/credentials"))
        session = boto3.Session(profile_name=profile, region_name=REGION)
        return str(session.client("sts", **self.world.here).get_caller_identity()["Arn"])


def opened(login: subprocess.Popen[str]) -> str:
    """The page that `daypass login` says to open."""
    assert login.stderr is not None
    return next(line for line in login.stderr if line.strip().startswith("https://")).strip()


def shown_code(login: subprocess.Popen[str]) -> tuple[str, str]:
    """The page that `daypass login --device` says to open, and the code to enter there."""
    assert login.stderr is not None
    found = re.search(r"open (\S+) and enter the code (\S+)", said := login.stderr.readline())
    assert found is not None, said + login.communicate(timeout=60)[1]
    return found[1], found[2]
