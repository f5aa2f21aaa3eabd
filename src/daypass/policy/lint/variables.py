"""Rules on policy variables: well formed, where they mean something, in a version that knows them.

Source: IAM User Guide, "IAM policy elements: Variables and tags".
"""

from __future__ import annotations

from collections.abc import Iterator

from daypass.policy.lint.conditions import lines
from daypass.policy.lint.document import Document, Entry
from daypass.policy.lint.finding import Finding
from daypass.policy.lint.report import found
from daypass.policy.lint.values import family

_CHARACTERS = frozenset("*?$")
_FIELDS_BEFORE_RESOURCE = 5


def form(document: Document) -> Iterator[Finding]:
    """Each variable is complete."""
    for entry in _places(document):
        start = entry.text.find("${")
        while start >= 0:
            end = entry.text.find("}", start)
            body = entry.text[start + 2 : end if end >= 0 else None]
            code = "MISSING_BRACE_IN_VARIABLE" if end < 0 else _fault(body)
            if code:
                length = (end + 1 if end >= 0 else len(entry.text)) - start
                yield found(code, entry.part(document.text, start, length))
            start = entry.text.find("${", start + 2) if end >= 0 else -1


def _fault(body: str) -> str | None:
    if body in _CHARACTERS:
        return None
    if not body.strip():
        return "EMPTY_VARIABLE"
    key, comma, default = body.partition(", ")
    if "," in body and not comma:
        return "UNSUPPORTED_SPACE_IN_VARIABLE"
    if comma and not (len(default) > 1 and default[0] == default[-1] == "'"):
        return "MISSING_QUOTE_IN_VARIABLE"
    # A tag key may have blanks inside, the name of a key has none.
    if key != key.strip() or " " in key.partition("/")[0]:
        return "UNSUPPORTED_SPACE_IN_VARIABLE"
    return None


def _places(document: Document) -> Iterator[Entry]:
    """Where variables mean something."""
    for statement in document.statements:
        yield from (entry for entry in statement.resources if "${" in entry.text)
    for line in lines(document):
        if family(line) in {"String", "Arn"}:
            yield from (value for value in line.values if "${" in value.text)


def version(document: Document) -> Iterator[Finding]:
    """The old version takes a variable for text."""
    if document.has_variables:
        return
    for entry in _places(document):
        start = entry.text.find("${")
        end = entry.text.find("}", start)
        if end > start:
            yield found("VARIABLE_UNSUPPORTED_IN_VERSION", entry.part(document.text, start, end + 1 - start))


def operators(document: Document) -> Iterator[Finding]:
    """Operators that compare no texts know no variables."""
    for line in lines(document):
        for value in line.values:
            if "${" in value.text and line.use is not None and family(line) not in {"String", "Arn"}:
                yield found("INVALID_VARIABLE_FOR_OPERATOR", value.location, operator=line.operator)


def elements(document: Document) -> Iterator[Finding]:
    """Elements other than Resource and Condition know no variables, nor do the first five fields of an ARN."""
    for statement in document.statements:
        for entry in (*statement.actions, *statement.principals, *statement.texts("Sid", "Effect")):
            start = entry.text.find("${")
            if start >= 0:
                element = next(step for step in reversed(entry.place.path) if step in _ELEMENTS)
                yield found("VARIABLE_UNSUPPORTED_IN_ELEMENT", entry.location, element=element)
        for entry in statement.resources:
            start = entry.text.find("${")
            if start >= 0 and entry.text.startswith("arn:") and entry.text[:start].count(":") < _FIELDS_BEFORE_RESOURCE:
                element = "the fields of an ARN before the resource"
                yield found("VARIABLE_UNSUPPORTED_IN_ELEMENT", entry.location, element=element)


_ELEMENTS = frozenset({"Action", "NotAction", "Principal", "NotPrincipal", "Sid", "Effect"})
