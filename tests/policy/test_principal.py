"""Who is who: unique ids, and policies in the wrong place."""

from __future__ import annotations

import pytest

from daypass.policy import Attached, PolicySet, RequestContext, evaluate, parse_policy
from daypass.principals import RoleSession
from tests.policy.world import ACCOUNT, ALICE, WORKER, document

TARGET = f"arn:aws:iam::{ACCOUNT}:role/target"


def trust(*principals: str, bindings: dict[str, str] | None = None) -> Attached:
    statement = {"Effect": "Allow", "Principal": {"AWS": list(principals)}, "Action": "sts:AssumeRole"}
    return Attached(parse_policy(document(statement)), "target", None, bindings)


def may_assume(caller: RoleSession, attached: Attached) -> bool:
    admin = Attached(parse_policy(document("allow")), "admin")
    context = RequestContext("sts:AssumeRole", TARGET, caller, ACCOUNT, {})
    return evaluate(context, PolicySet((admin,), resource=attached, resource_kind="trust")).allowed


def test_a_recreated_role_of_the_same_name_does_not_match() -> None:
    """A trust policy that was saved for one role does not trust its namesake, though every name is the same."""
    attached = trust(WORKER.principal_arn, bindings={WORKER.principal_arn: WORKER.role_id})
    namesake = RoleSession(ACCOUNT, "AROANAMESAKENAMESAKE2", WORKER.role_name, WORKER.session_name, WORKER.role_path)
    assert may_assume(WORKER, attached)
    assert not may_assume(namesake, attached)


def test_binding_one_session_trusts_no_other_session_of_the_role() -> None:
    """A session ARN bound to its role's id is still only that session."""
    attached = trust(WORKER.arn, bindings={WORKER.arn: WORKER.role_id})
    other = RoleSession(ACCOUNT, WORKER.role_id, WORKER.role_name, "other", WORKER.role_path)
    assert may_assume(WORKER, attached)
    assert not may_assume(other, attached)


def test_a_trust_policy_never_stands_in_for_an_identity_policy() -> None:
    """Mixing up the places is an error, not an Allow."""
    context = RequestContext("sts:AssumeRole", TARGET, ALICE, ACCOUNT, {})
    with pytest.raises(TypeError):
        evaluate(context, PolicySet(identity=(trust("*"),)))


def test_an_identity_policy_never_stands_in_for_a_trust_policy() -> None:
    """A policy that names no principals cannot say who may assume a role."""
    admin = Attached(parse_policy(document("allow")), "admin")
    context = RequestContext("sts:AssumeRole", TARGET, ALICE, ACCOUNT, {})
    with pytest.raises(TypeError):
        evaluate(context, PolicySet(resource=admin, resource_kind="trust"))


def test_principals_are_listed_once_in_order() -> None:
    """Services that check existence get every (type, value) pair once."""
    statements = [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com", "AWS": ["USER", "ROOT"]}, "Action": "sts:*"},
        {"Effect": "Deny", "NotPrincipal": {"AWS": "USER"}, "Action": "sts:*"},
        {"Effect": "Deny", "Principal": "*", "Action": "sts:*"},
    ]
    assert parse_policy(document(statements)).principals() == [
        ("Service", "ec2.amazonaws.com"),
        ("AWS", ALICE.arn),
        ("AWS", f"arn:aws:iam::{ACCOUNT}:root"),
        ("*", "*"),
    ]
