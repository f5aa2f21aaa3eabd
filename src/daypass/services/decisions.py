"""A request that nobody makes, decided by what the store holds. For the operator, not an AWS API, like ``accounts``."""

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
    params = call.params
    who, entity = _who(call.account, params["As"])
    resource = params["Resource"]
    try:
        owner = params.get("Owner") or resource_owner(resource, call.account.id)
        base = _policies(call, Caller(who, "", None, entity.tags), params["Action"], resource)
        policies = with_documents(base, params.get("Documents", {}))
        tags = getattr(_named(call, resource)[0], "tags", ())
        keys = request_keys(None, resource, tags, owner) | context_values(params.get("Context", {}))
    except Malformed as fault:
        raise ValidationError(str(fault)) from None
    context = RequestContext(params["Action"], resource, who, owner, keys, known_of(who, entity.tags))
    decision = evaluate(context, policies)
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


def _policies(call: Call, caller: Caller, action: str, resource: str) -> PolicySet:
    """The caller's own policies and, of a role that he wants to become, its trust policy."""
    role, owner = _named(call, resource)
    if owner is not None and isinstance(role, Role) and action.lower().startswith("sts:"):
        return caller_policies(caller, call.account, trust_policy(role, owner))
    return caller_policies(caller, call.account)


def _named(call: Call, arn: str) -> tuple[User | Role | ManagedPolicy | None, AccountSnapshot | None]:
    """What ``arn`` is the ARN of, if this daypass holds it, and in which account."""
    owner = call.find_account(resource_owner(arn, call.account.id))
    if owner is None or not arn.startswith(f"arn:{owner.partition}:iam::{owner.id}:"):
        return None, None
    word, _, named = arn.split(":", 5)[5].partition("/")
    name = named.rsplit("/", 1)[-1]
    users, roles = owner.users_by_name, owner.roles_by_name
    found = {"user": users.get(name), "role": roles.get(name), "policy": owner.policies_by_arn.get(arn)}.get(word)
    return (found, owner) if found is not None and owner.arn(found) == arn else (None, None)
