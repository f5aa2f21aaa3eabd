"""A dry run of a minting operation: every check of the real call, up to the point where credentials would be made.

The operation's own function runs. Nothing is minted, nothing is used up, and of the call itself nothing is recorded.
Only the operator can run a trial.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple, NoReturn

from daypass.credentials import TemporaryCredentials
from daypass.errors import ServiceError
from daypass.operations.audit import Record
from daypass.operations.call import Call, NewSession
from daypass.operations.registry import Operation
from daypass.principals import Anonymous, Caller


class Step(NamedTuple):
    """A step that was taken, and the values that it looked at."""

    name: str
    seen: tuple[Any, ...]


class Outcome(NamedTuple):
    """All steps, and how it ended: with a session of ``duration`` seconds, or refused at the last step."""

    steps: tuple[Step, ...]
    session: NewSession | None
    duration: int
    refusal: ServiceError | None


class _Tried(Exception):
    """The call has reached the point where credentials would be made."""


class TriedCall(Call):
    """A call of an unsigned, minting operation that ends before anything is minted."""

    __slots__ = ("duration", "session", "steps")

    def __init__(self, call: Call, operation: Operation, params: dict[str, Any]) -> None:
        """``call`` is the operator's own call; ``operation`` is tried as an unsigned caller would call it."""
        stranger = Caller(Anonymous(partition=call.caller.principal.partition), "")
        identities = call.ports.identities
        ports = replace(call.ports, identities=identities.for_trial() if identities else None)
        facts = call.facts._replace(caller=stranger, service=operation.service, membership=None)
        record = Record(None, call.now, "")
        super().__init__(operation, params, None, ports, facts, record, call.ports.directory.load)
        self.steps: list[Step] = []
        self.session: NewSession | None = None
        self.duration = 0

    def tell(self, step: str, *seen: object) -> None:
        """Keep a step."""
        self.steps.append(Step(step, seen))

    # INVARIANT: 6. a trial leaves no credentials.
    #   tests/services/test_federated_trial.py::test_a_trial_mints_nothing_and_uses_nothing_up
    def mint(self, wanted: NewSession, duration: int, least_size: int = 0) -> TemporaryCredentials:
        """Where credentials would be made, the trial ends.

        Raises:
            RegionDisabled: as ``Call.mint``.
        """
        self.tell("session", wanted, duration)
        if self.facts.region not in wanted.owner.usual_regions:
            self._require_active(wanted.owner)
        self.session, self.duration = wanted, duration
        self._end()

    def _end(self) -> NoReturn:
        raise _Tried


def try_out(call: TriedCall) -> Outcome:
    """Run ``call`` and tell how it ended. Failures that are no refusal, such as a store that is away, are raised."""
    refusal: ServiceError | None = None
    try:
        call.operation.handler(call)
    except _Tried:
        pass
    except ServiceError as error:
        refusal = error
    return Outcome(tuple(call.steps), call.session, call.duration, refusal)
