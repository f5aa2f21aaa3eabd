"""The organization as a tree: where an account stands, and which control policies hang above it, level by level.

Source: AWS Organizations User Guide, "SCP evaluation", "RCP evaluation"; IAM User Guide, "AWS global condition context
keys", aws:PrincipalOrgPaths.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from daypass.entities import Attachments, ControlPolicy, ControlType, Organization, Unit

DEEPEST = 5
"""How many units may stand one below the other (AWS Organizations User Guide, "Quotas")."""

_EVERYTHING = '"Effect":"Allow","Action":"*","Resource":"*"'

FULL_ACCESS: Mapping[ControlType, ControlPolicy] = {
    "scp": ControlPolicy(
        "p-FullAWSAccess", "scp", "FullAWSAccess", f'{{"Version":"2012-10-17","Statement":[{{{_EVERYTHING}}}]}}', 0, 0
    ),
    "rcp": ControlPolicy(
        "p-RCPFullAWSAccess",
        "rcp",
        "RCPFullAWSAccess",
        f'{{"Version":"2012-10-17","Statement":[{{"Principal":"*",{_EVERYTHING}}}]}}',
        0,
        0,
    ),
}
"""AWS's own policies, which hang everywhere until another takes their place; that of resources stays for good."""

Level = tuple[ControlPolicy, ...]


@dataclass(frozen=True, slots=True)
class Membership:
    """An account's place in the organization.

    ``path`` is as in ``aws:PrincipalOrgPaths``: ``o-…/r-…/ou-…/``. ``scps`` and ``rcps`` hold what is attached from
    the root down to the account. A level with nothing but AWS's own policy restricts nothing and is left out, so an
    account without restrictions (the management account always) has none.
    """

    organization: str
    management: str
    path: str
    scps: tuple[Level, ...] = ()
    rcps: tuple[Level, ...] = ()


class Tree:
    """An organization with its policies, ready to be asked. Immutable.

    Args:
        management: the account that holds the organization and is never restricted by it.
        organization: who stands where.
        policies: by id; AWS's own need not be among them.
    """

    def __init__(self, management: str, organization: Organization, policies: Mapping[str, ControlPolicy]) -> None:
        self.management = management
        self.organization = organization
        self.policies = policies
        self.units: Mapping[str, Unit] = {unit.id: unit for unit in organization.units}
        self._placements = dict(organization.placements)
        self._attached = {"scp": dict(organization.scps), "rcp": dict(organization.rcps)}
        self._memberships: dict[str, Membership] = {}

    def place(self, account: str) -> str | None:
        """The root or unit that ``account`` stands in, None when it is outside."""
        return self._placements.get(account, self.organization.root) or None

    def chain(self, place: str) -> tuple[str, ...]:
        """The root, the units on the way to ``place``, and ``place``.

        Raises:
            KeyError: there is no such place.
        """
        found = [place]
        while found[-1] != self.organization.root:
            if len(found) > DEEPEST:
                raise KeyError(place)
            found.append(self.units[found[-1]].parent)
        return tuple(reversed(found))

    def attached(self, kind: ControlType, target: str) -> tuple[str, ...]:
        """The ids of the policies attached to a root, unit or account, in the order of attachment."""
        return self._attached[kind].get(target, (FULL_ACCESS[kind].id,))

    def membership(self, account: str) -> Membership | None:
        """The account's place and restrictions, None when it is outside. Accounts of one place share the value."""
        place = self.place(account)
        if place is None:
            return None
        above = self._memberships.get(place)
        if above is None:
            above = self._memberships[place] = self._member(place)
        if account == self.management:
            return Membership(above.organization, above.management, above.path)
        scps, rcps = self._level("scp", account), self._level("rcp", account)
        if not scps and not rcps:
            return above
        return Membership(above.organization, above.management, above.path, above.scps + scps, above.rcps + rcps)

    # INVARIANT: 10. a place or a policy that is lost may have held a Deny: its account can do nothing.
    #   tests/test_organization.py::test_what_is_lost_restricts_everything
    def _member(self, place: str) -> Membership:
        organization = self.organization
        try:
            chain = self.chain(place)
        except KeyError:
            lost = ((_lost(place, "scp"),),)
            return Membership(organization.id, self.management, f"{organization.id}/", lost, ((_lost(place, "rcp"),),))
        scps = tuple(level for target in chain for level in self._level("scp", target))
        rcps = tuple(level for target in chain for level in self._level("rcp", target))
        return Membership(organization.id, self.management, "/".join((organization.id, *chain, "")), scps, rcps)

    def _level(self, kind: ControlType, target: str) -> tuple[Level, ...]:
        """What hangs on ``target``, as one level; none where it restricts nothing."""
        full = FULL_ACCESS[kind]
        ids = self.attached(kind, target)
        if kind not in self.organization.types or ids == (full.id,):
            return ()
        return (tuple(full if one == full.id else self.policies.get(one) or _lost(one, kind) for one in ids),)


def _lost(name: str, kind: ControlType) -> ControlPolicy:
    """Stands for what is named and not there. Its document cannot be read, so nothing is decided beside it."""
    return ControlPolicy(name, kind, name, "", 0, 0)


def with_attached(attachments: Attachments, target: str, ids: tuple[str, ...], kind: ControlType) -> Attachments:
    """``attachments`` after ``target`` got exactly ``ids``; what every target has from the start is not written."""
    changed = dict(attachments) | {target: ids}
    if ids == (FULL_ACCESS[kind].id,):
        del changed[target]
    return tuple(sorted(changed.items()))
