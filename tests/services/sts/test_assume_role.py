"""AssumeRole: who may, what is inherited, what contradicts itself, what the session may."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from botocore.exceptions import ClientError

from daypass.operations.compiled import BROUGHT, SESSION_GENERATION, STORED
from daypass.testing.local import Signer

from .conftest import ASSUME, EVERYTHING, SOURCE, TAG, Stage, document, trusting

WHO = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
TAGGING = {"Action": [ASSUME, TAG]}


def denied(who: str, action: str, role: str) -> tuple[str, str]:
    return "AccessDenied", f"User: {who} is not authorized to perform: {action} on resource: {role}"


def tags(**pairs: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in pairs.items()]


# ── who may ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_user_named_by_the_trust_policy_needs_no_policy_of_her_own(stage: Stage) -> None:
    """In the same account the trust policy alone is enough when it names the caller."""
    role = stage.role("named", trusting(stage.alice_arn), Path="/a/b/")
    answer = stage.assume(role)
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{stage.account}:assumed-role/named/session"
    assert answer["AssumedRoleUser"]["AssumedRoleId"].endswith(":session")
    assert "PackedPolicySize" not in answer
    assert "SourceIdentity" not in answer


def test_a_trust_policy_that_names_the_account_only_delegates(stage: Stage) -> None:
    """An account principal leaves the decision to the caller's own policies."""
    role = stage.role("delegated", trusting(f"arn:aws:iam::{stage.account}:root"))
    assert stage.refusal(role) == denied(stage.alice_arn, ASSUME, role)
    stage.iam().put_user_policy(UserName="alice", PolicyName="may", PolicyDocument=document(WHO))
    try:
        assert stage.assume(role)["Credentials"]
    finally:
        stage.iam().delete_user_policy(UserName="alice", PolicyName="may")


def test_a_role_that_is_absent_and_one_that_does_not_trust_look_alike(stage: Stage) -> None:
    """Existence is not revealed: same code, same words, also for another path and another account."""
    role = stage.role("distrustful", trusting(f"arn:aws:iam::{stage.account}:user/admin"))
    assert stage.refusal(role) == denied(stage.alice_arn, ASSUME, role)
    for absent in (
        role.replace("distrustful", "nobody"),
        role.replace("role/", "role/path/"),
        role.replace(stage.account, stage.other),
        role.replace(stage.account, "000000000001"),
        role.replace(":role/", ":user/"),
    ):
        assert stage.refusal(absent) == denied(stage.alice_arn, ASSUME, absent)


def test_across_accounts_both_sides_must_allow(stage: Stage) -> None:
    """Neither the trust policy's exact name nor the caller's own policy suffices alone."""
    other_iam = stage.iam(stage.other_admin)
    made = other_iam.create_role(RoleName="guest", AssumeRolePolicyDocument=trusting(stage.alice_arn))
    guest = made["Role"]["Arn"]
    assert stage.refusal(guest) == denied(stage.alice_arn, ASSUME, guest)
    assert stage.refusal(guest, stage.daypass.admin)[0] == "AccessDenied"
    stage.iam().put_user_policy(UserName="alice", PolicyName="may", PolicyDocument=document(WHO))
    try:
        answer = stage.assume(guest)
        assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{stage.other}:assumed-role/guest/session"
    finally:
        stage.iam().delete_user_policy(UserName="alice", PolicyName="may")


def test_an_explicit_deny_wins(stage: Stage) -> None:
    """A Deny in the caller's own policy beats a trust policy that names her."""
    role = stage.role("forbidden", trusting(stage.alice_arn))
    deny = {"Effect": "Deny", "Action": "sts:*", "Resource": role}
    stage.iam().put_user_policy(UserName="alice", PolicyName="never", PolicyDocument=document(deny))
    try:
        assert stage.refusal(role)[0] == "AccessDenied"
    finally:
        stage.iam().delete_user_policy(UserName="alice", PolicyName="never")


