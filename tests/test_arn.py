"""ARNs come apart and together again, and what is none is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.arn import Arn
from daypass.errors import Malformed

fields = st.text(st.characters(blacklist_characters=":", blacklist_categories=("Cs",)), max_size=12)
named = fields.filter(bool)


def test_an_arn_has_six_fields() -> None:
    """The resource is all that follows the fifth colon."""
    arn = Arn.parse("arn:aws:logs:eu-west-1:123456789012:log-group:name:*")
    assert arn == Arn("aws", "logs", "eu-west-1", "123456789012", "log-group:name:*")


def test_region_and_account_may_be_empty() -> None:
    """Global resources and buckets name neither."""
    assert Arn.parse("arn:aws:s3:::bucket/key") == Arn("aws", "s3", "", "", "bucket/key")


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("arn:aws:iam::123456789012:role/path/to/name", "role", "name"),
        ("arn:aws:iam::123456789012:user/name", "user", "name"),
        ("arn:aws:iam::123456789012:root", "root", "root"),
        ("arn:aws:sts::123456789012:assumed-role/name/session", "assumed-role", "session"),
    ],
)
def test_type_and_name_of_a_resource(text: str, kind: str, name: str) -> None:
    """The type stands before the first slash, the name after the last."""
    arn = Arn.parse(text)
    assert (arn.resource_type, arn.resource_name) == (kind, name)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "arn",
        "nothing-valid-in-here",
        "arn::b:::something/test-role",
        "arn:a::::something/test-role",
        "arn:a:::something/test-role",
        "arn:a:a::aaaaaaaaaa:",
        "ARN:aws:iam::123456789012:root",
        " arn:aws:iam::123456789012:root",
    ],
)
def test_what_is_no_arn_is_refused(text: str) -> None:
    """Partition, service and resource are needed, and the word arn in lower case."""
    with pytest.raises(Malformed, match="is not an ARN"):
        Arn.parse(text)


@given(st.builds(Arn, named, named, fields, fields, st.text(min_size=1, max_size=40)))
def test_an_arn_survives_the_trip_through_text(arn: Arn) -> None:
    """Writing and reading gives the same ARN, whatever stands in its fields."""
    assert Arn.parse(str(arn)) == arn
