"""Delegation requests from asking to credentials, and all that must not come of one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from benchmarks.inner import captured
from daypass.adapters.keys.ring import REFRESH_GAP
from daypass.errors import Malformed
from daypass.policy.template import filled_template
from daypass.ports import NotLoaded
from daypass.services.delegations import KEPT, LIFETIME, LONGEST_LIFE
from daypass.services.iam.delegation import requests as delegation_requests
from daypass.testing.local import LocalDaypass, Signer
from tests.calling import code_of, credentials_in, element
from tests.services.sts.conftest import EVERYTHING, document, trusting

TEMPLATE = document({"Effect": "Allow", "Action": "iam:Get*", "Resource": ["arn:aws:iam::*:role/@{RoleNames}"]})
FILLED = {"Name": "RoleNames", "Type": "stringList", "Values": ["one", "two"]}


@dataclass
class Deal:
    """A service's account, and a customer's."""

    daypass: LocalDaypass
    partner: str
    partner_admin: Signer
    template: str
    count: int = 0

    def iam(self, signer: Signer | None = None) -> Any:
        """Of the customer's admin, unless told otherwise."""
        return self.daypass.client("iam", signer)

    def wish(self, **more: object) -> dict[str, Any]:
        """What asks the customer's account."""
        self.count += 1
        wish = {
            "OwnerAccountId": self.daypass.account,
            "Description": "Look at two roles",
            "Permissions": {"PolicyTemplateArn": self.template, "Parameters": [FILLED]},
            "RequestorWorkflowId": f"workflow-{self.count}",
            "NotificationChannel": "arn:aws:sns:us-east-1:123456789012:topic",
            "SessionDuration": 3600,
            **more,
        }
        return {name: value for name, value in wish.items() if value}

    def ask(self, **more: object) -> str:
        """A request to the customer's account; its id."""
        made = self.iam(self.partner_admin).create_delegation_request(**self.wish(**more))
        return str(made["DelegationRequestId"])

    def accepted(self, signer: Signer | None = None, **more: object) -> str:
        """A request that the customer has accepted and sent; its id."""
        request = self.ask(**more)
        for step in ("associate_delegation_request", "accept_delegation_request", "send_delegation_token"):
            getattr(self.iam(signer), step)(DelegationRequestId=request)
        return request

    def token(self, request: str) -> str:
        wish = {"DelegationRequestId": request}
        return str(self.daypass.daypass.operator("daypass:GetTradeInToken", wish, self.partner)["TradeInToken"])

    def trade(self, token: str, signer: Signer | None = None) -> Any:
        return self.daypass.client("sts", signer or self.partner_admin).get_delegated_access_token(TradeInToken=token)

    def role(self, name: str, *statements: dict[str, object]) -> str:
        trust = trusting(f"arn:aws:iam::{self.daypass.account}:root")
        arn = self.iam().create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        rights = document(*(statements or (EVERYTHING,)))
        self.iam().put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=rights)
        return str(arn)

    def session(self, arn: str, **more: object) -> Signer:
        answer = self.daypass.client("sts").assume_role(RoleArn=arn, RoleSessionName="approving", **more)
        return Signer.of(answer["Credentials"])

    def user(self, name: str, *statements: dict[str, object]) -> Signer:
        self.iam().create_user(UserName=name)
        if statements:
            self.iam().put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document(*statements))
        return Signer.of(self.iam().create_access_key(UserName=name)["AccessKey"])

    def state(self, request: str, signer: Signer | None = None) -> str:
        return str(self.iam(signer).get_delegation_request(DelegationRequestId=request)["DelegationRequest"]["State"])


@pytest.fixture(scope="module")
def deal() -> Iterator[Deal]:
    """One for the module."""
    with LocalDaypass() as daypass:
        partner, admin = daypass.account_named("partner")
        policy = daypass.client("iam", admin).create_policy(PolicyName="template", PolicyDocument=TEMPLATE)["Policy"]
        made = Deal(daypass, partner, admin, policy["Arn"])
        for name in ("one", "two", "three"):
            made.role(name)
        yield made