def test_a_recreated_user_does_not_inherit_the_trust(stage: Stage) -> None:
    """A trust policy is bound to the unique id of the user it was written for."""
    iam = stage.iam()
    first = iam.create_user(UserName="carol")["User"]["Arn"]
    role = stage.role("bound", trusting(first))
    key = Signer.of(iam.create_access_key(UserName="carol")["AccessKey"])
    assert stage.assume(role, key)
    iam.delete_access_key(UserName="carol", AccessKeyId=key.access_key_id)
    iam.delete_user(UserName="carol")
    again = iam.create_user(UserName="carol")["User"]["Arn"]
    key = Signer.of(iam.create_access_key(UserName="carol")["AccessKey"])
    assert again == first
    assert stage.refusal(role, key) == denied(first, ASSUME, role)


@pytest.mark.parametrize(("given", "allowed"), [(None, False), ("wrong", False), ("s3cret:42", True)])
def test_the_external_id_is_a_condition_of_the_trust_policy(stage: Stage, given: str | None, *, allowed: bool) -> None:
    """A missing and a wrong external id are refused alike."""
    condition = {"StringEquals": {"sts:ExternalId": "s3cret:42"}}
    name = f"external-{given and given[0]}"
    role = stage.role(name, trusting(stage.alice_arn, Condition=condition))
    more = {} if given is None else {"ExternalId": given}
    if allowed:
        assert stage.assume(role, **more)
    else:
        assert stage.refusal(role, **more) == denied(stage.alice_arn, ASSUME, role)


@pytest.mark.parametrize(
    ("arn", "message"),
    [
        ("nothing-valid-in-here", "nothing-valid-in-here is invalid"),
        ("arn:a::::something/test-role", "arn:a::::something/test-role is invalid"),
        ("arn:a:a::aaaaaaaaaa:", "arn:a:a::aaaaaaaaaa: is invalid"),
    ],
)
def test_what_is_no_arn_is_a_validation_error(stage: Stage, arn: str, message: str) -> None:
    """A role ARN that passes the shape and is no ARN is named and refused."""
    assert stage.refusal(arn) == ("ValidationError", message)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"SerialNumber": "arn:aws:iam::123456789012:mfa/a", "TokenCode": "123456"},
            (
                "MultiFactorAuthentication failed, unable to validate MFA code.  "
                "Please verify your MFA serial number is valid and associated with this user."
            ),
        ),
        (
            {"TokenCode": "123456"},
            "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.",
        ),
    ],
)
def test_a_device_nobody_has_is_refused(stage: Stage, params: dict[str, str], message: str) -> None:
    """An MFA code without a registered device never counts."""
    role = stage.daypass.account
    arn = f"arn:aws:iam::{role}:role/any"
    assert stage.refusal(arn, **params) == ("AccessDenied", message)


def test_no_context_assertion_is_believed(stage: Stage) -> None:
    """Whoever may set a context: no issuer of assertions is known, so none is right, in whatever form it comes."""
    role = stage.role("contextual", trusting(stage.alice_arn, actions=(ASSUME, "sts:SetContext")))
    arn = "arn:aws:iam::aws:contextProvider/IdentityCenter"
    unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9."
    refused = ("ValidationError", f"The context assertion of {arn} is not valid.")
    for assertion in (unsigned, "abcd", "a.b.c", "x" * 2048):
        context = [{"ProviderArn": arn, "ContextAssertion": assertion}]
        assert stage.refusal(role, ProvidedContexts=context) == refused


# ── durations and chains ─────────────────────────────────────────────────────────────────────────────


def test_the_duration_is_bounded_by_the_role_and_by_the_chain(stage: Stage) -> None:
    """A role's maximum first, then the hour of a chained session; the expiry is exactly the duration away."""
    patient = stage.role("patient", trusting(stage.alice_arn), WHO, MaxSessionDuration=7200)
    chained = stage.role("chained", trusting(patient), MaxSessionDuration=43200)
    above = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    assert stage.refusal(patient, DurationSeconds=7201) == ("ValidationError", above)
    answer = stage.assume(patient, DurationSeconds=7200)
    left = answer["Credentials"]["Expiration"].timestamp() - stage.daypass.clock.now()
    assert 7195 < left <= 7200
    session = Signer.of(answer["Credentials"])
    hour = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
    assert stage.refusal(chained, session, DurationSeconds=3601) == ("ValidationError", hour)
    assert stage.assume(chained, session, DurationSeconds=3600)


