"""Web identity tokens as services in Go and Node verify them: by discovery, with their own libraries."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest

from tests.running import up

pytestmark = [pytest.mark.clients, pytest.mark.timeout(900)]

HERE = Path(__file__).parent
AUDIENCE = "https://vault.example.com"


@dataclass
class Issued:
    """One token of each algorithm, and who issued them to whom."""

    issuer: str
    subject: str
    tokens: dict[str, str]


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issued]:
    """A running daypass that has issued tokens to its admin."""
    with up(tmp_path_factory.mktemp("issuer") / "data") as daypass:
        given = daypass.environment()
        session = boto3.session.Session(
            given["AWS_ACCESS_KEY_ID"], given["AWS_SECRET_ACCESS_KEY"], region_name="eu-central-1"
        )
        iam, sts = (session.client(name, endpoint_url=daypass.url) for name in ("iam", "sts"))
        issuer = iam.enable_outbound_web_identity_federation()["IssuerIdentifier"]
        tokens = {
            algorithm: sts.get_web_identity_token(
                Audience=[AUDIENCE], SigningAlgorithm=algorithm, DurationSeconds=3600
            )["WebIdentityToken"]
            for algorithm in ("RS256", "ES384")
        }
        yield Issued(issuer, sts.get_caller_identity()["Arn"], tokens)


def installed(program: str) -> str:
    """Where ``program`` is."""
    found = shutil.which(program)
    assert found, f"the tests of other people's clients need {program}"
    return found


def run(*command: str, folder: Path) -> str:
    """What the command prints; it must succeed."""
    environment = {**os.environ, "GOFLAGS": "-mod=readonly"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def go_program(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """The verifier in Go, built."""
    made = tmp_path_factory.mktemp("go") / "verify"
    run(installed("go"), "build", "-o", str(made), ".", folder=HERE / "go_oidc")
    return (str(made),)


@pytest.fixture(scope="module")
def node_program(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """The verifier for Node with its library installed beside it."""
    folder = tmp_path_factory.mktemp("node") / "verify"
    shutil.copytree(HERE / "node_jose", folder)
    run(installed("npm"), "ci", "--no-audit", "--no-fund", folder=folder)
    return installed("node"), str(folder / "verify.mjs")


@pytest.mark.parametrize("algorithm", ["RS256", "ES384"])
@pytest.mark.parametrize(
    ("program", "libraries"), [("go_program", {"go-oidc", "golang-jwt"}), ("node_program", {"jose"})]
)
def test_a_service_elsewhere_verifies_the_token(
    issued: Issued, program: str, libraries: set[str], algorithm: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """By the issuer's name alone it finds the keys, and each library reads the same subject."""
    command = request.getfixturevalue(program)
    said = json.loads(run(*command, issued.issuer, AUDIENCE, issued.tokens[algorithm], folder=tmp_path))
    assert said == dict.fromkeys(libraries, issued.subject)


@pytest.mark.parametrize("program", ["go_program", "node_program"])
def test_a_service_elsewhere_refuses_a_token_for_another(
    issued: Issued, program: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The audience is compared: what was made for one service opens no other."""
    command = [*request.getfixturevalue(program), issued.issuer, "https://other.example.com", issued.tokens["ES384"]]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert "aud" in done.stderr.lower()
