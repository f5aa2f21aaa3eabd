"""The servers that are measured: the empty answer, daypass, and peers from the package index, each on loopback."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import boto3

from benchmarks.load import Request
from daypass.sigv4 import presign_request, sign_request
from daypass.testing.local import VERSIONS, flatten

BIN = Path(sys.executable).parent
AGENT = "Boto3/1.44.5 md/Botocore#1.44.5 ua/2.1 os/linux#6.1 md/arch#x86_64 lang/python#3.11.7 md/pyimpl#CPython"
VERSION = VERSIONS["sts"]
HEADERS = {
    "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
    "User-Agent": AGENT,
    "amz-sdk-invocation-id": "5c1f4d1e-9a58-4f6e-8bbd-0d1b1c3a5a5e",
    "amz-sdk-request": "attempt=1",
}


class Key(NamedTuple):
    """What a request is signed with."""

    access_key_id: str
    secret: str


EXAMPLE_KEY = Key("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")


@dataclass
class Server:
    """A running server and a key that it knows."""

    name: str
    url: str
    pid: int
    key: Key = EXAMPLE_KEY
    role: str = "arn:aws:iam::123456789012:role/bench"

    def request(self, action: str, session: str = "bench") -> Request:
        """A signed STS call of one of the two operations that all servers have."""
        if action != "AssumeRole":
            return self.post(action, {})
        return self.post(action, {"RoleArn": self.role, "RoleSessionName": session})

    def post(self, action: str, params: Mapping[str, Any], key: Key | None = None) -> Request:
        """A signed STS call, with the headers that boto3 sends."""
        body = _form(action, params)
        signed = sign_request("POST", self.url, HEADERS, body, **self._signing(key))
        return Request(self.url, signed, body)

    def unsigned(self, action: str, params: Mapping[str, Any]) -> Request:
        """A call of an operation that asks for no signature."""
        return Request(self.url, HEADERS, _form(action, params))

    def presigned(self, action: str) -> Request:
        """An STS call whose whole content is its URL."""
        url = presign_request("GET", f"{self.url}?Action={action}&Version={VERSION}", **self._signing(None))
        return Request(url, {"User-Agent": AGENT}, b"", "GET")

    def _signing(self, key: Key | None) -> dict[str, Any]:
        key_id, secret = key or self.key
        who = {"access_key_id": key_id, "secret_access_key": secret}
        return who | {"region": "us-east-1", "service": "sts", "now": time.time()}

    def client(self, service: str) -> Any:
        """A boto3 client with the server's key."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=self.key.access_key_id,
            aws_secret_access_key=self.key.secret,
        )


def _form(action: str, params: Mapping[str, Any]) -> bytes:
    return urlencode({"Action": action, "Version": VERSION, **flatten(params)}).encode()


@contextmanager
def empty() -> Iterator[Server]:
    """The reference of all HTTP figures."""
    with bare("empty") as server:
        yield server


@contextmanager
def bare(name: str, **environment: str) -> Iterator[Server]:
    """``benchmarks.NAME``'s application under uvicorn, with variables of its own."""
    port = free_port()
    command = [str(BIN / "uvicorn"), f"benchmarks.{name}:application", "--port", str(port), "--log-level", "error"]
    command += ["--no-access-log", "--lifespan", "off", "--loop", "uvloop", "--http", "httptools"]
    with _running(command, port, environment=environment) as pid:
        yield Server(name, f"http://127.0.0.1:{port}/", pid)


