"""``daypass federation change``: on which terms a provider is believed, for one that is there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from daypass.cli.federation.add import check_issuer
from daypass.cli.federation.providers import find_provider
from daypass.cli.files import read_authorities
from daypass.cli.options import account_option, data_option, example, json_option, print_json

if TYPE_CHECKING:
    from daypass.entities import OidcProvider

_TERMS = {"SAML": {"IsLax"}, "OpenIDConnect": {"Authorities", "AllowPrivate", "Claims"}}
_OPTIONS = {"SAML": "--lax or --strict", "OpenIDConnect": "--ca-file, --allow-private, --public or --claim"}


@click.command(
    "change",
    epilog=example(
        "daypass federation change corp --lax",
        "daypass federation change https://sso.corp:8443/realms/staff --ca-file new-ca.pem",
    ),
)
@click.argument("provider")
@click.option("--lax/--strict", default=None, help="SAML: judge its assertions as AWS does, or by all rules.")
@click.option("--ca-file", type=click.Path(path_type=Path), help="OIDC: authorities (PEM) to trust for it from now on.")
@click.option("--allow-private/--public", default=None, help="OIDC: it may live on a private address, or may not.")
@click.option(
    "--claim", "claims", metavar="NAME", multiple=True, help="OIDC: a claim to name, in place of those before."
)
@click.option("--offline", is_flag=True, help="Do not ask the issuer for its keys first.")
@account_option
@data_option
@json_option
def change(
    provider: str,
    lax: bool | None,
    ca_file: Path | None,
    allow_private: bool | None,
    claims: tuple[str, ...],
    offline: bool,
    account: str | None,
    as_json: bool,
) -> None:
    """Change on which terms PROVIDER is believed: its ARN, the URL of its issuer, or the name of a SAML provider.

    What is not named stays as it is. An issuer is asked for its keys on the new terms first. Metadata, client ids and
    thumbprints are changed by the API (`aws iam update-saml-provider`).
    """
    from daypass.cli.opened import hosted_snapshot, opened
    from daypass.entities import OidcProvider

    authorities = read_authorities(ca_file) if ca_file else None
    terms = {"IsLax": lax, "Authorities": authorities, "AllowPrivate": allow_private, "Claims": claims or None}
    wanted = {name: value for name, value in terms.items() if value is not None}
    with opened() as daypass:
        snapshot = hosted_snapshot(daypass, account)
        found = find_provider(snapshot, provider)
        arn, kind = snapshot.arn(found), "OpenIDConnect" if isinstance(found, OidcProvider) else "SAML"
        if not wanted or not wanted.keys() <= _TERMS[kind]:
            raise click.UsageError(f"for `{provider}` give {_OPTIONS[kind]}")
        if isinstance(found, OidcProvider) and not offline:
            _ask(found, wanted)
        daypass.operator(f"daypass:Set{kind}ProviderTerms", {f"{kind}ProviderArn": arn, **wanted}, snapshot.id)
    print_json({"Arn": arn, "Changed": True}) if as_json else click.echo(f"{arn} is changed")


def _ask(provider: OidcProvider, wanted: Mapping[str, Any]) -> None:
    """See that the issuer can be asked on the new terms; nothing is changed where it cannot."""
    from daypass.adapters.fetch import Terms

    authorities = wanted.get("Authorities", provider.authorities)
    private = wanted.get("AllowPrivate", provider.allow_private)
    check_issuer(f"https://{provider.url}", Terms(authorities, provider.thumbprints, private))
