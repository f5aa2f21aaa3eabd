"""Delegation requests, and the answers of the accounts that are asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from daypass.entities.keyed import Keyed
from daypass.principals import Ancestors, Tags


@dataclass(frozen=True, slots=True)
class DelegationRequest(Keyed):
    """A request for a session of somebody in another account, cut to ``policy``. It never changes.

    It is kept in the account that asks, whose id is the end of ``id``. ``owner_account`` is the account that is asked;
    empty: any account may take it up. ``policy`` is the policy of ``template`` (an ARN), filled in with ``parameters``
    (name, type, values). ``duration``: of the session, in seconds.
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
    """The principal that accepted a delegation request, with all that a session in his name needs (see ``Session``)."""

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
    """An account's answer to a delegation request, under the same ``id``.

    ``owner`` is the ARN of the principal that took it up and ``owner_id`` his unique id, so that nobody inherits the
    request with the name. ``sent``: when its token was sent, in epoch seconds.
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
