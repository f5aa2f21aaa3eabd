"""The policy simulator: what it says is what then happens, in AWS's form, bounded, and it tells nobody else's facts."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from daypass.testing.local import Signer
from tests.services.iam.world import Refusal, World

ALL = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def statement(action: Any, resource: Any = "*", effect: str = "Allow", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def custom(world: World, policy: str, **params: Any) -> Any:
    """The results of SimulateCustomPolicy."""
    given = {"PolicyInputList": [policy], "ActionNames": ["s3:GetObject"], **params}
    return world.must("SimulateCustomPolicy", given)["EvaluationResults"]


def entry(name: str, *values: str, kind: str = "string") -> dict[str, Any]:
    return {"ContextKeyName": name, "ContextKeyValues": list(values), "ContextKeyType": kind}


# ── it says what then happens ────────────────────────────────────────────────────────────────────────


def a_small_company(world: World) -> dict[str, Signer]:
    """A user with own, managed and group policies; one with a boundary; a role; each with what differs by resource."""
    account = world.account
    managed = world.must("CreatePolicy", {"PolicyName": "lists", "PolicyDocument": document(statement("iam:List*"))})
    arn = managed["Policy"]["Arn"]
    users = f"arn:aws:iam::{account}:user/"
    own = document(
        statement("iam:GetUser", users + "${aws:username}"),
        statement("iam:*", users + "*", "Deny", Condition={"StringEquals": {"aws:PrincipalTag/out": "yes"}}),
    )
    world.must("CreateGroup", {"GroupName": "readers"})
    in_group = document(
        statement("iam:GetRole"), statement("iam:GetRole", f"arn:aws:iam::{account}:role/hidden", "Deny")
    )
    world.must("PutGroupPolicy", {"GroupName": "readers", "PolicyName": "reading", "PolicyDocument": in_group})
    signers = {}
    for name, tags, boundary in (("ann", [], None), ("bob", [{"Key": "out", "Value": "yes"}], None), ("cut", [], arn)):
        more = {"PermissionsBoundary": boundary} if boundary else {}
        world.must("CreateUser", {"UserName": name, "Tags": tags, **more})
        world.must("PutUserPolicy", {"UserName": name, "PolicyName": "own", "PolicyDocument": own})
        world.must("AttachUserPolicy", {"UserName": name, "PolicyArn": arn})
        world.must("AddUserToGroup", {"UserName": name, "GroupName": "readers"})
        signers[f"user/{name}"] = Signer.of(world.must("CreateAccessKey", {"UserName": name})["AccessKey"])
    for name in ("open", "hidden"):
        world.must("CreateRole", {"RoleName": name, "AssumeRolePolicyDocument": world.trust()})
    world.must("PutRolePolicy", {"RoleName": "open", "PolicyName": "own", "PolicyDocument": own})
    world.must("AttachRolePolicy", {"RoleName": "open", "PolicyArn": arn})
    sts = world.daypass.client("sts", world.admin)
    session = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/open", RoleSessionName="monday")["Credentials"]
    return signers | {"role/open": Signer.of(session)}


CALLS: list[tuple[str, str, dict[str, str]]] = [
    ("GetUser", "user/ann", {"UserName": "ann"}),
    ("GetUser", "user/bob", {"UserName": "bob"}),
    ("GetUser", "user/cut", {"UserName": "cut"}),
    ("GetRole", "role/open", {"RoleName": "open"}),
    ("GetRole", "role/hidden", {"RoleName": "hidden"}),
    ("ListUsers", "user/", {}),
    ("ListRoles", "role/", {}),
    ("DeleteUser", "user/bob", {"UserName": "bob"}),
]


def test_what_is_simulated_is_what_the_real_request_then_gets(world: World) -> None:
    """Every principal, every call: the simulator's word and the answer of the call itself agree."""
    signers = a_small_company(world)
    seen = set()
    for operation, resource, params in CALLS:  # the one call that would change something comes last, and is denied
        for who, signer in signers.items():
            simulated = world.must(
                "SimulatePrincipalPolicy",
                {
                    "PolicySourceArn": f"arn:aws:iam::{world.account}:{who}",
                    "ActionNames": [f"iam:{operation}"],
                    "ResourceArns": [f"arn:aws:iam::{world.account}:{resource}"],
                },
            )["EvaluationResults"][0]["EvalDecision"]
            real = world.call(operation, params, signer)
            if not isinstance(real, Refusal):
                assert simulated == "allowed", (who, operation)
            else:
                assert real.code == "AccessDenied"
                assert simulated == ("explicitDeny" if "explicit deny" in real.message else "implicitDeny"), (
                    real.message
                )
            seen.add(simulated)
    assert seen == {"allowed", "explicitDeny", "implicitDeny"}