@contextmanager
def daypass(data: Path, *options: str) -> Iterator[Server]:
    """`daypass up` on SQLite, with a role that trusts its admin."""
    with started(data, *options) as (url, pid):
        variables = json.loads(_output([str(BIN / "daypass"), "env", "--data", str(data), "--format", "json"]))
        key = Key(variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"])
        server = Server("daypass", f"{url}/", pid, key)
        arn = server.client("sts").get_caller_identity()["Arn"]
        server.role = make_role(server, arn)
        yield server


@contextmanager
def started(data: Path, *options: str) -> Iterator[tuple[str, int]]:
    """`daypass up` from its ready line on; its address and process id.

    Raises:
        RuntimeError: it ended before.
    """
    command = [str(BIN / "daypass"), "up", "--data", str(data), "--listen", "127.0.0.1:0", *options]
    with _process(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if line.startswith("daypass ready "):
                yield line.split()[2], process.pid
                return
        raise RuntimeError(f"{command} did not start")


@contextmanager
def moto() -> Iterator[Server]:
    """moto in server mode."""
    port = free_port()
    with _running([str(BIN / "moto_server"), "-p", str(port)], port) as pid:
        yield Server("moto", f"http://127.0.0.1:{port}/", pid)


@contextmanager
def seaweedfs(folder: Path) -> Iterator[Server]:
    """SeaweedFS's S3 gateway with its STS."""
    server = Server(
        "SeaweedFS", "", 0, Key("AKIASEAWEEDBENCH0001", "bench" * 8), "arn:aws:iam::000000000000:role/bench"
    )
    credentials = [{"accessKey": server.key.access_key_id, "secretKey": server.key.secret}]
    _write(folder / "s3.json", {"identities": [{"name": "admin", "credentials": credentials, "actions": ["Admin"]}]})
    _write(folder / "iam.json", _SEAWEEDFS_IAM | {"roles": [_SEAWEEDFS_ROLE | {"roleArn": server.role}]})
    ports = {name: free_port() for name in ("master", "volume", "filer", "s3")}
    command = [str(BIN / "weed"), "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3"]
    command += [f"-{name}.port={port}" for name, port in ports.items()]
    command += [f"-{name}.port.grpc={free_port()}" for name in ports]
    command += ["-s3.port.iceberg=0", f"-s3.config={folder}/s3.json", f"-s3.iam.config={folder}/iam.json"]
    with _running(command, ports["s3"], settle=3) as pid:
        server.url, server.pid = f"http://127.0.0.1:{ports['s3']}/", pid
        yield server


_ALL = {"Effect": "Allow", "Action": ["*"], "Resource": ["*"]}
_ANYONE = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ["sts:AssumeRole"]}
_SEAWEEDFS_IAM = {
    "sts": {
        "tokenDuration": "1h",
        "maxSessionLength": "12h",
        "issuer": "bench",
        "signingKey": "YmVuY2hiZW5jaGJlbmNoYmVuY2hiZW5jaGJlbmNoYmVuY2g=",
    },
    "policy": {"defaultEffect": "Deny", "storeType": "memory"},
    "policies": [{"name": "All", "document": {"Version": "2012-10-17", "Statement": [_ALL]}}],
}
_SEAWEEDFS_ROLE = {
    "roleName": "bench",
    "trustPolicy": {"Version": "2012-10-17", "Statement": [_ANYONE]},
    "attachedPolicies": ["All"],
}


def make_role(server: Server, trusted: str, name: str = "bench") -> str:
    """A role that trusts ``trusted``; its ARN."""
    statement = {"Effect": "Allow", "Principal": {"AWS": trusted}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return str(server.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"])


def has(program: str) -> bool:
    """Whether ``program`` is installed in this environment or on the path."""
    return (BIN / program).exists() or shutil.which(program) is not None


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _running(
    command: list[str], port: int, settle: float = 0.3, environment: Mapping[str, str] | None = None
) -> Iterator[int]:
    with _process(command, environment, stdout=subprocess.DEVNULL) as process:
        _await(port, process)
        time.sleep(settle)
        yield process.pid


@contextmanager
def _process(command: list[str], environment: Mapping[str, str] | None = None, **how: Any) -> Iterator[Any]:
    """A process that is gone at the end."""
    variables = {**os.environ, "AWS_EC2_METADATA_DISABLED": "true", **(environment or {})}
    process = subprocess.Popen(command, env=variables, stderr=subprocess.DEVNULL, **how)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"{process.args!r} did not start")


def _output(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content))
