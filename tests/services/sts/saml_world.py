"""A daypass that believes a SAML identity provider, and a way to come by what that says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from daypass.exchange import Response
from daypass.testing.identity_provider import SIGN_IN, StubIdentityProvider
from daypass.testing.local import VERSIONS, LocalDaypass, raw_request


@dataclass
class World:
    """A daypass with a role that trusts ``idp``, and a way to come by what it says."""

    daypass: LocalDaypass
    idp: StubIdentityProvider
    provider: str
    role: str

    def attributes(self, **more: Any) -> dict[str, Any]:
        return {"Role": f"{self.role},{self.provider}", "RoleSessionName": "ada@example.com", **more}

    def response(self, *, signed: tuple[str, ...] = ("assertion",), **changes: Any) -> str:
        return self.idp.response(self.attributes(), signed=signed, **changes)

    def trust(self, *statements: dict[str, Any]) -> None:
        """Let the role be opened as these statements say; what they leave out is about all whom ``idp`` names."""
        usual = {"Effect": "Allow", "Principal": {"Federated": self.provider}, "Action": "sts:AssumeRoleWithSAML"}
        document = {"Version": "2012-10-17", "Statement": [usual | statement for statement in statements]}
        params = {"RoleName": "staff", "PolicyDocument": json.dumps(document)}
        answer = self.daypass.call("iam", "UpdateAssumeRolePolicy", params)
        assert answer.status == 200, answer.body

    def come(self, assertion: str, **params: Any) -> Response:
        asked = {
            "Action": "AssumeRoleWithSAML",
            "Version": VERSIONS["sts"],
            "RoleArn": self.role,
            "PrincipalArn": self.provider,
            "SAMLAssertion": assertion,
            **params,
        }
        headers = [("host", "127.0.0.1:7177"), ("content-type", "application/x-www-form-urlencoded")]
        service = self.daypass.daypass.service
        return service.serve_blocking(raw_request("POST", "/", headers, urlencode(asked).encode()))


@contextmanager
def saml_world() -> Iterator[World]:
    """With the role `staff` for whoever is called ada."""
    idp = StubIdentityProvider()
    with LocalDaypass() as daypass:
        iam = daypass.client("iam")
        arn = iam.create_saml_provider(Name="corp", SAMLMetadataDocument=idp.metadata)["SAMLProviderArn"]
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Federated": arn},
                    "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession"],
                    "Condition": {"StringEquals": {"saml:aud": SIGN_IN, "saml:sub": "ada"}},
                }
            ],
        }
        role = iam.create_role(RoleName="staff", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        yield World(daypass, idp, arn, role)