def code(call: Any, **params: object) -> str:
    """The error code that a boto3 call ends in."""
    with pytest.raises(ClientError) as refused:
        call(**params)
    return str(refused.value.response["Error"]["Code"])


def test_a_request_goes_through_its_states_and_ends_in_credentials(deal: Deal) -> None:
    """The session is the approver's, may what the filled-in policy allows, and ends when the request said."""
    approver = deal.session(deal.role("approver"))
    iam, request = deal.iam(approver), deal.ask(RequestMessage="please", RedirectUrl="https://partner.example.com/x")
    assert deal.state(request) == "ASSIGNED"
    iam.associate_delegation_request(DelegationRequestId=request)
    iam.update_delegation_request(DelegationRequestId=request, Notes="looks fine")
    assert deal.state(request) == "PENDING_APPROVAL"
    iam.accept_delegation_request(DelegationRequestId=request)
    assert deal.state(request, deal.partner_admin) == "ACCEPTED"
    iam.send_delegation_token(DelegationRequestId=request)
    shown = deal.iam(deal.partner_admin).get_delegation_request(DelegationRequestId=request)["DelegationRequest"]
    assert (shown["State"], shown["Notes"], shown["RequestorId"]) == ("FINALIZED", "looks fine", deal.partner)
    assert shown["OwnerId"] == shown["ApproverId"] == f"arn:aws:iam::{deal.daypass.account}:role/approver"
    statement = json.loads(shown["PermissionPolicy"])["Statement"][0]
    assert statement["Resource"] == ["arn:aws:iam::*:role/one", "arn:aws:iam::*:role/two"]

    answer = deal.trade(deal.token(request))
    assert answer["AssumedPrincipal"] == f"arn:aws:iam::{deal.daypass.account}:role/approver"
    assert 0 < answer["PackedPolicySize"] <= 100
    assert answer["Credentials"]["Expiration"] <= shown["ExpirationTime"]
    delegated = deal.iam(Signer.of(answer["Credentials"]))
    assert delegated.get_role(RoleName="one")["Role"]["RoleName"] == "one"
    assert code(delegated.get_role, RoleName="three") == "AccessDenied"
    assert code(delegated.list_roles) == "AccessDenied"


def test_the_session_is_never_more_than_its_approver(deal: Deal) -> None:
    """What the policy asks for and the approver may not, the session may not; his rights are live."""
    rights = {"Effect": "Allow", "Action": "iam:*Delegation*", "Resource": "*"}
    role = deal.role("powerless", rights)
    request = deal.accepted(deal.session(role))
    delegated = deal.iam(Signer.of(deal.trade(deal.token(request))["Credentials"]))
    assert code(delegated.get_role, RoleName="one") == "AccessDenied"
    deal.iam().put_role_policy(RoleName="powerless", PolicyName="more", PolicyDocument=document(EVERYTHING))
    assert delegated.get_role(RoleName="one")


def test_what_follows_the_approvers_session_follows_the_delegated_one(deal: Deal) -> None:
    """Tags and source identity stay, and it descends from his session: ending that one ends both."""
    approver = deal.session(deal.role("tagged"), Tags=[{"Key": "team", "Value": "red"}], SourceIdentity="zoe")
    token = deal.token(deal.accepted(approver))
    delegated = Signer.of(deal.trade(token)["Credentials"])
    deal.iam().put_role_policy(
        RoleName="tagged",
        PolicyName="own",
        PolicyDocument=document(
            EVERYTHING | {"Condition": {"StringEquals": {"aws:PrincipalTag/team": "red", "aws:SourceIdentity": "zoe"}}}
        ),
    )
    assert deal.iam(delegated).get_role(RoleName="one")
    deal.daypass.daypass.operator("daypass:RevokeSessions", {"AccessKeyId": approver.access_key_id})
    assert code(deal.iam(delegated).get_role, RoleName="one") == "ExpiredToken"


