"""What the attributes of an assertion ask for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.errors import InvalidIdentityToken
from daypass.federation.saml.assertion import Attributes
from daypass.federation.saml.attributes import Wish, read_wish

PREFIX, CHINA = "https://aws.amazon.com/SAML/Attributes/", "https://www.amazonaws.cn/SAML/Attributes/"
ROLE, PROVIDER = "arn:aws:iam::123456789012:role/r", "arn:aws:iam::123456789012:saml-provider/p"
SINGLE = {"RoleSessionName": "ada", "SourceIdentity": "ada", "SessionDuration": "900", "PrincipalTag:team": "blue"}


def wish(partition: str = "aws", prefix: str = PREFIX, **said: list[tuple[str, ...]]) -> Wish:
    """What is asked for by a session name and what is ``said``."""
    named: dict[str, list[tuple[str, ...]]] = {"RoleSessionName": [("ada",)], **said}
    attributes: Attributes = {f"{prefix}{name}": given for name, given in named.items()}
    return read_wish(attributes, partition)


@pytest.mark.parametrize("name", SINGLE)
@pytest.mark.parametrize("given", [[("{}", "{}")], [("{}",), ("{}",)], [("{}",), ()], [()], [(), ()]])
def test_what_can_be_only_one_is_not_taken_twice(name: str, given: list[tuple[str, ...]]) -> None:
    """Neither two values nor two attributes, not even of the same text; and none at all is no value."""
    said = [tuple(value.format(SINGLE[name]) for value in values) for values in given]
    with pytest.raises(InvalidIdentityToken, match="must have exactly one value"):
        wish(**{name: said})
    assert wish(**{name: [(SINGLE[name],)]})


def test_a_session_name_is_needed() -> None:
    """Without one there is no session."""
    with pytest.raises(InvalidIdentityToken, match="RoleSessionName is required in AuthnResponse"):
        read_wish({}, "aws")


@pytest.mark.parametrize(
    "values",
    [
        [(f"{ROLE},{PROVIDER}",)],
        [(f"{PROVIDER},{ROLE}",)],
        [(f" {ROLE} ,\n{PROVIDER}\t",)],
        [("nonsense", f"{ROLE},{PROVIDER}")],
        [("nonsense",), (f"{PROVIDER},{ROLE}",)],
    ],
)
def test_pairs_are_taken_in_either_order_and_from_everywhere(values: list[tuple[str, ...]]) -> None:
    """White space around them is passed over, and so is what names no pair."""
    assert wish(Role=values).roles == ((ROLE, PROVIDER),)


def test_names_are_those_of_the_partition() -> None:
    """China has its own; those of another partition are a provider's own affair."""
    china = wish("aws-cn", CHINA, Role=[(f"{ROLE},{PROVIDER}",)])
    assert (china.session_name, len(china.roles)) == ("ada", 1)
    for partition, prefix in (("aws", CHINA), ("aws-cn", PREFIX)):
        with pytest.raises(InvalidIdentityToken, match="RoleSessionName is required"):
            wish(partition, prefix)


def test_tags_are_taken_as_they_are_written() -> None:
    """White space and case are part of a value; transitive keys are several values of one attribute."""
    found = wish(
        **{"PrincipalTag:Cost Centre": [(" 1 ",)], "PrincipalTag:team": [("",)], "TransitiveTagKeys": [("team", "x")]}
    )
    assert found.tags == (("Cost Centre", " 1 "), ("team", ""))
    assert found.transitive == ("team", "x")


@given(st.text(max_size=70))
def test_a_session_name_has_the_letters_that_it_may_have(text: str) -> None:
    """Whatever is taken is two to 64 letters of ASCII, and is taken unchanged."""
    try:
        assert wish(RoleSessionName=[(text,)]).session_name == text
    except InvalidIdentityToken:
        return
    assert text.isascii()
    assert text.isprintable()
    assert " " not in text
    assert 2 <= len(text) <= 64
