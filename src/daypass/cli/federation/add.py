"""``daypass federation add-oidc`` and ``add-saml``: from what an administrator has at hand to a provider that works."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from daypass.cli.files import read_authorities, read_bytes, read_text
from daypass.cli.options import account_option, data_option, example, json_option, print_json

if TYPE_CHECKING:
    from daypass.adapters.fetch import FetchFailed, Terms
    from daypass.app import Daypass
    from daypass.cli.problems import CommandError


@click.command(
    "add-oidc",
    epilog=example(
        "daypass federation add-oidc https://token.actions.githubusercontent.com --client-id sts.amazonaws.com",
        "daypass federation add-oidc https://sso.corp:8443/realms/staff --client-id daypass --ca-file ca.pem \\",
        "    --allow-private --claim groups",
    ),
)
@click.argument("issuer")
@click.option("--client-id", "client_ids", metavar="ID", multiple=True, required=True, help="Audience of its tokens.")
@click.option("--ca-file", type=click.Path(path_type=Path), help="Authorities (PEM) to trust for it, and no others.")
@click.option("--allow-private", is_flag=True, help="It lives on a private or loopback address.")
@click.option("--thumbprint", "thumbprints", metavar="HEX", multiple=True, help="SHA-1 of a certificate to trust.")
@click.option("--claim", "claims", metavar="NAME", multiple=True, help="A further claim that conditions may name.")
@click.option("--offline", is_flag=True, help="Do not ask the issuer for its keys first.")
@account_option
@data_option
@json_option
def add_oidc(
    issuer: str,
    client_ids: tuple[str, ...],
    ca_file: Path | None,
    allow_private: bool,
    thumbprints: tuple[str, ...],
    claims: tuple[str, ...],
    offline: bool,
    account: str | None,
    as_json: bool,
) -> None:
    """Trust the tokens that ISSUER (an https URL) makes for these clients. Prints the ARN for trust policies.

    The issuer's keys are fetched once, as they will be for tokens; where that fails nothing is made. Options may be
    given more than once where they take one of several.
    """
    from daypass.adapters.fetch import Terms
    from daypass.cli.opened import hosted, opened

    authorities = read_authorities(ca_file)
    keys = None if offline else check_issuer(issuer, Terms(authorities, _lower(thumbprints), allow_private))
    with opened() as daypass:
        arn = _create(
            daypass,
            hosted(daypass, account),
            {"Url": issuer, "ClientIDList": client_ids, "ThumbprintList": thumbprints},
            {"Authorities": authorities, "AllowPrivate": allow_private, "Claims": claims},
        )
    if as_json:
        print_json({"OpenIDConnectProviderArn": arn, "Keys": keys})
        return
    if keys is not None:
        click.echo(f"{issuer} answers: {keys} keys for signatures", err=True)
    click.echo(arn)


def _create(daypass: Daypass, account: str, params: dict[str, Any], terms: dict[str, Any]) -> str:
    """Make the provider and set its terms; without its terms it is not kept."""
    from daypass.errors import ServiceError

    given = {name: value for name, value in params.items() if value}
    arn: str = daypass.operator("iam:CreateOpenIDConnectProvider", given, account)["OpenIDConnectProviderArn"]
    wanted = {name: value for name, value in terms.items() if value}
    if not wanted:
        return arn
    named = {"OpenIDConnectProviderArn": arn}
    try:
        daypass.operator("daypass:SetOpenIDConnectProviderTerms", named | wanted, account)
    except ServiceError:
        daypass.operator("iam:DeleteOpenIDConnectProvider", named, account)
        raise
    return arn


def check_issuer(issuer: str, terms: Terms) -> int:
    """How many keys for signatures ``issuer`` publishes, fetched as they will be for its tokens.

    Raises:
        CommandError: none, or not on these terms; it says what to change.
    """
    from daypass.adapters.fetch import Fetcher, FetchFailed
    from daypass.adapters.issuer_keys import fetch_key_set
    from daypass.cli.problems import CommandError
    from daypass.errors import Malformed

    if not issuer.startswith("https://"):
        raise CommandError(f"`{issuer}` is no https URL", "give it as it stands in `iss` of its tokens")
    fetcher = Fetcher()
    try:
        found, _, _ = fetch_key_set(fetcher, issuer.removeprefix("https://"), terms)
    except FetchFailed as error:
        raise unreachable(issuer, error, "; --offline makes the provider all the same") from None
    except Malformed as error:
        advice = "give the issuer letter by letter as it stands in `iss` of its tokens, a slash at its end included"
        raise CommandError(f"{issuer} is not understood: {error}", advice) from None
    finally:
        fetcher.close()
    count = sum(map(len, found.keys.values()))
    if not count:
        raise CommandError(
            f"{issuer} publishes no key that can be used", "keys are RSA from 2,048 bits, or EC P-256 up"
        )
    return count


def unreachable(what: str, error: FetchFailed, more: str = "") -> CommandError:
    """Why something could not be fetched, and which option may help."""
    from daypass.cli.problems import CommandError

    advice = f"see that it answers from this machine{more}"
    if error.wrong_certificate:
        advice = "name the authority that has made its certificate: --ca-file FILE"
    elif "may be asked" in str(error):
        advice = "if it does live on a private or loopback address, say so: --allow-private"
    return CommandError(f"{what} cannot be asked: {error}", advice)


@click.command(
    "add-saml",
    epilog=example(
        "daypass federation add-saml corp https://idp.example.com/metadata",
        "daypass federation add-saml adfs FederationMetadata.xml --private-key key.pem --require-encryption",
    ),
)
@click.argument("name")
@click.argument("metadata", metavar="METADATA")
@click.option("--lax", is_flag=True, help="Judge its assertions as AWS does: see docs/differences.md.")
@click.option("--private-key", type=click.Path(path_type=Path), help="RSA key (PEM) that opens encrypted assertions.")
@click.option("--require-encryption", is_flag=True, help="Refuse assertions that are not encrypted.")
@click.option("--ca-file", type=click.Path(path_type=Path), help="Authorities (PEM) to trust when fetching METADATA.")
@click.option("--allow-private", is_flag=True, help="METADATA is on a private or loopback address.")
@account_option
@data_option
@json_option
def add_saml(
    name: str,
    metadata: str,
    lax: bool,
    private_key: Path | None,
    require_encryption: bool,
    ca_file: Path | None,
    allow_private: bool,
    account: str | None,
    as_json: bool,
) -> None:
    """Trust the assertions of the identity provider that METADATA (a file or an https URL) describes, as NAME.

    Prints the ARN for trust policies and for the attribute Role. A URL is fetched once, now: when the provider changes
    its certificates, update the metadata (`aws iam update-saml-provider`).
    """
    from daypass.adapters.fetch import Terms
    from daypass.cli.opened import hosted, opened

    authorities = read_authorities(ca_file)
    params: dict[str, Any] = {
        "Name": name,
        "SAMLMetadataDocument": _metadata(metadata, Terms(authorities, (), allow_private)),
    }
    if private_key:
        params["AddPrivateKey"] = read_text(private_key)
    if require_encryption:
        params["AssertionEncryptionMode"] = "Required"
    with opened() as daypass:
        account = hosted(daypass, account)
        arn: str = daypass.operator("iam:CreateSAMLProvider", params, account)["SAMLProviderArn"]
        if lax:
            daypass.operator("daypass:SetSAMLProviderTerms", {"SAMLProviderArn": arn, "IsLax": True}, account)
    print_json({"SAMLProviderArn": arn}) if as_json else click.echo(arn)


def _metadata(where: str, terms: Terms) -> str:
    from daypass.adapters.fetch import Fetcher, FetchFailed
    from daypass.cli.problems import CommandError

    if "://" not in where:
        data = read_bytes(where)
    else:
        fetcher = Fetcher()
        try:
            data = fetcher.get(where, terms, accept="application/samlmetadata+xml, application/xml, */*").body
        except FetchFailed as error:
            raise unreachable(where, error) from None
        finally:
            fetcher.close()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise CommandError(f"{where} is not in UTF-8", "save it as UTF-8, without a byte order mark") from None


def _lower(thumbprints: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(one.lower() for one in thumbprints)
