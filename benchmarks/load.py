"""Load from wrk on the second core, and the CPU time of the server's whole process tree on the first.

CPU time a request says more than requests a second: it moves little when the machine does other things too.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

_TICK = os.sysconf("SC_CLK_TCK")
_TWO_CORES = (os.cpu_count() or 1) > 1


@dataclass(frozen=True)
class Request:
    """A signed request to send again and again; it is valid for 15 minutes."""

    url: str
    headers: Mapping[str, str]
    body: bytes


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
    _pin(pid, 0)
    with tempfile.NamedTemporaryFile("w") as ready, tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        ready.writelines(f"{_raw(request).hex()}\n" for request in requests)
        ready.flush()
        script.write(_SCRIPT % ready.name)
        script.flush()
        for request in (requests[0], requests[-1]):
            _try(request)
        before = cpu_seconds(pid)
        said = _wrk(script.name, requests[0].url, connections, seconds)
        used = cpu_seconds(pid) - before
    if "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(said)
    count = int(_find(r"(\d+) requests in", said))
    return Load(
        count,
        used / count * 1e6,
        float(_find(r"Requests/sec:\s+([\d.]+)", said)),
        _micro(_find(r"(?m)^\s+50%\s+(\S+)", said)),
        _micro(_find(r"(?m)^\s+99%\s+(\S+)", said)),
    )


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and all that descend from it."""
    total = 0
    for process in tree(pid):
        try:
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        except FileNotFoundError:
            continue
        total += int(fields[11]) + int(fields[12])
    return total / _TICK


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


def _pin(pid: int, core: int) -> None:
    if _TWO_CORES:
        for process in tree(pid):
            subprocess.run(["taskset", "-acp", str(core), str(process)], check=True, capture_output=True)


def _try(request: Request) -> None:
    """The client counts a redirect as a success."""
    parts = urlsplit(request.url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    connection.request("POST", "/", request.body, dict(request.headers))
    status = connection.getresponse().status
    connection.close()
    if status != HTTPStatus.OK:
        raise RuntimeError(f"{request.url} answered {status}")


def _wrk(script: str, url: str, connections: int, seconds: float) -> str:
    pinned = ["taskset", "-c", "1"] if _TWO_CORES else []
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


def _raw(request: Request) -> bytes:
    """The request as it goes over the wire."""
    headers = {"Host": urlsplit(request.url).netloc} | dict(request.headers) | {"Content-Length": len(request.body)}
    lines = ["POST / HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode() + request.body


def _find(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise RuntimeError(f"no {pattern} in: {text}")
    return found[1]


def _micro(text: str) -> float:
    value, unit = text[: len(text.rstrip("usm"))], text[len(text.rstrip("usm")) :]
    return float(value) * {"us": 1, "ms": 1e3, "s": 1e6, "m": 6e7}[unit]