def test_a_get_session_token_session_is_not_a_chain(stage: Stage) -> None:
    """A user's own session may ask for the role's whole duration."""
    role = stage.role("long", trusting(stage.alice_arn), MaxSessionDuration=43200)
    own = Signer.of(stage.sts().get_session_token()["Credentials"])
    assert stage.assume(role, own, DurationSeconds=43200)


def test_a_role_does_not_trust_itself(stage: Stage) -> None:
    """Assuming oneself needs an entry in one's own trust policy."""
    role = stage.role("narcissus", trusting(stage.alice_arn), EVERYTHING)
    session = stage.session(role)
    arn = f"arn:aws:sts::{stage.account}:assumed-role/narcissus/session"
    assert stage.refusal(role, session) == denied(arn, ASSUME, role)


# ── tags and source identity ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"Tags": tags(team="a"), "TransitiveTagKeys": ["other"]},
            "The specified transitive tag key must be included in the requested tags.",
        ),
        (
            {"Tags": [*tags(team="a"), *tags(TEAM="b")]},
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        ),
    ],
)
def test_tags_that_contradict_each_other_are_refused(stage: Stage, params: dict[str, Any], message: str) -> None:
    """The texts of the real service, before anything is looked up."""
    role = f"arn:aws:iam::{stage.account}:role/any"
    assert stage.refusal(role, **params) == ("InvalidParameterValue", message)


def test_passing_tags_needs_tag_session(stage: Stage) -> None:
    """A trust policy without sts:TagSession refuses tags and says which action is missing."""
    role = stage.role("untagged", trusting(stage.alice_arn, actions=(ASSUME,)))
    assert stage.refusal(role, Tags=tags(team="a")) == denied(stage.alice_arn, TAG, role)
    assert stage.assume(role)


def test_transitive_tags_go_on_and_cannot_be_shed(stage: Stage) -> None:
    """A chained session inherits them, may not pass them again, and may not drop them where tagging is not allowed."""
    first = stage.role("tagged", trusting(stage.alice_arn), WHO)
    only_blue = {"StringEquals": {"aws:PrincipalTag/team": "blue"}}
    gate = {"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*", "Condition": only_blue}
    second = stage.role("tagged-2", trusting(first), gate)
    strict = stage.role("tagged-3", trusting(first, actions=(ASSUME,)))
    given = tags(team="blue", lost="x")
    session = stage.session(first, Tags=given, TransitiveTagKeys=["team"])
    chained = stage.session(second, session)
    assert stage.iam(chained).list_users()["Users"]
    plain = stage.session(second, stage.session(first, Tags=given))
    with pytest.raises(ClientError, match="AccessDenied"):
        stage.iam(plain).list_users()
    conflict = (
        "InvalidParameterValue",
        (
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from "
            "the calling session."
        ),
    )
    assert stage.refusal(second, session, Tags=tags(TEAM="red")) == conflict
    arn = f"arn:aws:sts::{stage.account}:assumed-role/tagged/session"
    assert stage.refusal(strict, session) == denied(arn, TAG, strict)


def test_the_record_tells_which_tags_a_session_brought_along(stage: Stage) -> None:
    """Beside those that the call passes, and only where there are some; equal calls do not tell each other's."""
    first = stage.role("brings", trusting(stage.alice_arn))
    second = stage.role("takes", trusting(first))
    asked = {"roleArn": second, "roleSessionName": "session", "tags": [{"key": "site", "value": "b1"}]}
    for marked, told in (({"TransitiveTagKeys": ["team"]}, {"incomingTransitiveTags": {"team": "blue"}}), ({}, {})):
        session = stage.session(first, Tags=tags(team="blue"), **marked)
        for _ in range(3):
            stage.assume(second, session, Tags=tags(site="b1"))
            files = sorted((stage.daypass.data / "audit").glob("*.jsonl"))
            last = json.loads(files[-1].read_text().splitlines()[-1])
            assert last["requestParameters"] == asked | told


