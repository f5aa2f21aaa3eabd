"""Where each part of a policy document stands in its text: for explanations, the simulator and the linter.

Read on demand; a policy is compiled for decisions without it.

    document = read_positions(text)
    document.at("Statement", 0, "Action").span     →  Span(Position(line, column, offset), Position(…))
    statements(document)                           →  the statements, also of a document with a lone one

Source: IAM API reference, "Position"; Access Analyzer API reference, "Position", "Span". The two count columns in their
own ways: ``Position`` here is as Access Analyzer has it, ``Node.marks`` as the policy simulator shows a statement.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from daypass.policy.parse.text import Number, read_json


class Position(NamedTuple):
    """A place between two characters. ``line`` counts from 1, ``column`` and ``offset`` from 0, all in characters."""

    line: int
    column: int
    offset: int


class Span(NamedTuple):
    """From the first character of a part to just behind its last one."""

    start: Position
    end: Position


@dataclass(frozen=True, slots=True)
class Node:
    """One JSON value and where it stands.

    ``value`` is a scalar (numbers are ``Number``), None for null, objects and lists. ``members`` of an object and
    ``items`` of a list (None for what is no list) are in the order of the text; ``keys`` are the spans of an object's
    member names.
    """

    span: Span
    value: str | bool | None = None
    members: Mapping[str, Node] = field(default_factory=dict)
    keys: Mapping[str, Span] = field(default_factory=dict)
    items: tuple[Node, ...] | None = None

    def at(self, *path: str | int) -> Node | None:
        """The node below this one that ``path`` leads to, by member names and list indexes; None: there is none.

        A lone value stands for the list of one that it is in the policy language: index 0 of it is itself.
        """
        node: Node = self
        for step in path:
            if isinstance(step, str):
                found = node.members.get(step)
            else:
                items = (node,) if node.items is None else node.items
                found = items[step] if 0 <= step < len(items) else None
            if found is None:
                return None
            node = found
        return node

    def marks(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """(line, column) of start and end as the policy simulator counts them: from 1, each just past the brace."""
        start, end = self.span
        return (start.line, start.column + 2), (end.line, end.column + 1)


def read_positions(text: str) -> Node:
    """The whole document with its positions.

    Raises:
        Malformed: as ``read_json``: not JSON, too large, too deep, a member named twice.
    """
    read_json(text)  # after it every token is where the grammar wants it, and the depth is bounded
    return _Reader(text).document()


def statements(document: Node) -> tuple[Node, ...]:
    """The statements of a document in order; a lone one needs no list."""
    found = document.members.get("Statement")
    if found is None:
        return ()
    return (found,) if found.items is None else found.items


_TOKEN = re.compile(r'[ \t\r\n]*("(?:[^"\\]|\\.)*"|[{}\[\],:]|[^ \t\r\n{}\[\],:"]+)', re.ASCII)
_BREAK = re.compile(r"\r\n|\r|\n")
_WORDS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None}


class _Reader:
    """Walks through the tokens of a text that is known to be JSON."""

    def __init__(self, text: str) -> None:
        self._tokens: Iterator[re.Match[str]] = _TOKEN.finditer(text)
        self._lines = [0, *(found.end() for found in _BREAK.finditer(text))]

    def document(self) -> Node:
        return self._value(next(self._tokens))

    def _value(self, token: re.Match[str]) -> Node:
        word = token[1]
        if word == "{":
            return self._object(token)
        if word == "[":
            return self._list(token)
        span = self._span(token, token)
        if word[0] == '"':
            text: str = json.loads(word)
            return Node(span, text)
        return Node(span, _WORDS[word] if word in _WORDS else Number(word))

    def _object(self, opening: re.Match[str]) -> Node:
        members: dict[str, Node] = {}
        keys: dict[str, Span] = {}
        while (token := next(self._tokens))[1] != "}":
            if token[1] == ",":
                continue
            name: str = json.loads(token[1])
            keys[name] = self._span(token, token)
            next(self._tokens)  # the colon
            members[name] = self._value(next(self._tokens))
        return Node(self._span(opening, token), members=members, keys=keys)

    def _list(self, opening: re.Match[str]) -> Node:
        items = []
        while (token := next(self._tokens))[1] != "]":
            if token[1] != ",":
                items.append(self._value(token))
        return Node(self._span(opening, token), items=tuple(items))

    def _span(self, first: re.Match[str], last: re.Match[str]) -> Span:
        return Span(self._position(first.start(1)), self._position(last.end(1)))

    def _position(self, offset: int) -> Position:
        line = bisect_right(self._lines, offset)
        return Position(line, offset - self._lines[line - 1], offset)
