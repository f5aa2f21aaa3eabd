"""What would be decided about a request, by the policies in the store. Not an AWS API: only for the operator."""

from __future__ import annotations

from daypass.entities import ManagedPolicy, Role, User
from daypass.errors import Malformed, NoSuchEntity, ValidationError
from daypass.operations.authorize import caller_policies, request_keys, trust_policy
from daypass.operations.call import Call
from daypass.operations.hypothetical import known_of
from daypass.operations.registry import operation
from daypass.policy import PolicySet, RequestContext, evaluate
from daypass.policy.simulate import context_values, resource_owner, with_documents
from daypass.principals import Caller, RoleSession
from daypass.principals import User as UserPrincipal
from daypass.services.accounts import require_operator
from daypass.snapshot import AccountSnapshot

_SESSION = "session"


@operation("daypass:DecideRequest", "reads", is_long=True)
def decide_request(call: Call) -> dict[str, object]:
    """Decide what the user or role ``As`` (``user/alice``, ``role/x``) of the operator's account may.

    ``Action``, ``Resource`` and ``Context`` describe the request; ``Documents`` adds policies to those of the store,
    as ``with_documents`` says. A role of this daypass that is asked for has its trust policy.

    Raises:
        NoSuchEntity: there is no such user or role.
        ValidationError: the request or a policy is not understood.
    """
    require_operator(call)
    params, account = call.params, call.account
    who, entity = _who(account, params["As"])
    action, resource = params["Action"], params["Resource"]
    owner = params.get("Owner") or resource_owner(resource, account.id)
    caller = Caller(who, "", None, entity.tags)
    try:
        policies = with_documents(_policies(call, caller, action, resource, owner), params.get("Documents", {}))
        keys = _resource_keys(call, resource, owner) | context_values(params.get("Context", {}))
    except Malformed as fault:
        raise ValidationError(str(fault)) from None
    known = known_of(who, entity.tags, account.membership)
    decision = evaluate(RequestContext(action, resource, who, owner, keys, known), policies)
    return {"Decision": decision.to_dict(), "Explanation": decision.explain()}


def _who(account: AccountSnapshot, text: str) -> tuple[UserPrincipal | RoleSession, User | Role]:
    """The user or role, named ``user/NAME`` or by its ARN."""
    word, _, name = text.removeprefix(f"arn:{account.partition}:iam::{account.id}:").partition("/")
    name = name.rsplit("/", 1)[-1]
    if word == "user" and (user := account.users_by_name.get(name)):
        return UserPrincipal(account.id, user.id, user.name, user.path, account.partition), user
    if word == "role" and (role := account.roles_by_name.get(name)):
        return RoleSession(account.id, role.id, role.name, _SESSION, role.path, account.partition), role
    raise NoSuchEntity(f"There is no {text} in account {account.id}: name a user/NAME or role/NAME.")


def _policies(call: Call, caller: Caller, action: str, resource: str, owner: str) -> PolicySet:
    """The caller's own policies, the organization's and, of a role that he wants to become, its trust policy."""
    account = call.find_account(owner)
    role = _named(account, resource)
    if account is not None and isinstance(role, Role) and action.lower().startswith("sts:"):
        return caller_policies(caller, call.account, trust_policy(role, account), account)
    return caller_policies(caller, call.account, None, account)


def _resource_keys(call: Call, resource: str, owner: str) -> dict[str, str | tuple[str, ...]]:
    """The context keys of the resource: its owner, and the tags of what this daypass holds."""
    account = call.find_account(owner)
    if account is None:
        return {"aws:resourceaccount": owner}
    found = _named(account, resource)
    return request_keys(None, resource, found.tags if found is not None else (), account)


def _named(account: AccountSnapshot | None, arn: str) -> User | Role | ManagedPolicy | None:
    """What ``arn`` is the ARN of in ``account``, if there is such a thing."""
    if account is None or not arn.startswith(f"arn:{account.partition}:iam::{account.id}:"):
        return None
    word, _, named = arn.split(":", 5)[5].partition("/")
    name = named.rsplit("/", 1)[-1]
    users, roles = account.users_by_name, account.roles_by_name
    found = {"user": users.get(name), "role": roles.get(name), "policy": account.policies_by_arn.get(arn)}.get(word)
    return found if found is not None and account.arn(found) == arn else None
