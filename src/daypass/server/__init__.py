"""The HTTP surface: from bytes on a connection to ``exchange.RawRequest``, and from ``exchange.Response`` back.

It owns connections, deadlines, sizes, framing, processes and signals, and nothing of what a request means. Everything
it lets through is one unambiguous request: one Host, one Authorization, one Content-Length, ASCII in the head, a
bounded head and body, read within their deadlines. What breaks a rule is answered with an empty body and the connection
closed, before any service code runs.

    listen.py    Listen, Tls, check_listen: where to listen, and what is refused
    run.py       serve_forever: one process, or a supervisor (workers.py) with several
    sharing.py   SharedListener: how several share one socket
    protocol.py  a connection: deadlines, caps, order of answers; head.py says what a head must be
    asgi.py      Application: raw request in, response out, inline or on a worker thread
    forwarded.py BehindProxies: the client's address where a trusted proxy tells it
    probe.py     /-/health, /-/metrics (metrics.py) and what is published (issuers.py, saml.py)

The composition root writes::

    def make_service() -> Served:             # called once in each worker process, after the fork
        ...
        return Served(service, probe, close=store.close)

    check_listen(host, tls, insecure=insecure)
    serve_forever(Listen(host, port), make_service, workers=1, tls=tls, on_ready=print_ready)

``service`` has ``serve(raw)``, which runs on the event loop, never blocks and raises ``ports.NotLoaded`` when the
request must run on a thread instead, and ``serve_blocking(raw)``, which runs there. Neither may raise anything else.
"""

from daypass.ports import Health
from daypass.server.asgi import Application, Served, Service
from daypass.server.forwarded import BehindProxies
from daypass.server.limits import Limits
from daypass.server.listen import Listen, ListenError, Tls, check_listen
from daypass.server.probe import Probe
from daypass.server.run import serve_forever
from daypass.server.workers import WorkerFailed

__all__ = [
    "Application",
    "BehindProxies",
    "Health",
    "Limits",
    "Listen",
    "ListenError",
    "Probe",
    "Served",
    "Service",
    "Tls",
    "WorkerFailed",
    "check_listen",
    "serve_forever",
]
