"""What a session makes is never more than the session: escalations that other implementations have allowed, one by one.

The classes: session policies that bind some operations only, credentials made for oneself or others, chains that shed
their limits, permissions boundaries that can be taken off.
"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from daypass.entities import Role
from daypass.exchange import Response
from daypass.operations.registry import REGISTRY
from daypass.testing.local import Signer
from tests.calling import code_of, element
from tests.security.world import ADMINISTRATOR, World, document, trusting

WIDENING = {
    "iam:CreateAccessKey": {"UserName": "admin"},
    "iam:UpdateAccessKey": {"UserName": "admin", "AccessKeyId": "{key}", "Status": "Active"},
    "iam:CreateUser": {"UserName": "mallory"},
    "iam:CreateRole": {"RoleName": "mallory", "AssumeRolePolicyDocument": "{trust}"},
    "iam:UpdateAssumeRolePolicy": {"RoleName": "cut", "PolicyDocument": "{trust}"},
    "iam:AddUserToGroup": {"GroupName": "admins", "UserName": "user"},
    "iam:CreateGroup": {"GroupName": "mallory"},
    "iam:UpdateGroup": {"GroupName": "admins", "NewGroupName": "mallory"},
    "iam:AttachGroupPolicy": {"GroupName": "admins", "PolicyArn": ADMINISTRATOR},
    "iam:PutGroupPolicy": {"GroupName": "admins", "PolicyName": "all", "PolicyDocument": document("*")},
    "iam:DeleteGroupPolicy": {"GroupName": "admins", "PolicyName": "deny"},
    "iam:RemoveUserFromGroup": {"GroupName": "admins", "UserName": "user"},
    "iam:AttachRolePolicy": {"RoleName": "cut", "PolicyArn": ADMINISTRATOR},
    "iam:AttachUserPolicy": {"UserName": "user", "PolicyArn": ADMINISTRATOR},
    "iam:PutRolePolicy": {"RoleName": "cut", "PolicyName": "all", "PolicyDocument": document("*")},
    "iam:PutUserPolicy": {"UserName": "user", "PolicyName": "all", "PolicyDocument": document("*")},
    "iam:CreatePolicyVersion": {"PolicyArn": "{policy}", "PolicyDocument": document("*"), "SetAsDefault": True},
    "iam:SetDefaultPolicyVersion": {"PolicyArn": "{policy}", "VersionId": "v2"},
    "iam:DeleteRolePermissionsBoundary": {"RoleName": "cut"},
    "iam:DeleteUserPermissionsBoundary": {"UserName": "user"},
    "iam:DeleteRolePolicy": {"RoleName": "cut", "PolicyName": "deny"},
    "sts:AssumeRole": {"RoleArn": "{boss}", "RoleSessionName": "mallory"},
    "sts:AssumeRoot": {
        "TargetPrincipal": "{member}",
        "TaskPolicyArn": {"arn": "arn:aws:iam::aws:policy/root-task/IAMCreateRootUserPassword"},
    },
    "sts:GetFederationToken": {"Name": "mallory", "Policy": document("*")},
    "sts:GetSessionToken": {},
    "sts:GetWebIdentityToken": {"Audience": ["https://example.com"], "SigningAlgorithm": "ES384"},
    "sts:GetDelegatedAccessToken": {"TradeInToken": "{trade_in}"},
    "iam:EnableOutboundWebIdentityFederation": {},
    "iam:AssociateDelegationRequest": {"DelegationRequestId": "{new_request}"},
    "iam:AcceptDelegationRequest": {"DelegationRequestId": "{open_request}"},
    "iam:SendDelegationToken": {"DelegationRequestId": "{accepted_request}"},
}


def test_every_signed_operation_that_mints_is_tried() -> None:
    """A new way to make credentials fails here until narrow sessions have tried it in vain."""
    found = {name: REGISTRY.find(name) for name in REGISTRY.names() if not name.startswith("daypass:")}
    minting = {name for name, one in found.items() if one is not None and one.effect == "mints" and not one.anonymous}
    assert minting <= WIDENING.keys()


def call(world: World, operation: str, params: dict[str, object], signer: Signer) -> Response:
    return world.daypass.call(*operation.split(":"), params, signer)


@pytest.mark.parametrize(
    "cut",
    [
        document("iam:GetUser"),
        document("iam:DeleteGroup", effect="Deny"),
        document("iam:*", "sts:*", member="NotAction"),
        document("*", resource="arn:aws:s3:::bucket/*"),
        document("s3:*", "iam:Get*", "sts:GetCallerIdentity"),
    ],
)
@pytest.mark.parametrize("trust", ["account", "role", "everybody"])
def test_a_narrow_session_makes_nothing_at_all(world: World, cut: str, trust: str) -> None:
    """From a session cut to reading, no operation makes a key, a role, a policy or another session, whoever trusts."""
    role = Role("AROA" + "C" * 17, "cut", "/", 0, trust=world.trust, attached=(ADMINISTRATOR,))
    world.put(role)
    whom = {"account": f"arn:aws:iam::{world.account}:root", "role": world.arn(role), "everybody": "*"}[trust]
    boss = Role(
        "AROA" + "B" * 17, "boss", "/", 0, trust=trusting(whom), trust_ids=((whom, role.id),), attached=(ADMINISTRATOR,)
    )
    world.put(boss if trust == "role" else replace(boss, trust_ids=()))
    session = world.assume(role, Policy=cut)
    before = world.snapshot().revision
    names = {"key": world.daypass.admin.access_key_id, "trust": world.trust, "boss": world.arn(boss)}
    names = world.names | names | {"policy": world.names["policy_arn"]}
    for operation, params in WIDENING.items():
        wish = {name: _named(value, names) for name, value in params.items()}
        assert code_of(call(world, operation, wish, session)) == "AccessDenied", operation
    assert world.snapshot().revision == before


def test_a_role_that_trusts_everybody_frees_no_session_of_its_cut(world: World) -> None:
    """`Principal: *` spares the caller a policy of his own, and nothing of what limits his session."""
    cut = world.post("open-door-cut", ADMINISTRATOR)
    boss = world.post("open-door", ADMINISTRATOR, trust=trusting("*"))
    wish: dict[str, object] = {"RoleArn": world.arn(boss), "RoleSessionName": "open"}
    for policy, code in (
        (document("sts:AssumeRole"), "200"),
        (document("iam:GetUser"), "AccessDenied"),
        (document("sts:AssumeRole", effect="Deny"), "AccessDenied"),
        (document("sts:*", effect="Deny", resource=world.arn(boss)), "AccessDenied"),
    ):
        assert code_of(call(world, "sts:AssumeRole", wish, world.assume(cut, Policy=policy))) == code


def _named(value: object, names: dict[str, str]) -> object:
    return names.get(value[1:-1], value) if isinstance(value, str) and value.startswith("{") else value


def test_a_chain_gives_the_next_roles_permissions_and_never_those_it_left(world: World) -> None:
    """A strong session that assumes a weak role is weak afterwards, and no way leads back but a role's trust."""
    strong = world.post("chain-strong", ADMINISTRATOR)
    weak = world.post("chain-weak", world.policy("weak-only", document("iam:GetUser")))
    distant = world.post("chain-distant", ADMINISTRATOR, trust=trusting("arn:aws:iam::999999999999:root"))
    session = world.assume(strong)
    assert code_of(call(world, "iam:ListRoles", {}, session)) == "200"
    weakened = world.assume(weak, session)
    assert code_of(call(world, "iam:ListRoles", {}, weakened)) == "AccessDenied"
    for role in (strong, weak, distant):
        wish: dict[str, object] = {"RoleArn": world.arn(role), "RoleSessionName": "back"}
        assert code_of(call(world, "sts:AssumeRole", wish, weakened)) == "AccessDenied"
    wish = {"RoleArn": world.arn(distant), "RoleSessionName": "back"}
    assert code_of(call(world, "sts:AssumeRole", wish, session)) == "AccessDenied"