def test_a_role_does_not_get_the_callers_tags_as_its_own(stage: Stage) -> None:
    """A condition on the role's tags asks for its own, in trust policies and in the caller's, whatever he brings."""
    same = {"StringEquals": {"aws:ResourceTag/project": "${aws:PrincipalTag/project}"}}
    web = {"StringEquals": {"iam:ResourceTag/project": "web"}}
    first = stage.role("handing-on", trusting(stage.alice_arn), WHO | TAGGING)
    asking = stage.role("asking", trusting(stage.alice_arn), {**(WHO | TAGGING), "Condition": web})
    cases = (("bare", [], False), ("red", tags(color="red"), False), ("x", tags(project="x"), False))
    for name, own, allowed in (*cases, ("web", tags(project="web"), True), ("case", tags(Project="web"), True)):
        trusting_alike = stage.role(f"alike-{name}", trusting(first, Condition=same), Tags=own)
        open_to_all = stage.role(f"open-{name}", trusting(f"arn:aws:iam::{stage.account}:root"), Tags=own)
        for start, role in ((first, trusting_alike), (asking, open_to_all)):
            session = stage.session(start, Tags=tags(project="web"), TransitiveTagKeys=["project"])
            if allowed:
                assert stage.assume(role, session)
            else:
                assert stage.refusal(role, session)[0] == "AccessDenied", (start, role)


def test_a_tag_that_is_handed_on_can_be_denied_as_if_it_were_the_roles(stage: Stage) -> None:
    """AWS reads trust policies with the values that a chain hands on; a Deny that asks for those holds here too."""
    first = stage.role("handing-secret", trusting(stage.alice_arn), WHO | TAGGING)
    secret = {"StringEquals": {"aws:ResourceTag/level": "secret"}}
    deny = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole", "Condition": secret}
    allow = json.loads(trusting(f"arn:aws:iam::{stage.account}:root"))["Statement"]
    role = stage.role("denying-secret", document(*allow, deny), Tags=tags(level="open"))
    for level, code in (("open", None), ("secret", "AccessDenied")):
        session = stage.session(first, Tags=tags(level=level), TransitiveTagKeys=["level"])
        if code:
            assert stage.refusal(role, session)[0] == code
        else:
            assert stage.assume(role, session)


def test_a_source_identity_stays_for_the_whole_chain(stage: Stage) -> None:
    """It is echoed when inherited, may be repeated, may not be changed, and needs its own permission at each step."""
    first = stage.role("sourced", trusting(stage.alice_arn), WHO)
    second = stage.role("sourced-2", trusting(first))
    strict = stage.role("sourced-3", trusting(first, actions=(ASSUME, TAG)))
    assert stage.refusal(strict.replace("sourced-3", "untagged"), SourceIdentity="al")[0] == "AccessDenied"
    answer = stage.assume(first, SourceIdentity="alice@example.com")
    assert answer["SourceIdentity"] == "alice@example.com"
    session = Signer.of(answer["Credentials"])
    assert stage.assume(second, session)["SourceIdentity"] == "alice@example.com"
    assert stage.assume(second, session, SourceIdentity="alice@example.com")
    changed = ("ValidationError", "The source identity is already set for this assume role session")
    assert stage.refusal(second, session, SourceIdentity="eve") == changed
    arn = f"arn:aws:sts::{stage.account}:assumed-role/sourced/session"
    assert stage.refusal(strict, session) == denied(arn, SOURCE, strict)


# ── session policies ─────────────────────────────────────────────────────────────────────────────────


def test_a_session_policy_only_takes_away(stage: Stage) -> None:
    """Inline and managed session policies together are one set that the role's permissions are cut by."""
    reads = {"Effect": "Allow", "Action": ["iam:ListUsers", "iam:ListRoles"], "Resource": "*"}
    role = stage.role("cut", trusting(stage.alice_arn), reads)
    wide = stage.iam(stage.session(role, Policy=document(EVERYTHING)))
    assert wide.list_users()["Users"]
    with pytest.raises(ClientError, match="no identity-based policy allows the iam:ListPolicies action"):
        wide.list_policies()
    narrow = stage.iam(stage.session(role, Policy=document({**reads, "Action": "iam:ListRoles"})))
    assert narrow.list_roles()["Roles"]
    with pytest.raises(ClientError, match="no session policy allows the iam:ListUsers action"):
        narrow.list_users()
    audit = [{"arn": "arn:aws:iam::aws:policy/SecurityAudit"}]
    both = stage.assume(role, Policy=document({**reads, "Action": "sts:*"}), PolicyArns=audit)
    assert both["PackedPolicySize"] >= 1
    assert stage.iam(Signer.of(both["Credentials"])).list_users()["Users"]


