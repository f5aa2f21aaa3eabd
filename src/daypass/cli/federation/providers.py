"""``daypass federation list``, ``show``, ``remove`` and ``metadata``: the identity providers of an account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from daypass.cli.options import (
    account_option,
    data_option,
    example,
    json_option,
    plain,
    print_facts,
    print_json,
    time_text,
)

if TYPE_CHECKING:
    from daypass.app import Daypass
    from daypass.entities import OidcProvider, SamlProvider
    from daypass.snapshot import AccountSnapshot

    Provider = OidcProvider | SamlProvider


@click.command("list", epilog=example("daypass federation list", "daypass federation list --json"))
@account_option
@data_option
@json_option
def list_providers(account: str | None, as_json: bool) -> None:
    """List the identity providers of an account."""
    from daypass.cli.opened import hosted_snapshot, opened

    with opened() as daypass:
        snapshot = hosted_snapshot(daypass, account)
    rows = [_facts(provider, snapshot) for provider in _providers(snapshot)]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        click.echo(plain(f"{row['Kind']:<4}  {row['Arn']}  {', '.join(row['ClientIds'] or row['EntityIds'])}".rstrip()))


@click.command("show", epilog=example("daypass federation show corp", "daypass federation show https://idp.example"))
@click.argument("provider")
@account_option
@data_option
@json_option
def show(provider: str, account: str | None, as_json: bool) -> None:
    """Show what is known of PROVIDER: its ARN, the URL of its issuer, or the name of a SAML provider."""
    from daypass.cli.opened import hosted_snapshot, opened

    with opened() as daypass:
        snapshot = hosted_snapshot(daypass, account)
    facts = _facts(find_provider(snapshot, provider), snapshot)
    print_json(facts) if as_json else print_facts({name: _told(value) for name, value in facts.items()})


@click.command("remove", epilog=example("daypass federation remove corp"))
@click.argument("provider")
@account_option
@data_option
@json_option
def remove(provider: str, account: str | None, as_json: bool) -> None:
    """Stop trusting PROVIDER. Trust policies that name it stay as they are and let nobody in any more.

    Sessions that were opened with it stay valid until they expire, unless `daypass revoke --provider` ends them.
    """
    from daypass.cli.opened import hosted_snapshot, opened

    with opened() as daypass:
        snapshot = hosted_snapshot(daypass, account)
        arn = snapshot.arn(find_provider(snapshot, provider))
        kind = "SAMLProvider" if ":saml-provider/" in arn else "OpenIDConnectProvider"
        daypass.operator(f"iam:Delete{kind}", {f"{kind}Arn": arn}, snapshot.id)
    print_json({"Arn": arn, "Removed": True}) if as_json else click.echo(f"{arn} is trusted no more")


@click.command(
    "metadata",
    epilog=example("daypass federation metadata > daypass-metadata.xml", "daypass federation metadata --provider corp"),
)
@click.option("--provider", help="A SAML provider: with its own recipient, and its certificate for encryption.")
@account_option
@data_option
@json_option
def metadata(provider: str | None, account: str | None, as_json: bool) -> None:
    """Print what the administrator of a SAML identity provider needs: this daypass's metadata as a service provider.

    A running daypass serves the same at /static/saml-metadata.xml, and below the UUID of a provider.
    """
    from daypass.cli.opened import hosted_snapshot, opened
    from daypass.services.service_provider import document

    with opened() as daypass:
        snapshot = hosted_snapshot(daypass, account)
        url = _public_url(daypass)
    text = document(url, _saml_provider(snapshot, provider) if provider else None)
    print_json({"Metadata": text}) if as_json else click.echo(text, nl=False)


def _public_url(daypass: Daypass) -> str:
    """Under what identity providers and browsers reach it.

    Raises:
        CommandError: nobody has said so, and it is not up.
    """
    from daypass.cli import endpoint
    from daypass.cli.problems import CommandError
    from daypass.settings import listened_url

    here = endpoint.running(daypass.data)
    url = daypass.settings.public_url or (here.url if here else listened_url(daypass.settings))
    if url is None:
        raise CommandError("this daypass does not know its own address", "set public_url: see daypass config --explain")
    return url


def _saml_provider(snapshot: AccountSnapshot, name: str) -> SamlProvider:
    from daypass.cli.problems import CommandError
    from daypass.entities import SamlProvider

    found = find_provider(snapshot, name)
    if not isinstance(found, SamlProvider):
        raise CommandError(f"`{name}` is no SAML provider", "OpenID Connect issuers need no metadata of this daypass")
    return found


def find_provider(snapshot: AccountSnapshot, name: str) -> Provider:
    """The provider of the account that somebody calls ``name``.

    Raises:
        CommandError: there is none, or several.
    """
    from daypass.cli.problems import CommandError

    found = [
        provider
        for provider in _providers(snapshot)
        if name in (snapshot.arn(provider), _name(provider), f"https://{_name(provider)}")
    ]
    if len(found) != 1:
        why = "there is no identity provider" if not found else "there are several identity providers"
        raise CommandError(f"{why} `{name}` in {snapshot.id}", "see daypass federation list, and give its ARN")
    return found[0]


def _providers(snapshot: AccountSnapshot) -> list[Provider]:
    oidc, saml = snapshot.oidc_providers_by_url, snapshot.saml_providers_by_name
    return [*(oidc[url] for url in sorted(oidc)), *(saml[name] for name in sorted(saml))]


def _name(provider: Provider) -> str:
    from daypass.entities import SamlProvider

    return provider.name if isinstance(provider, SamlProvider) else provider.url


def _facts(provider: Provider, snapshot: AccountSnapshot) -> dict[str, Any]:
    """What the operator may know of a provider: all but private keys."""
    from daypass.entities import SamlProvider

    shared = {"Arn": snapshot.arn(provider), "Created": time_text(provider.created), "Tags": dict(provider.tags)}
    if isinstance(provider, SamlProvider):
        return {"Kind": "SAML", "ClientIds": [], **shared, **_saml_facts(provider)}
    return {
        "Kind": "OIDC",
        **shared,
        "Issuer": f"https://{provider.url}",
        "ClientIds": list(provider.client_ids),
        "Thumbprints": list(provider.thumbprints),
        "Claims": list(provider.claims),
        "OwnAuthorities": bool(provider.authorities),
        "AllowPrivate": provider.allow_private,
        "EntityIds": [],
    }


def _saml_facts(provider: SamlProvider) -> dict[str, Any]:
    return {
        "Uuid": provider.id,
        "EntityIds": [issuer.entity_id for issuer in provider.issuers],
        "Certificates": [_certificate(der) for issuer in provider.issuers for der in issuer.certificates],
        "Encryption": provider.encryption,
        "DecryptionKeys": [key.id for key in provider.keys],
        "Lax": provider.is_lax,
    }


def _certificate(der: bytes) -> Mapping[str, str]:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.x509 import load_der_x509_certificate

    certificate = load_der_x509_certificate(der)
    return {
        "Sha256": certificate.fingerprint(SHA256()).hex(),
        "NotAfter": time_text(certificate.not_valid_after_utc.timestamp()),
    }


def _told(value: object) -> str:
    """A fact on one line of a terminal."""
    if isinstance(value, dict):
        return ", ".join(f"{name}={one}" for name, one in value.items()) or "-"
    if isinstance(value, list):
        return ", ".join(_told(one) for one in value) or "-"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
