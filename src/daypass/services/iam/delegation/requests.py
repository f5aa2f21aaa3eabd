"""Delegation requests, on the side that asks: making one, and what either side may read.

Source: IAM API reference, CreateDelegationRequest and its sisters. What AWS leaves to its partner programme (templates,
the channel) is decided in docs/differences.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from daypass.entities import DelegationRequest
from daypass.errors import (
    EntityAlreadyExists,
    InvalidInput,
    LimitExceeded,
    Malformed,
    MalformedPolicyDocument,
    NoSuchEntity,
)
from daypass.operations.authorize import find_policy
from daypass.operations.call import Call
from daypass.operations.paging import Listing, page
from daypass.operations.registry import operation
from daypass.policy import Kind, check_document
from daypass.policy.template import filled_template
from daypass.services.delegations import KEPT, Seen, new_request_id, requestor_of, seen
from daypass.services.iam.delegation.owner import authorize_as_owner, request_arn
from daypass.sessions.limits import LONGEST_POLICIES

MOST_REQUESTS = 1_000
"""Requests of one account that are not over for good."""


@operation("iam:CreateDelegationRequest", "changes")
def create_delegation_request(call: Call) -> Mapping[str, object]:
    """Ask an account, or any that takes it up, for a session that may do what the filled-in template allows."""
    params = call.params
    template = params["Permissions"].get("PolicyTemplateArn", "")
    request_id = new_request_id(call)
    keys = {
        "iam:DelegationDuration": str(params["SessionDuration"]),
        "iam:NotificationChannel": params["NotificationChannel"],
        "iam:TemplateArn": template,
    }
    call.authorize(request_arn(call, request_id), keys=keys)
    _drop_old(call)
    _require_room(call, params["RequestorWorkflowId"])
    parameters = _parameters(params["Permissions"].get("Parameters") or [])
    request = DelegationRequest(
        request_id,
        call.now,
        params.get("OwnerAccountId", ""),
        params["Description"],
        params["RequestorWorkflowId"],
        params["NotificationChannel"],
        params["SessionDuration"],
        template,
        parameters,
        _policy(call, template, parameters),
        params.get("RequestMessage"),
        params.get("RedirectUrl"),
        params.get("OnlySendByOwner", False),
    )
    call.put(request)
    return {"DelegationRequestId": request_id}


def _require_room(call: Call, workflow: str) -> None:
    """Refuse a second request of one workflow, and one more than an account may have.

    Raises:
        EntityAlreadyExists, LimitExceeded: with AWS's wording.
    """
    made = call.account.delegation_requests.values()
    if any(other.workflow == workflow for other in made):
        raise EntityAlreadyExists(f"Delegation request with workflow id {workflow} already exists.")
    if len(made) >= MOST_REQUESTS:
        raise LimitExceeded(f"Cannot exceed quota for DelegationRequestsPerAccount: {MOST_REQUESTS}")


def _drop_old(call: Call) -> None:
    # INVARIANT: 9. what was asked does not pile up, and nobody has asked for the last time.
    #   tests/services/test_delegations.py::test_requests_are_few_and_old_ones_make_room
    for old in call.account.delegation_requests.values():
        if call.now > old.created + KEPT:
            call.delete(old)


def _parameters(given: list[dict[str, Any]]) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """Name, type and values of each.

    Raises:
        InvalidInput: a name twice, or not as many values as the type wants.
    """
    found = tuple((one.get("Name", ""), one.get("Type", "string"), tuple(one.get("Values") or ())) for one in given)
    if len({name for name, _, _ in found}) < len(found):
        raise InvalidInput("A policy parameter is given twice.")
    for name, kind, values in found:
        if not values or (kind == "string" and len(values) != 1):
            raise InvalidInput(f"The policy parameter {name} of type {kind} has {len(values)} values.")
    return found


def _policy(call: Call, template: str, parameters: tuple[tuple[str, str, tuple[str, ...]], ...]) -> str:
    """The policy that the request asks for: a managed policy of this account, or AWS's, filled in.

    Raises:
        InvalidInput: there is no such template, or what it becomes is no session policy.
    """
    managed = find_policy(template, call.account)
    if managed is None:
        raise InvalidInput(f"The policy template {template} cannot be found.")
    document = next(version.document for version in managed.versions if version.id == managed.default_version)
    try:
        policy = filled_template(document, {name: values for name, _, values in parameters})
        check_document(policy, Kind.SESSION)
    except (Malformed, MalformedPolicyDocument) as fault:
        raise InvalidInput(f"The policy template cannot be filled in: {fault}.") from None
    if len(policy) > LONGEST_POLICIES:
        raise InvalidInput(f"The policy has {len(policy)} characters; a session has room for {LONGEST_POLICIES}.")
    return policy


@operation("iam:GetDelegationRequest", "reads", reads_store=True)
def get_delegation_request(call: Call) -> Mapping[str, object]:
    """The request with its answer. A permission check, if asked for, always says that it is not sure."""
    found = _read(call, call.params["DelegationRequestId"])
    answer: dict[str, object] = {"DelegationRequest": _shown(call, found)}
    if call.params.get("DelegationPermissionCheck"):
        answer |= {"PermissionCheckStatus": "COMPLETE", "PermissionCheckResult": "UNSURE"}
    return answer


def _read(call: Call, request_id: str) -> Seen:
    """The request, for the account that made it, for its owner, and for whoever may take it up."""
    found = seen(call, request_id)
    authorize_as_owner(call, found)
    return found


@operation("iam:ListDelegationRequests", "reads", reads_store=True)
def list_delegation_requests(call: Call) -> Mapping[str, object]:
    """The requests that somebody of the caller's account owns."""
    wanted = call.params.get("OwnerId")
    call.authorize(keys={"iam:DelegationRequestOwner": wanted} if wanted else None)
    owned = [answer for answer in call.account.delegations.values() if wanted in (None, answer.owner)]
    found = (one for answer in owned if (one := _found(call, answer.id)) is not None)
    listing = Listing.of("DelegationRequests", found, lambda one: one.request.id, lambda one: _shown(call, one))
    result = page(call, listing)
    result["isTruncated"] = result.pop("IsTruncated")
    return result


