"""A provider or a role is changed while somebody's proof is being verified, which takes as long as others like."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from daypass.exchange import Response
from daypass.services.identities import saml
from daypass.testing.identity_provider import StubIdentityProvider
from daypass.testing.issuer import StubIssuer
from daypass.testing.local import VERSIONS, LocalDaypass, raw_request
from tests.calling import code_of

Act = Callable[[Any, str, str], None]
"""What happens meanwhile, given a client of IAM, the ARN of the provider, and the name of the role."""


def trust(provider: str, action: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Federated": provider}, "Action": action}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def role_deleted(iam: Any, provider: str, role: str) -> None:
    iam.delete_role(RoleName=role)


def trust_withdrawn(iam: Any, provider: str, role: str) -> None:
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=trust(f"{provider}-other", "sts:AssumeRoleWithSAML"))


class Come:
    """Shows proofs to ``daypass``, for roles of its own."""

    def __init__(self, daypass: LocalDaypass) -> None:
        self.daypass = daypass
        self.iam = daypass.client("iam")

    def role(self, name: str, provider: str, action: str) -> str:
        made = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(provider, f"sts:{action}"))
        return str(made["Role"]["Arn"])

    def __call__(self, action: str, role: str, **params: str) -> Response:
        form = {"Action": action, "Version": VERSIONS["sts"], "RoleArn": role, **params}
        headers = [("host", "127.0.0.1:7177"), ("content-type", "application/x-www-form-urlencoded")]
        return self.daypass.serve(raw_request("POST", "/", headers, urlencode(form).encode()))


@pytest.fixture
def come() -> Iterator[Come]:
    with LocalDaypass() as daypass:
        yield Come(daypass)


# ── while the issuer's keys are fetched ──────────────────────────────────────────────────────────────


def oidc_deleted(iam: Any, provider: str, role: str) -> None:
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=provider)


def oidc_made_anew(iam: Any, provider: str, role: str) -> None:
    oidc_deleted(iam, provider, role)
    url = provider.partition("oidc-provider/")[2]
    iam.create_open_id_connect_provider(Url=f"https://{url}", ClientIDList=["another"])


def client_removed(iam: Any, provider: str, role: str) -> None:
    named = {"OpenIDConnectProviderArn": provider}
    iam.remove_client_id_from_open_id_connect_provider(**named, ClientID="sts.amazonaws.com")


def thumbprints_replaced(iam: Any, provider: str, role: str) -> None:
    iam.update_open_id_connect_provider_thumbprint(OpenIDConnectProviderArn=provider, ThumbprintList=["0" * 40])


class Meanwhile(dict[str, bytes]):
    """The answers of an issuer that does something before it gives the first."""

    act: Callable[[], None] | None = None

    def get(self, path: str, default: Any = None) -> Any:
        act, self.act = self.act, None
        if act is not None:
            act()
        return super().get(path, default)


@pytest.mark.parametrize(
    "act", [oidc_deleted, oidc_made_anew, client_removed, thumbprints_replaced, role_deleted, trust_withdrawn]
)
def test_a_provider_that_is_gone_by_the_time_its_word_is_proved_opens_nothing(come: Come, act: Act) -> None:
    """Its issuer chooses how long that takes; what was acknowledged meanwhile counts."""
    with StubIssuer() as issuer:
        answers = issuer.answers = Meanwhile(issuer.answers)
        made = come.iam.create_open_id_connect_provider(Url=issuer.url, ClientIDList=[issuer.audience])
        provider = made["OpenIDConnectProviderArn"]
        terms = {"OpenIDConnectProviderArn": provider, "Authorities": issuer.authority, "AllowPrivate": True}
        come.daypass.daypass.operator("daypass:SetOpenIDConnectProviderTerms", terms)
        role = come.role("visitor", provider, "AssumeRoleWithWebIdentity")
        answers.act = lambda: act(come.iam, provider, "visitor")
        shown = {"RoleSessionName": "visit", "WebIdentityToken": issuer.token()}
        assert code_of(come("AssumeRoleWithWebIdentity", role, **shown)) in {"AccessDenied", "IDPCommunicationError"}
        assert answers.act is None


# ── while the document waits for its turn ────────────────────────────────────────────────────────────


def saml_deleted(iam: Any, provider: str, role: str) -> None:
    iam.delete_saml_provider(SAMLProviderArn=provider)


def metadata_replaced(iam: Any, provider: str, role: str) -> None:
    other = StubIdentityProvider("https://other.example")
    iam.update_saml_provider(SAMLProviderArn=provider, SAMLMetadataDocument=other.metadata)


@pytest.mark.parametrize("act", [saml_deleted, metadata_replaced, role_deleted, trust_withdrawn])
def test_an_assertion_whose_provider_is_gone_by_its_turn_opens_nothing(
    come: Come, act: Act, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Strangers choose how many documents are read before it."""
    idp, genuine = StubIdentityProvider(), saml.verify_response
    provider = come.iam.create_saml_provider(Name="corp", SAMLMetadataDocument=idp.metadata)["SAMLProviderArn"]
    role = come.role("staff", provider, "AssumeRoleWithSAML")

    def verify(*arguments: Any) -> Any:
        act(come.iam, provider, "staff")
        return genuine(*arguments)

    monkeypatch.setattr(saml, "verify_response", verify)
    shown = idp.response({"Role": f"{role},{provider}", "RoleSessionName": "ada"})
    answer = come("AssumeRoleWithSAML", role, PrincipalArn=provider, SAMLAssertion=shown)
    assert code_of(answer) in {"AccessDenied", "IDPCommunicationError"}
