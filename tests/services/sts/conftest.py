"""One daypass for the tests of a module: a user, roles that trust her in different ways, a second account."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from daypass.testing.issuer import StubIssuer
from daypass.testing.local import LocalDaypass, Signer
from tests.security.world import SeededEntropy
from tests.sigv4.samples import NOW

ASSUME, TAG, SOURCE = "sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def document(*statements: dict[str, object]) -> str:
    """A policy of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trusting(*arns: str, actions: tuple[str, ...] = (ASSUME, TAG, SOURCE), **more: object) -> str:
    """A trust policy for ``arns``."""
    return document({"Effect": "Allow", "Principal": {"AWS": list(arns)}, "Action": list(actions), **more})


@dataclass
class Stage:
    """See ``stage``."""

    daypass: LocalDaypass
    alice: Signer
    alice_arn: str
    other: str
    other_admin: Signer

    @property
    def account(self) -> str:
        return self.daypass.account

    def iam(self, signer: Signer | None = None) -> Any:
        return self.daypass.client("iam", signer)

    def sts(self, signer: Signer | None = None) -> Any:
        return self.daypass.client("sts", signer or self.alice)

    def role(self, name: str, trust: str, *statements: dict[str, object], **more: object) -> str:
        """Make a role with an inline policy of ``statements``; its ARN."""
        made = self.iam().create_role(RoleName=name, AssumeRolePolicyDocument=trust, **more)["Role"]
        if statements:
            self.iam().put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=document(*statements))
        return str(made["Arn"])

    def assume(self, role: str, signer: Signer | None = None, **more: object) -> dict[str, Any]:
        """AssumeRole's whole answer."""
        answer: dict[str, Any] = self.sts(signer).assume_role(**{"RoleArn": role, "RoleSessionName": "session", **more})
        return answer

    def session(self, role: str, signer: Signer | None = None, **more: object) -> Signer:
        """The credentials of ``assume``."""
        return Signer.of(self.assume(role, signer, **more)["Credentials"])

    def refusal(self, role: str, signer: Signer | None = None, **more: object) -> tuple[str, str]:
        """Code and message of an AssumeRole that must be refused."""
        with pytest.raises(ClientError) as refused:
            self.assume(role, signer, **more)
        error = refused.value.response["Error"]
        return error["Code"], error["Message"]


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """A daypass with user ``alice``, who has no policies, and a second account."""
    with LocalDaypass() as daypass:
        iam = daypass.client("iam")
        arn = iam.create_user(UserName="alice")["User"]["Arn"]
        key = Signer.of(iam.create_access_key(UserName="alice")["AccessKey"])
        yield Stage(daypass, key, arn, *daypass.account_named("other"))


@pytest.fixture(scope="module")
def issuer() -> Iterator[StubIssuer]:
    """An issuer of web identity tokens, with a path."""
    with StubIssuer(path="/realms/one") as one:
        yield one


@pytest.fixture(scope="module")
def daypass() -> Iterator[LocalDaypass]:
    """Where it is always 12:36:00 on 30 August 2015, so that texts with times in them can be stated."""
    local = LocalDaypass()
    local.entropy = SeededEntropy(5)
    local.clock.freeze(NOW)
    with local:
        local.daypass.operator("daypass:CreateOrganization", {})
        yield local
