"""Who uses which managed policy, counted once per snapshot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from daypass.entities import Group, Role, User
from daypass.snapshot import AccountSnapshot


@dataclass(frozen=True, slots=True)
class Usage:
    """By policy ARN: how many users, groups and roles it is attached to, and how many it bounds."""

    attached: Counter[str]
    boundaries: Counter[str]

    def of(self, arn: str) -> int:
        """All uses of a policy."""
        return self.attached[arn] + self.boundaries[arn]


def usage(account: AccountSnapshot) -> Usage:
    """The uses of managed policies in ``account``, AWS's included."""
    found = account.derived.get(Usage)
    if found is None:
        found = account.derived[Usage] = Usage(
            Counter(chain.from_iterable(entity.attached for entity in _holders(account))),
            Counter(entity.boundary for entity in _bounded(account) if entity.boundary),
        )
    assert isinstance(found, Usage)
    return found


def _holders(account: AccountSnapshot) -> Iterator[User | Group | Role]:
    yield from account.groups.values()
    yield from _bounded(account)


def _bounded(account: AccountSnapshot) -> Iterator[User | Role]:
    yield from account.users.values()
    yield from account.roles.values()
