"""The workshop of attacks: made once, since keys and a daypass take a while."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from daypass.testing.identity_provider import StubIdentityProvider
from daypass.testing.local import LocalDaypass
from tests.federation.saml.workshop import Workshop


@pytest.fixture(scope="session")
def shop() -> Iterator[Workshop]:
    """A daypass with a role for whoever ``idp`` names; it can read what is encrypted."""
    idp, thief = StubIdentityProvider(), StubIdentityProvider()
    private = rsa.generate_private_key(65_537, 2_048)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    with LocalDaypass() as daypass:
        iam = daypass.client("iam")
        made = iam.create_saml_provider(Name="corp", SAMLMetadataDocument=idp.metadata, AddPrivateKey=pem)
        arn = made["SAMLProviderArn"]
        action = ["sts:AssumeRoleWithSAML", "sts:TagSession", "sts:SetSourceIdentity"]
        statement = {"Effect": "Allow", "Principal": {"Federated": arn}, "Action": action}
        trust = json.dumps({"Version": "2012-10-17", "Statement": statement})
        role = iam.create_role(RoleName="staff", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        yield Workshop(daypass, idp, thief, arn, role, private)
