"""Callers of every kind, each made by one function; what each may do stands in callers.json."""

from __future__ import annotations

from dataclasses import replace

from daypass.credentials import Secret
from daypass.entities import Group, InlinePolicy
from daypass.principals import Operator
from daypass.testing.local import Signer
from tests.security.world import ADMINISTRATOR, Maker, World, document

MAKERS: dict[str, Maker] = {}


def caller(kind: str) -> object:
    """Register the decorated function as the maker of callers of ``kind``."""

    def register(make: Maker) -> Maker:
        MAKERS[kind] = make
        return make

    return register


@caller("a user with AdministratorAccess")
def admin(world: World) -> Signer:
    return world.person("an-admin", ADMINISTRATOR)[1]


@caller("a user without policies")
def powerless(world: World) -> Signer:
    return world.person("powerless")[1]


def administrators(world: World, name: str) -> Group:
    """Store a group with AdministratorAccess."""
    group = world.group(name, attached=(ADMINISTRATOR,))
    world.put(group)
    return group


@caller("a user with AdministratorAccess through a group")
def through_group(world: World) -> Signer:
    return world.person("by-group", groups=(administrators(world, "admins").id,))[1]


@caller("an administrator in a group that denies all but iam:List*")
def denied_by_group(world: World) -> Signer:
    only_list = document("iam:List*", "sts:GetCallerIdentity", effect="Deny", member="NotAction")
    group = world.group("listers-only", inline=(InlinePolicy("only-list", only_list),))
    world.put(group)
    return world.person("group-denied", ADMINISTRATOR, groups=(group.id,))[1]


@caller("a user in an administrators' group, cut by a boundary to iam:Get*")
def bounded_in_group(world: World) -> Signer:
    boundary = world.policy("group-getters", document("iam:Get*"))
    return world.person("group-bounded", boundary=boundary, groups=(administrators(world, "bounded-admins").id,))[1]


@caller("a user who left the administrators' group")
def left_group(world: World) -> Signer:
    user, signer = world.person("left", groups=(administrators(world, "left-admins").id,))
    world.put(replace(user, groups=()))
    return signer


@caller("a user whose administrators' group was deleted and made anew")
def group_made_anew(world: World) -> Signer:
    old = administrators(world, "anew")
    user, signer = world.person("forlorn", groups=(old.id,))
    world.put(replace(user, groups=()))
    world.delete(old)
    administrators(world, "anew")
    return signer


@caller("a user whom a boundary cuts to iam:Get*")
def bounded(world: World) -> Signer:
    boundary = world.policy("getters", document("iam:Get*"))
    return world.person("bounded", ADMINISTRATOR, boundary=boundary)[1]


@caller("a role session")
def role_session(world: World) -> Signer:
    return world.assume(world.post("boss", ADMINISTRATOR))


@caller("a role session cut to iam:GetUser")
def cut(world: World) -> Signer:
    return world.assume(world.post("cut", ADMINISTRATOR), Policy=document("iam:GetUser"))


@caller("a role session with a policy that only denies")
def deny_only(world: World) -> Signer:
    return world.assume(world.post("denier", ADMINISTRATOR), Policy=document("s3:GetObject", effect="Deny"))


@caller("a role session with a policy for all but iam")
def not_action(world: World) -> Signer:
    return world.assume(world.post("not-iam", ADMINISTRATOR), Policy=document("iam:*", member="NotAction"))


@caller("a role session cut by a managed policy to iam:List*")
def cut_by_arn(world: World) -> Signer:
    arn = world.policy("listers", document("iam:List*"))
    return world.assume(world.post("by-arn", ADMINISTRATOR), PolicyArns=[{"arn": arn}])


@caller("a role session cut by a managed policy that is gone")
def cut_by_absent(world: World) -> Signer:
    arn = world.policy("gone", document("iam:*"))
    made = world.assume(world.post("by-gone", ADMINISTRATOR), PolicyArns=[{"arn": arn}])
    world.delete(world.snapshot().policies_by_arn[arn])
    return made


@caller("a session of a role whose own policies allow iam:List*, cut to iam:*")
def lister_cut_wide(world: World) -> Signer:
    arn = world.policy("list-only", document("iam:List*"))
    return world.assume(world.post("lister", arn), Policy=document("iam:*"))


@caller("a chained session of a role that may iam:List*")
def chained(world: World) -> Signer:
    first = world.assume(world.post("first", ADMINISTRATOR))
    return world.assume(world.post("second", world.policy("list-second", document("iam:List*"))), first)


@caller("GetSessionToken of a user with AdministratorAccess")
def session_token(world: World) -> Signer:
    return world.session_token(world.person("token-admin", ADMINISTRATOR)[1])