def test_what_a_revoked_session_has_accepted_never_opens_anything(deal: Deal) -> None:
    """Sent by somebody else on the last day that it can be: the rule is still there, whatever was revoked since."""
    approver, request, clock = deal.session(deal.role("ended")), deal.ask(), deal.daypass.clock
    deal.iam(approver).associate_delegation_request(DelegationRequestId=request)
    deal.iam(approver).accept_delegation_request(DelegationRequestId=request)
    operator = deal.daypass.daypass.operator
    operator("daypass:RevokeSessions", {"AccessKeyId": approver.access_key_id})
    clock.advance(LIFETIME - 10)
    try:
        operator("daypass:RevokeSessions", {"Principal": f"arn:aws:iam::{deal.daypass.account}:role/one"})
        sent = deal.daypass.call("iam", "SendDelegationToken", {"DelegationRequestId": request})
        assert sent.status == 200
        clock.advance(3_500)
        wish = {"TradeInToken": deal.token(request)}
        traded = deal.daypass.call("sts", "GetDelegatedAccessToken", wish, deal.partner_admin)
        delegated = credentials_in(traded)
        told = deal.daypass.call("iam", "GetRole", {"RoleName": "one"}, delegated)
        assert (told.status, code_of(told)) == (403, "ExpiredToken")
    finally:
        clock.advance(-LIFETIME - 3_490)


def test_a_user_who_accepts_gives_a_federated_users_session(deal: Deal) -> None:
    """It reaches no IAM, and of STS only who it is."""
    request = deal.accepted(deal.user("ann", EVERYTHING))
    answer = deal.trade(deal.token(request))
    assert answer["AssumedPrincipal"].endswith(":user/ann")
    delegated = Signer.of(answer["Credentials"])
    assert ":federated-user/delegated-" in deal.daypass.client("sts", delegated).get_caller_identity()["Arn"]
    assert code(deal.iam(delegated).get_role, RoleName="one") == "InvalidClientTokenId"


def test_who_is_cut_himself_accepts_nothing(deal: Deal) -> None:
    """The new session could not keep his cut, so he is refused."""
    request = deal.ask()
    cut = deal.session(deal.role("cut"), Policy=document(EVERYTHING))
    deal.iam(cut).associate_delegation_request(DelegationRequestId=request)
    assert code(deal.iam(cut).accept_delegation_request, DelegationRequestId=request) == "AccessDenied"


def test_a_request_is_seen_by_the_two_accounts_it_is_about_and_no_other(deal: Deal) -> None:
    """To others it is as if it did not exist; one that names nobody may be taken up by any account."""
    stranger = deal.daypass.account_named("stranger")[1]
    request, free = deal.ask(), deal.ask(OwnerAccountId=None)
    for step in ("get_delegation_request", "associate_delegation_request", "accept_delegation_request"):
        assert code(getattr(deal.iam(stranger), step), DelegationRequestId=request) == "NoSuchEntity"
    assert code(deal.iam(stranger).get_delegation_request, DelegationRequestId="x" * 36) == "NoSuchEntity"
    assert deal.state(free, stranger) == "UNASSIGNED"
    deal.iam(stranger).associate_delegation_request(DelegationRequestId=free)
    assert deal.state(free, stranger) == "ASSIGNED"


def test_the_asking_account_takes_up_nothing_of_its_own_for_another(deal: Deal) -> None:
    """It sees its request, and every further step is the other account's."""
    request, partner = deal.ask(), deal.iam(deal.partner_admin)
    steps = [getattr(partner, f"{step}_delegation_request") for step in ("associate", "update", "accept", "reject")]
    for ours in ("associate_delegation_request", "accept_delegation_request", "get_delegation_request"):
        for theirs in (*steps, partner.send_delegation_token):
            assert code(theirs, DelegationRequestId=request) == "InvalidInput"
        getattr(deal.iam(), ours)(DelegationRequestId=request)
    assert deal.state(request) == deal.state(request, deal.partner_admin) == "ACCEPTED"


def test_a_trade_in_token_is_of_no_use_to_another_account(deal: Deal) -> None:
    """Nor is one that was changed, nor a session token, nor one of a request that was never sent."""
    request = deal.accepted()
    token = deal.token(request)
    for bad in (token[:-1], token + "A", token[:30] + ("A" if token[30] != "A" else "B") + token[31:], "x", "é" * 40):
        assert code(deal.trade, token=bad) == "ValidationError"
    assert code(deal.trade, token=token, signer=deal.daypass.admin) == "ValidationError"
    assert code(deal.trade, token=deal.session(deal.role("any")).session_token) == "ValidationError"
    assert deal.trade(token)["Credentials"]