def _found(call: Call, request_id: str) -> Seen | None:
    """The request, None when it is over for good."""
    try:
        return seen(call, request_id)
    except NoSuchEntity:
        return None


@operation("iam:GetHumanReadableSummary", "reads", reads_store=True)
def get_human_readable_summary(call: Call) -> Mapping[str, object]:
    """What a request asks for, in English sentences made from its policy; other languages are not spoken."""
    arn, locale = call.params["EntityArn"], call.params.get("Locale", "en")
    head, _, request_id = arn.partition(":delegation-request/")
    if not request_id or not head.startswith(f"arn:{call.account.partition}:iam::"):
        raise InvalidInput(f"{arn} names no delegation request.")
    found = _read(call, request_id)
    if locale.partition("-")[0].lower() != "en":
        return {"Locale": locale, "SummaryState": "NOT_SUPPORTED"}
    return {"SummaryContent": _summary(found), "Locale": locale, "SummaryState": "AVAILABLE"}


def _summary(found: Seen) -> str:
    request = found.request
    first = f"Account {requestor_of(request.id)} asks for {request.duration} seconds: {request.description}"
    return f"{first}\nWithin what the approver may, the session may at most: {request.policy}"


def _shown(call: Call, found: Seen) -> dict[str, object]:
    request, answer = found
    account = call.find_account(requestor_of(request.id))
    owner = answer.owner.split(":")[4] if answer else request.owner_account
    parameters = [{"Name": name, "Type": kind, "Values": list(values)} for name, kind, values in request.parameters]
    return {
        "DelegationRequestId": request.id,
        "OwnerAccountId": owner or None,
        "Description": request.description,
        "RequestMessage": request.message,
        "Permissions": {"PolicyTemplateArn": request.template, "Parameters": parameters},
        "PermissionPolicy": request.policy,
        "OwnerId": answer.owner if answer else None,
        "ApproverId": answer.approver.arn if answer and answer.approver else None,
        "State": found.state(call.now),
        "ExpirationTime": found.expires,
        "RequestorId": requestor_of(request.id),
        "RequestorName": account.account.name[:30] if account else None,
        "CreateDate": request.created,
        "SessionDuration": request.duration,
        "RedirectUrl": request.redirect,
        "Notes": answer.notes if answer else None,
        "RejectionReason": answer.reason if answer else None,
        "OnlySendByOwner": request.only_send_by_owner,
        "UpdatedTime": answer.updated if answer else request.created,
    }
