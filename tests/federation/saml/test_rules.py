"""When, for whom and where a proved assertion counts."""

from __future__ import annotations

from typing import Any

import pytest

from daypass.errors import ExpiredIdentityToken, InvalidIdentityToken
from daypass.federation.saml.assertion import Assertion
from daypass.federation.saml.rules import REDEEMABLE, TOLERANCE, check_rules

NOW = 1_800_000_000
GOOD = Assertion(
    id="_1",
    issued=NOW,
    ends=NOW + 300,
    begins=None,
    session_ends=None,
    subject="ada",
    subject_format="",
    recipient="https://signin.aws.amazon.com/saml",
    audiences=(("urn:amazon:webservices",),),
    attributes={},
)


def judge(partition: str = "aws", own: tuple[str, ...] = (), *, is_lax: bool = False, **changes: Any) -> None:
    """Judge a good assertion with ``changes``."""
    check_rules(GOOD._replace(**changes), now=NOW, partition=partition, provider="SAMLSPX", own=own, is_lax=is_lax)


@pytest.mark.parametrize(
    ("partition", "recipient"),
    [
        ("aws", "https://signin.aws.amazon.com/saml"),
        ("aws", "https://eu-west-1.signin.aws.amazon.com/saml"),
        ("aws", "https://signin.aws.amazon.com/saml/acs/SAMLSPX"),
        ("aws", "https://signin.aws.amazon.com/static/saml"),
        ("aws", "https://eu-west-1.signin.aws.amazon.com/saml/acs/SAMLSPX"),
        ("aws-cn", "https://signin.amazonaws.cn/saml"),
        ("aws-cn", "https://cn-north-1.signin.amazonaws.cn/saml"),
        ("aws-us-gov", "https://signin.amazonaws-us-gov.com/saml"),
        ("aws-us-gov", "https://signin.amazonaws-us-gov.com/static/saml"),
        ("aws", "https://sts.corp.example/saml"),
        ("aws", "https://sts.corp.example/saml/acs/SAMLSPX"),
    ],
)
def test_the_places_where_a_response_may_be_shown(partition: str, recipient: str) -> None:
    """AWS's, global or of a region, with the provider's own address, and those of this service."""
    audiences = (("urn:amazon:webservices",),)
    judge(partition, ("https://sts.corp.example/saml",), recipient=recipient, audiences=audiences)
    with pytest.raises(InvalidIdentityToken, match="not meant for this recipient"):
        judge(partition, recipient=f"{recipient}/", audiences=audiences)


@pytest.mark.parametrize("own", ["https://signin.corp.example/saml", "https://sts.corp.example/saml"])
@pytest.mark.parametrize("prefix", ["dev.", "eu-west-1.", "signin."])
def test_a_subdomain_of_an_own_name_is_somebody_else(own: str, prefix: str) -> None:
    """Whoever runs it could show here what was said to him."""
    judge(own=(own,), recipient=own, audiences=((own,),))
    other = own.replace("https://", f"https://{prefix}")
    with pytest.raises(InvalidIdentityToken, match="not meant for this recipient"):
        judge(own=(own,), recipient=other)
    with pytest.raises(InvalidIdentityToken, match="required audience"):
        judge(own=(own,), audiences=((other,),))


def test_an_assertion_without_audience_is_for_nobody() -> None:
    """No restriction, an empty one, and one of two that does not fit are all no pass."""
    for audiences in ((), ((),), ((), ("urn:amazon:webservices",)), (("urn:amazon:webservices",), ("urn:other",))):
        with pytest.raises(InvalidIdentityToken, match="required audience"):
            judge(audiences=audiences)
    judge(audiences=(("urn:other", "urn:amazon:webservices"), ("https://signin.aws.amazon.com/saml",)))


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"ends": NOW + 1}, None),
        ({"ends": NOW}, ExpiredIdentityToken),
        ({"issued": NOW - REDEEMABLE}, None),
        ({"issued": NOW - REDEEMABLE - 1}, ExpiredIdentityToken),
        ({"issued": NOW + TOLERANCE}, None),
        ({"issued": NOW + TOLERANCE + 1}, InvalidIdentityToken),
        ({"begins": NOW + TOLERANCE}, None),
        ({"begins": NOW + TOLERANCE + 1}, InvalidIdentityToken),
    ],
)
def test_limits_hold_to_the_second(changes: dict[str, int], refused: type[Exception] | None) -> None:
    """An end is the first second outside; beginnings have five minutes of tolerance."""
    if refused is None:
        judge(**changes)
    else:
        with pytest.raises(refused):
            judge(**changes)


def test_a_lax_provider_is_judged_as_aws_judges() -> None:
    """Beginnings, recipient and audience are not asked for; ends and the five minutes are."""
    judge(is_lax=True, recipient="https://other.example", audiences=(), begins=NOW + 86_400, issued=NOW + 86_400)
    for changes in ({"ends": NOW}, {"issued": NOW - REDEEMABLE - 1}):
        with pytest.raises(ExpiredIdentityToken):
            judge(is_lax=True, **changes)
