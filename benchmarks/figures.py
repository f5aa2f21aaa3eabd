"""One line a figure: name, value, unit, ratio to its reference."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field


@dataclass
class Figures:
    """Collects figures and prints each as it comes."""

    rows: list[tuple[str, float, str, str]] = field(default_factory=list)

    def add(self, name: str, value: float, unit: str, *over: tuple[str, float]) -> float:
        """Print a figure. ``over``: names and values of what it is divided by."""
        ratio = ", ".join(f"{value / reference:.2f} x {what}" for what, reference in over if reference)
        self.rows.append((name, value, unit, ratio))
        print(f"{name:<58} {value:>12,.2f} {unit:<12} {ratio}", flush=True)
        return value

    def table(self) -> str:
        """All figures as the table that docs/benchmarks.md shows."""
        rows = [
            f"| {name} | {value:,.2f} | {unit} | {ratio.replace(' x ', ' × ')} |"
            for name, value, unit, ratio in self.rows
        ]
        return "\n".join(["| figure | value | unit | ratio |", "|---|---:|---|---|", *rows])

    def note(self, text: str) -> None:
        """Say what could not be measured, and why."""
        print(f"# {text}", file=sys.stderr, flush=True)