def test_a_session_policy_binds_the_chain_it_opens_only_as_far_as_the_next_role(world: World) -> None:
    """Cut to one role, a session assumes that one and no other; the hop lasts an hour at most."""
    start = world.post("hop-start", ADMINISTRATOR)
    one = world.post("hop-one", world.policy("hop-policy", document("iam:GetUser")), max_session_duration=43_200)
    other = world.post("hop-other", ADMINISTRATOR)
    session = world.assume(start, Policy=document("sts:AssumeRole", resource=world.arn(one)))
    assert world.assume(one, session)
    for role, duration, code in ((other, 900, "AccessDenied"), (start, 900, "AccessDenied"), (one, 3601, None)):
        wish = {"RoleArn": world.arn(role), "RoleSessionName": "hop", "DurationSeconds": duration}
        assert code_of(call(world, "sts:AssumeRole", wish, session)) == (code or "ValidationError")


def test_what_follows_a_chain_cannot_be_shed(world: World) -> None:
    """Over three hops source identity and transitive tags stay; to change or repeat them is refused."""
    roles = [world.post(f"follow-{n}", ADMINISTRATOR) for n in range(3)]
    tags = [{"Key": "Team", "Value": "red"}, {"Key": "plain", "Value": "x"}]
    session = world.assume(roles[0], SourceIdentity="alice", Tags=tags, TransitiveTagKeys=["Team"])
    for role in roles[1:]:
        for shedding in ({"SourceIdentity": "bob"}, {"Tags": [{"Key": "team", "Value": "blue"}]}):
            wish = {"RoleArn": world.arn(role), "RoleSessionName": "next", **shedding}
            assert code_of(call(world, "sts:AssumeRole", wish, session)) in ("ValidationError", "InvalidParameterValue")
        session = world.assume(role, session)
    kept = json.loads(document("iam:ListRoles"))
    kept["Statement"][0]["Condition"] = {
        "StringEquals": {"aws:PrincipalTag/team": "red", "aws:SourceIdentity": "alice"},
        "Null": {"aws:PrincipalTag/plain": "true"},
    }
    only_if_kept = world.post("follow-last", world.policy("if-kept", json.dumps(kept)))
    assert code_of(call(world, "iam:ListRoles", {}, world.assume(only_if_kept, session))) == "200"


