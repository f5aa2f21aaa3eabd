"""Compiled policies, kept within a settled amount of memory.

One text is compiled once for all who have it. Snapshots remember what they made of the policies (``derived``), so a
request looks nothing up here; in return they forget it whenever a generation ends:

- The *young* generation has what was compiled or asked for since it began. When it is full it becomes the *old* one,
  and every snapshot that holds policies forgets what it derived from them.
- What is asked for again comes back from the old generation as it is, not compiled anew.
- What was not asked for by the time the next generation is full leaves, a few at a time, since freeing a hundred
  thousand objects at once would hold up requests.
"""

from __future__ import annotations

from contextlib import suppress
from weakref import WeakValueDictionary

from daypass.policy import Kind, Policy, parse_policy
from daypass.policy.weight import weight
from daypass.snapshot import AccountSnapshot

GENERATION = 128 << 20
"""Bytes of compiled policies (``weight``) of one generation; there are at most two and what is left of a third."""

SESSION_GENERATION = 16 << 20
"""The same, for inline session policies."""

_LEAVE = 4
"""Policies of the oldest generation that are let go for each new one."""

Name = tuple[str, Kind | None]


class CompiledPolicies(dict[Name, Policy]):
    """Compiled policies by text and kind. A missing one is compiled.

    # INVARIANT: 9. whatever policies are stored, compiled they take bounded memory.
    #   tests/operations/test_compiled.py::test_a_thousand_roles_with_ten_large_policies_each_stay_within_the_bound

    Threads share it without a lock: each step is atomic, and two that meet compile twice at worst.

    Args:
        generation: ``weight`` of the policies of one generation.

    Raises:
        Malformed: (on a look-up) the text is no policy of that kind.
    """

    __slots__ = ("_generation", "_holders", "_leaving", "_old", "_weight")

    def __init__(self, generation: int) -> None:
        super().__init__()
        self._generation = generation
        self._weight = 0
        self._old: dict[Name, Policy] = {}
        self._leaving: dict[Name, Policy] = {}
        self._holders: WeakValueDictionary[int, AccountSnapshot] = WeakValueDictionary()

    def __missing__(self, name: Name) -> Policy:
        found = self._old.pop(name, None) or parse_policy(*name)
        with suppress(KeyError):
            for _ in range(_LEAVE):
                self._leaving.popitem()
        weighs = weight(found)
        if self._weight + weighs > self._generation:
            self._turn()
        self._weight += weighs
        self[name] = found
        return found

    def held_by(self, snapshot: AccountSnapshot) -> None:
        """``snapshot.derived`` is going to hold policies of this table: clear it when a generation ends."""
        self._holders[id(snapshot)] = snapshot

    def _turn(self) -> None:
        self._leaving, self._old = self._old, dict(self)
        self.clear()
        self._weight = 0
        for reference in self._holders.valuerefs():
            snapshot = reference()
            if snapshot is not None:
                snapshot.derived.clear()


STORED = CompiledPolicies(GENERATION)
"""The policies of all accounts in memory."""

# INVARIANT: 9. whoever may assume a role can bring a new policy with each session.
#   tests/services/sts/test_assume_role.py::test_session_policies_do_not_push_other_policies_out_of_memory
BROUGHT = CompiledPolicies(SESSION_GENERATION)
"""Inline session policies."""


def compiled(document: str, snapshot: AccountSnapshot, kind: Kind | None = None) -> Policy:
    """The compiled form of a stored policy document, to be held by nothing that outlives ``snapshot.derived``.

    Raises:
        Malformed: it is no policy of that kind.
    """
    STORED.held_by(snapshot)
    return STORED[document, kind]
