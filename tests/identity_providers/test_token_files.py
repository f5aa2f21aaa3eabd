"""Programs that find `AWS_WEB_IDENTITY_TOKEN_FILE` and `AWS_ROLE_ARN` in their environment, and nothing else.

Daypass, the issuer and the program live by one clock, which the test moves.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest

from tests.clients.client import installed, npm_installed, run
from tests.identity_providers.oidc import OIDC_PROVIDER, OidcProvider, id_token, oidc_provider
from tests.identity_providers.record import Record
from tests.identity_providers.started import HERE, new_authority
from tests.identity_providers.world import World, world
from tests.story.conftest import Clock

OVER = 3_700
"""Seconds after an hour's session began: a client that renews ahead of time in the background must wait by now."""

Ask = Callable[[], str]
Held = Callable[[dict[str, str]], AbstractContextManager[tuple[str, Ask]]]
"""A client with an environment: what it is, and how it is asked who it is."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A daypass and an issuer that live by ``clock``, and a role for whoever the issuer names."""

    world: World
    provider: OidcProvider
    clock: Clock
    role: str


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    folder = tmp_path_factory.mktemp("world")
    clock, authority = Clock(folder / "clock"), new_authority(folder)
    clock.advance(0)
    with (
        world(folder, environment=clock.environment) as here,
        oidc_provider(folder, authority, **clock.environment) as provider,
    ):
        arn = here.trust_issuer(provider.usual, "rs256")
        yield Setting(here, provider, clock, here.role("pods", arn))


@contextmanager
def boto3_held(environment: dict[str, str]) -> Iterator[tuple[str, Ask]]:
    with _held((sys.executable, str(HERE / "held.py")), HERE, environment) as ask:
        yield f"boto3 {boto3.__version__}", ask


@contextmanager
def javascript_held(environment: dict[str, str]) -> Iterator[tuple[str, Ask]]:
    folder = npm_installed("javascript_v3")
    package = json.loads((folder / "node_modules/@aws-sdk/client-sts/package.json").read_text())
    script = ("--no-warnings", "--input-type=module", "--eval", (HERE / "held.mjs").read_text())
    with _held((installed("node"), *script), folder, environment) as ask:
        yield f"AWS SDK for JavaScript {package['version']}", ask


@contextmanager
def command_line(environment: dict[str, str]) -> Iterator[tuple[str, Ask]]:
    """It is no held program: what it holds is in files of its home."""
    aws = str(Path(sys.executable).with_name("aws"))
    identity = (aws, "sts", "get-caller-identity", "--query", "Arn", "--output", "text")

    def ask() -> str:
        done = subprocess.run(identity, env=environment, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    yield f"AWS CLI {run(aws, '--version', folder=HERE).split()[0].removeprefix('aws-cli/')}", ask


@contextmanager
def _held(command: tuple[str, ...], folder: Path, environment: dict[str, str]) -> Iterator[Ask]:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=folder, env=environment, text=True, bufsize=1, **pipes) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        stdin, stdout = program.stdin, program.stdout

        def ask() -> str:
            stdin.write("\n")
            return stdout.readline().strip()

        try:
            yield ask
        finally:
            program.kill()


@pytest.mark.parametrize("client", [boto3_held, command_line, javascript_held])
def test_a_token_file_is_read_again_when_the_session_is_renewed(
    setting: Setting, client: Held, tmp_path: Path, record: Record
) -> None:
    """The first token is expired by then, so that only the one that has replaced it in the file opens a session."""
    file, session = tmp_path / "token", client.__name__
    given = {
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(file),
        "AWS_ROLE_ARN": setting.role,
        "AWS_ROLE_SESSION_NAME": session,
    }
    file.write_text(id_token(setting.provider.usual, "ada"))
    environment = setting.world.environment(tmp_path, **given, **setting.clock.environment)
    with client(environment) as (name, ask):
        record(OIDC_PROVIDER, f"token file read again for the next session, {name}")
        assert ask().endswith(f":assumed-role/pods/{session}")
        setting.clock.advance(OVER)
        file.write_text(id_token(setting.provider.usual, "bob"))
        assert ask().endswith(f":assumed-role/pods/{session}")
    assert _let_in(setting.world, session) == ["ada", "bob"]


def _let_in(world: World, session: str) -> list[str]:
    """For whom the audit trail has sessions of that name, in order."""
    lines = [line for path in world.daypass.data.glob("audit/*.jsonl") for line in path.read_text().splitlines()]
    calls = [json.loads(line) for line in lines]
    return [
        call["userIdentity"]["userName"]
        for call in calls
        if call["eventName"] == "AssumeRoleWithWebIdentity"
        and call["requestParameters"]["roleSessionName"] == session
        and not call.get("errorCode")
    ]