def test_a_token_waits_for_the_store_only_where_its_key_is_unknown(deal: Deal) -> None:
    """Of a key that nobody has, the store is asked once in a while, and never on the event loop."""
    token, service = deal.token(deal.accepted()), deal.daypass.daypass.service
    altered = token[:3] + ("A" if token[3] != "A" else "B") + token[4:]
    known, unknown = (
        captured(deal.daypass, "sts", "GetDelegatedAccessToken", {"TradeInToken": each}, deal.partner_admin)
        for each in (token, altered)
    )
    assert service.serve(known).status == 200
    deal.daypass.daypass.keys._asked -= REFRESH_GAP  # a while later
    with pytest.raises(NotLoaded):
        service.serve(unknown)
    assert code_of(service.serve_blocking(unknown)) == "ValidationError"
    assert code_of(service.serve(unknown)) == "ValidationError", "asked a moment ago"


def test_a_token_ends_with_the_time_that_was_asked_for(deal: Deal) -> None:
    """Counted from the sending, however often it is exchanged; a later session is a shorter one."""
    clock = deal.daypass.clock
    token = deal.token(deal.accepted(SessionDuration=300))
    first = deal.trade(token)["Credentials"]["Expiration"]
    clock.advance(100)
    try:
        answer = deal.daypass.call("sts", "GetDelegatedAccessToken", {"TradeInToken": token}, deal.partner_admin)
        assert f"<Expiration>{first:%Y-%m-%dT%H:%M:%SZ}</Expiration>" in answer.body.decode()
        clock.advance(201)
        answer = deal.daypass.call("sts", "GetDelegatedAccessToken", {"TradeInToken": token}, deal.partner_admin)
        assert (answer.status, b"ExpiredTradeInTokenException" in answer.body) == (400, True)
    finally:
        clock.advance(-301)


def test_a_rejected_request_goes_no_further_and_an_accepted_one_can_be_rejected(deal: Deal) -> None:
    """Until its token is sent; then nothing is taken back."""
    request = deal.ask()
    iam = deal.iam()
    iam.associate_delegation_request(DelegationRequestId=request)
    iam.accept_delegation_request(DelegationRequestId=request)
    iam.reject_delegation_request(DelegationRequestId=request, Notes="no")
    shown = iam.get_delegation_request(DelegationRequestId=request)["DelegationRequest"]
    assert (shown["State"], shown["RejectionReason"], "ApproverId" in shown) == ("REJECTED", "no", False)
    for step in ("accept_delegation_request", "send_delegation_token", "associate_delegation_request"):
        assert code(getattr(iam, step), DelegationRequestId=request) == "InvalidInput"
    assert code(iam.reject_delegation_request, DelegationRequestId=deal.accepted()) == "InvalidInput"


def test_a_request_that_nobody_takes_further_expires(deal: Deal) -> None:
    """A week after its last step."""
    request = deal.ask()
    deal.iam().associate_delegation_request(DelegationRequestId=request)
    deal.daypass.clock.advance(LIFETIME + 10)
    try:
        said = deal.daypass.call("iam", "AcceptDelegationRequest", {"DelegationRequestId": request})
        assert b"is EXPIRED." in said.body
    finally:
        deal.daypass.clock.advance(-LIFETIME - 10)


