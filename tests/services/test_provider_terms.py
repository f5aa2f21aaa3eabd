"""On what terms identity providers are believed: the operator's word alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from daypass.errors import AccessDenied, NoSuchEntity, ValidationError
from daypass.operations.call import Call
from daypass.operations.registry import REGISTRY
from daypass.testing.identity_provider import StubIdentityProvider
from daypass.testing.local import LocalDaypass

OIDC, SAML = "daypass:SetOpenIDConnectProviderTerms", "daypass:SetSAMLProviderTerms"


@pytest.fixture(scope="module")
def daypass() -> Iterator[LocalDaypass]:
    with LocalDaypass() as local:
        iam = local.client("iam")
        iam.create_open_id_connect_provider(Url="https://idp.example", ClientIDList=["a"])
        iam.create_saml_provider(Name="corp", SAMLMetadataDocument=StubIdentityProvider().metadata)
        yield local


def arn(daypass: LocalDaypass, rest: str) -> str:
    return f"arn:aws:iam::{daypass.account}:{rest}"


def named(daypass: LocalDaypass, name: str) -> dict[str, Any]:
    if name == OIDC:
        return {"OpenIDConnectProviderArn": arn(daypass, "oidc-provider/idp.example"), "AllowPrivate": True}
    return {"SAMLProviderArn": arn(daypass, "saml-provider/corp"), "IsLax": True}


@pytest.mark.parametrize("name", [OIDC, SAML])
def test_nobody_but_the_operator_sets_terms(daypass: LocalDaypass, name: str) -> None:
    """No caller of the network, an administrator with all permissions neither."""
    operation = REGISTRY.find(name)
    assert operation is not None
    service = daypass.daypass.service
    snapshot = daypass.daypass.storage.directory.load(daypass.account)
    assert snapshot is not None
    answer = daypass.call("sts", "GetCallerIdentity")
    assert answer.status == 200
    caller = snapshot.derived[daypass.admin.access_key_id]
    from daypass.operations.audit import Record
    from daypass.operations.facts import RequestFacts

    facts = RequestFacts(caller, 0, "us-east-1", "daypass")
    call = Call(operation, named(daypass, name), snapshot, service._ports, facts, Record(None, 0, ""), lambda _: None)
    with pytest.raises(AccessDenied):
        operation.handler(call)
    assert daypass.daypass.operator(name, named(daypass, name))


def test_terms_are_of_a_provider_that_is_there(daypass: LocalDaypass) -> None:
    """Another account's provider, or none, has no terms here."""
    for name, params in (
        (OIDC, {"OpenIDConnectProviderArn": arn(daypass, "oidc-provider/other.example")}),
        (OIDC, {"OpenIDConnectProviderArn": "arn:aws:iam::999999999999:oidc-provider/idp.example"}),
        (SAML, {"SAMLProviderArn": "arn:aws:iam::999999999999:saml-provider/corp", "IsLax": True}),
    ):
        with pytest.raises(NoSuchEntity):
            daypass.daypass.operator(name, params)


@pytest.mark.parametrize("claims", [["a b"], ["a" * 129], [""], ["a"] * 51])
def test_claims_that_can_be_none_are_refused(daypass: LocalDaypass, claims: list[str]) -> None:
    """Names of visible characters, and not more of them than a policy could ask for."""
    with pytest.raises(ValidationError):
        daypass.daypass.operator(OIDC, named(daypass, OIDC) | {"Claims": claims})
