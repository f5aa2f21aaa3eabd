"""One run of both evaluators over many tables: what differed, what was seen, and how fast it went."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from daypass.policy import evaluate
from tests.oracle.asking import Answer, Engine, Json, context, report
from tests.oracle.evaluator import decide
from tests.oracle.tables import Table


@dataclass
class Run:
    """What a run has seen: ``cells`` counts (policy label, request label, second evaluator's answer) by subject.

    ``shown``: how many differences are told in full.
    """

    shown: int = 3
    pairs: int = 0
    seconds: float = 0.0
    found: int = 0
    reports: list[str] = field(default_factory=list)
    cells: dict[str, Counter[tuple[Any, Any, Answer]]] = field(default_factory=dict)

    def take(self, subject: str, name: str, table: Table) -> None:
        """Ask both evaluators all of ``table``; ``name`` says which it is, so that it can be made again."""
        started = time.process_time()
        engine, memory = Engine(), {}
        contexts = [context(request, lazily=at % 2 == 1) for at, request in enumerate(table.requests)]
        seen = self.cells.setdefault(subject, Counter())
        for row, policies in enumerate(table.policies):
            policy_set = engine.policy_set(policies)
            for column, request in enumerate(table.requests):
                decision = evaluate(contexts[column], policy_set)
                answer = decide(policies, request, memory)
                if (decision.effect, decision.layer) != answer:
                    self._note(name, policies, request)
                if table.policy_labels:
                    seen[table.policy_labels[row], table.request_labels[column], answer] += 1
        self.pairs += len(table.policies) * len(table.requests)
        self.seconds += time.process_time() - started

    def take_all(self, subject: str, make: Callable[[str, int], Table], numbers: Iterable[int]) -> None:
        """The tables of ``subject`` with these numbers."""
        for number in numbers:
            self.take(subject, f"{subject} {number}", make(subject, number))

    def _note(self, name: str, policies: Json, request: Json) -> None:
        self.found += 1
        if len(self.reports) < self.shown:
            self.reports.append(f"table {name}:\n{report(policies, request)}")

    @property
    def summary(self) -> str:
        """For people: how many, how fast, and the first differences in their smallest form."""
        rate = self.pairs / self.seconds if self.seconds else 0
        head = f"{self.found} differences in {self.pairs:,} pairs, {rate:,.0f} pairs a second"
        return "\n\n".join([head, *self.reports])