def test_a_request_takes_no_step_a_month_after_it_was_made(deal: Deal) -> None:
    """However often it was commented meanwhile."""
    request, clock, weeks = deal.ask(), deal.daypass.clock, range(LONGEST_LIFE // LIFETIME + 1)
    deal.iam().associate_delegation_request(DelegationRequestId=request)
    try:
        told = []
        for _ in weeks:
            clock.advance(LIFETIME - 10)
            told.append(deal.daypass.call("iam", "UpdateDelegationRequest", {"DelegationRequestId": request}))
        assert [answer.status for answer in told] == [200] * (len(weeks) - 1) + [400]
        assert b"is EXPIRED." in told[-1].body
    finally:
        clock.advance(-len(weeks) * (LIFETIME - 10))


def test_requests_are_few_and_old_ones_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of those that are over for good neither side keeps anything, and nobody is stopped by them."""
    monkeypatch.setattr(delegation_requests, "MOST_REQUESTS", 2)
    with LocalDaypass() as daypass:
        made = daypass.client("iam").create_policy(PolicyName="template", PolicyDocument=TEMPLATE)["Policy"]
        deal = Deal(daypass, daypass.account, daypass.admin, made["Arn"])
        old = [deal.accepted(), deal.ask()]
        assert code(deal.ask) == "LimitExceeded"
        daypass.clock.advance(KEPT + 2)
        answer = daypass.call("iam", "CreateDelegationRequest", deal.wish())
        request = {"DelegationRequestId": element(answer, "DelegationRequestId")}
        listed = daypass.call("iam", "ListDelegationRequests")
        assert (listed.status, element(listed, "DelegationRequestId")) == (200, "")
        assert daypass.call("iam", "AssociateDelegationRequest", request).status == 200
        snapshot = daypass.daypass.storage.directory.load(daypass.account)
        assert snapshot is not None
        assert list(snapshot.delegation_requests) == list(snapshot.delegations) == [*request.values()] != old


def test_an_owner_reads_his_request_without_a_policy_but_not_against_one(deal: Deal) -> None:
    """Get, update and the summary; a Deny wins, and accepting always needs a policy."""
    taking = {"Effect": "Allow", "Action": "iam:AssociateDelegationRequest", "Resource": "*"}
    bob, eve = deal.user("bob", taking), deal.user("eve")
    request = deal.ask()
    deal.iam(bob).associate_delegation_request(DelegationRequestId=request)
    assert deal.state(request, bob) == "ASSIGNED"
    deal.iam(bob).update_delegation_request(DelegationRequestId=request, Notes="mine")
    assert code(deal.iam(bob).accept_delegation_request, DelegationRequestId=request) == "AccessDenied"
    assert code(deal.iam(eve).get_delegation_request, DelegationRequestId=request) == "AccessDenied"
    deny = document(taking, {"Effect": "Deny", "Action": "iam:GetDelegationRequest", "Resource": "*"})
    deal.iam().put_user_policy(UserName="bob", PolicyName="own", PolicyDocument=deny)
    assert code(deal.iam(bob).get_delegation_request, DelegationRequestId=request) == "AccessDenied"


def test_only_the_owner_sends_where_the_request_says_so(deal: Deal) -> None:
    """Another administrator of his account may accept, and not send."""
    request = deal.ask(OnlySendByOwner=True)
    owner = deal.user("owner", EVERYTHING)
    deal.iam(owner).associate_delegation_request(DelegationRequestId=request)
    deal.iam().accept_delegation_request(DelegationRequestId=request)
    assert code(deal.iam().send_delegation_token, DelegationRequestId=request) == "AccessDenied"
    deal.iam(owner).send_delegation_token(DelegationRequestId=request)


def test_an_owners_requests_are_listed_and_summed_up(deal: Deal) -> None:
    """Those that somebody of the account owns, by owner if asked; in English only."""
    carol = deal.user("carol", EVERYTHING)
    request, other = deal.ask(), deal.ask()
    deal.iam(carol).associate_delegation_request(DelegationRequestId=request)
    listed = deal.iam().list_delegation_requests(OwnerId=f"arn:aws:iam::{deal.daypass.account}:user/carol")
    assert [one["DelegationRequestId"] for one in listed["DelegationRequests"]] == [request]
    assert listed["isTruncated"] is False
    assert other not in str(deal.iam().list_delegation_requests())
    arn = f"arn:aws:iam::{deal.daypass.account}:delegation-request/{request}"
    said = deal.iam(carol).get_human_readable_summary(EntityArn=arn)
    assert said["SummaryState"] == "AVAILABLE"
    assert "Look at two roles" in said["SummaryContent"]
    assert deal.iam(carol).get_human_readable_summary(EntityArn=arn, Locale="de")["SummaryState"] == "NOT_SUPPORTED"


def test_nobody_owns_a_request_by_a_name_that_he_was_given_later(deal: Deal) -> None:
    """An owner who was deleted has no successor."""
    taking = {"Effect": "Allow", "Action": "iam:AssociateDelegationRequest", "Resource": "*"}
    gone, request, iam = deal.user("heir", taking), deal.ask(), deal.iam()
    deal.iam(gone).associate_delegation_request(DelegationRequestId=request)
    assert deal.state(request, gone) == "ASSIGNED"
    iam.delete_user_policy(UserName="heir", PolicyName="own")
    iam.delete_access_key(UserName="heir", AccessKeyId=gone.access_key_id)
    iam.delete_user(UserName="heir")
    assert code(deal.iam(deal.user("heir")).get_delegation_request, DelegationRequestId=request) == "AccessDenied"


def test_what_an_owner_may_by_default_is_cut_like_all_else(deal: Deal) -> None:
    """By a session policy and a boundary that say nothing of it, although he has no policy that allows it either."""
    role = deal.role("modest", {"Effect": "Allow", "Action": "iam:AssociateDelegationRequest", "Resource": "*"})
    request, owner = deal.ask(), deal.session(role)
    deal.iam(owner).associate_delegation_request(DelegationRequestId=request)
    other = document({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    cut = deal.session(role, Policy=other)
    limits = deal.iam().create_policy(PolicyName="limits", PolicyDocument=other)["Policy"]["Arn"]
    assert deal.state(request, owner) == "ASSIGNED"
    deal.iam().put_role_permissions_boundary(RoleName="modest", PermissionsBoundary=limits)
    for signer in (cut, owner):
        for step in ("get_delegation_request", "update_delegation_request"):
            assert code(getattr(deal.iam(signer), step), DelegationRequestId=request) == "AccessDenied"
    deal.iam().delete_role_permissions_boundary(RoleName="modest")
    assert code(deal.iam(cut).get_delegation_request, DelegationRequestId=request) == "AccessDenied"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"Permissions": {"PolicyTemplateArn": "arn:aws:iam::aws:policy/NoSuchPolicy"}}, "InvalidInput"),
        ({"Permissions": {"PolicyTemplateArn": "{template}"}}, "InvalidInput"),
        ({"Permissions": {"PolicyTemplateArn": "{template}", "Parameters": [FILLED, FILLED]}}, "InvalidInput"),
        ({"RequestorWorkflowId": "workflow-twice"}, "EntityAlreadyExists"),
    ],
)
def test_a_request_that_cannot_be_is_refused(deal: Deal, more: dict[str, Any], expected: str) -> None:
    """A template that is not there or not filled in, a workflow twice."""
    if expected == "EntityAlreadyExists":
        deal.ask(**more)
    more = json.loads(json.dumps(more).replace("{template}", deal.template))
    assert code(deal.ask, **more) == expected


@pytest.mark.parametrize(
    ("document", "parameters", "filled"),
    [
        ('{"a": "x@{One}y"}', {"One": ("1",)}, '{"a":"x1y"}'),
        ('{"a": ["p/@{Many}", "q"]}', {"Many": ("1", "2")}, '{"a":["p/1","p/2","q"]}'),
        ('{"a": "@{One}"}', {"One": ('"]}',)}, '{"a":"\\"]}"}'),
        ('{"a": "@{One}"}', {"One": ("1", "2")}, None),
        ('{"a": "@{One}"}', {}, None),
        ('{"a": "b"}', {"Idle": ("1",)}, None),
        ('{"a": "@{One}"}', {"One": ("@{One}",)}, '{"a":"@{One}"}'),
    ],
)
def test_templates_are_filled_as_texts_and_never_as_json(
    document: str, parameters: dict[str, tuple[str, ...]], filled: str | None
) -> None:
    """A value is a value, whatever stands in it; what is missing, idle or too much is refused."""
    if filled is None:
        with pytest.raises(Malformed):
            filled_template(document, parameters)
    else:
        assert filled_template(document, parameters) == filled
