"""What SAML identity providers fetch, and what people are told who are sent here: to everybody, and nothing more."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree

from daypass.credentials import Secret
from daypass.exchange import RawRequest, Response
from daypass.federation.saml.names import DS, METADATA
from daypass.ports import NotLoaded
from daypass.server.asgi import Application, Served
from daypass.testing.identity_provider import StubIdentityProvider
from daypass.testing.local import LocalDaypass

URL = "https://sts.example.com/in"


@pytest.fixture(scope="module")
def daypass() -> Iterator[LocalDaypass]:
    with LocalDaypass(public_url=URL, saml_recipients=("https://old.example/sso",)) as local:
        yield local


@pytest.fixture(scope="module")
def application(daypass: LocalDaypass) -> Iterator[Application]:
    inner = daypass.daypass
    application = Application(Served(inner.service, inner, saml=inner.saml))
    yield application
    application._threads.close()


def ask(application: Application, path: str, method: str = "GET") -> Response:
    request = RawRequest(method, path.encode(), ((b"host", b"sts.example.com"),), peer="192.0.2.1")
    try:
        return application.answer(request)
    except NotLoaded:
        return application._answer_blocking(request)


def test_everybody_may_read_how_to_send_people_here(application: Application) -> None:
    """At AWS's path, in this daypass's name: what responses must name, and where they are posted."""
    status, headers, body = ask(application, "/static/saml-metadata.xml")
    assert (status, dict(headers)[b"content-type"]) == (200, b"application/samlmetadata+xml")
    told = etree.fromstring(body)
    assert told.get("entityID") == f"{URL}/saml"
    place = told.find(f".//{METADATA}AssertionConsumerService")
    assert place is not None
    assert (place.get("Location"), place.get("index"), place.get("isDefault")) == (f"{URL}/saml", "1", "true")
    assert told.find(f".//{DS}X509Certificate") is None
    asked = {each.get("Name"): each.get("isRequired") for each in told.iter(f"{METADATA}RequestedAttribute")}
    prefix = "https://aws.amazon.com/SAML/Attributes/"
    assert {name for name, required in asked.items() if required == "true"} == {
        f"{prefix}Role",
        f"{prefix}RoleSessionName",
    }
    assert len(asked) == 2 + 11 + 5 + 1
    assert len(list(told.iter(f"{METADATA}NameIDFormat"))) == 8


def test_a_provider_has_a_document_of_its_own(daypass: LocalDaypass, application: Application) -> None:
    """Its recipient, and the certificate of its newest key; who does not know its UUID learns nothing."""
    iam = daypass.client("iam")
    private = rsa.generate_private_key(65_537, 2_048)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    made = iam.create_saml_provider(
        Name="corp", SAMLMetadataDocument=StubIdentityProvider().metadata, AddPrivateKey=pem
    )
    uuid = iam.get_saml_provider(SAMLProviderArn=made["SAMLProviderArn"])["SAMLProviderUUID"]
    answer = ask(application, f"/static/saml/{uuid}/saml-metadata.xml")
    told = etree.fromstring(answer.body)
    place = told.find(f".//{METADATA}AssertionConsumerService")
    assert place is not None
    assert place.get("Location") == f"{URL}/saml/acs/{uuid}"
    assert told.findtext(f".//{DS}X509Certificate")
    other = uuid[:-1] + ("A" if uuid[-1] != "A" else "B")
    for wrong in (other, "SAMLSP" + "A" * 17, "SAMLSP" + "7" * 17):
        assert ask(application, f"/static/saml/{wrong}/saml-metadata.xml").status == 404


@pytest.mark.parametrize("name", [f"{URL}/saml", "https://old.example/sso", "https://signin.aws.amazon.com/saml"])
def test_a_response_for_any_of_its_names_is_taken(daypass: LocalDaypass, name: str) -> None:
    """What the document says, what the setting adds, and AWS's own, as recipient and as audience."""
    iam, idp, title = daypass.client("iam"), StubIdentityProvider(f"https://idp.example/{name}"), f"p{len(name)}"
    arn = iam.create_saml_provider(Name=title, SAMLMetadataDocument=idp.metadata)["SAMLProviderArn"]
    statement = {"Effect": "Allow", "Principal": {"Federated": arn}, "Action": "sts:AssumeRoleWithSAML"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": statement})
    role = iam.create_role(RoleName=title, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    said = {"Role": f"{role},{arn}", "RoleSessionName": "ada"}
    for recipient, accepted in ((name, True), (f"{name}x", False)):
        response = idp.response(said, recipient=recipient, audiences=[recipient])
        params = {"Proof": Secret(response), "RoleArn": role}
        assert daypass.daypass.operator("daypass:TryFederatedRole", params)["Accepted"] is accepted


def test_who_is_sent_to_sign_in_is_told_that_there_are_no_pages(application: Application) -> None:
    """A post is answered clearly and taken for nothing."""
    for path in ("/saml", "/saml?x=1", "/saml/acs/SAMLSPABC"):
        answer = ask(application, path, "POST")
        assert (answer.status, b"AssumeRoleWithSAML" in answer.body) == (501, True)
    assert ask(application, "/saml").status == 405
    assert ask(application, "/static/saml-metadata.xml", "POST").status == 405


@pytest.mark.parametrize("path", ["/static", "/static/", "/samlx", "/static/saml/x/saml-metadata.xml", "/s"])
def test_other_paths_are_answered_as_ever(application: Application, path: str) -> None:
    """They go on to the services, which know no such path."""
    assert ask(application, path).status == 404


def test_without_an_address_there_is_no_document() -> None:
    """A daypass that does not know how it is reached says nothing instead of something wrong."""
    with LocalDaypass(listen="0.0.0.0:0") as local:
        assert local.daypass.saml.find(None, may_block=True) is None
