"""Both ways through a pattern agree with the definition, in whole texts and within the fields of an ARN."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from daypass.policy.arns import any_arn_matcher, arn_matcher, arn_template
from daypass.policy.context import RequestContext
from daypass.policy.match import matcher, tokens
from daypass.policy.variables import glob_template, parse_template, pattern_templates, resolved, text_templates
from daypass.policy.walk import Places, _automaton, any_walker, shortest, steps, walk
from tests.policy.test_match import PATTERNS, TEXTS, naive
from tests.policy.world import ACCOUNT, ALICE

LETTERS = st.text("ab:?€\x01\x00ÿĀ", max_size=12)


@given(PATTERNS, TEXTS)
def test_along_the_pattern_and_along_the_text_mean_the_same(pattern: str, text: str) -> None:
    """One pattern, both ways, and the definition."""
    parts = tokens(pattern)
    wanted = naive(pattern, text)
    assert walk(steps(parts), Places(text)) is wanted
    assert _automaton([steps(parts)])(text) is wanted


@given(st.lists(PATTERNS, min_size=1, max_size=5), TEXTS)
def test_a_list_is_matched_both_ways(patterns: list[str], text: str) -> None:
    """However the lengths are, one of the patterns matches or none."""
    wanted = any(naive(pattern, text) for pattern in patterns)
    parts = [tokens(pattern) for pattern in patterns]
    assert any_walker(parts)(text) is wanted
    assert any_walker(parts, along_patterns=True)(text) is wanted


@given(LETTERS, st.text("ab:?€\x01\x00ÿĀ", min_size=1, max_size=3))
def test_places_are_where_a_piece_begins(text: str, piece: str) -> None:
    """For characters of every width, and those that the search itself uses as marks."""
    found = Places(text).of(piece)
    assert [place for place in range(len(text) + 1) if found >> place & 1] == [
        place for place in range(len(text)) if text.startswith(piece, place)
    ]


@given(PATTERNS)
def test_steps_are_the_same_pattern(pattern: str) -> None:
    """Putting runs of wildcards in order changes neither what matches nor the shortest text."""
    parts = tokens(pattern)
    ordered = steps(parts)
    assert shortest(ordered) == shortest(parts)
    texts = ["", "a", "b", "ab", "aab", "abab", "bbbb"]
    assert [naive(pattern, text) for text in texts] == [matcher(ordered)(text) for text in texts]


FIELD = st.text("ab*?", max_size=3)
VALUE = st.text("ab", max_size=3)
ARN_PATTERNS = st.builds(":".join, st.lists(FIELD, min_size=3, max_size=8)).flatmap(
    lambda rest: st.sampled_from([f"arn:{rest}", f"*:{rest}", f"a?n:{rest}", rest])
)
ARNS = st.builds(":".join, st.lists(VALUE, min_size=3, max_size=8)).map("arn:{}".format)


@given(st.lists(ARN_PATTERNS, min_size=1, max_size=24), ARNS)
def test_a_list_of_arns_matches_what_one_of_them_matches(patterns: list[str], arn: str) -> None:
    """Walked through together they keep their wildcards to the fields as each does alone."""
    assert any_arn_matcher(patterns)(arn) is any(arn_matcher(pattern)(arn) for pattern in patterns)


KEYS = st.dictionaries(st.sampled_from(["k:a", "k:b"]), st.text("ab:*?", max_size=3))
TEMPLATES = st.lists(st.sampled_from(["a", "b", ":", "*", "?", "${k:a}", "${k:b}", "${k:b, 'a'}", "${*}"]), max_size=8)


def asking(keys: dict[str, str]) -> RequestContext:
    return RequestContext("s3:GetObject", "*", ALICE, ACCOUNT, keys)


@given(st.lists(TEMPLATES.map("".join), min_size=1, max_size=4), KEYS, st.lists(TEXTS, max_size=3))
def test_values_put_in_once_match_as_values_put_in_each_time(
    written: list[str], keys: dict[str, str], texts: list[str]
) -> None:
    """With wildcards, without, and without regard to case."""
    context = asking(keys)
    globs = [parse_template(text, wildcards=True) for text in written]
    plain = [parse_template(text, wildcards=False) for text in written]
    made = pattern_templates([(glob_template(one), lambda context, one=one: resolved(one, context)) for one in globs])
    for templates in (made, text_templates(plain), text_templates(plain, fold=True)):
        assert templates is not None
        once = templates.resolve(context)
        for text in [*texts, "ab", "A"]:
            assert once(text) is templates.matches(text, context)


@given(TEMPLATES.map("".join), TEMPLATES.map("".join), KEYS, ARNS)
def test_values_put_into_an_arn_once_stay_in_its_fields(field: str, last: str, keys: dict[str, str], arn: str) -> None:
    """Also where a value holds a colon: no field of an ARN does."""
    context = asking(keys)
    for pattern in (f"arn:*:a:{field}:*:{last}", f"arn:a:b:c:d:{last}", f"{field}:*:*:*:*:{last}"):
        matches, resolve = arn_template(pattern)
        templates = pattern_templates([(matches, resolve)])
        assert templates is not None
        for text in (arn, "arn:a:a:b:ab:ab", "arn:a:b:c:d:ab"):
            assert templates.resolve(context)(text) is matches(text, context)
