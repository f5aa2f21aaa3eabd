"""SAML identity providers of an account (IAM API reference, CreateSAMLProvider and its neighbours)."""

from __future__ import annotations

import zlib
from dataclasses import replace
from datetime import UTC, datetime

from daypass.entities import SamlIssuer, SamlProvider
from daypass.errors import EntityAlreadyExists, InvalidInput, Malformed
from daypass.federation.saml.metadata import read_metadata
from daypass.ids import SAML_PROVIDER
from daypass.operations.call import Call
from daypass.operations.registry import operation
from daypass.services.iam import quotas
from daypass.services.iam.arns import authorize_tagged
from daypass.services.iam.providers.decryption_keys import changed_keys
from daypass.services.iam.providers.targets import saml_provider
from daypass.services.iam.tags import EXACT, as_sent, merged, request_tags

Members = dict[str, object]

VALID_YEARS = 100
"""What AWS says of every provider, whatever its metadata says; it has no effect."""


@operation("iam:CreateSAMLProvider", "changes")
def create_saml_provider(call: Call) -> Members:
    """Trust the assertions of the identity provider that the metadata document describes."""
    params, tags = call.params, request_tags(call)
    arn = _arn(call, params["Name"])
    authorize_tagged(call, arn, arn, tags=tags)
    if tags:
        authorize_tagged(call, arn, arn, action="iam:TagSAMLProvider", tags=tags)
    if params["Name"].casefold() in {name.casefold() for name in call.account.saml_providers_by_name}:
        raise EntityAlreadyExists(f"SAML provider with name {params['Name']} already exists.")
    quotas.SAML_PROVIDERS.require(1 + len(call.account.saml_providers))
    provider = SamlProvider(
        call.new_id(SAML_PROVIDER),
        params["Name"],
        call.now,
        zlib.compress(params["SAMLMetadataDocument"].encode()),
        _issuers(params["SAMLMetadataDocument"]),
        _valid_until(call.now),
        tags=merged((), tags, EXACT),
    )
    call.put(changed_keys(call, provider))
    return {"SAMLProviderArn": arn} | ({"Tags": as_sent(provider.tags)} if provider.tags else {})


@operation("iam:UpdateSAMLProvider", "changes")
def update_saml_provider(call: Call) -> Members:
    """Replace the metadata, or change how assertions are encrypted."""
    provider, params = saml_provider(call), call.params
    wanted = ("SAMLMetadataDocument", "AssertionEncryptionMode", "AddPrivateKey", "RemovePrivateKey")
    if not any(params.get(name) for name in wanted):
        raise InvalidInput(
            "Unable to update identity provider. No updates are defined for metadata or encryption assertion."
        )
    document = params.get("SAMLMetadataDocument")
    if document is not None:
        provider = replace(provider, metadata=zlib.compress(document.encode()), issuers=_issuers(document))
    call.put(changed_keys(call, provider))
    return {"SAMLProviderArn": call.account.arn(provider)}


@operation("iam:GetSAMLProvider", "reads")
def get_saml_provider(call: Call) -> Members:
    """All of a provider but its private keys, of which only the names are told."""
    provider = saml_provider(call)
    return {
        "SAMLProviderUUID": provider.id,
        "SAMLMetadataDocument": zlib.decompress(provider.metadata).decode(),
        "CreateDate": provider.created,
        "ValidUntil": provider.valid_until,
        "Tags": as_sent(provider.tags),
        "AssertionEncryptionMode": provider.encryption,
        "PrivateKeyList": [{"KeyId": key.id, "Timestamp": key.created} for key in provider.keys],
    }


@operation("iam:ListSAMLProviders", "reads")
def list_saml_providers(call: Call) -> Members:
    """All providers of the account."""
    call.authorize(_arn(call, "*"))
    found = sorted(call.account.saml_providers_by_name.items())
    return {
        "SAMLProviderList": [
            {"Arn": _arn(call, name), "ValidUntil": each.valid_until, "CreateDate": each.created}
            for name, each in found
        ]
    }


@operation("iam:DeleteSAMLProvider", "changes")
def delete_saml_provider(call: Call) -> None:
    """Stop trusting the provider. Trust policies that name it stay as they are and let nobody in any more."""
    call.delete(saml_provider(call))


def _valid_until(now: int) -> int:
    made = datetime.fromtimestamp(now, UTC)
    return int(made.replace(year=made.year + VALID_YEARS).timestamp())  # a leap day has one then, until 2400


def _arn(call: Call, name: str) -> str:
    return f"arn:{call.account.partition}:iam::{call.account.id}:saml-provider/{name}"


def _issuers(document: str) -> tuple[SamlIssuer, ...]:
    try:
        return read_metadata(document)
    except (Malformed, UnicodeEncodeError) as error:
        raise InvalidInput("Could not parse metadata", detail=str(error)) from None
