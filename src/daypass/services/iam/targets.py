"""Which user, group or role a call is about, and whether the caller may do this to it.

The order is AWS's: authorization first, on the ARN that the name would have; only then does the caller learn whether
the entity exists. (Service Authorization Reference, "Actions, resources, and condition keys for AWS IAM".)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from daypass.entities import Group, Role, User
from daypass.errors import DeleteConflict, NoSuchEntity, UnmodifiableEntity, ValidationError
from daypass.operations.call import Call
from daypass.principals import Root
from daypass.principals import User as UserPrincipal
from daypass.services.iam.tags import Keys
from daypass.snapshot import AccountSnapshot

Named = TypeVar("Named", bound=User | Group | Role)
Principal = TypeVar("Principal", bound=User | Role)

RESERVED_PATHS = ("/aws-service-role/", "/aws-reserved/")

_TELLS_BOUNDARY = frozenset(
    {
        "iam:AttachRolePolicy",
        "iam:AttachUserPolicy",
        "iam:DeleteRole",
        "iam:DeleteRolePermissionsBoundary",
        "iam:DeleteRolePolicy",
        "iam:DeleteUserPermissionsBoundary",
        "iam:DeleteUserPolicy",
        "iam:DetachRolePolicy",
        "iam:DetachUserPolicy",
        "iam:GetRole",
        "iam:PutRolePolicy",
        "iam:PutUserPolicy",
        "iam:UpdateAssumeRolePolicy",
        "iam:UpdateRole",
        "iam:UpdateRoleDescription",
    }
)
"""Actions on an existing user or role whose policies may ask for ``iam:PermissionsBoundary``: the one now on it."""

_NOT_ON_PROTECTED_ROLES = frozenset(
    {
        "iam:AttachRolePolicy",
        "iam:DeleteRole",
        "iam:DeleteRolePermissionsBoundary",
        "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy",
        "iam:PutRolePermissionsBoundary",
        "iam:PutRolePolicy",
        "iam:UpdateAssumeRolePolicy",
        "iam:UpdateRole",
    }
)


@dataclass(frozen=True, slots=True)
class Kind(Generic[Named]):
    """Users, groups or roles: the ``word`` in messages and ARNs, the ``member`` that names one, where one is found."""

    word: str
    member: str
    by_name: Callable[[AccountSnapshot], Mapping[str, Named]]

    def missing(self, name: str) -> NoSuchEntity:
        """The refusal for a name that nobody has."""
        return NoSuchEntity(f"The {self.word} with name {name} cannot be found.")

    def existing(self, call: Call) -> Named:
        """The one that the call names; whether the caller may know of it is settled.

        Raises:
            NoSuchEntity: there is none.
        """
        name = call.params[self.member]
        found = self.by_name(call.account).get(name)
        if found is None:
            raise self.missing(name)
        return found


USERS: Kind[User] = Kind("user", "UserName", lambda account: account.users_by_name)
GROUPS: Kind[Group] = Kind("group", "GroupName", lambda account: account.groups_by_name)
ROLES: Kind[Role] = Kind("role", "RoleName", lambda account: account.roles_by_name)


def target(call: Call, kind: Kind[Named], keys: Keys | None = None) -> Named:
    """The entity that the call names, once the caller may do this to it. ``keys``: condition keys of the request.

    Raises:
        AccessDenied: he may not.
        NoSuchEntity: there is none.
        UnmodifiableEntity: the role belongs to a service and this operation would change it.
    """
    authorize_on(call, kind, keys)
    entity = kind.existing(call)
    if entity.path.startswith(RESERVED_PATHS) and call.operation.name in _NOT_ON_PROTECTED_ROLES:
        raise UnmodifiableEntity(
            f"Cannot perform the operation on the protected role '{entity.name}' - this role is only modifiable by AWS"
        )
    return entity


def authorize_on(call: Call, kind: Kind[Named], keys: Keys | None = None) -> None:
    """Refuse unless the caller may do this to the entity that the call names, whether or not there is one.

    Raises:
        AccessDenied: he may not.
    """
    name = call.params[kind.member]
    entity = kind.by_name(call.account).get(name)
    if entity is None:
        call.authorize(arn_of(call, kind.word, name), keys=keys, shown=f"{kind.word} {name}")
    elif isinstance(entity, Group):
        call.authorize(call.account.arn(entity), keys=keys)
    else:
        known = _boundary_key(call, entity) | (keys or {})
        call.authorize(call.account.arn(entity), keys=known, resource_tags=entity.tags)


def _boundary_key(call: Call, entity: User | Role) -> Keys:
    if entity.boundary is None or call.operation.name not in _TELLS_BOUNDARY:
        return {}
    return {"iam:PermissionsBoundary": entity.boundary}


def require_no_policies(entity: User | Group | Role) -> None:
    """Refuse to delete what still has policies.

    Raises:
        DeleteConflict: policies are attached, or inline ones are left.
    """
    if entity.attached:
        raise DeleteConflict("Cannot delete entity, must detach all policies first.")
    if entity.inline:
        raise DeleteConflict("Cannot delete entity, must delete policies first.")


def by_name(call: Call, kind: Kind[Named]) -> Sequence[Named]:
    """All users, groups or roles of the account in the order of ``name_key``, sorted once per snapshot."""
    key, derived = ("by name", kind.word), call.account.derived
    found: Sequence[Named] | None = derived.get(key)  # type: ignore[assignment]  # nothing else is kept there
    if found is None:
        found = derived[key] = sorted(kind.by_name(call.account).values(), key=name_key)
    return found


def under_prefix(call: Call, kind: Kind[Named]) -> Sequence[Named]:
    """Those of ``by_name`` whose path begins with the call's ``PathPrefix``."""
    prefix = call.params.get("PathPrefix", "/")
    named = by_name(call, kind)
    return named if prefix == "/" else [entity for entity in named if entity.path.startswith(prefix)]


def name_key(entity: User | Group | Role) -> str:
    """What users, groups and roles are listed by; names are unique without case."""
    return entity.name.lower()


def user_or_caller(call: Call) -> User | Root:
    """The user that the call names; without a name the caller himself, who may be the root user.

    Raises:
        ValidationError: no name, and the caller is neither a user nor root.
    """
    if "UserName" in call.params:
        return target(call, USERS)
    principal = call.caller.principal
    if isinstance(principal, Root):
        call.authorize(principal.arn)
        return principal
    if not isinstance(principal, UserPrincipal):
        raise ValidationError("Must specify userName when calling with non-User credentials")
    user = call.account.users.get(principal.id)
    if user is None:  # deleted since the signature was verified
        raise USERS.missing(principal.name)
    call.authorize(call.account.arn(user), resource_tags=user.tags)
    return user


def arn_of(call: Call, word: str, name: str, path: str = "/") -> str:
    """The ARN that a user, group, role or policy of this name and path has or would have in the caller's account."""
    return f"arn:{call.account.partition}:iam::{call.account.id}:{word}{path}{name}"


def authorize_listing(call: Call, word: str) -> None:
    """Listing users, groups, roles or policies is asked about the root of their paths (``arn:aws:iam::…:role/``).

    AWS's tables give these actions no resource, its refusals print this one; a policy for ``*`` matches it as well.
    """
    root = arn_of(call, word, "")
    call.authorize(root, shown="policy path /" if word == "policy" else None)
