"""``daypass login``: from a sign-in at an identity provider to a role's credentials on this machine."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from daypass.cli.files import read_text
from daypass.cli.options import data_option, example, json_option, print_json, time_text

if TYPE_CHECKING:
    from daypass.cli.sign_in import Client
    from daypass.credentials import Secret, TemporaryCredentials

FORMATS = ("profile", "process", "env")
_DESKTOPS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")


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
@click.option("--format", "form", type=click.Choice(FORMATS), default="profile", help="Default: profile.")
@data_option
@json_option
def command(  # noqa: PLR0913  one for each option
    *,
    issuer: str | None,
    client_id: str | None,
    client_secret_file: Path | None,
    scope: str,
    role: str,
    profile: str,
    session_name: str | None,
    duration: int | None,
    device: bool,
    token_file: str | None,
    port: int,
    endpoint: str | None,
    ca_file: Path | None,
    allow_private: bool,
    form: str,
    as_json: bool,
) -> None:
    """Sign in at an OpenID Connect provider and get credentials of a role that trusts it.

    A browser opens (authorization code with PKCE; the provider must allow http://127.0.0.1 with /callback as redirect),
    or you enter a code on another device, or a token is at hand. The credentials are written as a profile into
    AWS_SHARED_CREDENTIALS_FILE or ~/.aws/credentials, or printed: for `credential_process`, or for a shell. Tokens are
    neither printed nor kept.
    """
    from daypass.adapters.fetch import Terms
    from daypass.cli.assume import assume_role, endpoint_url
    from daypass.cli.problems import CommandError
    from daypass.cli.sign_in import Client
    from daypass.cli.sign_in import session_name as name_in

    _check(issuer, client_id, token_file, profile, device=device)
    if as_json and form != "profile":
        raise click.UsageError(f"--json is about the profile that is written; --format {form} writes none")
    url = endpoint_url(endpoint)
    if token_file is not None:
        token = _read_token(token_file)
    else:
        authorities = read_text(ca_file) if ca_file else ""
        secret = _secret(client_secret_file)
        who = Client(str(issuer), str(client_id), secret, scope, Terms(authorities, (), allow_private))
        token = _signed_in(who, port, device=device)
    credentials = assume_role(url, token, role, session_name or name_in(token), duration)
    if form != "profile":
        click.echo(_process(credentials) if form == "process" else _env(credentials))
        return
    try:
        where = _put(profile, credentials)
    except (OSError, ValueError) as error:
        raise CommandError(f"the profile cannot be written: {error}", "or print them: --format env") from None
    ends = time_text(credentials.expiration)
    if as_json:
        print_json({"Profile": profile, "File": str(where), "RoleArn": role, "Expiration": ends})
    else:
        click.echo(f"profile {profile} in {where} holds {role} until {ends}")


def _check(issuer: str | None, client_id: str | None, token_file: str | None, profile: str, *, device: bool) -> None:
    """Refuse options that do not go together, before anything is asked of anybody."""
    from daypass.adapters.credentials_file import is_profile

    if token_file is not None and (issuer or client_id or device):
        raise click.UsageError("--token-file stands for a sign-in; leave out --oidc, --client-id and --device")
    if token_file is None and not (issuer and client_id):
        raise click.UsageError("give --oidc ISSUER and --client-id ID, or --token-file FILE")
    if not is_profile(profile):
        raise click.BadParameter(f"`{profile}` cannot be a profile", param_hint="--profile")


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


def _read_token(file: str) -> Secret:
    from daypass.cli.federation_trial import read_proof
    from daypass.credentials import Secret

    return Secret(read_proof(file))


def _secret(file: Path | None) -> Secret | None:
    from daypass.credentials import Secret

    return Secret(read_text(file).strip()) if file else None


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
