"""The organization and its control policies, both kept in its management account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from daypass.entities.keyed import Keyed
from daypass.principals import Tags

ControlType = Literal["scp", "rcp"]
"""Service control policies cut what principals may do, resource control policies what may be done to resources."""


Attachments = tuple[tuple[str, tuple[str, ...]], ...]
"""Pairs of a target (root, unit, account) and the ids of the control policies attached there, sorted by target."""


@dataclass(frozen=True, slots=True)
class Unit:
    """An organizational unit: a named place below ``parent``, which is the root or another unit."""

    id: str
    name: str
    parent: str
    created: int


RootFeature = Literal["RootCredentialsManagement", "RootSessions"]
"""Root tasks in member accounts that the management account may do (IAM API reference, ListOrganizationsFeatures)."""


@dataclass(frozen=True, slots=True)
class Organization(Keyed):
    """The organization of one daypass, kept in its management account: a root, units below it, and who stands where.

    ``placements`` pairs an account with the root or unit it stands in, or with the empty text once it has left; an
    account that is not named stands in the root. A target that ``scps`` or ``rcps`` do not name has the policy that
    allows everything, alone. ``types`` are the kinds of policy in effect,
    ``root_features`` the root tasks that are open to the management account.
    """

    kind: ClassVar[str] = "organization"
    id: str
    root: str
    created: int
    units: tuple[Unit, ...] = ()
    placements: Tags = ()
    scps: Attachments = ()
    rcps: Attachments = ()
    types: tuple[ControlType, ...] = ("scp", "rcp")
    root_features: tuple[RootFeature, ...] = ()


@dataclass(frozen=True, slots=True)
class ControlPolicy(Keyed):
    """A service or resource control policy of the organization. It stands beside it in the management account."""

    kind: ClassVar[str] = "control-policy"
    id: str
    type: ControlType
    name: str
    document: str
    created: int
    updated: int
    description: str = ""
