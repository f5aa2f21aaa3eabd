"""The table of operations: what exists, what it does to the world, and which function does it.

A service module registers itself by decorating its functions; ``app.py`` imports the modules. There is no central list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from daypass.operations.call import Call

Effect = Literal["reads", "mints", "changes", "founds"]
"""reads: answers from the snapshot, inline. mints: issues credentials, inline; no record, no credentials.
changes: one transaction on a worker thread; no record, no change. founds: a change that makes the account it is in."""

Handler = Callable[["Call"], Mapping[str, object] | None]


@dataclass(frozen=True, slots=True)
class Operation:
    """One implemented operation. ``name`` is ``service:Operation``. ``anonymous``: it needs no signature.

    ``reads_store``: a read that asks the store for more than the snapshot holds (last-used times). ``is_long``: one
    that may compute for longer than the event loop can spare; a server runs them one at a time.
    """

    name: str
    effect: Effect
    handler: Handler
    anonymous: bool = False
    reads_store: bool = False
    is_long: bool = False
    may_block: bool = field(init=False)
    """Whether it waits for the store or computes for long, so that it must not run on the event loop."""

    def __post_init__(self) -> None:
        may_block = self.reads_store or self.is_long or self.effect in ("changes", "founds")
        object.__setattr__(self, "may_block", may_block)

    @property
    def service(self) -> str:
        return self.name.partition(":")[0]

    @property
    def action(self) -> str:
        return self.name.partition(":")[2]


class Registry:
    """Operations by name. Registering a name twice is a defect and fails at import."""

    def __init__(self) -> None:
        self._operations: dict[str, Operation] = {}

    def operation(
        self, name: str, effect: Effect, *, anonymous: bool = False, reads_store: bool = False, is_long: bool = False
    ) -> Callable[[Handler], Handler]:
        """Register the decorated function as operation ``name`` (``sts:AssumeRole``)."""

        def register(handler: Handler) -> Handler:
            if name in self._operations:
                raise RuntimeError(f"operation {name} is registered twice")
            self._operations[name] = Operation(name, effect, handler, anonymous, reads_store, is_long)
            return handler

        return register

    def find(self, name: str) -> Operation | None:
        """The operation called ``name``, or None when it is not implemented."""
        return self._operations.get(name)

    def names(self) -> tuple[str, ...]:
        """All implemented operations, sorted."""
        return tuple(sorted(self._operations))


REGISTRY = Registry()
operation = REGISTRY.operation
