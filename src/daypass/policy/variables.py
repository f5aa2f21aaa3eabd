"""Policy variables: ``${aws:username}``, ``${key, 'default'}``, and ``${*}`` ``${?}`` ``${$}`` for the characters.

Substituted text is always literal: a wildcard or ``${`` inside a value has no meaning. Variables exist only in
documents of Version 2012-10-17; elsewhere the text stands for itself.

Source: IAM User Guide, "IAM policy elements: Variables and tags".
"""

from __future__ import annotations

from dataclasses import dataclass

from daypass.policy.context import RequestContext
from daypass.policy.match import Token, tokens


@dataclass(frozen=True, slots=True)
class Variable:
    """A place where the value of context key ``key`` (lower-case) is put, or ``default`` when it has none."""

    key: str
    default: str | None = None


Part = Token | Variable
Template = tuple[Part, ...]


def has_variable(text: str) -> bool:
    """Whether ``text`` may contain a variable or an escaped character."""
    return "${" in text


def parse_template(text: str, *, wildcards: bool) -> Template:
    """Split ``text`` into literals, variables and, if ``wildcards``, ``*`` and ``?``; what is malformed is literal."""
    parts: list[Part] = []
    done = 0
    while (start := text.find("${", done)) >= 0 and (end := _closing(text, start)) >= 0:
        parts += _plain(text[done:start], wildcards=wildcards)
        parts.append(_variable(text[start + 2 : end]))
        done = end + 1
    return tuple(parts + _plain(text[done:], wildcards=wildcards))


def _closing(text: str, start: int) -> int:
    """Where the variable that opens at ``start`` ends; -1 when it does not. A quoted default may hold a brace."""
    end = text.find("}", start)
    if end < 0:
        return -1
    quote = text.find(", '", start, end)
    if quote < 0:
        return end
    tail = text.find("'}", quote + 3)
    return tail + 1 if tail >= 0 else end


def _plain(text: str, *, wildcards: bool) -> list[Part]:
    if not text:
        return []
    return [*tokens(text)] if wildcards else [text]


def _variable(body: str) -> Part:
    if body in {"*", "?", "$"}:
        return body
    key, comma, default = body.partition(", '")
    if comma and default.endswith("'"):
        return Variable(key.lower(), default[:-1])
    return Variable(body.lower())


# INVARIANT: 2. A value never becomes a wildcard or another variable.
# tests/policy/test_variables.py::test_wildcards_in_a_substituted_value_are_literal.
def expand(template: Template, context: RequestContext) -> list[Token] | None:
    """The template with every variable replaced by its value; None when one has neither value nor default."""
    expanded: list[Token] = []
    for part in template:
        if isinstance(part, Variable):
            value = context.single(part.key)
            if value is None:
                value = part.default
            if value is None:
                return None
            expanded.append(value)
        else:
            expanded.append(part)
    return expanded


def expand_text(template: Template, context: RequestContext) -> str | None:
    """Like ``expand`` for a template without wildcards, joined."""
    expanded = expand(template, context)
    return None if expanded is None else "".join(str(part) for part in expanded)