def test_a_session_that_may_make_its_own_keys_makes_no_others(world: World) -> None:
    """Allowed CreateAccessKey for one user, a session makes no key for anybody else, by no spelling of the name."""
    user, _ = world.person("self-service")
    role = world.post("self-service-role", ADMINISTRATOR)
    session = world.assume(role, Policy=document("iam:CreateAccessKey", resource=world.arn(user)))
    for name in ("admin", "Self-Service", "self-service2", "self-servic", "root"):
        code = code_of(call(world, "iam:CreateAccessKey", {"UserName": name}, session))
        assert code == "AccessDenied", name
    assert code_of(call(world, "iam:CreateAccessKey", {"UserName": "self-service/../admin"}, session)) == (
        "ValidationError"
    )
    assert code_of(call(world, "iam:CreateAccessKey", {"UserName": "self-service"}, session)) == "200"


def test_a_delegated_administrator_stays_under_the_boundary_he_must_set(world: World) -> None:
    """Who may create users only with a boundary cannot make one without it, widen it, or take it off."""
    boundary = world.policy("delegated", document("iam:Get*", "sts:*"))
    other = world.policy("no-boundary", document("*"))
    statement = {
        "Effect": "Allow",
        "Action": ["iam:CreateUser", "iam:PutUserPolicy", "iam:AttachUserPolicy", "iam:PutUserPermissionsBoundary"],
        "Resource": "*",
        "Condition": {"StringEquals": {"iam:PermissionsBoundary": boundary}},
    }
    keys = {"Effect": "Allow", "Action": "iam:CreateAccessKey", "Resource": f"arn:aws:iam::{world.account}:user/made-*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement, keys]})
    _, delegate = world.person("delegate", world.policy("delegates", policy))
    refused: list[tuple[str, dict[str, object]]] = [
        ("iam:CreateUser", {"UserName": "made-1"}),
        ("iam:CreateUser", {"UserName": "made-1", "PermissionsBoundary": other}),
        ("iam:PutUserPolicy", {"UserName": "admin", "PolicyName": "x", "PolicyDocument": document("*")}),
        ("iam:PutUserPolicy", {"UserName": "delegate", "PolicyName": "x", "PolicyDocument": document("*")}),
        ("iam:CreateAccessKey", {"UserName": "admin"}),
        ("iam:CreateAccessKey", {}),
    ]
    for operation, params in refused:
        assert code_of(call(world, operation, params, delegate)) == "AccessDenied", params
    made = {"UserName": "made-1"}
    assert code_of(call(world, "iam:CreateUser", {**made, "PermissionsBoundary": boundary}, delegate)) == "200"
    wish = {**made, "PolicyName": "x", "PolicyDocument": document("*")}
    assert code_of(call(world, "iam:PutUserPolicy", wish, delegate)) == "200"
    for operation, params in (
        ("iam:DeleteUserPermissionsBoundary", {}),
        ("iam:PutUserPermissionsBoundary", {"PermissionsBoundary": other}),
    ):
        assert code_of(call(world, operation, {**made, **params}, delegate)) == "AccessDenied"
    answer = call(world, "iam:CreateAccessKey", made, delegate)
    puppet = Signer.of({name: element(answer, name) for name in ("AccessKeyId", "SecretAccessKey")})
    assert code_of(call(world, "iam:GetUser", made, puppet)) == "200"
    assert code_of(call(world, "iam:CreateUser", {"UserName": "made-2"}, puppet)) == "AccessDenied"


def test_a_change_of_policy_binds_sessions_that_are_out(world: World) -> None:
    """Policies are live: what is detached from a role, or denied by a new boundary, its sessions lose at once."""
    role = world.post("live", ADMINISTRATOR)
    session = world.assume(role)
    assert code_of(call(world, "iam:ListRoles", {}, session)) == "200"
    world.put(replace(role, boundary=world.policy("live-boundary", document("s3:*"))))
    assert code_of(call(world, "iam:ListRoles", {}, session)) == "AccessDenied"
    world.put(replace(role, attached=()))
    assert code_of(call(world, "iam:ListRoles", {}, session)) == "AccessDenied"
    world.put(role)
    assert code_of(call(world, "iam:ListRoles", {}, session)) == "200"