@caller("GetSessionToken with MFA of a user with AdministratorAccess")
def session_token_with_mfa(world: World) -> Signer:
    user, signer = world.person("careful-admin", ADMINISTRATOR)
    device = world.device("careful", user)
    world.put(device)
    return world.session_token(signer, SerialNumber=world.arn(device), TokenCode=world.code())


@caller("root")
def root(world: World) -> Signer:
    if world.root is None:  # root has two keys at most, and several kinds of callers come from it
        operate = world.daypass.daypass.service.operate
        made = operate("daypass:CreateRootAccessKey", {}, Operator(world.account, "test"))
        world.root = Signer.of(made["AccessKey"])
    return world.root


@caller("GetSessionToken of root")
def root_session(world: World) -> Signer:
    return world.session_token(root(world))


@caller("GetFederationToken of a user with AdministratorAccess, cut to everything")
def federated(world: World) -> Signer:
    return world.federation_token(world.person("broker", ADMINISTRATOR)[1], Policy=document("*"))


@caller("GetFederationToken of root, cut to everything")
def federated_by_root(world: World) -> Signer:
    return world.federation_token(root(world), Policy=document("*"))


@caller("a federated user of a deleted user")
def federated_by_deleted(world: World) -> Signer:
    user, signer = world.person("gone-broker", ADMINISTRATOR)
    made = world.federation_token(signer, Policy=document("*"))
    world.delete(user, world.snapshot().access_keys[signer.access_key_id])
    return made


@caller("GetSessionToken with MFA of root")
def root_session_with_mfa(world: World) -> Signer:
    signer = root(world)
    device = replace(world.device("of-root"), user_id=world.account, enabled=1)
    world.put(device)
    return world.session_token(signer, SerialNumber=world.arn(device), TokenCode=world.code())


@caller("a session of a deleted role")
def deleted_role(world: World) -> Signer:
    role = world.post("deleted", ADMINISTRATOR)
    made = world.assume(role)
    world.delete(role)
    return made


@caller("a session of a role made anew under the same name")
def recreated_role(world: World) -> Signer:
    role = world.post("again", ADMINISTRATOR)
    made = world.assume(role)
    world.delete(role)
    world.post("again", ADMINISTRATOR)
    return made


@caller("an expired session")
def expired(world: World) -> Signer:
    world.daypass.clock.advance(-7200)
    made = world.assume(world.post("expired", ADMINISTRATOR))
    world.daypass.clock.advance(7200)
    return made


@caller("a revoked session")
def revoked(world: World) -> Signer:
    session = world.assume(world.post("revoked", ADMINISTRATOR))
    world.revoke(AccessKeyId=session.access_key_id)
    return session


@caller("a session that descends from a revoked one")
def descends_from_revoked(world: World) -> Signer:
    role = world.post("revoked-parent", ADMINISTRATOR)
    parent = world.assume(role)
    child = world.assume(role, parent)
    world.revoke(AccessKeyId=parent.access_key_id)
    return child


@caller("a session that a revoked user's key has opened")
def opened_by_revoked(world: World) -> Signer:
    user, signer = world.person("revoked-user", ADMINISTRATOR)
    session = world.assume(world.post("opened-by-revoked", ADMINISTRATOR), signer)
    world.revoke(Principal=world.arn(user))
    return session


@caller("a session of a deleted user")
def deleted_user(world: World) -> Signer:
    user, signer = world.person("leaver", ADMINISTRATOR)
    made = world.session_token(signer)
    world.delete(user, world.snapshot().access_keys[signer.access_key_id])
    return made


@caller("a deleted key")
def deleted_key(world: World) -> Signer:
    _, signer = world.person("keyless", ADMINISTRATOR)
    world.delete(world.snapshot().access_keys[signer.access_key_id])
    return signer


@caller("an inactive key")
def inactive_key(world: World) -> Signer:
    _, signer = world.person("resting", ADMINISTRATOR)
    world.put(replace(world.snapshot().access_keys[signer.access_key_id], status="Inactive"))
    return signer


@caller("a wrong secret")
def wrong_secret(world: World) -> Signer:
    return replace(world.daypass.admin, secret_access_key=Secret("x" * 40))


@caller("a session's key without its token")
def without_token(world: World) -> Signer:
    return replace(role_session_of(world, "tokenless"), session_token=None)


@caller("nobody")
def nobody(world: World) -> None:
    return None


def role_session_of(world: World, name: str) -> Signer:
    """A session of a role of its own, with AdministratorAccess."""
    return world.assume(world.post(name, ADMINISTRATOR))
