"""Which accounts stay in memory: bounded by how many entities they hold together, the least recently used go first."""

from __future__ import annotations

from collections import OrderedDict

from daypass.snapshot import AccountSnapshot


class Residents:
    """The loaded accounts. ``snapshots`` and ``recent`` may be read, and ``recent`` added to, without a lock.

    Second chance instead of exact order: a reader only notes in ``recent`` that it came by, which costs it next to
    nothing. An account that is larger than the whole capacity is still kept while it is the newest.
    """

    def __init__(self, capacity: int) -> None:
        self.snapshots: dict[str, AccountSnapshot] = {}
        self.recent: set[str] = set()
        self._capacity = capacity
        self._weights: OrderedDict[str, int] = OrderedDict()
        self._total = 0

    @property
    def weight(self) -> int:
        """How many entities the loaded accounts hold together."""
        return self._total

    def keep(self, snapshot: AccountSnapshot) -> None:
        """Add the account or replace its snapshot; others may have to go."""
        account, weight = snapshot.id, snapshot.size
        self._total += weight - self._weights.pop(account, 0)
        self._weights[account] = weight
        self.snapshots[account] = snapshot
        self._make_room(account)

    def drop(self, account: str) -> None:
        """Forget the account; its next use loads it."""
        self.snapshots.pop(account, None)
        self.recent.discard(account)
        self._total -= self._weights.pop(account, 0)

    def clear(self) -> None:
        """Forget all accounts."""
        for account in list(self._weights):
            self.drop(account)

    def ranked(self) -> list[str]:
        """The ids of the loaded accounts, the last to go first."""
        newest_first = list(reversed(self._weights))
        return sorted(newest_first, key=lambda account: account not in self.recent)

    def _make_room(self, newest: str) -> None:
        chances = len(self._weights)
        while self._total > self._capacity and len(self._weights) > 1:
            account = next(iter(self._weights))
            spared = account == newest or (chances > 0 and account in self.recent)
            chances -= 1
            if spared:
                self.recent.discard(account)
                self._weights.move_to_end(account)
            else:
                self.drop(account)
