"""Issuers that serve strangers: those of AWS's table, and those that the operator names, when a role is written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from daypass.testing.local import LocalDaypass

OWN, GITHUB, ALONE = "sso.example.com/realms/All", "token.actions.githubusercontent.com", "idp.example.com"


@pytest.fixture(scope="module")
def daypass() -> Iterator[LocalDaypass]:
    with LocalDaypass(shared_issuers=(f"{OWN}=tenant_Id",)) as local:
        for url in (OWN, GITHUB, ALONE):
            local.client("iam").create_open_id_connect_provider(Url=f"https://{url}", ClientIDList=["a"])
        yield local


def trust(daypass: LocalDaypass, url: str, condition: dict[str, Any] | None) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::{daypass.account}:oidc-provider/{url}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        **({"Condition": condition} if condition else {}),
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


NARROW = {
    OWN: {"StringEquals": {f"{OWN}:tenant_id": "7"}},
    GITHUB: {"StringLike": {f"{GITHUB}:sub": "repo:mine/*"}},
}


@pytest.mark.parametrize("url", NARROW)
def test_a_role_says_which_customer_of_a_shared_issuer_it_means(daypass: LocalDaypass, url: str) -> None:
    """When it is made and when its trust policy is replaced."""
    iam, name = daypass.client("iam"), url.partition(".")[0]
    with pytest.raises(ClientError, match="MalformedPolicyDocument"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(daypass, url, None))
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(daypass, url, NARROW[url]))
    other = {"StringEquals": {f"{url}:aud": "a"}}
    with pytest.raises(ClientError, match="must be present for the shared provider"):
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust(daypass, url, other))
    wide = {"StringLike": dict.fromkeys(next(iter(NARROW[url].values())), "*")}
    with pytest.raises(ClientError, match="MalformedPolicyDocument"):
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust(daypass, url, wide))


def test_an_issuer_of_ones_own_is_not_asked_for_a_condition(daypass: LocalDaypass) -> None:
    """It has no strangers."""
    document = trust(daypass, ALONE, None)
    assert daypass.client("iam").create_role(RoleName="own", AssumeRolePolicyDocument=document)["Role"]["Arn"]
