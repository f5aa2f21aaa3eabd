"""`./dev bench [SECTION…] [--seconds N] [--sessions N] [--no-peers] [--table]`: measure and print."""

from __future__ import annotations

import argparse
import os
import platform
from argparse import Namespace
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from benchmarks import federation, inner, issuers, outer, policy, principals, workers
from benchmarks.actions import actions
from benchmarks.figures import Figures


def _inner(figures: Figures, _: Namespace) -> None:
    inner.tokens(figures)
    inner.requests(figures)
    inner.asymmetric(figures)


SECTIONS: Mapping[str, Callable[[Figures, Namespace], None]] = {
    "inner": _inner,
    "policy": lambda figures, _: policy.policies(figures),
    "start": lambda figures, _: outer.start_up(figures),
    "http": lambda figures, given: outer.over_http(figures, given.seconds, peers=not given.no_peers),
    "actions": lambda figures, given: actions(figures, given.seconds),
    "federation": lambda figures, given: federation.federated(figures, given.seconds),
    "issuers": lambda figures, _: issuers.misbehaving(figures),
    "principals": lambda figures, given: principals.rotating(figures, given.seconds),
    "workers": lambda figures, given: workers.two(figures, given.seconds),
    "many": lambda figures, given: outer.after_many(figures, given.sessions),
}


def main() -> None:
    """Run the sections that are asked for; all by default."""
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument("--seconds", type=float, default=2, help="length of one load run (default 2)")
    parser.add_argument("--sessions", type=int, default=200_000, help="how many sessions `many` opens")
    parser.add_argument("--no-peers", action="store_true", help="leave other people's servers out")
    parser.add_argument("--table", action="store_true", help="at the end, all figures as docs/benchmarks.md shows them")
    given = parser.parse_args()
    unknown = set(given.sections) - SECTIONS.keys()
    if unknown:
        parser.error(f"unknown section: {', '.join(sorted(unknown))}")
    where = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    print(f"# {datetime.now(UTC):%Y-%m-%d}, {where}, load {os.getloadavg()[0]:.1f}")
    figures = Figures()
    for name, measure in SECTIONS.items():
        if name in (given.sections or SECTIONS):
            measure(figures, given)
    if given.table:
        print(figures.table())


if __name__ == "__main__":
    main()
