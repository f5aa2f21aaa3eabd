"""How the stories are told: boto3 and the AWS CLI as anybody would use them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from daypass.credentials import Secret
from daypass.testing.local import Signer

from .conftest import World

AWS = Path(sys.executable).with_name("aws")


def client(world: World, service: str, signer: Signer) -> Any:
    """A boto3 client as anybody would make one."""
    return boto3.Session(
        signer.access_key_id, signer.secret_access_key.reveal(), signer.session_token, "eu-central-1"
    ).client(service, endpoint_url=world.daypass.url, config=Config(retries={"total_max_attempts": 1}))


def admin(world: World, account: str | None = None) -> Signer:
    arguments = ("--account", account) if account else ()
    variables = world.daypass.environment(*arguments)
    return Signer(variables["AWS_ACCESS_KEY_ID"], Secret(variables["AWS_SECRET_ACCESS_KEY"]))


def document(*statements: dict[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trusting(*arns: str) -> str:
    actions = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
    return document({"Effect": "Allow", "Principal": {"AWS": list(arns)}, "Action": actions})


def refused(call: Callable[[], object]) -> tuple[int, str, str]:
    """Status, code and message of the refusal that ``call`` must end in."""
    with pytest.raises(ClientError) as error:
        call()
    answer = error.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]


def assume(sts: Any, role: str, name: str = "story", **more: object) -> Signer:
    return Signer.of(sts.assume_role(RoleArn=role, RoleSessionName=name, **more)["Credentials"])


def who(world: World, signer: Signer) -> str:
    return str(client(world, "sts", signer).get_caller_identity()["Arn"])


def aws(world: World, *arguments: str, signer: Signer | None = None, clock: str = "same") -> tuple[int, Any, str]:
    """Run the AWS CLI: exit code, what it printed, what it complained. ``clock``: ``same`` as daypass, or ``own``."""
    environment = world.environment
    if clock == "own":
        environment = {k: v for k, v in environment.items() if not k.startswith("FAKETIME") and k != "LD_PRELOAD"}
    if signer is not None:
        environment["AWS_ACCESS_KEY_ID"] = signer.access_key_id
        environment["AWS_SECRET_ACCESS_KEY"] = signer.secret_access_key.reveal()
        environment["AWS_SESSION_TOKEN"] = signer.session_token or ""
    done = subprocess.run(
        [str(AWS), *arguments, "--output", "json"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, json.loads(done.stdout) if done.stdout.strip() else None, done.stderr
