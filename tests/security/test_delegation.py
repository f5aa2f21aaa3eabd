"""A delegated administrator who may make users, roles and groups, but only under a boundary, gets no further than it.

His policy is the one that the IAM User Guide teaches ("Delegating responsibility to others using permissions
boundaries"), narrowed to a path for what has no condition key. Whatever he tries, with whatever he has made, in any
order: nobody he controls ever does what the boundary does not allow.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daypass.entities import Group, InlinePolicy, ManagedPolicy, PolicyVersion, Role, User
from daypass.testing.local import Signer
from tests.calling import code_of, credentials_in
from tests.security.world import ADMINISTRATOR, World, document, trusting

MOST = settings.default.max_examples if settings.default else 100
_numbers = count(1)
_BOUNDED = [
    f"iam:{verb}{kind}{what}"
    for kind in ("User", "Role")
    for verb, what in (
        ("Create", ""),
        ("Attach", "Policy"),
        ("Detach", "Policy"),
        ("Put", "Policy"),
        ("Delete", "Policy"),
        ("Put", "PermissionsBoundary"),
    )
]
_ON_PATH = ["iam:CreateAccessKey", "iam:UpdateUser", "iam:DeleteUser", "iam:UpdateAssumeRolePolicy", "sts:AssumeRole"]
_ON_GROUPS = ["iam:*Group", "iam:*GroupPolicy"]
_EDITS = ["CreatePolicyVersion", "DeletePolicy", "DeletePolicyVersion", "SetDefaultPolicyVersion"]


def statement(effect: str, actions: list[str], resources: object = "*", **more: object) -> dict[str, object]:
    return {"Effect": effect, "Action": actions, "Resource": resources, **more}


def policy(*statements: dict[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


class Delegation:
    """An account with an administrator, a delegate `dee`, and everything in it that he might take for a ladder."""

    def __init__(self, world: World) -> None:
        self.daypass = world.daypass
        self.account, self.admin = world.daypass.account_named(f"delegation {next(_numbers)}")
        self.arn = f"arn:aws:iam::{self.account}:"
        self.bound, self.own = f"{self.arn}policy/bound", f"{self.arn}policy/delegate"
        self.texts = {"bound": self._bound(), "delegate": self._delegate()}
        boss = Role("AROA" + "B" * 17, "boss", "/", 0, trusting(f"{self.arn}root"), attached=(ADMINISTRATOR,))
        with self.daypass.daypass.storage.store.transaction(self.account) as change:
            for name, text in self.texts.items():
                change.put(ManagedPolicy("ANPA" + name, name, "/", 0, 0, (PolicyVersion("v1", text, 0),)))
            change.put(Group("AGPA" + "A" * 17, "admins", "/", 0, attached=(ADMINISTRATOR,)))
            change.put(User("AIDA" + "O" * 17, "auditor", "/", 0))  # without a boundary
            change.put(boss)
            change.put(User("AIDA" + "D" * 17, "dee", "/", 0, boundary=self.own, attached=(self.own,)))
        self.signers = [credentials_in(self.call(self.admin, "CreateAccessKey", {"UserName": "dee"}))]
        self.keys = set(self.snapshot().access_keys)

    def _bound(self) -> str:
        """What people of the delegate may at most: no alias, and no role but those made for them."""
        may = statement(
            "Allow", ["s3:*", "iam:Get*", "iam:AttachUserPolicy", "iam:AddUserToGroup", "iam:PutUserPolicy"]
        )
        return policy(may, statement("Allow", ["sts:AssumeRole"], f"{self.arn}role/made/*"))

    def _delegate(self) -> str:
        under = {"StringEquals": {"iam:PermissionsBoundary": self.bound}}
        path = [f"{self.arn}user/made/*", f"{self.arn}role/made/*"]
        return policy(
            statement("Allow", _BOUNDED, Condition=under),
            statement("Allow", _ON_PATH, path),
            statement("Allow", _ON_GROUPS),
            statement("Allow", ["iam:CreatePolicy", "iam:Get*", "iam:List*", *(f"iam:{edit}" for edit in _EDITS)]),
            statement("Deny", [f"iam:{edit}" for edit in _EDITS], [self.bound, self.own]),
            statement("Deny", ["iam:DeleteUserPermissionsBoundary", "iam:DeleteRolePermissionsBoundary"]),
        )

    def snapshot(self) -> Any:
        return self.daypass.daypass.storage.directory.load(self.account)

    def call(self, signer: Signer, operation: str, params: Mapping[str, Any]) -> Any:
        """What becomes of an operation; credentials that it gives away join those of the delegate."""
        service = "sts" if operation == "AssumeRole" else "iam"
        return self.daypass.call(service, operation, params, signer)

    def attempt(self, who: int, operation: str, params: Mapping[str, Any]) -> str:
        """Try something as the delegate or as somebody of his."""
        answer = self.call(self.signers[who % len(self.signers)], operation, self.named(params))
        if answer.status == 200 and operation in ("CreateAccessKey", "AssumeRole"):
            self.signers.append(credentials_in(answer))
        return code_of(answer)

    def named(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters with the ARNs of this account."""
        return {name: str(value).replace("arn:own:", self.arn) for name, value in params.items()}

    def check(self) -> None:
        """Nobody has got out."""
        held = self.snapshot()
        for user in held.users.values():
            given = {"admin": None, "auditor": None, "dee": self.own}.get(user.name, self.bound)
            assert user.boundary in (given, self.bound), user
        assert {role.boundary for role in held.roles.values() if role.name != "boss"} <= {self.bound}
        assert all(p.versions[0].document == text and p.default_version == "v1" for p, text in self._policies(held))
        strangers = [held.users_by_name[name].id for name in ("admin", "auditor")]
        assert {key.id for key in held.access_keys.values() if key.user_id in strangers} <= self.keys
        for signer in self.signers:
            said = code_of(self.call(signer, "CreateAccountAlias", {"AccountAlias": "canary"}))
            assert said in ("AccessDenied", "InvalidClientTokenId"), said

    def _policies(self, held: Any) -> list[tuple[ManagedPolicy, str]]:
        return [(held.policies_by_arn[f"{self.arn}policy/{name}"], text) for name, text in self.texts.items()]


