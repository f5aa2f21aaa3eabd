"""`daypass tls init`, and https with real clients."""

from __future__ import annotations

import json
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.exceptions import SSLError

from daypass.cli import main
from tests.running import Running, run, up

AWS = Path(sys.executable).with_name("aws")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A daypass that was prepared for https before its first start, and serves it."""
    data = tmp_path_factory.mktemp("tls") / "data"
    made = run("tls", "init", "--data", str(data), "--json")
    assert made.returncode == 0, made.stderr
    files = json.loads(made.stdout)
    with up(data, "--tls-cert", files["Certificate"], "--tls-key", files["Key"]) as running:
        yield running


def told(capsys: pytest.CaptureFixture[str], data: Path, *arguments: str) -> tuple[int, str, str]:
    """Exit code, output and errors of `daypass tls init`."""
    code = main.run(["tls", "init", "--data", str(data), *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_what_it_prints_is_what_to_paste(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The hosts, the start, and one line for each kind of client; a second time it refuses."""
    data = tmp_path / "data"
    code, out, _ = told(capsys, data, "--host", "sts.example.test")
    assert code == 0
    assert f"daypass up --data {data} --tls-cert {data}/tls/cert.pem --tls-key {data}/tls/key.pem" in out
    assert "sts.example.test" in out.splitlines()[0]
    assert all(
        name in out for name in ("AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "--cacert", "trustStore")
    )
    assert len(out.splitlines()) <= 14
    code, _, error = told(capsys, data)
    assert (code, "--renew" in error) == (1, True)


def test_a_bad_host_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And what one looks like."""
    code, _, error = told(capsys, tmp_path / "data", "--host", "https://x")
    assert (code, "is no host" in error) == (1, True)


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A directory that is no daypass's gets no keys."""
    (tmp_path / "thesis.tex").touch()
    code, _, error = told(capsys, tmp_path)
    assert (code, "--data" in error) == (3, True)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_env_lets_clients_trust_it(server: Running) -> None:
    """boto3 and the AWS CLI with nothing but the exports of `daypass env`."""
    variables = server.environment()
    assert server.url.startswith("https://127.0.0.1:")
    assert variables["AWS_CA_BUNDLE"] == variables["NODE_EXTRA_CA_CERTS"] == str(server.data / "tls" / "ca.pem")
    program = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    for command in ([sys.executable, "-c", program], [str(AWS), "sts", "get-caller-identity"]):
        done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        assert ":user/admin" in done.stdout


def who(server: Running, verify: str | bool) -> str:
    variables = server.environment()
    client = boto3.client(
        "sts",
        "us-east-1",
        endpoint_url=server.url,
        verify=verify,
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
    )
    return str(client.get_caller_identity()["Arn"])


def test_another_authority_is_refused(server: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A client that trusts another, or the machine's own, sends nothing."""
    other = json.loads(told(capsys, tmp_path / "data", "--json")[1])["Authority"]
    for verify in (other, True):
        with pytest.raises(SSLError):
            who(server, verify)


def served(running: Running) -> str:
    parts = urlsplit(running.url)
    return ssl.get_server_certificate((str(parts.hostname), int(parts.port or 0)), timeout=10)


def test_a_renewed_certificate_is_served_after_hup(server: Running) -> None:
    """By the one process there is, which goes on serving."""
    before = served(server)
    assert server.command("tls", "init", "--renew").returncode == 0
    assert served(server) == before
    server.process.send_signal(signal.SIGHUP)
    wanted = (server.data / "tls" / "cert.pem").read_text()
    give_up = time.monotonic() + 10
    while served(server) == before and time.monotonic() < give_up:
        time.sleep(0.05)
    assert served(server).strip() == wanted.strip()
    assert who(server, str(server.data / "tls" / "ca.pem")).endswith(":user/admin")
