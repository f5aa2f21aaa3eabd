"""Policy documents are kept and sent back character by character."""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from tests.services.iam.world import World

ODD = (
    '{ "Statement" : {"Sid":"", "Effect":"Allow",\t"Action":["s3:*"],\n'
    '"Resource":"arn:aws:s3:::a%3Ab+c/~._-*é"}, "Version":"2012-10-17" }'
)


def sent(world: World, operation: str, params: dict[str, str], element: str) -> str:
    """The text of ``element`` as it stands in the answer's XML."""
    body = world.daypass.call("iam", operation, params, world.admin).body.decode()
    return body.split(f"<{element}>")[1].split(f"</{element}>")[0]


@pytest.mark.parametrize("kind", ["User", "Role"])
def test_an_inline_policy_comes_back_exactly_and_percent_encoded(kind: str, world: World) -> None:
    """White space, percent signs and plus signs survive; a space is sent as %20."""
    params = {"UserName": "admin"}
    if kind == "Role":
        params = {"RoleName": "r"}
        world.must("CreateRole", {"RoleName": "r", "AssumeRolePolicyDocument": world.trust()})
    world.must(f"Put{kind}Policy", {**params, "PolicyName": "p", "PolicyDocument": ODD})
    text = sent(world, f"Get{kind}Policy", {**params, "PolicyName": "p"}, "PolicyDocument")
    assert unquote(text) == ODD
    assert "+" not in text
    assert " " not in text


def test_a_version_comes_back_exactly(world: World) -> None:
    """Managed policies too."""
    arn = world.must("CreatePolicy", {"PolicyName": "p", "PolicyDocument": ODD})["Policy"]["Arn"]
    assert unquote(sent(world, "GetPolicyVersion", {"PolicyArn": arn, "VersionId": "v1"}, "Document")) == ODD


def test_a_trust_policy_comes_back_exactly_while_its_principals_keep_their_names(world: World) -> None:
    """Binding to unique ids does not show."""
    trust = world.trust(f"arn:aws:iam::{world.account}:user/admin").replace(",", " ,\n")
    world.must("CreateRole", {"RoleName": "r", "AssumeRolePolicyDocument": trust})
    assert unquote(sent(world, "GetRole", {"RoleName": "r"}, "AssumeRolePolicyDocument")) == trust
