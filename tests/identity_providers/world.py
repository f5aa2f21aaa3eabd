"""One real daypass, with providers and roles for whoever an identity provider vouches for."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config

from tests.identity_providers.oidc import Issuer
from tests.running import PROGRAM, Running, up

REGION = "eu-central-1"
SIGN_IN = "https://signin.aws.amazon.com/saml"
AUDIENCE = "urn:amazon:webservices"

Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class World:
    """A running daypass, clients of its administrator, and one of a stranger without keys."""

    daypass: Running
    iam: Any
    stranger: Any
    account: str
    here: Mapping[str, Any]
    """What boto3 needs to know to make a client of this daypass."""

    def trust_issuer(self, issuer: Issuer, *client_ids: str) -> str:
        """A provider for ``issuer``; its ARN."""
        options = (f"--client-id={client}" for client in client_ids)
        return self.trust_url(issuer.url, issuer.authority.files.authority, *options)

    def trust_url(self, url: str, authority: Path, *options: str) -> str:
        """A provider for the issuer at ``url``, which lives on this machine; its ARN. ``options`` of the command."""
        given = (url, f"--ca-file={authority}", "--allow-private", "--json", *options)
        done = self.daypass.command("federation", "add-oidc", *given)
        assert done.returncode == 0, done.stderr
        return str(json.loads(done.stdout)["OpenIDConnectProviderArn"])

    def trust_idp(self, name: str, metadata: str, **more: str) -> str:
        """A provider for the SAML identity provider of that metadata; its ARN."""
        made = self.iam.create_saml_provider(Name=name, SAMLMetadataDocument=metadata, **more)
        return str(made["SAMLProviderArn"])

    def place(self, provider: str) -> str:
        """Where responses for the SAML provider of that ARN are posted, as AWS names it."""
        uuid = self.iam.get_saml_provider(SAMLProviderArn=provider)["SAMLProviderUUID"]
        return f"{SIGN_IN}/acs/{uuid}"

    def role(self, name: str, provider: str, *, tags: bool = False, **conditions: Mapping[str, object]) -> str:
        """A role for whoever ``provider`` vouches for under ``conditions``; its ARN."""
        kind = "SAML" if ":saml-provider/" in provider else "WebIdentity"
        actions = [f"sts:AssumeRoleWith{kind}", *(["sts:TagSession"] if tags else [])]
        statement = {
            "Effect": "Allow", "Principal": {"Federated": provider}, "Action": actions, "Condition": conditions,
        }  # fmt: skip
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        return str(self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"])

    def show_token(self, role: str, token: str, **params: object) -> Answer:
        """AssumeRoleWithWebIdentity."""
        asked = {"RoleArn": role, "RoleSessionName": "visit", "WebIdentityToken": token, **params}
        answer: Answer = self.stranger.assume_role_with_web_identity(**asked)
        return answer

    def show_assertion(self, role: str, provider: str, assertion: str, **params: object) -> Answer:
        """AssumeRoleWithSAML."""
        asked = {"RoleArn": role, "PrincipalArn": provider, "SAMLAssertion": assertion, **params}
        answer: Answer = self.stranger.assume_role_with_saml(**asked)
        return answer

    def holder(self, answer: Answer) -> Any:
        """A client of STS with the credentials of an answer."""
        made = answer["Credentials"]
        keys = (made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
        return boto3.Session(*keys, region_name=REGION).client("sts", **self.here)

    def environment(self, home: Path, **more: str) -> dict[str, str]:
        """For a program that is to find this daypass, and keys nowhere."""
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(home),
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL_STS": self.daypass.url,
            "AWS_EC2_METADATA_DISABLED": "true",
            **more,
        }


@contextmanager
def world(
    folder: Path,
    *options: str,
    program: tuple[str, ...] = PROGRAM,
    environment: Mapping[str, str] | None = None,
    authority: Path | None = None,
) -> Iterator[World]:
    """A daypass whose data is in ``folder``. ``authority``: who vouches for its https, if it has any."""
    with up(folder / "data", *options, program=program, env=environment) as daypass:
        given = daypass.environment()
        here: dict[str, Any] = {"endpoint_url": daypass.url, "verify": str(authority) if authority else None}
        admin = boto3.Session(given["AWS_ACCESS_KEY_ID"], given["AWS_SECRET_ACCESS_KEY"], region_name=REGION)
        account = admin.client("sts", **here).get_caller_identity()["Account"]
        unsigned = Config(signature_version=UNSIGNED, retries={"max_attempts": 0})
        stranger = boto3.Session(region_name=REGION).client("sts", config=unsigned, **here)
        yield World(daypass, admin.client("iam", **here), stranger, account, here)
