"""Global and regional endpoints: what the tokens of each are good for, and whose regions count across accounts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from daypass import open_session_token
from daypass.exchange import Response
from daypass.testing.local import LocalDaypass, Signer
from tests.calling import code_of, credentials_in, element

GLOBAL = {"Host": "sts.amazonaws.com"}
OPT_IN, USUAL = "me-south-1", "eu-west-3"
_NUMBERS = count(1)
INVALID = "The security token included in the request is invalid"


@pytest.fixture(scope="module")
def daypass() -> Iterator[LocalDaypass]:
    with LocalDaypass() as local:
        yield local


@pytest.fixture
def account(daypass: LocalDaypass) -> tuple[str, Signer]:
    """An account of a test's own, and its administrator."""
    return daypass.account_named(f"account-{next(_NUMBERS)}")


def prefer(daypass: LocalDaypass, admin: Signer, version: str) -> None:
    """Choose the version of tokens from the global endpoint."""
    choice = {"GlobalEndpointTokenVersion": version}
    assert daypass.call("iam", "SetSecurityTokenServicePreferences", choice, admin).status == 200


def switch(daypass: LocalDaypass, verb: str, region: str, account: str) -> None:
    daypass.daypass.operator(f"daypass:{verb}Region", {"Region": region}, account)


def role(daypass: LocalDaypass, admin: Signer, trusted: str) -> str:
    """Make a role that trusts an account and may do everything; its ARN."""
    trust = {"Statement": {"Effect": "Allow", "Principal": {"AWS": trusted}, "Action": "sts:AssumeRole"}}
    every = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    wish = {"RoleName": f"for-{trusted}", "AssumeRolePolicyDocument": json.dumps(trust)}
    arn = element(daypass.call("iam", "CreateRole", wish, admin), "Arn")
    put = {"RoleName": f"for-{trusted}", "PolicyName": "own", "PolicyDocument": json.dumps(every)}
    assert daypass.call("iam", "PutRolePolicy", put, admin).status == 200
    return arn


def assume(daypass: LocalDaypass, arn: str, signer: Signer, **where: Any) -> Response:
    return daypass.call("sts", "AssumeRole", {"RoleArn": arn, "RoleSessionName": "session"}, signer, **where)


def version_of(daypass: LocalDaypass, signer: Signer) -> int:
    """The token version that is sealed into a session."""
    assert signer.session_token
    ring, now = daypass.daypass.keys.ring(), daypass.clock.now()
    return open_session_token(signer.session_token, signer.access_key_id, keyring=ring, now=now).token_version


def test_the_global_endpoint_gives_the_version_that_the_account_prefers(
    daypass: LocalDaypass, account: tuple[str, Signer]
) -> None:
    """Version 1 unless the account has chosen; what was issued before stays as it is."""
    _, admin = account
    first = credentials_in(daypass.call("sts", "GetSessionToken", {}, admin, headers=GLOBAL))
    prefer(daypass, admin, "v2Token")
    second = credentials_in(daypass.call("sts", "GetSessionToken", {}, admin, headers=GLOBAL))
    prefer(daypass, admin, "v1Token")
    third = credentials_in(daypass.call("sts", "GetSessionToken", {}, admin, headers=GLOBAL))
    assert [version_of(daypass, made) for made in (first, second, third)] == [1, 2, 1]


@pytest.mark.parametrize(
    "host", [None, "sts.us-east-1.amazonaws.com", "sts-fips.us-east-1.amazonaws.com", "sts.us-east-1.api.aws"]
)
def test_a_regional_endpoint_gives_tokens_for_all_regions(
    daypass: LocalDaypass, account: tuple[str, Signer], host: str | None
) -> None:
    """Whatever the account prefers; a host that is no AWS name is a regional endpoint too."""
    headers = {"Host": host} if host else None
    made = credentials_in(daypass.call("sts", "GetSessionToken", {}, account[1], headers=headers))
    assert version_of(daypass, made) == 2


def test_across_accounts_the_roles_account_chooses_the_version(
    daypass: LocalDaypass, account: tuple[str, Signer]
) -> None:
    """The credentials are its."""
    _, admin = account
    arn = role(daypass, admin, daypass.account)
    prefer(daypass, admin, "v2Token")
    assert version_of(daypass, credentials_in(assume(daypass, arn, daypass.admin, headers=GLOBAL))) == 2
    prefer(daypass, admin, "v1Token")
    assert version_of(daypass, credentials_in(assume(daypass, arn, daypass.admin, headers=GLOBAL))) == 1


@pytest.mark.parametrize(
    ("region", "code"),
    [("us-east-1", "200"), (USUAL, "200"), (OPT_IN, "InvalidClientTokenId"), ("us-newer-9", "InvalidClientTokenId")],
)
def test_a_version_1_token_is_no_good_where_one_must_opt_in(
    daypass: LocalDaypass, account: tuple[str, Signer], region: str, code: str
) -> None:
    """Also where the account has opted in: the token says where it is good, for whatever is asked."""
    number, admin = account
    made = credentials_in(assume(daypass, role(daypass, admin, number), admin, headers=GLOBAL))
    if code != "200":
        switch(daypass, "Enable", region, number)
    for operation in ("GetCallerIdentity", "GetAccessKeyInfo"):
        params = {"AccessKeyId": admin.access_key_id} if operation == "GetAccessKeyInfo" else {}
        answer = daypass.call("sts", operation, params, made, region=region)
        assert code_of(answer) == code
        if code != "200":
            assert (answer.status, element(answer, "Message")) == (403, INVALID)