# ── which statements, where ──────────────────────────────────────────────────────────────────────────


def test_matched_statements_are_those_that_determined_it_with_their_places(world: World) -> None:
    """The recorded form: the Deny alone when one applies, nothing for an implicit deny, each just past its brace."""
    text = document(statement("s3:*"), statement("s3:DeleteObject", "*", "Deny"))
    actions = ["s3:GetObject", "s3:DeleteObject", "ec2:RunInstances"]
    allowed, denied, silent = custom(world, text, ActionNames=actions)
    second = text.index('{"Effect": "Deny"')

    def place(start: int, end: int) -> dict[str, Any]:
        return {
            "SourcePolicyId": "PolicyInputList.1",
            "SourcePolicyType": "IAM Policy",
            "StartPosition": {"Line": 1, "Column": start + 2},
            "EndPosition": {"Line": 1, "Column": end + 2},
        }

    assert allowed == {
        "EvalActionName": "s3:GetObject",
        "EvalResourceName": "*",
        "EvalDecision": "allowed",
        "MatchedStatements": [place(text.index('{"Effect"'), second - 3)],
        "MissingContextValues": [],
    }
    assert (denied["EvalDecision"], denied["MatchedStatements"]) == (
        "explicitDeny",
        [place(second, len(text) - 3)],
    )
    assert (silent["EvalDecision"], silent["MatchedStatements"]) == ("implicitDeny", [])


def test_a_policy_is_called_by_its_name_an_inline_one_by_its_owner_too(world: World) -> None:
    """As AWS's answers call them."""
    a_small_company(world)
    arn = f"arn:aws:iam::{world.account}:user/ann"
    params = {
        "PolicySourceArn": arn,
        "ActionNames": ["iam:GetUser", "iam:ListUsers", "iam:GetRole"],
        "ResourceArns": [arn],
    }
    results = world.must("SimulatePrincipalPolicy", params)["EvaluationResults"]
    ids = [[one["SourcePolicyId"] for one in result["MatchedStatements"]] for result in results]
    assert ids == [["user_ann_own"], ["lists"], ["group_readers_reading"]]


def test_each_resource_has_a_result_of_its_own(world: World) -> None:
    """With several resources the request is allowed when each is; with one the top level repeats it."""
    text = document(statement("s3:GetObject", "arn:aws:s3:::a/*"))
    (both,) = custom(world, text, ResourceArns=["arn:aws:s3:::a/1", "arn:aws:s3:::b/1"])
    assert both["EvalDecision"] == "implicitDeny"
    assert [(one["EvalResourceName"], one["EvalResourceDecision"]) for one in both["ResourceSpecificResults"]] == [
        ("arn:aws:s3:::a/1", "allowed"),
        ("arn:aws:s3:::b/1", "implicitDeny"),
    ]
    (one,) = custom(world, text, ResourceArns=["arn:aws:s3:::a/1"])
    (specific,) = one["ResourceSpecificResults"]
    assert (one["EvalResourceName"], one["EvalDecision"]) == ("arn:aws:s3:::a/1", "allowed")
    assert one["EvalDecisionDetails"] == {}
    assert one["MatchedStatements"] == specific["MatchedStatements"]


