"""``daypass login``: from a sign-in at an identity provider to a role's credentials on this machine."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack, get_args

import click

from daypass.cli.files import read_authorities, read_text
from daypass.cli.options import data_option, example, json_option, print_json, time_text

if TYPE_CHECKING:
    from daypass.cli.sign_in import Client
    from daypass.credentials import Secret, TemporaryCredentials

Format = Literal["profile", "process", "env"]
"""Where the credentials go: into a profile, or printed for ``credential_process`` or for a shell."""

_DESKTOPS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")


class _Options(TypedDict):
    """What the command line gives, by the names below."""

    issuer: str | None
    client_id: str | None
    client_secret_file: Path | None
    scope: str
    role: str
    profile: str
    session_name: str | None
    duration: int | None
    device: bool
    token_file: str | None
    port: int
    endpoint: str | None
    ca_file: Path | None
    allow_private: bool
    form: Format
    as_json: bool


@click.command(
    "login",
    epilog=example(
        "daypass login --oidc https://sso.example.com/realms/staff --client-id daypass \\",
        "    --role arn:aws:iam::111122223333:role/staff --profile staff",
        "daypass login --token-file /var/run/token --role arn:aws:iam::111122223333:role/ci --format process",
    ),
)
@click.option("--oidc", "issuer", metavar="ISSUER", help="The identity provider, as it stands in `iss` of its tokens.")
@click.option("--client-id", metavar="ID", help="The client that it knows this program as.")
@click.option("--client-secret-file", type=click.Path(path_type=Path), help="File with the client's secret, if any.")
@click.option("--scope", default="openid", metavar="TEXT", help="What is asked for. Default: openid.")
@click.option("--role", required=True, metavar="ARN", help="The role to open.")
@click.option("--profile", default="daypass", metavar="NAME", help="Where to write the credentials. Default: daypass.")
@click.option("--session-name", metavar="NAME", help="Default: the token's email, preferred_username or sub.")
@click.option("--duration", type=int, metavar="SECONDS", help="How long they are to last. Default: an hour.")
@click.option("--device", is_flag=True, help="Sign in on another device, by entering a code there.")
@click.option("--token-file", metavar="FILE", help="Do not sign in; the token is in FILE (`-`: stdin).")
@click.option("--port", type=click.IntRange(0, 65_535), default=0, help="Port for the browser's answer. Default: any.")
@click.option(
    "--endpoint", metavar="URL", help="The daypass to ask. Default: AWS_ENDPOINT_URL_STS, else the local one."
)
@click.option("--ca-file", type=click.Path(path_type=Path), help="Authorities (PEM) to trust for the provider alone.")
@click.option("--allow-private", is_flag=True, help="The provider is on a private or loopback address.")
@click.option("--format", "form", type=click.Choice(get_args(Format)), default="profile", help="Default: profile.")
@data_option
@json_option
def command(**given: Unpack[_Options]) -> None:
    """Sign in at an OpenID Connect provider and get credentials of a role that trusts it.

    A browser opens (authorization code with PKCE; the provider must allow http://127.0.0.1 with /callback as redirect),
    or you enter a code on another device, or a token is at hand. The credentials are written as a profile into
    AWS_SHARED_CREDENTIALS_FILE or ~/.aws/credentials, or printed: for `credential_process`, or for a shell. Tokens are
    neither printed nor kept.
    """
    from daypass.cli.assume import assume_role, endpoint_url
    from daypass.cli.sign_in import session_name

    _check(given)
    url, role = endpoint_url(given["endpoint"]), given["role"]
    token = _token(given)
    credentials = assume_role(url, token, role, given["session_name"] or session_name(token), given["duration"])
    if given["form"] == "profile":
        _save(given["profile"], credentials, role, as_json=given["as_json"])
    else:
        click.echo(_process(credentials) if given["form"] == "process" else _env(credentials))


def _check(given: _Options) -> None:
    """Refuse options that do not go together, before anything is asked of anybody."""
    from daypass.adapters.credentials_file import is_profile

    signs_in = given["issuer"] or given["client_id"] or given["device"]
    if given["token_file"] is not None and signs_in:
        raise click.UsageError("--token-file stands for a sign-in; leave out --oidc, --client-id and --device")
    if given["token_file"] is None and not (given["issuer"] and given["client_id"]):
        raise click.UsageError("give --oidc ISSUER and --client-id ID, or --token-file FILE")
    if not is_profile(given["profile"]):
        raise click.BadParameter(f"`{given['profile']}` cannot be a profile", param_hint="--profile")
    if given["as_json"] and given["form"] != "profile":
        raise click.UsageError(f"--json is about the profile that is written; --format {given['form']} writes none")


def _token(given: _Options) -> Secret:
    """The token that is exchanged: read from a file, or got by signing in."""
    from daypass.adapters.fetch import Terms
    from daypass.cli.federation.trial import read_proof
    from daypass.cli.sign_in import Client
    from daypass.credentials import Secret

    if given["token_file"] is not None:
        return Secret(read_proof(given["token_file"]))
    authorities = read_authorities(given["ca_file"])
    secret = Secret(read_text(given["client_secret_file"]).strip()) if given["client_secret_file"] else None
    terms = Terms(authorities, (), given["allow_private"])
    client = Client(str(given["issuer"]), str(given["client_id"]), secret, given["scope"], terms)
    return _signed_in(client, given["port"], device=given["device"])


def _signed_in(client: Client, port: int, *, device: bool) -> Secret:
    from daypass.adapters.fetch import Fetcher
    from daypass.cli.sign_in import Provider, with_browser, with_device_code

    fetcher = Fetcher()
    try:
        provider = Provider(fetcher, client)
        if device:
            return with_device_code(provider, client, lambda what: click.echo(what, err=True))
        return with_browser(provider, client, port, _open)
    finally:
        fetcher.close()


def _open(url: str) -> None:
    import webbrowser

    click.echo(f"sign in with your browser; if none opens, open\n  {url}", err=True)
    # Without a desktop, `webbrowser` takes a browser for terminals, which would wait for us while we wait for it.
    if sys.platform in ("darwin", "win32") or any(os.environ.get(name) for name in _DESKTOPS):
        webbrowser.open(url)


def _save(profile: str, credentials: TemporaryCredentials, role: str, *, as_json: bool) -> None:
    """Write the profile, and say where it is and how long it is good for."""
    from daypass.cli.problems import CommandError

    try:
        where = _put(profile, credentials)
    except (OSError, ValueError) as error:
        raise CommandError(f"the profile cannot be written: {error}", "or print them: --format env") from None
    ends = time_text(credentials.expiration)
    if as_json:
        print_json({"Profile": profile, "File": str(where), "RoleArn": role, "Expiration": ends})
    else:
        click.echo(f"profile {profile} in {where} holds {role} until {ends}")


def _put(profile: str, credentials: TemporaryCredentials) -> Path:
    from daypass.adapters.credentials_file import put_profile

    given = os.environ.get("AWS_SHARED_CREDENTIALS_FILE")
    path = Path(given).expanduser() if given else Path.home() / ".aws/credentials"
    path = path.resolve()  # the file that a link leads to is replaced, not the link
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    put_profile(path, profile, credentials)
    return path


def _process(credentials: TemporaryCredentials) -> str:
    """What ``credential_process`` prints (AWS SDKs and Tools Reference Guide, "Process credential provider")."""
    return json.dumps(
        {
            "Version": 1,
            "AccessKeyId": credentials.access_key_id,
            "SecretAccessKey": credentials.secret_access_key.reveal(),
            "SessionToken": credentials.session_token,
            "Expiration": time_text(credentials.expiration),
        }
    )


def _env(credentials: TemporaryCredentials) -> str:
    variables = {
        "AWS_ACCESS_KEY_ID": credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key.reveal(),
        "AWS_SESSION_TOKEN": credentials.session_token,
        "AWS_CREDENTIAL_EXPIRATION": time_text(credentials.expiration),
    }
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items())
