"""A server process for tests: ``program.py '{"workers": 2, "limits": {…}}'``."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from daypass.exchange import RawRequest, Response
from daypass.ports import Health, NotLoaded
from daypass.server import Limits, Listen, ListenError, Served, Tls, WorkerFailed, serve_forever


class Service:
    """``/pid`` says which process answers; ``/slow`` takes 0.3 s on a thread."""

    def serve(self, raw: RawRequest) -> Response:
        if raw.target == b"/slow":
            raise NotLoaded
        return Response(200, (), str(os.getpid()).encode() if raw.target == b"/pid" else b"x" * 1024)

    def serve_blocking(self, raw: RawRequest) -> Response:
        time.sleep(0.3)
        return Response(200, (), b"slow answer")

    def health(self) -> Health:
        return Health(ok=True, facts={"pid": os.getpid()})

    def close(self) -> None:
        print("closed", flush=True)


def make_service() -> Served:
    if os.environ.get("BROKEN_START"):
        raise RuntimeError("the store is not there")
    service = Service()
    return Served(service, service, service.close)


def main() -> int:
    told = json.loads(sys.argv[1])
    if told.get("announce"):
        print("starting", flush=True)
    tls = Tls(*map(Path, told["tls"])) if "tls" in told else None
    try:
        serve_forever(
            Listen(told.get("host", "127.0.0.1"), told.get("port", 0)),
            make_service,
            on_ready=lambda url: print("ready", url, flush=True),
            workers=told.get("workers", 1),
            tls=tls,
            limits=Limits(**told.get("limits", {})),
        )
    except (ListenError, WorkerFailed) as refused:
        print(f"{type(refused).__name__}: {refused}", file=sys.stderr)
        return 1
    print("ended", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