def test_a_managed_session_policy_that_is_deleted_takes_the_others_with_it(stage: Stage) -> None:
    """The one that is gone may have held the Deny that the others rely on, so nothing is allowed without it."""
    role, iam = stage.role("leaning", trusting(stage.alice_arn), EVERYTHING), stage.iam()
    deny = document({"Effect": "Deny", "Action": "iam:*User*", "Resource": "*"})
    arn = iam.create_policy(PolicyName="leaned-on", PolicyDocument=deny)["Policy"]["Arn"]
    session = stage.iam(stage.session(role, Policy=document(EVERYTHING), PolicyArns=[{"arn": arn}]))
    assert session.list_roles()["Roles"]
    iam.delete_policy(PolicyArn=arn)
    for refused in (session.list_users, session.list_roles):
        with pytest.raises(ClientError, match="with an explicit deny in a session policy"):
            refused()


def test_session_policies_do_not_push_other_policies_out_of_memory(stage: Stage) -> None:
    """Whoever may assume a role can bring any number of them, so they stand in a table of their own, a small one."""
    role = stage.role("crowd", trusting(stage.alice_arn), EVERYTHING)
    stage.iam(stage.session(role, Policy=document(EVERYTHING))).list_users()
    before = len(STORED)
    for number in range(3):
        stage.iam(stage.session(role, Policy=document({**EVERYTHING, "Sid": f"n{number}"}))).list_users()
    assert len(STORED) == before
    assert len(BROUGHT) >= 3
    assert SESSION_GENERATION <= 16 << 20


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"Policy": "{"}, "MalformedPolicyDocument"),
        ({"Policy": document({"Effect": "Allow", "Action": "s3:*"})}, "MalformedPolicyDocument"),
        ({"Policy": document({**EVERYTHING, "Principal": "*"})}, "MalformedPolicyDocument"),
        ({"Policy": document({**EVERYTHING, "Sid": "x" * 2000})}, "ValidationError"),
        ({"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/NoSuchPolicy"}]}, "ValidationError"),
        ({"PolicyArns": [{"arn": f"arn:aws:iam::aws:policy/No{n}"} for n in range(11)]}, "ValidationError"),
    ],
)
def test_a_session_policy_that_is_none_is_refused(stage: Stage, params: dict[str, Any], code: str) -> None:
    """What cannot be read, is too much, or does not exist never becomes a session without it."""
    arn = f"arn:aws:iam::{stage.account}:role/refuser"
    if not any(role["Arn"] == arn for role in stage.iam().list_roles()["Roles"]):
        stage.role("refuser", trusting(stage.alice_arn))
    assert stage.refusal(arn, **params)[0] == code


def test_too_many_tags_do_not_fit_into_a_token(stage: Stage) -> None:
    """What does not fit is refused with how much it takes, never cut."""
    role = stage.role("full", trusting(stage.alice_arn))
    letters = random.Random(1)
    many = tags(**{f"key{n}": "".join(letters.choices("abcdefghijklmnop0123456789", k=200)) for n in range(50)})
    code, message = stage.refusal(role, Tags=many)
    assert code == "PackedPolicyTooLarge"
    assert message.startswith("Packed size of session tags consumes ")


# ── root ─────────────────────────────────────────────────────────────────────────────────────────────


def test_root_may_not_assume_roles(stage: Stage) -> None:
    """The root user of an account is refused with AWS's sentence."""
    made = stage.daypass.daypass.operator("daypass:CreateRootAccessKey", {})
    key = Signer.of(made.get("AccessKey", made))
    try:
        role = stage.role("rootless", trusting(f"arn:aws:iam::{stage.account}:root"))
        assert stage.refusal(role, key) == ("AccessDenied", "Roles may not be assumed by root accounts.")
        who = stage.sts(key).get_caller_identity()
        assert (who["Arn"], who["UserId"]) == (f"arn:aws:iam::{stage.account}:root", stage.account)
    finally:
        stage.daypass.daypass.operator("daypass:DeleteRootAccessKeys", {})
