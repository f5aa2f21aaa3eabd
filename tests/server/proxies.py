"""nginx and HAProxy in front of a server, set up as the how-to page says."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.docs.pages import ROOT, Page

PACKAGES = {"nginx": "nginx-light", "haproxy": "haproxy"}
_FILES = {"nginx": "nginx.conf", "haproxy": "haproxy.cfg"}
_BEHIND = "127.0.0.1:7177"


@dataclass(frozen=True)
class Proxy:
    """A proxy that answers. ``log`` has a line a request: status, who answered behind it, method, host, target."""

    name: str
    plain: tuple[str, int]
    secure: tuple[str, int]
    log: Path

    def forwarded(self) -> list[list[str]]:
        """Method, host and target of what it passed on and the server behind it answered with 200."""
        lines = (line.split(" ", 4) for line in self.log.read_text("latin-1").splitlines() if line.startswith("LOG "))
        answered = {"200", "daypass"}  # nginx notes the other's status, HAProxy its name
        return [[m, *rest.split(" ", 1)] for _, status, by, m, rest in lines if status == "200" and by in answered]


def written(name: str) -> str:
    """The configuration on the how-to page."""
    file = _FILES[name]
    (block,) = (block for block in Page(ROOT / "docs/how-to/proxy.md").blocks if block.file == file)
    return block.text


@contextmanager
def proxy(name: str, behind: tuple[str, int], home: Path) -> Iterator[Proxy]:
    """Run ``name`` in front of ``behind`` until the block ends; skip where it is not installed."""
    program = shutil.which(name) or shutil.which(f"/usr/sbin/{name}")
    if program is None:
        pytest.skip(f"{name} is not installed: apt-get install {PACKAGES[name]}")
    made = Proxy(name, ("127.0.0.1", _free_port()), ("127.0.0.1", _free_port()), home / f"{name}.log")
    _certificate(home)
    config = home / _FILES[name]
    config.write_text(_FILLERS[name](written(name).replace(_BEHIND, "{}:{}".format(*behind)), made, home))
    command = [program, "-db", "-f", str(config)]
    if name == "nginx":
        command = [program, "-e", str(home / "errors"), "-p", str(home), "-c", str(config)]
    with made.log.open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=home)
    try:
        _until_it_listens(made, process)
        yield made
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _nginx(text: str, made: Proxy, home: Path) -> str:
    """The page's configuration on ports of the test, unprivileged, in the foreground, with a log."""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = "".join(f"  {kind}_temp_path {home}/{kind};\n" for kind in kinds)
    form = "'LOG $status $upstream_status $request_method $http_host $request_uri'"
    extra = f"{folders}  log_format test {form};\n  access_log {made.log} test;\n  client_header_timeout 1s;\n"
    listen = "listen {}:{} ssl;\n    listen {}:{};\n    merge_slashes off;".format(*made.secure, *made.plain)
    text = text.replace("listen 443 ssl;", listen).replace("http {\n", f"http {{\n{extra}", 1)
    text = text.replace("/etc/nginx/sts.pem", f"{home}/cert.pem").replace("/etc/nginx/sts.key", f"{home}/key.pem")
    return f"daemon off;\nmaster_process off;\npid {home}/nginx.pid;\n{text}"


def _haproxy(text: str, made: Proxy, home: Path) -> str:
    bind = f"bind 127.0.0.1:{made.secure[1]} ssl crt {home}/both.pem\n  bind 127.0.0.1:{made.plain[1]}"
    form = '"LOG %ST %s %HM %[capture.req.hdr(0)] %HU"'
    log = f"log stdout format raw daemon\n  capture request header Host len 64\n  log-format {form}"
    text = text.replace("bind :443 ssl crt /etc/haproxy/sts.pem", f"{bind}\n  {log}")
    text = text.replace("timeout client 30s", "timeout client 30s\n  timeout http-request 1s\n  http-reuse always")
    return f"global\n  log stdout format raw daemon\n\n{text}"


_FILLERS: dict[str, Callable[[str, Proxy, Path], str]] = {"nginx": _nginx, "haproxy": _haproxy}


def _certificate(home: Path) -> None:
    """A self-signed certificate for the proxy: in two files, and in one."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now)
    made = builder.not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    cert = made.public_bytes(serialization.Encoding.PEM)
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    private = key.private_bytes(*pem)
    for file, content in (("cert.pem", cert), ("key.pem", private), ("both.pem", cert + private)):
        home.joinpath(file).write_bytes(content)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def _until_it_listens(made: Proxy, process: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(made.plain, timeout=1).close()
            return
        except OSError:
            said = made.log.read_text("latin-1")[-2000:]
            assert process.poll() is None and time.monotonic() < give_up, said  # noqa: PT018
            time.sleep(0.02)
