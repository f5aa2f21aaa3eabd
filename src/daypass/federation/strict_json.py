"""JSON that all readers read alike (RFC 8259, section 4: member names SHOULD be unique).

Two parsers that disagree about a repeated member, a NaN or an endless number are how a token says one thing to who
checks it and another to who uses it. AWS takes the last of repeated members (docs/differences.md).
"""

from __future__ import annotations

import json
from typing import Any

from daypass.errors import Malformed


def read_object(text: bytes) -> dict[str, Any]:
    """The object that ``text``, of bounded size, holds.

    Raises:
        Malformed: it is no UTF-8, no JSON, no object; a member repeats, or a number is none of JSON's.
    """
    try:
        found = json.loads(text.decode("utf-8"), object_pairs_hook=_members, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
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
