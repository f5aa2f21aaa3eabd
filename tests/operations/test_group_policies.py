"""What a group's policies are worth to who is in it: in every decision about him, of his sessions, and nowhere else."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from daypass.entities import Account, Entity, Group, InlinePolicy, ManagedPolicy, PolicyVersion, Role, User
from daypass.errors import InternalFailure
from daypass.operations.authorize import caller_policies, decide, entity_policies
from daypass.operations.facts import RequestFacts
from daypass.policy import Decision
from daypass.principals import Caller, FederatedUser, Principal, RoleSession, Root, Session, SessionKind
from daypass.principals import User as UserPrincipal
from daypass.snapshot import AccountSnapshot

ACCOUNT = "111122223333"
ALICE, BOB = UserPrincipal(ACCOUNT, "AIDAalice", "alice"), UserPrincipal(ACCOUNT, "AIDAbob", "bob")
READERS = f"arn:aws:iam::{ACCOUNT}:policy/readers"


def document(action: str, effect: str = "Allow") -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": {"Effect": effect, "Action": action, "Resource": "*"}})


def managed(name: str, text: str) -> ManagedPolicy:
    return ManagedPolicy(f"ANPA{name}", name, "/", 0, 0, (PolicyVersion("v1", text, 0),))


STAFF = Group("AGPAstaff", "staff", "/", 0, attached=(READERS,), inline=(InlinePolicy("write", document("s3:Put*")),))
READ = managed("readers", document("s3:Get*"))
EVERYTHING = managed("everything", document("*"))
DENY_PUT = Group("AGPAcalm", "calm", "/", 0, inline=(InlinePolicy("no-put", document("s3:Put*", "Deny")),))


def alice(**facts: object) -> User:
    return replace(User(ALICE.id, "alice", "/", 0, groups=(STAFF.id,)), **facts)  # type: ignore[arg-type]


def snapshot(*entities: Entity) -> AccountSnapshot:
    return AccountSnapshot.of(1, [Account(ACCOUNT, "main", 0), STAFF, READ, EVERYTHING, *entities])


def session(kind: SessionKind, policy: str | None = None) -> Session:
    return Session(kind, "ASIAx", ACCOUNT, ALICE.id, "x", 0, 3600, policy=policy)


def asked(account: AccountSnapshot, action: str, principal: Principal = ALICE, its: Session | None = None) -> Decision:
    """The decision about ``action`` on any bucket's key."""
    facts = RequestFacts(Caller(principal, "ASIAx", its), 0, "us-east-1", "s3")
    return decide(facts, caller_policies(facts.caller, account), action, "arn:aws:s3:::b/k", resource_account=ACCOUNT)


FEDERATED = FederatedUser(ACCOUNT, "x", ALICE)


@pytest.mark.parametrize(
    ("principal", "its"),
    [(ALICE, None), (ALICE, session("user")), (FEDERATED, session("federated", document("*")))],
    ids=["user", "GetSessionToken", "GetFederationToken"],
)
def test_a_user_and_his_sessions_have_what_his_groups_have(principal: Principal, its: Session | None) -> None:
    """Attached and inline policies of a group allow its users, and what they do not allow is not allowed."""
    account = snapshot(alice())
    assert asked(account, "s3:GetObject", principal, its).allowed
    assert asked(account, "s3:PutObject", principal, its).allowed
    assert not asked(account, "s3:DeleteObject", principal, its).allowed
    assert not asked(snapshot(alice(groups=())), "s3:GetObject", principal, its).allowed


@pytest.mark.parametrize(
    "principal",
    [BOB, RoleSession(ACCOUNT, "AROAr", "r", "alice"), FederatedUser(ACCOUNT, "alice", BOB)],
    ids=["another user", "a role session", "another's federated user"],
)
def test_nobody_else_has_anything_of_a_group(principal: Principal) -> None:
    """Who is not in the group has nothing of it, whatever he calls himself."""
    account = snapshot(alice(), User(BOB.id, "bob", "/", 0), Role("AROAr", "r", "/", 0, "{}"))
    its = session("federated", document("*")) if isinstance(principal, FederatedUser) else None
    assert not asked(account, "s3:GetObject", principal, its).allowed


