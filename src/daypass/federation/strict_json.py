"""JSON that all readers read alike (RFC 8259, section 4: member names SHOULD be unique).

Two parsers that disagree about a repeated member, a NaN, an endless number or half a surrogate pair are how a token
says one thing to who checks it and another to who uses it. AWS takes the last of repeated members
(docs/differences.md).
"""

from __future__ import annotations

import json
import re
from typing import Any

from daypass.errors import Malformed

_HALF_PAIR = re.compile(rb"\\u[dD][89a-fA-F]")
"""Where only an escape can write what UTF-8 cannot; most are halves of a whole pair."""


def read_object(text: bytes) -> dict[str, Any]:
    """The object that ``text``, of bounded size, holds.

    Raises:
        Malformed: it is no UTF-8, no JSON, no object; a member repeats, a number is none of JSON's, or a text none of
            Unicode's.
    """
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


_DECODER = json.JSONDecoder(object_pairs_hook=_members, parse_constant=_refuse)
