"""Throttling as clients and operators see it: a real server, real SDKs, and what it counts."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from daypass.credentials import Secret
from daypass.testing.local import Signer
from tests.calling import admin_of, call
from tests.running import Running, up

AWS = Path(sys.executable).with_name("aws")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One call of STS a second."""
    limits = {"DAYPASS_STS_PER_SECOND": "1", "DAYPASS_TRUSTED_PROXIES": "127.0.0.1", "DAYPASS_FAILURES_PER_SECOND": "1"}
    with up(tmp_path_factory.mktemp("throttled") / "data", env=limits) as daypass:
        yield daypass


def counted(running: Running, kind: str) -> float:
    with urllib.request.urlopen(f"{running.url}/-/metrics") as answer:
        text = answer.read().decode()
    name = f'daypass_throttled_requests_total{{class="{kind}"}} '
    return sum(float(line.removeprefix(name)) for line in text.splitlines() if line.startswith(name))


@pytest.mark.parametrize("mode", ["legacy", "standard"])
def test_boto3_tries_again_and_succeeds(running: Running, mode: str) -> None:
    """Both of its retry modes take the refusal for what it is."""
    import boto3
    from botocore.config import Config

    signer = admin_of(running.data)
    client: Any = boto3.client(
        "sts",
        endpoint_url=running.url,
        region_name="us-east-1",
        aws_access_key_id=signer.access_key_id,
        aws_secret_access_key=signer.secret_access_key.reveal(),
        config=Config(retries={"mode": mode, "max_attempts": 10}),
    )
    before = counted(running, "sts")
    attempts = [client.get_caller_identity()["ResponseMetadata"]["RetryAttempts"] for _ in range(2)]
    assert max(attempts) >= 1
    assert counted(running, "sts") - before == sum(attempts)


@pytest.mark.skipif(not AWS.exists(), reason="the AWS CLI is not installed")
def test_the_cli_tries_again_and_succeeds(running: Running) -> None:
    """Two calls at once, of which one must wait."""
    environment = running.environment() | {"AWS_MAX_ATTEMPTS": "10"}
    commands = [
        subprocess.Popen([AWS, "sts", "get-caller-identity"], env=environment, stdout=subprocess.PIPE) for _ in range(2)
    ]
    before = counted(running, "sts")
    for command in commands:
        said, _ = command.communicate(timeout=60)
        assert command.returncode == 0
        assert b":user/admin" in said
    assert counted(running, "sts") > before


def test_without_retries_the_refusal_is_aws_own(running: Running) -> None:
    """400, `Throttling`, `Rate exceeded`."""
    answers = [call(running.url, admin_of(running.data), "sts:GetCallerIdentity") for _ in range(3)]
    refused = next(answer for answer in answers if answer.status != 200)
    assert refused.status == 400
    assert b"<Code>Throttling</Code>\n    <Message>Rate exceeded</Message>" in refused.body


def failing(running: Running, source: str, count: int) -> list[int]:
    """Answers to ``count`` signatures of admin's key with another secret, forwarded for ``source``."""
    wrong = replace(admin_of(running.data), secret_access_key=Secret("x" * 40))
    return [forwarded(running, wrong, source) for _ in range(count)]


def forwarded(running: Running, signer: Signer, source: str) -> int:
    return call(running.url, signer, "iam:ListUsers", unsigned={"X-Forwarded-For": source}).status


def test_behind_a_trusted_proxy_the_forwarded_address_is_the_source(running: Running) -> None:
    """Failures of one client of the proxy refuse him, and no other client of it."""
    assert failing(running, "192.0.2.1", 15)[-1] == 400
    assert forwarded(running, admin_of(running.data), "192.0.2.1") == 400
    assert forwarded(running, admin_of(running.data), "192.0.2.2") == 200
    assert counted(running, "failures") >= 1
