"""Global and regional endpoints under AWS's own names, reached by boto3 and the AWS CLI on each store.

The clients call AWS's names, and a proxy setting leads them to the daypass, which takes what is sent to a proxy.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from daypass.testing.local import Signer
from tests.postgres import PostgresServer
from tests.running import up

from .clients import AWS, admin, client, refused
from .conftest import Clock, World

GLOBAL = "http://sts.amazonaws.com"
INVALID = "The security token included in the request is invalid"


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """One daypass on each store, by the machine's own clock: nothing here depends on the time."""
    options: tuple[str, ...] = ()
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        options = ("--database", server.new_database())
    with up(tmp_path / "data", *options) as daypass:
        yield World(daypass, Clock(tmp_path / "clock"))


def regional(region: str) -> str:
    return f"http://sts.{region}.amazonaws.com"


def sts(world: World, signer: Signer, url: str, region: str) -> Any:
    """A boto3 client of one of AWS's endpoints, by way of the daypass."""
    return boto3.Session(signer.access_key_id, signer.secret_access_key.reveal(), signer.session_token, region).client(
        "sts",
        endpoint_url=url,
        config=Config(retries={"total_max_attempts": 1}, proxies={"http": world.daypass.url}),
    )


def cli(world: World, signer: Signer, url: str, region: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the AWS CLI against one of AWS's endpoints, likewise."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = {
        **kept,
        **world.daypass.environment(),
        "HTTP_PROXY": world.daypass.url,
        "http_proxy": world.daypass.url,
    }
    environment |= {"AWS_ACCESS_KEY_ID": signer.access_key_id}
    environment |= {"AWS_SECRET_ACCESS_KEY": signer.secret_access_key.reveal()}
    environment |= {"AWS_SESSION_TOKEN": signer.session_token or "", "NO_PROXY": "", "no_proxy": ""}
    command = [str(AWS), "sts", *words, "--endpoint-url", url, "--region", region, "--output", "json"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_regions_and_tokens_with_boto3(world: World) -> None:
    """Version 1 tokens stay out of a region that was opted into; a region is switched off and on while it runs."""
    key, region = admin(world), "af-south-1"
    code, name, said = refused(sts(world, key, regional(region), region).get_session_token)
    assert (code, name) == (403, "RegionDisabledException")
    assert said.startswith("STS is not activated in this region for account:")
    assert world.daypass.command("region", "enable", region).returncode == 0
    wide = Signer.of(sts(world, key, regional(region), region).get_session_token()["Credentials"])
    narrow = Signer.of(sts(world, key, GLOBAL, "us-east-1").get_session_token()["Credentials"])
    for session, where, answer in (
        (wide, region, None),
        (wide, "eu-west-3", None),
        (narrow, "eu-west-3", None),
        (narrow, region, (403, "InvalidClientTokenId", INVALID)),
    ):
        ask = sts(world, session, regional(where), where).get_caller_identity
        assert (refused(ask) if answer else ask() and None) == answer

    iam = client(world, "iam", key)
    assert iam.get_account_summary()["SummaryMap"]["GlobalEndpointTokenVersion"] == 1
    iam.set_security_token_service_preferences(GlobalEndpointTokenVersion="v2Token")
    assert iam.get_account_summary()["SummaryMap"]["GlobalEndpointTokenVersion"] == 2
    narrow = Signer.of(sts(world, key, GLOBAL, "us-east-1").get_session_token()["Credentials"])
    assert sts(world, narrow, regional(region), region).get_caller_identity()["Account"]

    assert world.daypass.command("region", "disable", "eu-west-3").returncode == 0
    west = sts(world, key, regional("eu-west-3"), "eu-west-3")
    assert refused(west.get_session_token)[1] == "RegionDisabledException"
    assert west.get_caller_identity()["Account"]
    assert sts(world, key, GLOBAL, "us-east-1").get_session_token()["Credentials"]


@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
def test_regions_with_the_aws_cli(world: World) -> None:
    """The CLI gets credentials from a regional and from the global endpoint, and shows AWS's refusals."""
    key = admin(world)
    for url, region in ((regional("eu-west-3"), "eu-west-3"), (GLOBAL, "us-east-1")):
        done = cli(world, key, url, region, "get-session-token")
        assert done.returncode == 0, done.stderr
        session = Signer.of(json.loads(done.stdout)["Credentials"])
    done = cli(world, session, regional("af-south-1"), "af-south-1", "get-caller-identity")
    assert done.returncode != 0
    assert f"(InvalidClientTokenId) when calling the GetCallerIdentity operation: {INVALID}" in done.stderr
    done = cli(world, key, regional("af-south-1"), "af-south-1", "get-session-token")
    assert "(RegionDisabledException)" in done.stderr