ALL = document("*")
USERS = st.sampled_from(["dee", "m1", "m2", "m3", "auditor", "admin"])
ROLES = st.sampled_from(["r1", "r2", "boss"])
GROUPS = st.sampled_from(["admins", "g1"])
BOUNDARIES = st.sampled_from(["arn:own:policy/bound", "arn:own:policy/bound", "arn:own:policy/delegate", ADMINISTRATOR])
POLICIES = st.sampled_from([ADMINISTRATOR, "arn:own:policy/bound", "arn:own:policy/delegate", "arn:own:policy/p"])
PATHS = st.sampled_from(["/made/", "/made/", "/"])
TRUST = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}}'
FIXED = {
    "Document": {"PolicyName": st.just("p"), "PolicyDocument": st.just(ALL)},
    "Attached": {"PolicyArn": POLICIES},
    "Boundary": {"PermissionsBoundary": BOUNDARIES},
    "Inline": {"PolicyName": st.just("p")},
}
USER, ROLE, GROUP = {"UserName": USERS}, {"RoleName": ROLES}, {"GroupName": GROUPS}
ATTEMPTS: Mapping[str, Mapping[str, Any]] = {
    "CreateUser": USER | {"Path": PATHS} | FIXED["Boundary"],
    "CreateRole": ROLE | {"Path": PATHS, "AssumeRolePolicyDocument": st.just(TRUST)} | FIXED["Boundary"],
    "CreateAccessKey": USER,
    "AttachUserPolicy": USER | FIXED["Attached"],
    "DetachUserPolicy": USER | FIXED["Attached"],
    "PutUserPolicy": USER | FIXED["Document"],
    "DeleteUserPolicy": USER | FIXED["Inline"],
    "PutUserPermissionsBoundary": USER | FIXED["Boundary"],
    "DeleteUserPermissionsBoundary": USER,
    "UpdateUser": USER | {"NewUserName": USERS, "NewPath": PATHS},
    "DeleteUser": USER,
    "AttachRolePolicy": ROLE | FIXED["Attached"],
    "PutRolePolicy": ROLE | FIXED["Document"],
    "PutRolePermissionsBoundary": ROLE | FIXED["Boundary"],
    "DeleteRolePermissionsBoundary": ROLE,
    "UpdateAssumeRolePolicy": ROLE | {"PolicyDocument": st.just(TRUST)},
    "AssumeRole": {
        "RoleArn": st.sampled_from(["arn:own:role/boss", "arn:own:role/made/r1", "arn:own:role/r1"]),
        "RoleSessionName": st.just("climb"),
    },
    "CreateGroup": GROUP,
    "AddUserToGroup": GROUP | USER,
    "RemoveUserFromGroup": GROUP | USER,
    "AttachGroupPolicy": GROUP | FIXED["Attached"],
    "PutGroupPolicy": GROUP | FIXED["Document"],
    "UpdateGroup": GROUP | {"NewGroupName": GROUPS},
    "DeleteGroup": GROUP,
    "CreatePolicy": FIXED["Document"],
    "CreatePolicyVersion": FIXED["Attached"] | {"PolicyDocument": st.just(ALL), "SetAsDefault": st.just("true")},
    "DeletePolicy": FIXED["Attached"],
}
STEP = st.sampled_from(sorted(ATTEMPTS)).flatmap(
    lambda operation: st.tuples(st.integers(0, 5), st.just(operation), st.fixed_dictionaries(dict(ATTEMPTS[operation])))
)