def test_a_version_1_token_is_refused_before_its_age_and_its_signature_are_looked_at(daypass: LocalDaypass) -> None:
    """Where it is no good it is nobody's: neither that it has expired nor that the signature is wrong is told."""
    made = credentials_in(daypass.call("sts", "GetSessionToken", {}, daypass.admin, headers=GLOBAL))
    forged = replace(made, secret_access_key=daypass.admin.secret_access_key)
    assert code_of(daypass.call("sts", "GetCallerIdentity", {}, forged, region=OPT_IN)) == "InvalidClientTokenId"
    daypass.clock.advance(50_000)
    try:
        assert code_of(daypass.call("sts", "GetCallerIdentity", {}, made, region=OPT_IN)) == "InvalidClientTokenId"
        assert code_of(daypass.call("sts", "GetCallerIdentity", {}, made)) == "ExpiredToken"
    finally:
        daypass.clock.advance(-50_000)


def test_a_version_2_token_is_good_in_every_region(daypass: LocalDaypass, account: tuple[str, Signer]) -> None:
    """From a regional endpoint, or from the global one where the account prefers it."""
    number, admin = account
    arn = role(daypass, admin, number)
    prefer(daypass, admin, "v2Token")
    for headers in (None, GLOBAL):
        made = credentials_in(assume(daypass, arn, admin, headers=headers))
        for region in ("us-east-1", USUAL, OPT_IN):
            assert code_of(daypass.call("sts", "GetCallerIdentity", {}, made, region=region)) == "200"


def test_iam_is_one_for_all_regions(daypass: LocalDaypass, account: tuple[str, Signer]) -> None:
    """A version 1 token is good for IAM, whatever region its client signs for."""
    number, admin = account
    made = credentials_in(assume(daypass, role(daypass, admin, number), admin, headers=GLOBAL))
    assert code_of(daypass.call("iam", "ListUsers", {}, made, region=OPT_IN)) == "200"


def test_of_a_usual_region_the_roles_account_decides_alone(daypass: LocalDaypass) -> None:
    """Whose credentials they are, whose region it is."""
    (here, _), (there, admin) = daypass.account_named("here"), daypass.account_named("there")
    asking = daypass.account
    arn = role(daypass, admin, asking)
    switch(daypass, "Disable", USUAL, asking)
    try:
        assert code_of(assume(daypass, arn, daypass.admin, region=USUAL)) == "200"
    finally:
        switch(daypass, "Enable", USUAL, asking)
    switch(daypass, "Disable", USUAL, there)
    answer = assume(daypass, arn, daypass.admin, region=USUAL)
    assert code_of(answer) == "RegionDisabledException"
    assert f"account:{there}." in element(answer, "Message")
    assert here not in answer.body.decode()


def test_into_a_region_to_opt_into_both_accounts_must_have_opted(daypass: LocalDaypass) -> None:
    """The refusal names the account that has not: first the role's, then the caller's."""
    (asking, caller), (owner, admin) = daypass.account_named("asking"), daypass.account_named("owner")
    arn = role(daypass, admin, asking)
    for account in (owner, asking):
        answer = assume(daypass, arn, caller, region=OPT_IN)
        assert code_of(answer) == "RegionDisabledException"
        assert f"account:{account}." in element(answer, "Message")
        switch(daypass, "Enable", OPT_IN, account)
    assert code_of(assume(daypass, arn, caller, region=OPT_IN)) == "200"


def test_a_stranger_does_not_learn_which_regions_an_account_has(daypass: LocalDaypass) -> None:
    """Whoever may not assume a role is told the same in every region."""
    (_, caller), (owner, admin) = daypass.account_named("stranger"), daypass.account_named("private")
    arn = role(daypass, admin, owner)
    switch(daypass, "Disable", USUAL, owner)
    answers = [assume(daypass, arn, caller, region=region) for region in (USUAL, "eu-west-1", OPT_IN)]
    assert {(code_of(answer), element(answer, "Message")) for answer in answers} == {
        (
            "AccessDenied",
            f"User: {_arn(daypass, caller)} is not authorized to perform: sts:AssumeRole on resource: {arn}",
        )
    }


def _arn(daypass: LocalDaypass, signer: Signer) -> str:
    return element(daypass.call("sts", "GetCallerIdentity", {}, signer), "Arn")


def test_a_session_goes_on_in_a_region_that_is_deactivated_after_it(
    daypass: LocalDaypass, account: tuple[str, Signer]
) -> None:
    """Deactivating stops what is issued; what is out stays good, and may not be exchanged for more there."""
    number, admin = account
    arn = role(daypass, admin, number)
    made = credentials_in(assume(daypass, arn, admin, region=USUAL))
    switch(daypass, "Disable", USUAL, number)
    assert code_of(daypass.call("sts", "GetCallerIdentity", {}, made, region=USUAL)) == "200"
    assert code_of(assume(daypass, arn, made, region=USUAL)) == "RegionDisabledException"
