"""Rules on what is said twice.

Source: IAM User Guide, "IAM policy validation check reference", suggestions on redundancy.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence

from daypass.policy.lint.document import Document, Entry
from daypass.policy.lint.finding import Finding
from daypass.policy.lint.report import found
from daypass.policy.match import Matcher, has_wildcard
from daypass.policy.parse.positions import Node

_MOST = 1_000_000
"""Characters that are compared with patterns, each time counted; beyond, only equal entries are found."""


def included(entries: Sequence[tuple[str, Entry]], code: str, includes: Callable[[str], Matcher]) -> Iterator[Finding]:
    """Entries that another one includes. Of two that include each other the second is kept."""
    wild = list(dict.fromkeys(text for text, _ in entries if has_wildcard(text)))
    if len(wild) * sum(len(text) for text, _ in entries) > _MOST:
        wild = []
    patterns = {text: includes(text) for text in wild}
    seen: set[str] = set()
    for text, entry in entries:
        if text in seen:
            yield found(code, entry.location, value=entry.text, other=text)
            continue
        seen.add(text)
        other = next((one for one, matches in patterns.items() if one != text and matches(text)), None)
        if other is not None:
            patterns.pop(text, None)
            yield found(code, entry.location, value=entry.text, other=other)


def statements(document: Document) -> Iterator[Finding]:
    """Statements that say the same, whatever their Sid."""
    seen: dict[str, int] = {}
    for statement in document.statements:
        members = {name: _plain(node) for name, node in statement.place.node.members.items() if name != "Sid"}
        says = json.dumps(members, sort_keys=True)
        if says in seen:
            yield found("REDUNDANT_STATEMENT", statement.at, number=seen[says] + 1)
        seen.setdefault(says, statement.index)


def _plain(node: Node) -> object:
    """The value without its place; a list of one is that one, as in the policy language."""
    if node.items is not None:
        items = [_plain(item) for item in node.items]
        return items[0] if len(items) == 1 else items
    if node.members:
        return {name: _plain(inner) for name, inner in node.members.items()}
    return node.value
