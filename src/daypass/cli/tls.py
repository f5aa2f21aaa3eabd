"""``daypass tls``: a certificate authority for development, for clients that insist on https."""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from daypass.cli.options import data_directory, data_option, example, json_option, print_json, time_text

if TYPE_CHECKING:
    from daypass.adapters.development_ca import Files, Issued


@click.group("tls", epilog=example("daypass tls init", "daypass tls init --renew"))
@data_option
def command() -> None:
    """Make a certificate for https that clients on development machines can trust."""


@command.command("init", epilog=example("daypass tls init --host sts.example.test --host 192.0.2.7"))
@data_option
@click.option("--host", "hosts", metavar="NAME", multiple=True, help="A further name or address. May be repeated.")
@click.option("--renew", is_flag=True, help="Keep the authority and its trust; make a certificate that lasts longer.")
@json_option
def init(*, hosts: tuple[str, ...], renew: bool, as_json: bool) -> None:
    """Make a certificate authority and a certificate for localhost, 127.0.0.1, ::1 and every --host.

    The files are in DATA/tls; clients need ca.pem, and nobody ca-key.pem. The authority can vouch for these names only.
    `daypass up` takes the certificate when it is told to; a daypass that is up reads a renewed one on SIGHUP.
    """
    from daypass.adapters import development_ca
    from daypass.adapters.certificates import AuthorityError
    from daypass.cli.problems import CommandError

    data = data_directory()
    _make_ours(data)
    files = development_ca.Files.of(data)
    do = development_ca.renew if renew else development_ca.make
    try:
        issued = do(files, hosts, time.time())
    except AuthorityError as error:
        raise CommandError(error.message, error.advice) from error
    if as_json:
        print_json(_facts(files, issued))
    else:
        click.echo(_told(data, files, issued))


def _make_ours(data: Path) -> None:
    """Check the data directory. A new one is begun, so that `daypass up` will take it for its own."""
    from daypass.adapters.storage import existing
    from daypass.adapters.storage.datadir import MARKER
    from daypass.app import hold

    if (data / MARKER).exists():
        existing(data)
        return
    with hold(data):
        pass


def _facts(files: Files, issued: Issued) -> dict[str, object]:
    return {
        "Authority": str(files.authority),
        "AuthorityNotAfter": time_text(issued.authority_not_after),
        "Certificate": str(files.certificate),
        "Key": str(files.key),
        "Hosts": list(issued.hosts),
        "NotAfter": time_text(issued.not_after),
    }


def _told(data: Path, files: Files, issued: Issued) -> str:
    place, authority = shlex.quote(str(data)), shlex.quote(str(files.authority))
    certificate, key = shlex.quote(str(files.certificate)), shlex.quote(str(files.key))
    return f"""\
a certificate for {", ".join(issued.hosts)}, until {time_text(issued.not_after)[:10]}

  daypass up --data {place} --tls-cert {certificate} --tls-key {key}
  eval "$(daypass env --data {place})"    # with AWS_CA_BUNDLE and NODE_EXTRA_CA_CERTS

elsewhere trust {authority} (until {time_text(issued.authority_not_after)[:10]}):
  export AWS_CA_BUNDLE=ca.pem          # AWS CLI, boto3, Go
  export NODE_EXTRA_CA_CERTS=ca.pem    # JavaScript
  export SSL_CERT_FILE=ca.pem          # what uses OpenSSL or rustls; instead of the system's authorities
  curl --cacert ca.pem https://localhost:7177/-/health
  keytool -importcert -noprompt -alias daypass -file ca.pem -keystore trust.p12 -storepass changeit
    and java -Djavax.net.ssl.trustStore=trust.p12 -Djavax.net.ssl.trustStorePassword=changeit"""
