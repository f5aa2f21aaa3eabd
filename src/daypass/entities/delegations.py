"""Delegation requests, and what the account that is asked makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from daypass.entities.keyed import Keyed
from daypass.principals import Ancestors, Tags


@dataclass(frozen=True, slots=True)
class DelegationRequest(Keyed):
    """What a service asks of an account: a session of somebody there, cut to ``policy``. It stays as it was made.

    It stands in the account that asks; its ``id`` ends in that account's. ``owner_account`` is who is asked, empty:
    whoever takes it up. ``parameters`` fill the policy of ``template``: name, type, values. ``duration`` is in seconds.
    """

    kind: ClassVar[str] = "delegation-request"
    id: str
    created: int
    owner_account: str
    description: str
    workflow: str
    channel: str
    duration: int
    template: str
    parameters: tuple[tuple[str, str, tuple[str, ...]], ...]
    policy: str
    message: str | None = None
    redirect: str | None = None
    only_send_by_owner: bool = False


DelegationState = Literal["ASSIGNED", "PENDING_APPROVAL", "ACCEPTED", "REJECTED", "FINALIZED"]


@dataclass(frozen=True, slots=True)
class Approver:
    """Who has accepted a delegation request, as a session of his will need it; see ``Session`` for the names."""

    arn: str
    principal_id: str
    principal: str
    tags: Tags = ()
    transitive: tuple[str, ...] = ()
    source_identity: str | None = None
    lineage: tuple[str, ...] = ()
    ancestors: Ancestors = ()
    federation: Tags = ()


@dataclass(frozen=True, slots=True)
class Delegation(Keyed):
    """What an account has made of a delegation request, whose ``id`` it shares. ``sent``: when.

    ``owner`` is an ARN, and ``owner_id`` his unique id, so that nobody inherits a request with a name.
    """

    kind: ClassVar[str] = "delegation"
    id: str
    owner: str
    state: DelegationState
    updated: int
    notes: str | None = None
    reason: str | None = None
    approver: Approver | None = None
    sent: int | None = None
    owner_id: str = ""
