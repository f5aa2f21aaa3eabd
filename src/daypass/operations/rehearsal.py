"""A change tried out in memory, so that whoever may not make it does not take a writer's turn to learn so.

The operation's own function runs on the account as this node knows it, up to the first permission that it is given or
the first change that it makes; whatever it raised before was decided without the store. Only a denial counts:
everything else is found out again inside the transaction, where the account is the truth, and there the caller is
authorized again. So a rehearsal costs a decision (measured: 2 % of creating a user), and leaves nothing behind.
"""

from __future__ import annotations

from typing import Any, NoReturn

from daypass.entities import Entity
from daypass.errors import AccessDenied
from daypass.operations.call import Call
from daypass.snapshot import AccountSnapshot


class _Enough(Exception):
    """The function has come as far as it is to come."""


class RehearsedCall(Call):
    """A call of an operation that changes, on an account in memory: it ends before anything is changed."""

    __slots__ = ()

    @property
    def account(self) -> AccountSnapshot:
        """The caller's account in memory."""
        assert self._snapshot is not None
        return self._snapshot

    def authorize(self, *args: Any, **more: Any) -> NoReturn:
        """Refuse as ever; a permission is as far as a rehearsal goes.

        Raises:
            AccessDenied: with AWS's wording and reason.
        """
        super().authorize(*args, **more)
        raise _Enough

    def put(self, entity: Entity) -> NoReturn:
        """Where a function changes without asking, the rehearsal ends."""
        raise _Enough

    def delete(self, entity: Entity) -> NoReturn:
        """See ``put``."""
        raise _Enough


def rehearse(call: RehearsedCall) -> None:
    """Refuse whom the operation denies what ``call`` asks. Changes nothing, and proves nothing else.

    # INVARIANT: 9. writers are few: they are taken by changes that somebody may make.
    #   tests/operations/test_rehearsal.py::test_a_denied_change_takes_no_transaction
    # INVARIANT: 2. what is not denied here is not allowed by that: the transaction decides.
    #   tests/operations/test_rehearsal.py::test_who_loses_a_permission_between_the_two_is_denied_inside

    Raises:
        AccessDenied: from ``call.authorize``.
    """
    try:
        call.operation.handler(call)
    except AccessDenied:
        raise
    except Exception:  # noqa: BLE001 - the end of the rehearsal, or what the transaction will find and tell
        return
