"""Policy variables: ``${aws:username}``, ``${key, 'default'}``, and ``${*}`` ``${?}`` ``${$}`` for the characters.

Substituted text is always literal: a wildcard or ``${`` inside a value has no meaning. Variables exist only in
documents of Version 2012-10-17; elsewhere the text stands for itself.

Source: IAM User Guide, "IAM policy elements: Variables and tags".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from daypass.policy.context import RequestContext
from daypass.policy.match import ONE, STAR, Matcher, Token, any_matcher, find_in_order, matcher, tokens
from daypass.policy.walk import any_walker


@dataclass(frozen=True, slots=True)
class Variable:
    """A place where the value of context key ``key`` (lower-case) is put, or ``default`` when it has none."""

    key: str
    default: str | None = None


_CHARACTERS = frozenset("*?$")
"""What ``${…}`` stands for itself: the characters that would mean something else."""

Part = Token | Variable
Template = tuple[Part, ...]


def has_variable(text: str) -> bool:
    """Whether ``text`` may contain a variable or an escaped character."""
    return "${" in text


def variable_names(text: str) -> Iterator[str]:
    """The keys that stand as variables in ``text``, as written; what is malformed is none."""
    done = 0
    while (start := text.find("${", done)) >= 0 and (end := _closing(text, start)) >= 0:
        body = text[start + 2 : end]
        if body not in _CHARACTERS:
            yield body.partition(", '")[0]
        done = end + 1


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
    if body in _CHARACTERS:
        return body
    key, comma, default = body.partition(", '")
    if comma and default.endswith("'"):
        return Variable(key.lower(), default[:-1])
    return Variable(body.lower())


# ── matching what depends on the request ─────────────────────────────────────────────────────────────

TemplateMatcher = Callable[[str, RequestContext], bool]
"""A test of a text against a template whose variables are read from the request."""

Resolve = Callable[[RequestContext], Sequence[Token] | None]
"""Puts a request's values into a template: the parts of a pattern. None: nothing matches it, as a variable has neither
value nor default."""


@dataclass(frozen=True, slots=True)
class Templates:
    """Values of a policy that depend on the request. ``matches``: a text against any of them.

    ``resolve`` puts the values in once, for whoever has many texts to test.
    """

    matches: TemplateMatcher
    resolve: Callable[[RequestContext], Matcher]


def _value(part: Part, context: RequestContext) -> Token | None:
    """What ``part`` stands for in this request; None: it has neither value nor default."""
    if isinstance(part, Variable):
        value = context.single(part.key)
        return part.default if value is None else value
    return part


def resolved(template: Template, context: RequestContext) -> tuple[Token, ...] | None:
    """The template with the request's values in place of its variables; None: one has neither value nor default."""
    parts = [_value(part, context) for part in template]
    known = tuple(part for part in parts if part is not None and part != "")
    return None if None in parts else known


def text_templates(templates: Sequence[Template], *, fold: bool = False) -> Templates | None:
    """Equality with templates without wildcards; ``fold``: without regard to case. None: there are none."""
    if not templates:
        return None

    def resolve(context: RequestContext) -> Matcher:
        texts = [resolved(template, context) for template in templates]
        shown: Callable[[Token], str] = cache(lambda part: str(part).casefold()) if fold else str
        known = {"".join(map(shown, parts)) for parts in texts if parts is not None}
        return (lambda text: text.casefold() in known) if fold else known.__contains__

    return Templates(_any([_text_template(template, fold=fold) for template in templates]), resolve)


def pattern_templates(templates: Sequence[tuple[TemplateMatcher, Resolve]]) -> Templates | None:
    """Templates with wildcards, each with its match and its resolution. None: there are none."""
    if not templates:
        return None
    several = tuple(resolve for _, resolve in templates)

    def resolve_all(context: RequestContext) -> Matcher:
        found = {tuple(parts) for resolve in several if (parts := resolve(context)) is not None}
        walking = [parts for parts in found if any(type(part) is not str and part is not STAR for part in parts)]
        rest = [matcher(parts) for parts in found.difference(walking)]
        return any_matcher([*rest, any_walker(walking, along_patterns=True)] if walking else rest)

    return Templates(_any([matches for matches, _ in templates]), resolve_all)


def _any(templates: Sequence[TemplateMatcher]) -> TemplateMatcher:
    if len(templates) == 1:
        (only,) = templates
        return only
    return lambda text, context: any(matches(text, context) for matches in templates)


def _text_template(template: Template, *, fold: bool) -> TemplateMatcher:
    if len(template) == 1 and not fold:
        (only,) = template
        return lambda text, context: text == _value(only, context)

    def matches(text: str, context: RequestContext) -> bool:
        parts = [_value(part, context) for part in template]
        if None in parts:
            return False
        expected = "".join(map(str, parts))
        if not fold:
            return text == expected
        # A character becomes three at most: what is longer need not be looked at, values can be very long.
        return len(expected) <= 3 * len(text) and text.casefold() == expected.casefold()

    return matches


# INVARIANT: 2. A value never becomes a wildcard or another variable.
# tests/policy/test_variables.py::test_wildcards_in_a_substituted_value_are_literal.
def glob_template(template: Template) -> TemplateMatcher:
    """A whole text against a template with wildcards, whose values are literal."""
    if ONE in template:
        return lambda text, context: (parts := resolved(template, context)) is not None and matcher(parts)(text)
    pieces = _split_at_stars(template)
    head = pieces[0][0] if pieces[0] and isinstance(pieces[0][0], str) else ""

    def matches(text: str, context: RequestContext) -> bool:
        if not text.startswith(head):
            return False
        runs = []
        for piece in pieces:
            values = [_value(part, context) for part in piece]
            if None in values:
                return False
            runs.append("".join(map(str, values)))
        return find_in_order(runs, text)

    return matches


def _split_at_stars(template: Template) -> list[list[Part]]:
    pieces: list[list[Part]] = [[]]
    for part in template:
        if part is STAR:
            pieces.append([])
        else:
            pieces[-1].append(part)
    return pieces
