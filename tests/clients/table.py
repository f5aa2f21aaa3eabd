"""The clients that daypass is tried with. Each of them does every scenario, or says here why it cannot."""

from __future__ import annotations

import sys
import venv
from pathlib import Path

from tests.clients import compiled
from tests.clients.client import HERE, Client, Program, installed, kept, npm_installed, run
from tests.clients.scenarios import SCENARIOS

ALL = frozenset(SCENARIOS)
DEBIAN_AWS = "/usr/bin/aws"
"""Under its full name: pip's is another one, and often comes first."""


def _boto3() -> Program:
    import boto3

    return Program((sys.executable, str(HERE / "python/run.py")), boto3.__version__)


def _old_boto3() -> Program:
    python = _environment("old_boto3")
    version = run(python, "-c", "import boto3; print(boto3.__version__)", folder=HERE).strip()
    return Program((python, str(HERE / "python/run.py")), version)


def _environment(source: str) -> str:
    """The Python of an environment with what ``source/requirements.txt`` asks for; ours has other versions."""

    def make(folder: Path) -> None:
        venv.create(folder / "venv", with_pip=False, symlinks=True)
        packages = next((folder / "venv").glob("lib/*/site-packages"))
        needed = ("-r", "requirements.txt", "--target", str(packages))
        run(sys.executable, "-m", "pip", "install", "--quiet", *needed, folder=folder)

    return str(kept(source, make) / "venv/bin/python")


def _cli_v1() -> Program:
    return _cli(str(Path(sys.executable).with_name("aws")))


def _debian_cli_v2() -> Program:
    assert Path(DEBIAN_AWS).exists(), "the tests of the AWS CLI v2 need Debian's: apt-get install awscli"
    return _cli(DEBIAN_AWS, "--endpoint-url")


def _cli(aws: str, *options: str) -> Program:
    version = run(aws, "--version", folder=HERE).split()[0].removeprefix("aws-cli/")
    return Program((sys.executable, str(HERE / "aws_cli/run.py"), aws, *options), version)


def _javascript_v3() -> Program:
    folder = npm_installed("javascript_v3")
    client = folder / "node_modules/@aws-sdk/client-sts/package.json"
    version = run("node", "-p", f"require('{client}').version", folder=folder).strip()
    return Program((installed("node"), "--no-warnings", str(folder / "run.mjs")), version)


CLIENTS = (
    Client("boto3", _boto3, "`AWS_ENDPOINT_URL`", everyday=True),
    Client("old boto3", _old_boto3, "names lead to daypass", everyday=True, by_name=ALL),
    Client("AWS CLI v1", _cli_v1, "`AWS_ENDPOINT_URL`", everyday=True),
    Client(
        "AWS CLI v2 of Debian",
        _debian_cli_v2,
        "`--endpoint-url`; with profiles that assume roles, names lead to daypass",
        everyday=True,
        by_name=ALL - {"caller-identity", "assume-role", "chained-role", "session-token", "federation-token"},
    ),
    Client("AWS SDK for JavaScript v3", _javascript_v3, "`AWS_ENDPOINT_URL`", everyday=True),
    # Go looks for AWS_ENDPOINT_URL only after it has made the client by which a profile assumes its role.
    *(
        Client(name, make, "`AWS_ENDPOINT_URL_STS`", endpoint="AWS_ENDPOINT_URL_STS", fake_clock=False)
        for name, make in compiled.SDKS.items()
    ),
)
