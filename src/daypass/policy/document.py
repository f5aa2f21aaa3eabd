"""A policy, parsed and compiled: immutable, ready to be asked.

``Policy`` keeps what was written (for explanations) beside what was made of it (for decisions). ``parse`` makes it;
nothing here checks form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from daypass.policy.actions import WRONG_PLACE, ActionElement, ActionIndex, Selection
from daypass.policy.context import Test
from daypass.policy.principal import PrincipalElement
from daypass.policy.resources import ResourceElement
from daypass.policy.variables import has_variable


class Kind(Enum):
    """What sort of policy a document is. The grammar, the limits and AWS's messages differ by kind."""

    IDENTITY_MANAGED = "managed policy"
    IDENTITY_INLINE = "inline policy"
    SESSION = "session policy"
    TRUST = "role trust policy"
    RESOURCE = "resource-based policy"
    SCP = "service control policy"
    RCP = "resource control policy"
    ENDPOINT = "VPC endpoint policy"

    @property
    def names_principals(self) -> bool:
        """Whether its statements say whom they speak of."""
        return self in _WITH_PRINCIPALS


_WITH_PRINCIPALS = frozenset({Kind.TRUST, Kind.RESOURCE, Kind.RCP, Kind.ENDPOINT})


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """One key under one operator, as written, and its compiled test."""

    operator: str
    key: str
    values: tuple[str, ...]
    test: Test


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """One statement. ``index`` counts from 0. ``holds`` tests all ``conditions`` together; None: there are none.

    ``principal`` is None in identity-based policies, ``resources`` in trust policies.
    """

    index: int
    sid: str | None
    effect: str
    actions: ActionElement
    resources: ResourceElement | None
    principal: PrincipalElement | None
    conditions: tuple[Condition, ...]
    holds: Test | None

    @property
    def denies(self) -> bool:
        """Whether its effect is Deny."""
        return self.effect == "Deny"


def combine(tests: Sequence[Test]) -> Test | None:
    """The test that all of ``tests`` hold; None when there are none."""
    if len(tests) < 2:
        return tests[0] if tests else None
    if len(tests) == 2:
        first, second = tests
        return lambda context: first(context) and second(context)

    return lambda context: all(one(context) for one in tests)


# INVARIANT: 2. what may come out otherwise for another request of the same caller is asked each time. The document's
#   text may hide a variable: JSON knows a dollar sign by other names.
#   tests/operations/test_authorize.py::test_what_a_variable_looks_at_is_never_settled
def _looks_at_request(statement: Statement) -> bool:
    """Whether conditions or variables make it depend on more than who asks, for which action on which resource."""
    if statement.conditions:
        return True
    return statement.resources is not None and any(map(has_variable, statement.resources.patterns))


class Policy:
    """A compiled policy document. Immutable; compares by identity.

    ``version`` is the document's version (``2008-10-17`` when it names none), ``id`` its ``Id``, ``statements`` what it
    says in order, ``text`` the document as handed in, ``asks_who`` whether its statements name principals, ``may_deny``
    whether one of them is a Deny. ``is_constant``: without conditions and variables, it says the same to every request
    of one principal for one action on one resource.
    """

    __slots__ = (
        "asks_who",
        "by_action",
        "by_action_and_principal",
        "id",
        "is_constant",
        "kind",
        "may_deny",
        "statements",
        "text",
        "version",
    )

    def __init__(
        self, statements: tuple[Statement, ...], *, version: str, kind: Kind, text: str, policy_id: str | None = None
    ) -> None:
        self.statements = statements
        self.version = version
        self.kind = kind
        self.text = text
        self.id = policy_id
        self.may_deny = any(statement.denies for statement in statements)
        self.is_constant = not any(map(_looks_at_request, statements))
        index = ActionIndex(statements)
        # An RCP speaks of everyone, always; its Principal element is checked when it is parsed and never asked.
        asks_who = kind.names_principals and kind is not Kind.RCP
        self.asks_who = asks_who
        self.by_action: dict[str, Selection] = WRONG_PLACE if asks_who else index
        self.by_action_and_principal: dict[str, Selection] = index if asks_who else WRONG_PLACE

    def __repr__(self) -> str:
        return f"<Policy: {self.kind.value}, {len(self.statements)} statements>"

    def principals(self) -> list[tuple[str, str]]:
        """All (type, value) pairs of Principal and NotPrincipal, each once, in order; ``("*", "*")`` is a bare star."""
        entries = (entry for s in self.statements if s.principal is not None for entry in s.principal.entries)
        return list(dict.fromkeys(entries))
