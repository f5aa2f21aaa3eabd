"""Tag keys of managed policies know case, condition keys do not: nothing may slip through between them."""

from __future__ import annotations

import pytest

from tests.services.iam.world import S3, Refusal, World

TAGS = [{"Key": "env", "Value": "prod"}, {"Key": "ENV", "Value": "dev"}]
ALLOW = {"Effect": "Allow", "Action": "iam:*", "Resource": "*"}
GUARDS = {
    "allowed only for dev": [{**ALLOW, "Condition": {"StringEquals": {"aws:%s/env": "dev"}}}],
    "denied for prod": [
        ALLOW,
        {"Effect": "Deny", "Action": "iam:*", "Resource": "*", "Condition": {"StringEquals": {"aws:%s/env": "prod"}}},
    ],
}


def guard(name: str, key: str) -> object:
    """The policy ``name`` with its condition on ``aws:key/env``."""
    statements = []
    for statement in GUARDS[name]:
        made = dict(statement)
        if "Condition" in made:
            ((operator, asked),) = made["Condition"].items()
            made["Condition"] = {operator: {each % key: value for each, value in asked.items()}}
        statements.append(made)
    return {"Version": "2012-10-17", "Statement": statements}


@pytest.mark.parametrize("tags", [TAGS, TAGS[::-1]], ids=["prod first", "dev first"])
@pytest.mark.parametrize("name", GUARDS)
@pytest.mark.parametrize("operation", ["CreatePolicy", "TagPolicy", "DeletePolicy"])
def test_a_tag_in_another_case_hides_nothing_from_a_condition(
    operation: str, name: str, tags: list[dict[str, str]], world: World
) -> None:
    """Whoever may not touch what is tagged prod cannot by adding a tag that says dev in another case."""
    arn = f"arn:aws:iam::{world.account}:policy/p"
    signer = world.user("probe", guard(name, "ResourceTag" if operation == "DeletePolicy" else "RequestTag"))
    params: dict[str, object] = {"PolicyArn": arn, "Tags": tags}
    if operation == "CreatePolicy":
        params = {"PolicyName": "p", "PolicyDocument": S3, "Tags": tags}
    else:
        own = {"Tags": tags} if operation == "DeletePolicy" else {}
        world.must("CreatePolicy", {"PolicyName": "p", "PolicyDocument": S3, **own})
    if operation == "DeletePolicy":
        params = {"PolicyArn": arn}
    answer = world.call(operation, params, signer)
    assert isinstance(answer, Refusal)
    assert (answer.status, answer.code) == (403, "AccessDenied")


def test_so_many_spellings_are_too_many(world: World) -> None:
    """Five keys in two spellings each have more readings than are looked at, and nothing is stored."""
    tags = [{"Key": key, "Value": ""} for letter in "abcde" for key in (letter, letter.upper())]
    answer = world.call("CreatePolicy", {"PolicyName": "p", "PolicyDocument": S3, "Tags": tags})
    assert answer == Refusal(400, "InvalidInput", "Too many tag keys differ only by case.")
    world.must("CreatePolicy", {"PolicyName": "p", "PolicyDocument": S3, "Tags": tags[:8]})
    arn = f"arn:aws:iam::{world.account}:policy/p"
    assert world.call("TagPolicy", {"PolicyArn": arn, "Tags": tags[8:]}) == answer
    assert len(world.must("ListPolicyTags", {"PolicyArn": arn})["Tags"]) == 8