def test_he_does_his_work(world: World) -> None:
    """What he is there for works: users, roles and groups with any policy, all of it under the boundary."""
    scene = Delegation(world)
    bound = {"PermissionsBoundary": scene.bound}
    for operation, params in (
        ("CreateUser", {"UserName": "m1", "Path": "/made/", **bound}),
        ("AttachUserPolicy", {"UserName": "m1", "PolicyArn": ADMINISTRATOR}),
        ("CreateGroup", {"GroupName": "g1"}),
        ("PutGroupPolicy", {"GroupName": "g1", "PolicyName": "p", "PolicyDocument": ALL}),
        ("AddUserToGroup", {"GroupName": "g1", "UserName": "m1"}),
        ("AddUserToGroup", {"GroupName": "admins", "UserName": "dee"}),
        ("CreateRole", {"RoleName": "r1", "Path": "/made/", "AssumeRolePolicyDocument": TRUST, **bound}),
        ("PutRolePolicy", {"RoleName": "r1", "PolicyName": "p", "PolicyDocument": ALL}),
        ("CreateAccessKey", {"UserName": "m1"}),
    ):
        assert scene.attempt(0, operation, params) == "200", operation
    assert scene.attempt(1, "AssumeRole", {"RoleArn": "arn:own:role/made/r1", "RoleSessionName": "climb"}) == "200"
    for who in (1, 2):
        assert scene.attempt(who, "GetUser", {"UserName": "admin"}) == "200"
    scene.check()


def test_an_administrator_without_a_boundary_would_be_noticed(world: World) -> None:
    """The check that follows every attempt sees a delegate who has lost his boundary."""
    scene = Delegation(world)
    with world.daypass.daypass.storage.store.transaction(scene.account) as change:
        dee = change.account.users_by_name["dee"]
        change.put(replace(dee, boundary=None, inline=(InlinePolicy("all", ALL),)))
    try:
        scene.check()
    except AssertionError:
        return
    raise AssertionError("nothing was noticed")


@settings(max_examples=MOST // 4, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(attempts=st.lists(STEP, min_size=5, max_size=25))
def test_no_series_of_attempts_leads_out(world: World, attempts: list[tuple[int, str, dict[str, str]]]) -> None:
    """Any operations in any order, by him and by whomever he has made: all stay inside."""
    scene = Delegation(world)
    for who, operation, params in attempts:
        scene.attempt(who, operation, params)
    scene.check()
