"""AssumeRoot: a session of a member account's root user for one task, opened from the management account.

Source: STS API reference, AssumeRoot; IAM User Guide, "Centrally manage root access for member accounts" and "Perform a
privileged task on an AWS Organizations member account".

Who may: users and roles of the organization's management account, with ``sts:AssumeRoot`` on the member's root user,
while the organization has the feature that the task belongs to. What the session may is what its task policy leaves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from daypass.arn import Arn, is_account
from daypass.entities import RootFeature
from daypass.errors import AccessDenied, Malformed, ValidationError
from daypass.operations.authorize import caller_policies, decide, denied, find_policy, refuse
from daypass.operations.call import Call, NewSession, shape
from daypass.operations.guards import GUARDS, owner_keys, tells_why
from daypass.operations.registry import operation
from daypass.principals import Operator, Root
from daypass.services.sts.regional import refuse_global
from daypass.services.sts.token_size import least_size, sizes
from daypass.sessions.limits import inherited_tags
from daypass.snapshot import AccountSnapshot

LONGEST = 900
"""Seconds; also when nothing is asked."""

TASKS: Mapping[str, RootFeature] = {
    "IAMAuditRootUserCredentials": "RootCredentialsManagement",
    "IAMCreateRootUserPassword": "RootCredentialsManagement",
    "IAMDeleteRootUserCredentials": "RootCredentialsManagement",
    "S3UnlockBucketPolicy": "RootSessions",
    "SQSUnlockQueuePolicy": "RootSessions",
}
"""AWS's task policies, and the feature of the organization that each belongs to."""

_ACTION = "sts:AssumeRoot"


@operation(_ACTION, "mints")
def assume_root(call: Call) -> Mapping[str, object]:
    """A session of the root user of ``TargetPrincipal``, cut to the task of ``TaskPolicyArn``.

    The member account's policies have no say in it but for the organization's: SCPs cut the session, RCPs the call.
    """
    refuse_global(call)
    params, session = call.params, call.caller.session
    account, task = _account_of(params["TargetPrincipal"], call), _task_of(params["TaskPolicyArn"], call)
    owner = _authorize(call, account, task)
    identity, tags = session.source_identity if session else None, inherited_tags(session)
    transitive = tuple(key for key, _ in tags)
    wanted = NewSession(
        "assumed-root", owner, account, "root", "", None, (_arn_of(task, call),), tags, transitive, identity
    )
    least = least_size(params)
    credentials = call.mint(wanted, max(1, params.get("DurationSeconds", LONGEST)), least or 0)
    return {"Credentials": shape(credentials), "SourceIdentity": identity} | sizes(credentials, least)


def _account_of(target: str, call: Call) -> str:
    """The member account that is meant: by its id, or by the ARN of its root user.

    Raises:
        ValidationError: neither.
    """
    account = target
    if target.startswith("arn:"):
        try:
            arn = Arn.parse(target)
        except Malformed:
            raise ValidationError(f"{target} is invalid") from None
        account = arn.account
        if target != _root_of(account, call):
            raise ValidationError(f"{target} is invalid")
    if not is_account(account):
        raise ValidationError(f"{target} is invalid")
    return account


def _root_of(account: str, call: Call) -> str:
    return f"arn:{call.account.partition}:iam::{account}:root"


def _task_of(given: Mapping[str, Any], call: Call) -> str:
    """The name of the task policy that is asked for.

    # INVARIANT: 2. a root session has one of AWS's task policies, never one that somebody has written.
    #   tests/services/sts/test_assume_root.py::test_only_the_five_tasks_are_tasks

    Raises:
        ValidationError: it is none.
    """
    arn: str = given["arn"]
    name = arn.rpartition("/")[2]
    if name not in TASKS or arn != _arn_of(name, call) or find_policy(arn, call.account) is None:
        raise ValidationError(f"{arn} is invalid")
    return name


def _arn_of(task: str, call: Call) -> str:
    return f"arn:{call.account.partition}:iam::aws:policy/root-task/{task}"


def _authorize(call: Call, account: str, task: str) -> AccountSnapshot:
    """The account, if the caller may, and it is a member whose root can be had for this task.

    Raises:
        AccessDenied: in one form of words for every account that cannot be had.
    """
    arn, owner = _root_of(account, call), call.find_account(account)
    if isinstance(call.caller.principal, Root | Operator):
        raise _denied(call, arn, "root cannot assume root")
    keys: dict[str, str | tuple[str, ...]] = {"sts:taskpolicyarn": _arn_of(task, call), "aws:resourceaccount": account}
    if owner is not None and owner.membership is not None:
        keys.update(owner_keys(owner.membership))
    policies = caller_policies(call.caller, call.account, None, owner)
    # The organization grants this in the member's place, so that the caller's side is all that is left to ask.
    decision = decide(call.facts, policies, _ACTION, arn, resource_account=call.account.id, keys=keys)
    if not decision.allowed:
        told = decision.layer not in GUARDS or owner is None or tells_why(decision, call.account, owner)
        raise refuse(call.facts, decision, _ACTION, f" on resource: {arn}", reason=told)
    obstacle = _obstacle(call.account, owner, TASKS[task])
    if obstacle or owner is None:
        raise _denied(call, arn, obstacle)
    return owner


def _obstacle(ours: AccountSnapshot, theirs: AccountSnapshot | None, feature: RootFeature) -> str:
    """Why nobody of ``ours`` can have the root of ``theirs``; empty: he can.

    # INVARIANT: 2. root of an account is had by the management account of its organization and nobody else.
    #   tests/services/sts/test_assume_root.py::test_only_the_management_account_has_its_members
    """
    if theirs is None:
        return "there is no such account"
    if ours.membership is None or ours.membership.management != ours.id:
        return "the caller's account is not the management account of an organization"
    if theirs.id == ours.id or theirs.membership is None or theirs.membership.management != ours.id:
        return "the account is not a member of the caller's organization"
    if not any(feature in organization.root_features for organization in ours.organizations.values()):
        return f"the organization has not enabled {feature}"
    return ""


def _denied(call: Call, arn: str, why: str) -> AccessDenied:
    """The refusal that tells the client nothing of accounts and organizations; the record knows ``why``."""
    error = denied(f"User: {call.caller.arn} is not authorized to perform: {_ACTION} on resource: {arn}")
    error.detail = why
    return error
