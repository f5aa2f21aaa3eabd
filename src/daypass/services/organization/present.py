"""The organization as an operation finds it, and what is meant by the words that people use for its parts."""

from __future__ import annotations

from daypass.arn import is_account
from daypass.entities import ControlPolicy, ControlType, Organization, Unit
from daypass.ids import lower_id
from daypass.operations.call import Call
from daypass.organization import FULL_ACCESS, Tree
from daypass.services.accounts import require_operator
from daypass.services.organization.refusals import (
    AccountNotFound,
    InvalidInput,
    NotInUse,
    PolicyNotFound,
    TargetNotFound,
    UnitNotFound,
)

LONGEST_NAME = 128
ROOT = "root"
"""What people may call the root, beside its id."""


def tree_of(call: Call) -> Tree:
    """The organization that the management account holds, for the operator alone.

    Raises:
        AccessDenied: somebody else asks.
        NotInUse: there is none.
    """
    require_operator(call)
    organizations = call.account.organizations.values()
    if not organizations:
        raise NotInUse("There is no organization yet: daypass account organization create")
    (organization,) = organizations
    return Tree(call.account.id, organization, call.account.control_policies)


def save(call: Call, organization: Organization) -> None:
    """Put the changed organization in the place of the present one."""
    call.put(organization)


def fresh_id(call: Call, prefix: str, length: int) -> str:
    """A new id of the form that AWS gives to parts of organizations."""
    return lower_id(prefix, length, call.ports.entropy.bytes(length))


def name_of(text: str, what: str) -> str:
    """``text`` as the name of a unit or policy.

    Raises:
        InvalidInput: empty, too long, not printable, or with the ``/`` that separates units in a path.
    """
    if not 1 <= len(text) <= LONGEST_NAME or not text.isprintable() or "/" in text or text != text.strip():
        raise InvalidInput(f"`{text[:LONGEST_NAME]}` is no name of a {what}: 1 to {LONGEST_NAME} characters, no `/`")
    return text


def find_place(tree: Tree, text: str) -> str:
    """The id of the root or unit that ``text`` means: an id, ``root``, a path of names (``a/b``), or a name.

    Raises:
        UnitNotFound: none is meant, or a name means several.
    """
    if text in (ROOT, tree.organization.root):
        return tree.organization.root
    if text in tree.units:
        return text
    steps = text.split("/")
    found = [unit for unit in tree.units.values() if unit.name == steps[-1] and _stands_at(tree, unit, steps[:-1])]
    if len(found) > 1:
        raise UnitNotFound(f"`{text}` means several units: {', '.join(sorted(unit.id for unit in found))}")
    if not found:
        raise UnitNotFound(f"There is no unit `{text}`.")
    return found[0].id


def _stands_at(tree: Tree, unit: Unit, above: list[str]) -> bool:
    """Whether the path from the root down to ``unit`` ends in the names ``above``; several names begin at the root."""
    if not above:
        return True
    names = [tree.units[place].name for place in tree.chain(unit.parent)[1:]]
    return names == above


def find_account(call: Call, account: str) -> str:
    """The account ``account`` of this daypass.

    Raises:
        AccountNotFound: there is none with this id.
    """
    if call.find_account(account) is None:
        raise AccountNotFound(f"There is no account {account} here.")
    return account


def find_target(call: Call, tree: Tree, text: str) -> str:
    """The id of the root, unit or account that ``text`` means.

    Raises:
        TargetNotFound: none is meant, or the account is outside the organization.
    """
    if is_account(text):
        if call.find_account(text) is None or tree.place(text) is None:
            raise TargetNotFound(f"There is no account {text} in the organization.")
        return text
    try:
        return find_place(tree, text)
    except UnitNotFound as error:
        raise TargetNotFound(error.message) from None


def find_policy(tree: Tree, kind: ControlType, text: str) -> ControlPolicy:
    """The policy of this type whose id or name is ``text``, AWS's own among them.

    Raises:
        PolicyNotFound: there is none.
    """
    policies = [FULL_ACCESS[kind], *(policy for policy in tree.policies.values() if policy.type == kind)]
    for named in ("id", "name"):
        for policy in policies:
            if getattr(policy, named) == text:
                return policy
    raise PolicyNotFound(f"There is no {kind.upper()} `{text}`.")
