"""JSON that every parser reads in the same way (RFC 8259, section 4: member names SHOULD be unique).

Parsers disagree about repeated members, NaN, infinite numbers, endless ones and halves of surrogate pairs. With such a
text, a token could say one thing to the program that verifies it and another to the program that uses it, so it is
refused. AWS takes the last of repeated members (docs/differences.md).

Nothing else runs in the process while a text is parsed, so what takes long is looked for before: many values, and long
numbers.
"""

from __future__ import annotations

import json
import re
from typing import Any

from daypass.errors import Malformed

MOST_VALUES = 10_000
"""Members and values of a text, about: its commas and brackets, those in texts counted too. A mebibyte could have
350,000, which take 60 ms.
"""

_LONGEST_NUMBER = 64
"""Characters of a whole number. Reading one takes the square of its length."""

_HALF_PAIR = re.compile(rb"\\u[dD][89a-fA-F]")
"""An escaped surrogate. Most are halves of a whole pair; a half that stands alone cannot be written in UTF-8."""


def read_object(text: bytes) -> dict[str, Any]:
    """The object that ``text``, of bounded size, holds.

    Raises:
        Malformed: it is not UTF-8, not JSON, or not an object; a member is repeated, a number is NaN, infinite or
            longer than any that is used, or a text holds half a surrogate pair; it has more values than are read.
    """
    if text.count(b",") + text.count(b"[") + text.count(b"{") > MOST_VALUES:
        raise Malformed(f"more than {MOST_VALUES} values")
    try:
        found = _DECODER.decode(text.decode("utf-8"))
        if _HALF_PAIR.search(text):
            json.dumps(found, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:  # what is wrong with UTF-8 or JSON is a ValueError
        raise Malformed(f"not JSON that everybody reads alike: {error}") from None
    if not isinstance(found, dict):
        raise Malformed("not a JSON object")
    return found


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member repeats")
    return members


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _whole(number: str) -> int:
    if len(number) > _LONGEST_NUMBER:
        raise ValueError("a number is too long")
    return int(number)


_DECODER = json.JSONDecoder(object_pairs_hook=_members, parse_constant=_refuse, parse_int=_whole)
