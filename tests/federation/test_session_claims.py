"""AWS's claims in a token: tags in both layouts, source identity, roles."""

from __future__ import annotations

import pytest

from daypass.errors import InvalidIdentityToken
from daypass.federation.session_claims import NAMESPACE, SessionClaims, read_session_claims

ARN = "arn:aws:iam::111122223333:role/one"


def test_both_layouts_of_tags_say_the_same() -> None:
    """Nested, each value a list of one; flat, each value a text."""
    nested = {f"{NAMESPACE}tags": {"principal_tags": {"team": ["blue"], "a/b": [""]}, "transitive_tag_keys": ["team"]}}
    flat = {
        f"{NAMESPACE}tags/principal_tags/team": "blue",
        f"{NAMESPACE}tags/principal_tags/a/b": "",
        f"{NAMESPACE}tags/transitive_tag_keys": ["team"],
    }
    assert read_session_claims(nested) == read_session_claims(flat)
    assert read_session_claims(flat) == SessionClaims((("team", "blue"), ("a/b", "")), ("team",))


def test_claims_that_only_look_like_those_of_aws_ask_for_nothing() -> None:
    """A name is exact: case, namespace and what follows."""
    for name in (
        "https://aws.amazon.com/Tags", "http://aws.amazon.com/tags", "aws.amazon.com/tags", "https://aws.amazon.com/tags/",
        "https://aws.amazon.com//roles", "https://aws.amazon.com/role", "https://aws.amazon.com/source_identity/",
        "https://aws.amazon.com/SAML/Attributes/Role", "roles", "tags", "source_identity",
    ):  # fmt: skip
        assert read_session_claims({name: ["admin"]}) == SessionClaims(), name


def test_a_roles_claim_that_cannot_be_read_opens_nothing() -> None:
    """It is refused, and never taken for a token without the claim, which may open any role that trusts it."""
    for odd in (0, False, "", [], {}, [None], "no ARN", [ARN, 1], [[ARN]]):
        with pytest.raises(InvalidIdentityToken, match="The roles claim"):
            read_session_claims({f"{NAMESPACE}roles": odd})
    assert read_session_claims({f"{NAMESPACE}roles": None}).roles is None


def test_roles_are_a_list_or_a_text() -> None:
    """White space around them counts for nothing, nor does what is no role's ARN."""
    for given in ([f" {ARN}\t", "x", f"{ARN}/two"], f"{ARN};x; {ARN}/two ;"):
        assert read_session_claims({f"{NAMESPACE}roles": given}).roles == (ARN, f"{ARN}/two")
