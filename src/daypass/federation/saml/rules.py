"""When, for whom and how long an assertion counts.

Where AWS was seen to be more generous than its documentation and SAML, the stricter reading holds; a provider that is
``is_lax`` is judged as AWS judges (docs/differences.md).
"""

from __future__ import annotations

import re
from collections.abc import Collection

from daypass.errors import ExpiredIdentityToken, InvalidIdentityToken
from daypass.federation.saml.assertion import Assertion
from daypass.federation.steps import Tell, untold

REDEEMABLE = 300
"""Seconds since its issuance in which an assertion must be shown (IAM User Guide, "Troubleshoot SAML federation")."""

TOLERANCE = 300
"""Seconds that the provider's clock may be ahead of ours."""

_REGIONAL = re.compile(r"https://[a-z0-9-]+\.(?=signin\.)", re.ASCII)
_SIGN_IN = {
    "aws": "https://signin.aws.amazon.com/saml",
    "aws-cn": "https://signin.amazonaws.cn/saml",
    "aws-us-gov": "https://signin.amazonaws-us-gov.com/saml",
}
_AUDIENCES = {
    "aws": ("urn:amazon:webservices",),
    "aws-cn": ("urn:amazon:webservices", "urn:amazon:webservices:cn-north-1"),
    "aws-us-gov": ("urn:amazon:webservices", "urn:amazon:webservices:govcloud"),
}


def check_rules(
    assertion: Assertion,
    *,
    now: int,
    partition: str,
    provider: str,
    own: Collection[str],
    is_lax: bool,
    tell: Tell = untold,
) -> None:
    """Refuse an assertion that does not count now and here.

    Args:
        assertion: a proved one.
        now: epoch seconds.
        partition: of the account.
        provider: the UUID of the account's provider.
        own: further names of this service, beside AWS's.
        is_lax: whether to judge as AWS does.
        tell: hears the steps.

    Raises:
        ExpiredIdentityToken: it did.
        InvalidIdentityToken: it was made for somebody else, or counts later.
    """
    tell("time limits", assertion, now)
    _check_times(assertion, now, is_lax=is_lax)
    if is_lax:
        return
    sign_in = _SIGN_IN.get(partition, _SIGN_IN["aws"])
    places = {sign_in, *own}
    places |= {f"{place}/acs/{provider}" for place in places}
    places.add(sign_in.replace("/saml", "/static/saml"))  # AWS's other name for the global one
    tell("recipient", assertion, places)
    if _global(assertion.recipient, sign_in) not in places:
        raise InvalidIdentityToken("Response is not meant for this recipient.", detail=assertion.recipient)
    names = places | set(_AUDIENCES.get(partition, _AUDIENCES["aws"]))
    tell("audience restriction", assertion, names)
    fits = [any(_global(audience, sign_in) in names for audience in restriction) for restriction in assertion.audiences]
    # INVARIANT: 1. an assertion that names no audience is for nobody.
    #   tests/federation/saml/test_rules.py::test_an_assertion_without_audience_is_for_nobody
    if not fits or not all(fits):
        raise InvalidIdentityToken("Response does not contain the required audience.")


def _check_times(assertion: Assertion, now: int, *, is_lax: bool) -> None:
    if now >= assertion.ends:
        raise ExpiredIdentityToken("Response has expired")
    if now - assertion.issued > REDEEMABLE:
        raise ExpiredIdentityToken("Token must be redeemed within 5 minutes of issuance")
    if not is_lax and max(assertion.issued, assertion.begins or 0) > now + TOLERANCE:
        raise InvalidIdentityToken("Response is not valid yet.")


# INVARIANT: 1. only AWS's own addresses have regional names: anybody else's subdomain is somebody else.
#   tests/federation/saml/test_rules.py::test_a_subdomain_of_an_own_name_is_somebody_else
def _global(url: str, sign_in: str) -> str:
    """Regional sign-in addresses are names for the same door (`https://REGION.signin.aws.amazon.com/saml`)."""
    found = _REGIONAL.sub("https://", url, count=1)
    return found if found == sign_in or found.startswith(f"{sign_in}/acs/") else url
