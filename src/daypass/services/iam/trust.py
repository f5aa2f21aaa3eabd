"""Trust policies and the unique ids behind their principals (IAM User Guide, "AWS JSON policy elements: Principal").

When a trust policy is written, each user and role that it names must exist and is bound to its unique id. Whoever later
takes over the name is somebody else and gets nothing. Readers see the ARN that the bound user or role has now, and the
bare id once it is gone. The document itself is stored as it was sent.

# INVARIANT: 2. a trust policy trusts whom it named when it was written, never a later namesake.
#   tests/services/iam/test_trust.py::test_a_recreated_user_of_the_same_name_is_not_the_one_that_was_trusted
"""

from __future__ import annotations

import json
from collections.abc import Callable

from daypass.arn import Arn, is_account
from daypass.entities import Role
from daypass.errors import Malformed, MalformedPolicyDocument
from daypass.ids import account_of
from daypass.operations.call import Call
from daypass.policy import Policy
from daypass.principals import Tags
from daypass.snapshot import AccountSnapshot

_SESSION_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+=,.@-")


def bind(call: Call, policy: Policy) -> Tags:
    """The bindings of a trust policy that is about to be saved: (principal as written, unique id) pairs.

    Whole accounts (their id or root ARN), ``*`` and federated-user ARNs bind to nothing. An account that is not hosted
    here may be named: none of its principals can ever ask. A user or role there may not, for there is nothing to bind.

    Raises:
        MalformedPolicyDocument: ``Invalid principal in policy: "AWS":"…"`` for the first that does not exist.
    """
    named = [principal for kind, principal in policy.principals() if kind == "AWS"]
    return tuple((each, _unique_id(call, each)) for each in named if not _names_no_entity(call, each))


def _names_no_entity(call: Call, principal: str) -> bool:
    """Whether ``principal`` is legal without a user or role behind it."""
    if principal == "*" or is_account(principal):
        return True
    try:
        arn = Arn.parse(principal)
    except Malformed:
        return False
    if arn.partition != call.account.partition or arn.region or not is_account(arn.account):
        return False
    if arn.service == "sts":
        kind, _, name = arn.resource.partition("/")
        return kind == "federated-user" and _is_session_name(name)
    return arn.service == "iam" and arn.resource == "root"


def _is_session_name(name: str) -> bool:
    return 2 <= len(name) <= 64 and _SESSION_NAME.issuperset(name)


def _unique_id(call: Call, principal: str) -> str:
    unique_id = _find_by_id(call, principal) or _find_by_arn(call, principal)
    if unique_id is None:
        raise MalformedPolicyDocument(f'Invalid principal in policy: "AWS":"{principal}"')
    return unique_id


def _find_by_id(call: Call, principal: str) -> str | None:
    """``principal`` itself when it is the unique id of a living user or role."""
    return principal if _live_arn(call, principal) else None


def _find_by_arn(call: Call, principal: str) -> str | None:
    """The unique id of the user or role that an ARN names, or of the role whose session it names; else None."""
    try:
        arn = Arn.parse(principal)
    except Malformed:
        return None
    account = call.find_account(arn.account) if is_account(arn.account) else None
    if account is None:
        return None
    if arn.service == "sts":
        return _role_of_session(account, principal, arn)
    users, roles = account.users_by_name, account.roles_by_name
    entity = users.get(arn.resource_name) if arn.resource_type == "user" else roles.get(arn.resource_name)
    return entity.id if entity is not None and account.arn(entity) == principal else None


def _role_of_session(account: AccountSnapshot, principal: str, arn: Arn) -> str | None:
    kind, _, names = arn.resource.partition("/")
    role_name, _, session = names.partition("/")
    role = account.roles_by_name.get(role_name)
    exact = f"arn:{account.partition}:sts::{account.id}:assumed-role/{role_name}/{session}"
    known = role is not None and kind == "assumed-role" and exact == principal and _is_session_name(session)
    return role.id if role is not None and known else None


def shown(call: Call, role: Role) -> str:
    """The trust policy of ``role`` for a reader: exactly as sent while every bound principal still has that ARN."""
    changed = {}
    for written, unique_id in role.trust_ids:
        now = _now(call, written, unique_id)
        if now != written:
            changed[written] = now
    if not changed:
        return role.trust
    return _rewritten(role.trust, lambda principal: changed.get(principal, principal))


def _now(call: Call, written: str, unique_id: str) -> str:
    """What stands for a bound principal today: its ARN, or the bare unique id when it is gone."""
    arn = _live_arn(call, unique_id)
    if ":assumed-role/" not in written:
        return arn or unique_id
    session = written.rpartition("/")[2]
    if arn is None:
        return f"{unique_id}:{session}"
    role = Arn.parse(arn)
    return f"arn:{role.partition}:sts::{role.account}:assumed-role/{role.resource_name}/{session}"


def _live_arn(call: Call, unique_id: str) -> str | None:
    """The present ARN of the user or role with this unique id, in whichever account hosted here, or None."""
    owner = account_of(unique_id) if len(unique_id) == 21 and unique_id[:4] in ("AIDA", "AROA") else None
    account = call.find_account(owner) if owner else None
    if account is None:
        return None
    entity = account.users.get(unique_id) or account.roles.get(unique_id)
    return account.arn(entity) if entity else None


def _rewritten(document: str, rename: Callable[[str], str]) -> str:
    """``document`` with its ``AWS`` principals renamed; the rest is kept, white space apart."""
    parsed = json.loads(document)
    statements = parsed["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        principal = statement["Principal"]
        values = principal.get("AWS", [])
        if values:
            principal["AWS"] = [rename(value) for value in values] if isinstance(values, list) else rename(values)
    return json.dumps(parsed, separators=(",", ":"), ensure_ascii=False)
