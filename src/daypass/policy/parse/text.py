"""The JSON text of a policy: bounded before it is parsed, refused where it says one thing twice.

Numbers keep their text (``Number``), as policies compare text.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from daypass.errors import Malformed

LARGEST = 131_072
"""Characters of any policy document parameter (IAM API reference, policyDocumentType)."""

DEEPEST = 16
"""Nesting that is read; the grammar itself needs six levels."""

_SPACE = " \t\r\n"


class Number(str):
    """A JSON number, by its text."""

    __slots__ = ()


def policy_size(text: str) -> int:
    """The size AWS counts against quotas: characters, without white space outside strings."""
    outside = "".join(_outside_strings(text))
    return len(text) - sum(map(outside.count, _SPACE))


def _outside_strings(text: str) -> list[str]:
    """What stands between the strings. Escapes are blanked first, so every quotation mark left opens or closes one."""
    return text.replace("\\\\", "..").replace('\\"', "..").split('"')[::2]


# INVARIANT: 9. Size and depth are bounded before the parser runs.
# tests/policy/test_parse_text.py::test_nesting_of_a_hundred_thousand_levels_is_refused_at_once.
def read_json(text: str) -> object:
    """The JSON value that ``text`` is.

    Raises:
        Malformed: not JSON, too large, too deep, a member named twice, or text that is not Unicode.
    """
    if len(text) > LARGEST:
        raise Malformed(f"the policy is longer than {LARGEST} characters")
    _check_depth(text)
    try:
        text.encode()
        value = _DECODER.decode(text)
        if "\\u" in text:
            _check_characters(value)
    except ValueError as error:
        raise Malformed(f"the policy is not JSON: {error}") from None
    return value


def _check_characters(value: object) -> None:
    """Escapes can spell what no text may hold: halves of a character, and NUL."""
    written = json.dumps(value, ensure_ascii=False)
    written.encode()
    if "\\u0000" in written:
        raise Malformed("the policy holds a NUL character")


def _check_depth(text: str) -> None:
    depth = 0
    for outside in _outside_strings(text):
        if "{" not in outside and "[" not in outside and "}" not in outside and "]" not in outside:
            continue
        for character in outside:
            if character in "{[":
                depth += 1
                if depth > DEEPEST:
                    raise Malformed(f"the policy is nested deeper than {DEEPEST} levels")
            elif character in "]}":
                depth -= 1


# INVARIANT: 10. A parser that keeps the last of two members turns a Deny into an Allow.
# tests/policy/test_parse_text.py::test_a_member_named_twice_is_refused_at_every_level.
def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise Malformed(f"the member `{twice}` occurs twice")
    return members


def _constant(text: str) -> Any:
    raise Malformed(f"`{text}` is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_members, parse_float=Number, parse_int=Number, parse_constant=_constant)
