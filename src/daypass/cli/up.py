"""``daypass up``: run a daypass until it is told to stop."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from types import FrameType
from typing import TYPE_CHECKING

import click

from daypass.cli.options import data_directory, data_option, example, given_data

if TYPE_CHECKING:
    from daypass.app import Daypass
    from daypass.server import Limits, Served
    from daypass.settings import Settings


@click.command(
    "up",
    epilog=example(
        "daypass up",
        "daypass up --ephemeral --listen 127.0.0.1:0",
        "daypass up --data /srv/daypass --listen 0.0.0.0:443 --tls-cert cert.pem --tls-key key.pem --workers 4",
    ),
)
@data_option
@click.option("--listen", metavar="HOST:PORT", help="Where to listen. Default: 127.0.0.1:7177; port 0 takes any.")
@click.option("--account-id", metavar="ID", help="Id of the first account, at the first start. Default: a random one.")
@click.option("--region", metavar="REGION", help="Serve this region only. Default: every known region.")
@click.option("--database", metavar="URL", help="postgresql://… Default: SQLite in the data directory.")
@click.option("--tls-cert", metavar="FILE", help="Certificate and chain, PEM.")
@click.option("--tls-key", metavar="FILE", help="Private key of the certificate, PEM.")
@click.option("--insecure", is_flag=True, default=None, help="Allow listening beyond loopback without TLS.")
@click.option("--workers", metavar="N", help="Processes that serve. Default: 1.")
@click.option("--ephemeral", is_flag=True, help="Keep everything in a temporary directory, gone at the end.")
def command(*, ephemeral: bool, **options: str | bool | None) -> None:
    """Run a daypass until SIGTERM or Ctrl-C.

    The first start makes an account, its keys and a user `admin`, whose access key is in DATA/credentials and nowhere
    else. Further settings: see `daypass config --explain`. When it answers, it prints `daypass ready URL`.
    """
    if ephemeral and given_data():
        raise click.UsageError("--ephemeral makes a directory of its own; leave --data out")
    with _noting_stops() as stop, _ephemeral() if ephemeral else _given() as data:
        _run(data, options, stop)


@contextmanager
def _given() -> Iterator[Path]:
    yield data_directory()


@contextmanager
def _ephemeral() -> Iterator[Path]:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="daypass-", ignore_cleanup_errors=True) as folder:
        yield Path(folder) / "data"


@contextmanager
def _noting_stops() -> Iterator[Event]:
    """An event that SIGTERM and Ctrl-C set, so that a start ends where it is safe to; a second one ends it at once."""
    stop = Event()

    def note(number: int, _frame: FrameType | None) -> None:
        stop.set()
        signal.signal(number, signal.SIG_DFL)

    before = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _run(data: Path, options: dict[str, str | bool | None], stop: Event) -> None:
    from daypass.app import hold, open_daypass
    from daypass.server import Listen, Tls, check_listen, serve_forever
    from daypass.settings import load, remember_database

    settings = load(data, os.environ, options).settings
    _log_to_stderr(settings)
    host, port = settings.address
    tls = Tls(Path(settings.tls_cert), Path(settings.tls_key)) if settings.tls_cert and settings.tls_key else None
    check_listen(host, tls, insecure=settings.insecure)
    with hold(data):
        # Opened once before the workers are forked, so that a first start is over and its errors are told here.
        with open_daypass(settings, data, create=True) as daypass:
            greeting = _Greeting(daypass, data)
            _tell_cold(daypass)
        remember_database(data, settings)
        if stop.is_set():
            return
        bound = [port]
        try:
            serve_forever(
                Listen(host, port),
                _service_maker(settings, data, bound),
                on_bound=bound.append,
                workers=settings.workers,
                tls=tls,
                on_ready=greeting.say,
                limits=_limits(settings),
                stop=stop,
            )
        finally:
            greeting.take_back()


def _tell_cold(daypass: Daypass) -> None:
    """Say on stderr that, and how much, this start lacks."""
    begun = daypass.storage.cold_start
    if begun is None:
        return
    limit = daypass.settings.max_staleness_seconds
    missing = daypass.storage.behind_host
    for line in (
        f"daypass: the database does not answer; started from the disk snapshot, last contact {begun.stale:.0f} s ago",
        "  changes that this host acknowledged after that are missing" if missing else "",
        f"  no changes are taken; everything is refused {limit} s after the last contact, unless it comes back",
    ):
        click.echo(line, err=True, nl=bool(line))


def _limits(settings: Settings) -> Limits:
    from daypass.server import Limits

    return Limits(head_seconds=settings.header_deadline, connections=settings.max_connections, threads=settings.threads)


def _service_maker(settings: Settings, data: Path, bound: list[int]) -> Callable[[], Served]:
    """Makes the service of each worker; the last of ``bound`` is the port that was had, where any was asked for."""

    def make() -> Served:
        from msgspec.structs import replace

        from daypass.app import open_daypass
        from daypass.server import BehindProxies, Served, Service, metrics

        host = settings.listen.rpartition(":")[0]
        here = replace(settings, listen=f"{host}:{bound[-1]}")
        daypass = open_daypass(here, data, follow=True, count_throttled=metrics.count_throttled)
        service: Service = daypass.service
        if settings.trusted_proxies:  # decided once: without any, no request pays for the question
            service = BehindProxies(service, settings.trusted_proxies)
        return Served(
            service,
            daypass,
            daypass.close,
            settings.open_probes,
            turns=daypass.service,
            issuers=daypass.issuers,
            saml=daypass.saml,
        )

    return make


def _log_to_stderr(settings: Settings) -> None:
    import logging

    form = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    # Libraries speak up when something is wrong; the level set is that of daypass itself.
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format=form)
    logging.getLogger("daypass").setLevel(settings.log_level.upper())


class _Greeting:
    """What is said when the daypass answers; kept in plain values, so that it outlives the store it was read from."""

    def __init__(self, daypass: Daypass, data: Path) -> None:
        from daypass.regions import GLOBAL_REGION

        self._data = data
        self._account = daypass.default_account
        self._region = daypass.region or GLOBAL_REGION[daypass.installation.partition]
        self._settings = daypass.settings
        self._is_new = daypass.first_start

    def say(self, url: str) -> None:
        """Note the endpoint, print what to paste, and last the line that scripts wait for."""
        import time

        from daypass.adapters import credentials_file
        from daypass.cli import endpoint

        note = endpoint.Endpoint(
            url=url,
            pid=os.getpid(),
            started=int(time.time()),
            workers=self._settings.workers,
            account=self._account,
            region=self._region,
            certificate=self._settings.tls_cert,
        )
        endpoint.write(self._data, note)
        made = "made " if self._is_new else ""
        click.echo(f"{made}account {self._account}, user admin; its key is in {self._data / credentials_file.NAME}")
        click.echo(f'\n  eval "$({_command()} env --data {shlex.quote(str(self._data))})"')
        click.echo("  aws sts get-caller-identity\n")
        click.echo(f"daypass ready {url}")
        sys.stdout.flush()

    def take_back(self) -> None:
        """Remove the note of the endpoint."""
        from daypass.cli import endpoint

        endpoint.remove(self._data)


def _command() -> str:
    """How this program is called from the caller's shell: by name where that finds it, else by its path."""
    program = Path(sys.argv[0]).absolute()
    found = shutil.which("daypass")
    if found and Path(found).resolve() == program.resolve():
        return "daypass"
    return shlex.quote(str(program))
