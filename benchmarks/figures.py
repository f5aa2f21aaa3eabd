"""One line a figure: name, value, unit, ratio to its reference."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field


@dataclass
class Figures:
    """Collects figures and prints each as it comes."""

    rows: list[tuple[str, float, str, str]] = field(default_factory=list)

    def add(self, name: str, value: float, unit: str, *, over: tuple[str, float] | None = None) -> float:
        """Print a figure. ``over``: name and value of what it is divided by."""
        ratio = f"{value / over[1]:.2f} x {over[0]}" if over and over[1] else ""
        self.rows.append((name, value, unit, ratio))
        print(f"{name:<58} {value:>12,.2f} {unit:<12} {ratio}", flush=True)
        return value

    def note(self, text: str) -> None:
        """Say what could not be measured, and why."""
        print(f"# {text}", file=sys.stderr, flush=True)
