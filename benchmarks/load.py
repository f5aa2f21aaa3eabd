"""Load from wrk on the second core, and the CPU time of the server's whole process tree on the first.

CPU time a request says more than requests a second: it moves little when the machine does other things too.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urljoin, urlsplit

TWO_CORES = (os.cpu_count() or 1) > 1


@dataclass(frozen=True)
class Request:
    """A signed request to send again and again; it is valid for 15 minutes."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    method: str = "POST"

    @property
    def target(self) -> str:
        parts = urlsplit(self.url)
        return f"{parts.path}?{parts.query}" if parts.query else parts.path

    def to(self, address: str) -> Request:
        """The same bytes, sent to another server: to the scheme, host and port of ``address``."""
        return replace(self, url=urljoin(address, self.target))


@dataclass(frozen=True)
class Load:
    """What one run showed. Times in microseconds."""

    requests: int
    cpu: float
    per_second: float
    p50: float
    p99: float


def measure(pid: int, *requests: Request, connections: int, seconds: float) -> Load:
    """Send ``requests`` in turn for ``seconds`` over ``connections``; every answer must be a success.

    Raises:
        RuntimeError: some were not.
    """
    pin(pid)
    with tempfile.NamedTemporaryFile("w") as ready, tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        ready.writelines(f"{raw(request).hex()}\n" for request in requests)
        ready.flush()
        script.write(_SCRIPT % ready.name)
        script.flush()
        for request in (requests[0], requests[-1]):
            status, said = answer(request)
            if status != HTTPStatus.OK:
                raise RuntimeError(f"{request.url} answered {status}: {said}")
        before = cpu_seconds(pid)
        said = _wrk(script.name, requests[0].url, connections, seconds)
        used = cpu_seconds(pid) - before
    count = int(_find(r"(\d+) requests in", said))
    failed = int(_find(r"Non-2xx or 3xx responses: (\d+)", said)) if "Non-2xx" in said else 0
    if failed or "Socket errors" in said:
        raise RuntimeError(said)
    return Load(
        count,
        used / count * 1e6,
        float(_find(r"Requests/sec:\s+([\d.]+)", said)),
        _micro(_find(r"(?m)^\s+50%\s+(\S+)", said)),
        _micro(_find(r"(?m)^\s+99%\s+(\S+)", said)),
    )


def least(rounds: int, *works: Callable[[], float]) -> list[float]:
    """The least cost of each work in rounds that alternate between them; one more comes before, to warm up."""
    found = [[work() for work in works] for _ in range(rounds + 1)][1:]
    return [min(costs) for costs in zip(*found, strict=True)]


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and all that descend from it, to the nanosecond."""
    total = 0.0
    for process in tree(pid):
        with suppress(OSError):  # it has ended
            total += time.clock_gettime(~process << 3 | 2)  # the clock that clock_getcpuclockid(3) names
    return total


def resident_megabytes(pid: int) -> float:
    """Resident memory of a process and all that descend from it."""
    kilobytes = 0
    for process in tree(pid):
        text = Path(f"/proc/{process}/status").read_text()
        kilobytes += int(_find(r"VmRSS:\s+(\d+)", text))
    return kilobytes / 1024


def tree(pid: int) -> list[int]:
    """A process and its descendants."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(descendant for child in children for descendant in tree(int(child)))]


def pin(pid: int) -> None:
    """Leave a process and all that descend from it the first core; the load is on the second."""
    if TWO_CORES:
        for process in tree(pid):
            # A thread that ends meanwhile fails the call for all of them.
            command = ("taskset", "-acp", "0", str(process))
            tries = (subprocess.run(command, check=False, capture_output=True) for _ in range(5))
            assert any(done.returncode == 0 for done in tries), f"process {process} cannot be pinned"


def answer(request: Request) -> tuple[int, str]:
    """Status and body of the answer; wrk counts a redirect as a success, and tells no body."""
    parts = urlsplit(request.url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    connection.request(request.method, request.target, request.body, dict(request.headers))
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    return response.status, body


def _wrk(script: str, url: str, connections: int, seconds: float) -> str:
    pinned = ["taskset", "-c", "1"] if TWO_CORES else []
    command = [
        *pinned,
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{max(1, round(seconds))}s",
        "--latency",
        "-s",
        script,
        url,
    ]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


_SCRIPT = """
local all, sent = {}, 0
local function byte(digits) return string.char(tonumber(digits, 16)) end
for line in io.lines("%s") do all[#all + 1] = (line:gsub("..", byte)) end
function request() sent = sent %% #all + 1; return all[sent] end
"""


def raw(request: Request) -> bytes:
    """The request as it goes over the wire."""
    headers = {"Host": urlsplit(request.url).netloc} | dict(request.headers) | {"Content-Length": len(request.body)}
    lines = [
        f"{request.method} {request.target} HTTP/1.1",
        *(f"{name}: {value}" for name, value in headers.items()),
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + request.body


def _find(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise RuntimeError(f"no {pattern} in: {text}")
    return found[1]


def _micro(text: str) -> float:
    value, unit = text[: len(text.rstrip("usm"))], text[len(text.rstrip("usm")) :]
    return float(value) * {"us": 1, "ms": 1e3, "s": 1e6, "m": 6e7}[unit]