def test_keys_that_nobody_gave_are_told_where_aws_tells_them(world: World) -> None:
    """At the top for `*`, else with the resource; as written, variables too, and only of statements about it."""
    text = document(
        statement(
            "s3:Get*", "arn:aws:s3:::home/${aws:username}/*", Condition={"Bool": {"aws:SecureTransport": "true"}}
        ),
        statement("s3:Put*", Condition={"StringEquals": {"aws:SourceVpc": "vpc-1"}}),
    )
    wanted = ["aws:username", "aws:SecureTransport"]
    (everywhere,) = custom(world, text)
    assert everywhere["MissingContextValues"] == wanted
    (one,) = custom(world, text, ResourceArns=["arn:aws:s3:::home/ann/x"])
    assert one["MissingContextValues"] == []
    assert one["ResourceSpecificResults"][0]["MissingContextValues"] == wanted
    given = [entry("AWS:username", "ann"), entry("aws:SecureTransport", "true", kind="boolean")]
    (full,) = custom(world, text, ResourceArns=["arn:aws:s3:::home/ann/x"], ContextEntries=given)
    assert full["ResourceSpecificResults"][0]["MissingContextValues"] == []
    assert full["EvalDecision"] == "allowed"


# ── boundaries, organizations, resources ─────────────────────────────────────────────────────────────


