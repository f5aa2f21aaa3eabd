"""A daypass inside the process, with a user who may assume one role."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from daypass.testing.local import LocalDaypass, Signer

ALLOW_ALL = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


@dataclass
class Stage:
    """What most tests need: the daypass, a user ``alice`` with a key, a role ``reader`` that trusts her."""

    daypass: LocalDaypass
    alice: Signer
    role_arn: str
    alice_arn: str

    def assume(self, signer: Signer | None = None, **params: object) -> Signer:
        """Credentials of ``reader``, taken by ``signer`` (default: alice)."""
        wish = {"RoleArn": self.role_arn, "RoleSessionName": "test", **params}
        return Signer.of(self.daypass.client("sts", signer or self.alice).assume_role(**wish)["Credentials"])


def trust(*arns: str, **more: object) -> str:
    """A trust policy that lets ``arns`` assume the role and pass tags and source identities."""
    actions = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
    statement = {"Effect": "Allow", "Principal": {"AWS": list(arns)}, "Action": actions, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A fresh daypass with alice and reader."""
    with LocalDaypass() as daypass:
        iam = daypass.client("iam")
        alice_arn = iam.create_user(UserName="alice")["User"]["Arn"]
        key = Signer.of(iam.create_access_key(UserName="alice")["AccessKey"])
        role = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=trust(alice_arn))["Role"]
        iam.put_role_policy(RoleName="reader", PolicyName="all", PolicyDocument=ALLOW_ALL)
        yield Stage(daypass, key, role["Arn"], alice_arn)
