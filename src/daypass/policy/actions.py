"""Action and NotAction, and the index that finds the statements for one action.

``*`` alone is every action. Otherwise service and name are compared apart, both without case, and a wildcard never
crosses the colon. Policy variables have no meaning here.

Source: IAM JSON policy elements reference, "Action", "NotAction".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from daypass.policy.context import Test
from daypass.policy.match import Matcher, glob, has_wildcard

if TYPE_CHECKING:
    from daypass.policy.document import Statement


class ActionElement:
    """The actions a statement lists; ``negated``: all but those. Actions are handed in lower-case."""

    __slots__ = ("_matchers", "exact", "globs", "negated", "patterns")

    def __init__(self, patterns: tuple[str, ...], *, negated: bool) -> None:
        self.patterns = patterns
        self.negated = negated
        self._matchers: list[tuple[Matcher, Matcher]] | None = None
        self.exact: list[str] = []
        self.globs: list[tuple[str, str]] = []
        for pattern in patterns:
            service, colon, name = pattern.lower().partition(":")
            if service == "*" and not colon:
                self.globs.append(("*", "*"))
            elif not _names_something(name):
                continue
            elif has_wildcard(service) or has_wildcard(name):
                self.globs.append((service, name))
            else:
                self.exact.append(f"{service}:{name}")

    def matches(self, action: str) -> bool:
        """Whether the statement speaks of ``action`` (lower-case)."""
        return self.listed(action) is not self.negated

    def listed(self, action: str) -> bool:
        """Whether a pattern names ``action``."""
        if action in self.exact:
            return True
        if self._matchers is None:
            self._matchers = [(glob(service), glob(name)) for service, name in self.globs]
        service, _, name = action.partition(":")
        return any(in_service(service) and matches(name) for in_service, matches in self._matchers)


def _names_something(name: str) -> bool:
    """A pattern without a name, with white space in it or with a second colon matches nothing."""
    return bool(name) and ":" not in name and not any(map(str.isspace, name))


Entry = tuple[Test | None, Test | None, "Statement"]
"""A statement, before it the tests of its resources and of its conditions (None: always true).

A decision asks them one after the other: joined in one test they would cost a fifth more.
"""

Chosen = tuple[Entry, ...]
"""Statements that speak of an action."""

Selection = tuple[Chosen, Chosen]
"""Deny statements, Allow statements, each in the order of the document."""

_REMEMBERED = 256
"""Actions that the index of one policy remembers; a daypass decides on fewer."""

_MOST_CHOSEN = 2_048
"""Statements in all that is remembered of one policy."""

_LONGEST_ACTION = 128  # the API's own limit; longer ones are answered and not remembered


class ActionIndex(dict[str, Selection]):
    """From an action (lower-case) to the statements that speak of it; answers are remembered.

    A decision costs what the statements for its action cost, not what the whole policy would.
    """

    __slots__ = ("_chosen", "_exact", "_globs", "_open", "_seen", "_statements")

    def __init__(self, statements: Sequence[Statement]) -> None:
        super().__init__()
        self._statements = statements
        self._seen: dict[tuple[int, ...], Selection] = {}
        self._chosen = 0
        self._exact: dict[str, list[int]] | None = None
        self._globs: dict[str, list[tuple[Matcher, int]]] = {}
        self._open: list[int] = []

    def __missing__(self, action: str) -> Selection:
        found = tuple(sorted(self._find(action)))
        selection = self._seen.get(found)
        if selection is None:
            selection = _select(self._statements[index] for index in found)
        if len(action) <= _LONGEST_ACTION:
            self._remember(action, found, selection)
        return selection

    # INVARIANT: 9. whoever invents actions fills no memory.
    #   tests/policy/test_speed.py::test_remembered_actions_are_bounded
    def _remember(self, action: str, found: tuple[int, ...], selection: Selection) -> None:
        if found not in self._seen:
            self._chosen += len(found)
        if len(self) >= _REMEMBERED or self._chosen > _MOST_CHOSEN:
            self.clear()
            self._seen.clear()
            self._chosen = len(found)
        self[action] = self._seen[found] = selection

    def _find(self, action: str) -> set[int]:
        exact = self._exact if self._exact is not None else self._build()
        service, _, name = action.partition(":")
        found = set(exact.get(action, ()))
        found.update(index for matches, index in self._globs.get(service, ()) if matches(name))
        found.update(index for index in self._open if self._statements[index].actions.matches(action))
        return found

    def _build(self) -> dict[str, list[int]]:
        """Sort the statements: by exact action, by service with a pattern, and those that must be asked each time."""
        exact: dict[str, list[int]] = {}
        globs: dict[str, list[tuple[Matcher, int]]] = {}
        unsorted: list[int] = []
        for index, statement in enumerate(self._statements):
            element = statement.actions
            if element.negated or any(has_wildcard(service) for service, _ in element.globs):
                unsorted.append(index)
                continue
            for action in element.exact:
                exact.setdefault(action, []).append(index)
            for service, name in element.globs:
                globs.setdefault(service, []).append((glob(name), index))
        self._globs, self._open, self._exact = globs, unsorted, exact
        return exact


def _select(statements: Iterable[Statement]) -> Selection:
    denies: list[Entry] = []
    allows: list[Entry] = []
    for statement in statements:
        reaches = statement.resources.test if statement.resources is not None else None
        (denies if statement.denies else allows).append((reaches, statement.holds, statement))
    return tuple(denies), tuple(allows)


class WrongPlace(dict[str, Selection]):
    """Stands where a policy has no such statements: a trust policy never passes for an identity-based one."""

    __slots__ = ()

    def __missing__(self, action: str) -> Selection:
        raise TypeError("a policy with principals and one without cannot stand in for each other")


WRONG_PLACE = WrongPlace()