def test_what_one_group_denies_no_other_policy_allows() -> None:
    """A Deny of a group wins over the user's own policies and those of his other groups."""
    own = (InlinePolicy("all", document("*")),)
    for groups in ((STAFF.id, DENY_PUT.id), (DENY_PUT.id, STAFF.id)):
        decision = asked(snapshot(alice(groups=groups, inline=own), DENY_PUT), "s3:PutObject")
        assert decision.effect == "explicitDeny"
    assert asked(snapshot(alice(groups=groups, inline=own), DENY_PUT), "s3:DeleteObject").allowed


def test_the_users_boundary_caps_what_comes_through_groups() -> None:
    """A group cannot give what the boundary does not allow, and a boundary gives nothing of its own."""
    account = snapshot(alice(boundary=READERS))
    assert asked(account, "s3:GetObject").allowed
    decision = asked(account, "s3:PutObject")
    assert (decision.effect, decision.layer) == ("implicitDeny", "boundary")
    assert not asked(snapshot(alice(boundary=READERS, groups=())), "s3:GetObject").allowed


def test_a_session_policy_caps_what_comes_through_groups() -> None:
    """A federated user has the common part of his user's groups and of his session policy."""
    its = session("federated", document("s3:GetObject"))
    assert asked(snapshot(alice()), "s3:GetObject", FEDERATED, its).allowed
    assert asked(snapshot(alice()), "s3:PutObject", FEDERATED, its).layer == "session"


def test_root_needs_no_group() -> None:
    """Groups are for users; root's federated session has none."""
    assert asked(snapshot(), "s3:DeleteObject", Root(ACCOUNT)).allowed


@pytest.mark.parametrize(
    ("group", "place"),
    [
        (DENY_PUT, "statement 1 of no-put (group calm)"),
        (replace(DENY_PUT, inline=(), attached=(f"arn:aws:iam::{ACCOUNT}:policy/no",)), "policy/no (group calm)"),
    ],
    ids=["inline", "attached"],
)
def test_the_explanation_names_policy_and_group(group: Group, place: str) -> None:
    """Whoever reads why he was denied learns through which group, in the text and in the report."""
    no = managed("no", document("s3:Put*", "Deny"))
    decision = asked(snapshot(alice(groups=(STAFF.id, group.id)), group, no), "s3:PutObject")
    assert place in decision.explain()
    assert decision.policy is not None
    assert decision.policy.group == "calm"


def test_what_came_near_is_named_with_its_group() -> None:
    """A statement of a group that would have allowed but for a condition says whose it is."""
    near = json.loads(document("s3:DeleteObject"))
    near["Statement"]["Condition"] = {"Bool": {"aws:SecureTransport": "maybe"}}
    group = replace(DENY_PUT, inline=(InlinePolicy("nearly", json.dumps(near)),))
    decision = asked(snapshot(alice(groups=(group.id,)), group), "s3:DeleteObject")
    assert "statement 1 of nearly (group calm) came near" in decision.explain()


def test_the_policies_of_a_group_are_compiled_once_for_all_its_users() -> None:
    """Its users share what a group's policies were compiled to, so that a thousand users cost no more than one."""
    bob = User(BOB.id, "bob", "/", 0, groups=(STAFF.id,))
    account = snapshot(alice(), bob)
    one, other = (entity_policies(user, account).identity for user in (alice(), bob))
    assert len(one) == 2
    assert all(mine is his for mine, his in zip(one, other, strict=True))


def test_nothing_is_decided_about_a_user_whose_group_is_missing() -> None:
    """A group that cannot be found may have held a Deny."""
    with pytest.raises(InternalFailure):
        asked(snapshot(alice(groups=(STAFF.id, "AGPAgone"), inline=(InlinePolicy("all", document("*")),))), "s3:Get")
