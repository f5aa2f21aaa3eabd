"""A call tried out to see what becomes of it: judged step by step as a real one, up to the credentials it would get.

The operation's own function runs; nothing is minted, recorded of it, or used up. Only the operator tries calls.
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
    """A step that was taken, and what it looked at."""

    name: str
    seen: tuple[Any, ...]


class Outcome(NamedTuple):
    """All steps, and how it ended: with a session of ``duration`` seconds, or refused at the last step."""

    steps: tuple[Step, ...]
    session: NewSession | None
    duration: int
    refusal: ServiceError | None


class _Tried(Exception):
    """The call has come as far as it is to come."""


class TriedCall(Call):
    """A call of an operation that mints, without a signature: it ends before anything is minted."""

    __slots__ = ("duration", "session", "steps")

    def __init__(self, call: Call, operation: Operation, params: dict[str, Any]) -> None:
        """``call``: the operator's own, which is to try ``operation`` as a stranger would ask for it."""
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
    """What becomes of ``call``. What is no refusal, such as a store that is away, is raised."""
    refusal: ServiceError | None = None
    try:
        call.operation.handler(call)
    except _Tried:
        pass
    except ServiceError as error:
        refusal = error
    return Outcome(tuple(call.steps), call.session, call.duration, refusal)
