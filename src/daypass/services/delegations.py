"""Delegation requests: what both sides share, and how the account that asks gets its trade-in token.

A request and its answer are two entities in two accounts: the request is kept in the account that asks and never
changes; the answer is kept in the account that gives it. So neither side writes into the other's account.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from daypass.entities import Delegation, DelegationRequest
from daypass.errors import InvalidInput, NoSuchEntity
from daypass.ids import account_uuid
from daypass.operations.call import Call
from daypass.operations.registry import operation
from daypass.services.accounts import require_operator
from daypass.sessions.trade_in import NONCE_BYTES, TradeIn, seal_trade_in

LIFETIME = 7 * 86_400
"""Seconds after its last step in which a request may take the next one."""

LONGEST_LIFE = 30 * 86_400
"""Seconds after its making in which a request may take any step at all."""

LONGEST_SESSION = 43_200
"""Seconds of the longest session that a request can ask for (IAM API reference, CreateDelegationRequest)."""

KEPT = LONGEST_LIFE + LONGEST_SESSION
"""Seconds after which an entity is of no use any more: a request since it was made, an answer since its last step."""

_RANDOM_BYTES = 10


class Seen(NamedTuple):
    """A request and its answer; None: there is no answer yet, or the caller's account may not see it."""

    request: DelegationRequest
    answer: Delegation | None

    def state(self, now: int) -> str:
        """Its state (IAM API reference, DelegationRequest)."""
        if self.answer is not None and self.answer.state == "FINALIZED":
            return "FINALIZED"
        if now > self.expires:
            return "EXPIRED"
        if self.answer is not None:
            return self.answer.state
        return "ASSIGNED" if self.request.owner_account else "UNASSIGNED"

    @property
    def expires(self) -> int:
        """When the request expires, in epoch seconds; of a request whose token was sent, when its sessions end."""
        if self.answer is not None and self.answer.sent is not None:
            return self.answer.sent + self.request.duration
        last = self.answer.updated if self.answer else self.request.created
        return min(last + LIFETIME, self.request.created + LONGEST_LIFE)


def new_request_id(call: Call) -> str:
    """A fresh id in the caller's account."""
    return account_uuid(call.account.id, call.ports.entropy.bytes(_RANDOM_BYTES))


def requestor_of(request_id: str) -> str:
    """The account that has made a request."""
    return request_id[-12:]


def seen(call: Call, request_id: str) -> Seen:
    """The request as the caller's account may see it: the one that asks, the one asked, or any where none is named.

    # INVARIANT: 2. a request that names an account is nobody else's to see or take up.
    #   tests/services/test_delegations.py::test_a_request_is_seen_by_the_two_accounts_it_is_about_and_no_other

    Raises:
        NoSuchEntity: there is none, or it is not this account's business.
    """
    here, asking = call.account, requestor_of(request_id)
    theirs = call.find_account(asking) if asking.isdigit() else None
    request = theirs.delegation_requests.get(request_id) if theirs else None
    if request is None or here.id not in (asking, request.owner_account or here.id):
        raise NoSuchEntity(f"The delegation request {request_id} cannot be found.")
    owner = call.find_account(request.owner_account) if request.owner_account else here
    return Seen(request, owner.delegations.get(request_id) if owner else None)


@operation("daypass:GetTradeInToken", "mints", reads_store=True)
def get_trade_in_token(call: Call) -> Mapping[str, object]:
    """The trade-in token of a request that the operator's account has made and ``Owner`` (an account) has sent.

    AWS sends it to a topic of the service that asked; here its operator fetches it.

    Raises:
        NoSuchEntity: this account has made no such request.
        InvalidInput: nobody has sent it.
    """
    require_operator(call)
    found = call.account.delegation_requests.get(call.params["DelegationRequestId"])
    if found is None:
        raise NoSuchEntity(f"The delegation request {call.params['DelegationRequestId']} cannot be found.")
    account = found.owner_account or call.params.get("Owner") or ""
    owner = call.find_account(account) if account else None
    answer = owner.delegations.get(found.id) if owner else None
    if answer is None or answer.sent is None:
        raise InvalidInput(f"The delegation request {found.id} was not sent.")
    nonce = call.ports.entropy.bytes(NONCE_BYTES)
    token = seal_trade_in(TradeIn(found.id, account, answer.sent), call.ports.keys.ring().active, nonce)
    return {"TradeInToken": token, "Expiration": answer.sent + found.duration}
