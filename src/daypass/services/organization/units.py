"""CreateOrganizationalUnit, UpdateOrganizationalUnit, DeleteOrganizationalUnit."""

from __future__ import annotations

from dataclasses import replace

from daypass.entities import Attachments, Unit
from daypass.operations.call import Call
from daypass.operations.registry import operation
from daypass.organization import DEEPEST, Tree
from daypass.services.organization.present import find_place, fresh_id, name_of, save, tree_of
from daypass.services.organization.refusals import Constraint, DuplicateUnit, InvalidInput, UnitNotEmpty

MOST_UNITS = 1_000


@operation("daypass:CreateOrganizationalUnit", "changes")
def create_unit(call: Call) -> dict[str, object]:
    """Make the unit ``Name`` below ``Parent`` (default: the root)."""
    tree = tree_of(call)
    organization = tree.organization
    name, parent = name_of(str(call.params["Name"]), "unit"), find_place(tree, str(call.params["Parent"]))
    _refuse_taken(tree, parent, name)
    if len(organization.units) >= MOST_UNITS:
        raise Constraint("OU_NUMBER_LIMIT_EXCEEDED", f"An organization has {MOST_UNITS} units at most.")
    if len(tree.chain(parent)) > DEEPEST:
        raise Constraint("OU_DEPTH_LIMIT_EXCEEDED", f"Units stand {DEEPEST} deep below the root at most.")
    unit = Unit(fresh_id(call, f"ou-{organization.root.removeprefix('r-')}-", 8), name, parent, call.now)
    save(call, replace(organization, units=(*organization.units, unit)))
    return _shape(unit)


@operation("daypass:UpdateOrganizationalUnit", "changes")
def rename_unit(call: Call) -> dict[str, object]:
    """Call ``Unit`` by another ``Name``; its id stays."""
    tree = tree_of(call)
    unit, name = _unit(tree, str(call.params["Unit"])), name_of(str(call.params["Name"]), "unit")
    _refuse_taken(tree, unit.parent, name)
    renamed = replace(unit, name=name)
    units = tuple(renamed if one.id == unit.id else one for one in tree.organization.units)
    save(call, replace(tree.organization, units=units))
    return _shape(renamed)


@operation("daypass:DeleteOrganizationalUnit", "changes")
def delete_unit(call: Call) -> dict[str, object]:
    """Take ``Unit`` away, with what is attached to it. No account and no unit may be left in it."""
    tree = tree_of(call)
    unit, organization = _unit(tree, str(call.params["Unit"])), tree.organization
    inside = [account for account, place in organization.placements if place == unit.id]
    inside += [one.name for one in organization.units if one.parent == unit.id]
    if inside:
        raise UnitNotEmpty(f"There is still something in it: {', '.join(sorted(inside)[:5])}")
    kept = tuple(one for one in organization.units if one.id != unit.id)
    scps, rcps = _without(organization.scps, unit.id), _without(organization.rcps, unit.id)
    save(call, replace(organization, units=kept, scps=scps, rcps=rcps))
    return _shape(unit)


def _unit(tree: Tree, text: str) -> Unit:
    place = find_place(tree, text)
    if place == tree.organization.root:
        raise InvalidInput("The root is no unit.")
    return tree.units[place]


def _refuse_taken(tree: Tree, parent: str, name: str) -> None:
    if any(unit.parent == parent and unit.name.casefold() == name.casefold() for unit in tree.units.values()):
        raise DuplicateUnit(f"A unit `{name}` exists there already.")


def _without(attachments: Attachments, target: str) -> Attachments:
    return tuple(pair for pair in attachments if pair[0] != target)


def _shape(unit: Unit) -> dict[str, object]:
    return {"UnitId": unit.id, "Name": unit.name, "ParentId": unit.parent}
