"""Delegation requests, on the side that is asked: take one up, comment it, accept or reject it, send its token.

Source: IAM API reference, AssociateDelegationRequest, UpdateDelegationRequest, AcceptDelegationRequest,
RejectDelegationRequest, SendDelegationToken.
"""

from __future__ import annotations

from dataclasses import replace

from daypass.arn import Arn
from daypass.entities import Approver, Delegation, DelegationState
from daypass.errors import AccessDenied, InvalidInput
from daypass.operations.authorize import denied
from daypass.operations.call import Call
from daypass.operations.registry import operation
from daypass.policy import Attached, Decision, evaluate, parse_policy
from daypass.revocation import ancestors_of
from daypass.services.delegations import KEPT, Seen, seen

_OPEN: tuple[DelegationState, ...] = ("ASSIGNED", "PENDING_APPROVAL")
_OWNERS = frozenset({"iam:GetDelegationRequest", "iam:GetHumanReadableSummary", "iam:UpdateDelegationRequest"})
"""What the owner of a request may do without a policy that allows it (IAM API reference, the same operations)."""


def request_arn(call: Call, request_id: str, account: str = "") -> str:
    """The ARN by which policies name a request: in the account that is asked, else the caller's."""
    return f"arn:{call.account.partition}:iam::{account or call.account.id}:delegation-request/{request_id}"


def authorize_as_owner(call: Call, found: Seen) -> None:
    """Refuse unless the caller may; the owner of a request may read and comment it unless something denies it.

    # INVARIANT: 2. what an owner may by default is cut by boundary and session policy, and any Deny wins.
    #   tests/services/test_delegations.py::test_an_owner_reads_his_request_without_a_policy_but_not_against_one,
    #   tests/services/test_delegations.py::test_what_an_owner_may_by_default_is_cut_like_all_else

    Raises:
        AccessDenied: with AWS's wording and reason.
    """
    try:
        call.authorize(request_arn(call, found.request.id, found.request.owner_account))
    except AccessDenied as refused:
        by_default = call.operation.name in _OWNERS and _is_owner(call, found)
        if not (by_default and isinstance(refused.decision, Decision) and _lacks_but_an_allow(refused.decision)):
            raise


def _lacks_but_an_allow(denial: Decision) -> bool:
    """Whether an identity-based Allow is all that was missing: no other policy kind stands in the way."""
    policies = denial.policies
    return evaluate(denial.context, policies.replaced(identity=(*policies.identity, _BY_DEFAULT))).allowed


_BY_DEFAULT = Attached(parse_policy('{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'), "owner")


def _is_owner(call: Call, found: Seen) -> bool:
    return found.answer is not None and found.answer.owner_id == call.caller.holder


@operation("iam:AssociateDelegationRequest", "changes")
def associate_delegation_request(call: Call) -> None:
    """Take a request up: the caller becomes its owner."""
    found = _asked(call)
    if found.state(call.now) not in ("ASSIGNED", "UNASSIGNED") or found.answer is not None:
        raise _wrong(found, call.now)
    for old in call.account.delegations.values():
        if call.now > old.updated + KEPT:
            call.delete(old)
    who = call.caller
    call.put(Delegation(found.request.id, who.principal.principal_arn, "ASSIGNED", call.now, owner_id=who.holder))


@operation("iam:UpdateDelegationRequest", "changes")
def update_delegation_request(call: Call) -> None:
    """Comment a request and pass it on for approval."""
    answer = _answered(call, *_OPEN)
    notes = call.params.get("Notes", answer.notes)
    call.put(replace(answer, notes=notes, state="PENDING_APPROVAL", updated=call.now))


@operation("iam:AcceptDelegationRequest", "changes")
def accept_delegation_request(call: Call) -> None:
    """Accept a request: its sessions will be the caller's, cut to its policy."""
    answer = _answered(call, *_OPEN)
    call.put(replace(answer, approver=_approver(call), state="ACCEPTED", updated=call.now))


@operation("iam:RejectDelegationRequest", "changes")
def reject_delegation_request(call: Call) -> None:
    """Reject a request; also one that was accepted, until its token is sent."""
    answer = _answered(call, *_OPEN, "ACCEPTED")
    reason = call.params.get("Notes")
    call.put(replace(answer, approver=None, reason=reason, state="REJECTED", updated=call.now))


@operation("iam:SendDelegationToken", "changes")
def send_delegation_token(call: Call) -> None:
    """Let the side that asked have its token. The time of its sessions begins now."""
    answer = _answered(call, "ACCEPTED")
    call.put(replace(answer, state="FINALIZED", sent=call.now, updated=call.now))


def _answered(call: Call, *states: DelegationState) -> Delegation:
    """The caller's account's answer to a request, which must be in one of ``states``.

    Raises:
        NoSuchEntity: there is no such request.
        InvalidInput: it is in another state.
    """
    found = _asked(call)
    if call.operation.name == "iam:SendDelegationToken" and found.request.only_send_by_owner:
        _must_be_owner(call, found)
    if found.answer is None or found.state(call.now) not in states:
        raise _wrong(found, call.now)
    return found.answer


def _asked(call: Call) -> Seen:
    """The request that the call names, once the caller may do this: one that asks his account, or any account.

    # INVARIANT: 2. the account that asks answers nothing in the place of the one that is asked.
    #   tests/services/test_delegations.py::test_the_asking_account_takes_up_nothing_of_its_own_for_another

    Raises:
        AccessDenied: he may not.
        NoSuchEntity: there is no such request.
        InvalidInput: another account is asked.
    """
    found = seen(call, call.params["DelegationRequestId"])
    authorize_as_owner(call, found)
    if found.request.owner_account not in ("", call.account.id):
        raise _wrong(found, call.now)
    return found


def _must_be_owner(call: Call, found: Seen) -> None:
    if not _is_owner(call, found):
        arn = request_arn(call, found.request.id, found.request.owner_account)
        said = f"User: {call.caller.arn} is not authorized to perform: {call.operation.name} on resource: {arn}"
        raise denied(said)


def _wrong(found: Seen, now: int) -> InvalidInput:
    return InvalidInput(f"The delegation request {found.request.id} is {found.state(now)}.")


def _approver(call: Call) -> Approver:
    """The caller, with all that a session of his carries on.

    # INVARIANT: 2. nobody delegates more than he has: who is cut by session policies himself accepts nothing.
    #   tests/services/test_delegations.py::test_who_is_cut_himself_accepts_nothing

    Raises:
        AccessDenied: his session has policies of its own, which the new session could not keep.
    """
    who, session = call.caller, call.caller.session
    if session is not None and (session.policy is not None or session.policy_arns or session.kind == "federated"):
        raise denied("A session that is cut by session policies cannot accept delegation requests.")
    arn = who.principal.principal_arn
    name = Arn.parse(arn).resource
    if session is None:
        return Approver(arn, who.holder, name, ancestors=((who.holder, call.now),))
    return Approver(
        arn,
        who.holder,
        name,
        session.tags,
        session.transitive,
        session.source_identity,
        (*session.lineage, session.access_key_id),
        ancestors_of(session),
        session.federation,
    )