def test_a_boundary_is_told_apart(world: World) -> None:
    """The identity-based policy allows, the boundary does not, and the answer says so."""
    (result,) = custom(world, ALL, PermissionsBoundaryPolicyInputList=[document(statement("ec2:*"))])
    assert result["EvalDecision"] == "implicitDeny"
    assert result["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}
    (result,) = custom(world, ALL, PermissionsBoundaryPolicyInputList=[ALL])
    assert result["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": True}


def test_every_level_of_the_organization_must_allow(world: World) -> None:
    """Service control policies from the root to the account, one list a level."""
    levels = [
        {"ServiceControlPolicyInputList": [ALL]},
        {"ServiceControlPolicyInputList": [document(statement("ec2:*"))]},
    ]
    actions = ["s3:GetObject", "ec2:RunInstances"]
    refused, allowed = custom(world, ALL, OrderedOrganizationPolicyInputList=levels, ActionNames=actions)
    assert (refused["EvalDecision"], allowed["EvalDecision"]) == ("implicitDeny", "allowed")
    assert refused["OrganizationsDecisionDetail"] == {"AllowedByOrganizations": False}
    assert allowed["OrganizationsDecisionDetail"] == {"AllowedByOrganizations": True}


def test_a_resource_policy_grants_and_denies_the_caller(world: World) -> None:
    """Within an account it may stand alone; its statements carry its own words."""
    me = f"arn:aws:iam::{world.account}:user/someone"
    bucket = document(
        {"Effect": "Allow", "Principal": {"AWS": me}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"},
        {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/*"},
    )
    granted, denied = custom(
        world,
        document(statement(["ec2:*", "s3:PutObject"])),
        CallerArn=me,
        ActionNames=["s3:GetObject", "s3:PutObject"],
        ResourceArns=["arn:aws:s3:::b/x"],
        ResourcePolicy=bucket,
    )
    assert (granted["EvalDecision"], denied["EvalDecision"]) == ("allowed", "explicitDeny")
    for result in (granted, denied):
        ids = [(one["SourcePolicyId"], one["SourcePolicyType"]) for one in result["MatchedStatements"]]
        assert ids == [("ResourcePolicy", "Resource Policy")]


@pytest.mark.parametrize(("grants", "decision"), [(True, "allowed"), (False, "implicitDeny")])
def test_across_accounts_both_sides_are_told(world: World, grants: bool, decision: str) -> None:
    """The resource is another account's: its policy and the caller's must both allow."""
    me = f"arn:aws:iam::{world.account}:user/someone"
    bucket = document(
        {
            "Effect": "Allow",
            "Principal": {"AWS": me},
            "Action": "s3:GetObject" if grants else "s3:Put*",
            "Resource": "*",
        }
    )
    (result,) = custom(
        world,
        ALL,
        CallerArn=me,
        ResourceOwner=f"arn:aws:iam::{world.other}:root",
        ResourceArns=["arn:aws:s3:::b/x"],
        ResourcePolicy=bucket,
    )
    assert result["EvalDecision"] == decision
    assert result["EvalDecisionDetails"] == {"IAM Policy": "allowed", "Resource Policy": decision}


# ── who asks ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_made_up_caller_has_nothing_but_his_name(world: World) -> None:
    """With another user's ARN as caller, the simulator knows neither his tags nor his id."""
    world.must("CreateUser", {"UserName": "rich", "Tags": [{"Key": "pay", "Value": "much"}]})
    user = world.must("GetUser", {"UserName": "rich"})["User"]
    for key, value in (("aws:PrincipalTag/pay", "much"), ("aws:userid", user["UserId"])):
        text = document(statement("*", Condition={"StringEquals": {key: value}}))
        (result,) = custom(world, text, CallerArn=user["Arn"])
        assert (result["EvalDecision"], result["MissingContextValues"]) == ("implicitDeny", [key])
    named = document(statement("*", Condition={"StringEquals": {"aws:username": "rich"}}))
    assert custom(world, named, CallerArn=user["Arn"])[0]["EvalDecision"] == "allowed"


def test_a_source_has_what_it_is(world: World) -> None:
    """Name, tags and id of the very user that is simulated are known; an entry of the call overrides them."""
    world.must("CreateUser", {"UserName": "ann", "Tags": [{"Key": "team", "Value": "web"}]})
    arn = f"arn:aws:iam::{world.account}:user/ann"
    text = document(
        statement("*", Condition={"StringEquals": {"aws:PrincipalTag/Team": "web", "aws:PrincipalArn": arn}})
    )
    params = {"PolicySourceArn": arn, "ActionNames": ["s3:GetObject"], "PolicyInputList": [text]}
    assert world.must("SimulatePrincipalPolicy", params)["EvaluationResults"][0]["EvalDecision"] == "allowed"
    other = params | {"ContextEntries": [entry("aws:PrincipalTag/team", "ops")]}
    assert world.must("SimulatePrincipalPolicy", other)["EvaluationResults"][0]["EvalDecision"] == "implicitDeny"


def test_policies_can_be_left_out(world: World) -> None:
    """By type, by ARN, inline by name and owner; a group's own policies too."""
    a_small_company(world)
    arn = f"arn:aws:iam::{world.account}:user/ann"
    policy = f"arn:aws:iam::{world.account}:policy/lists"
    params = {
        "PolicySourceArn": arn,
        "ActionNames": ["iam:GetUser", "iam:ListUsers", "iam:GetRole"],
        "ResourceArns": [arn],
    }

    def allowed(*excluded: dict[str, Any], source: str = arn) -> list[bool]:
        call = params | {"PolicyExclusionList": list(excluded), "PolicySourceArn": source}
        results = world.must("SimulatePrincipalPolicy", call)["EvaluationResults"]
        return [result["EvalDecision"] == "allowed" for result in results]

    def inline(kind: str, owner: str, name: str) -> dict[str, Any]:
        named = {"PolicyName": name, "AttachmentType": kind, "AttachmentName": owner}
        return {"InlinePolicyIdentifier": named}

    cut = f"arn:aws:iam::{world.account}:user/cut"
    assert allowed() == [True, True, True]
    assert allowed({"PolicyType": "inline"}) == [False, True, False]
    assert allowed({"PolicyType": "user-managed"}) == allowed({"PolicyArn": policy}) == [True, False, True]
    assert allowed(inline("user", "ann", "own")) == [False, True, True]
    assert allowed(inline("group", "readers", "reading")) == [True, True, False]
    assert allowed(inline("user", "readers", "reading")) == [True, True, True]
    assert allowed(source=cut) == [False, True, False]
    assert allowed({"PolicyType": "permission-boundary"}, source=cut) == [False, True, True]


# ── pages and bounds ─────────────────────────────────────────────────────────────────────────────────


def test_results_come_in_pages_in_the_order_of_the_actions(world: World) -> None:
    """MaxItems counts actions; the marker leads on."""
    actions = [f"s3:Action{number}" for number in range(7)]
    params = {"PolicyInputList": [ALL], "ActionNames": actions, "MaxItems": 3}
    seen, marker = [], {}
    while True:
        answer = world.must("SimulateCustomPolicy", params | marker)
        seen.append([result["EvalActionName"] for result in answer["EvaluationResults"]])
        if not answer["IsTruncated"]:
            break
        marker = {"Marker": answer["Marker"]}
    assert seen == [actions[:3], actions[3:6], actions[6:]]


def test_more_work_than_a_second_or_two_is_refused_at_once(world: World) -> None:
    """The worst patterns against long resources; a thousand statements, often; and the most that is let through."""
    hard = ["arn:aws:s3:::" + "*a?" * 600 for _ in range(30)]
    text = document(statement("s3:*", hard))
    resources = ["arn:aws:s3:::" + "a" * 2000 + str(number) for number in range(200)]
    began = time.perf_counter()
    refused = world.call(
        "SimulateCustomPolicy",
        {"PolicyInputList": [text], "ActionNames": ["s3:GetObject"], "ResourceArns": resources},
    )
    assert isinstance(refused, Refusal)
    assert refused.message == "This simulation is too large: ask for fewer actions or resources at a time (MaxItems)."
    many = document(*[statement("s3:*", "*", "Deny", Condition={"StringEquals": {"a:b": "x"}}) for _ in range(1000)])
    often = {"PolicyInputList": [many], "ActionNames": ["s3:GetObject"] * 300, "MaxItems": 300}
    assert world.call("SimulateCustomPolicy", often) == refused
    assert time.perf_counter() - began < 1
    began = time.perf_counter()
    custom(world, text, ResourceArns=resources[:30])
    assert time.perf_counter() - began < 5


def test_more_text_than_anybody_needs_is_refused_before_it_is_read(world: World) -> None:
    """262,144 characters of policies in one call."""
    texts = {"PolicyInputList": ["{" + "x" * 131_000] * 3}
    for operation, more in (("SimulateCustomPolicy", {"ActionNames": ["a:b"]}), ("GetContextKeysForCustomPolicy", {})):
        assert world.call(operation, texts | more) == Refusal(
            400, "InvalidInput", "The policies of one call cannot exceed 262144 characters together."
        )


# ── context keys ─────────────────────────────────────────────────────────────────────────────────────


def test_context_keys_are_listed_once_as_written(world: World) -> None:
    """Conditions and variables, of own, group and brought policies."""
    a_small_company(world)
    brought = document(
        statement(
            "s3:*", "arn:aws:s3:::${aws:PrincipalTag/team, 'x'}/${*}", Condition={"Null": {"aws:SourceVpc": "true"}}
        )
    )
    arn = f"arn:aws:iam::{world.account}:user/ann"
    names = world.must("GetContextKeysForPrincipalPolicy", {"PolicySourceArn": arn, "PolicyInputList": [brought]})
    assert sorted(names["ContextKeyNames"]) == sorted(
        ["aws:username", "aws:PrincipalTag/out", "aws:PrincipalTag/team", "aws:SourceVpc"]
    )
    twice = world.must("GetContextKeysForCustomPolicy", {"PolicyInputList": [brought, brought]})
    assert twice["ContextKeyNames"] == ["aws:PrincipalTag/team", "aws:SourceVpc"]
