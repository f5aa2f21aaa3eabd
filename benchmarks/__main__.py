"""`./dev bench [SECTION…] [--seconds N] [--sessions N] [--no-peers]`: measure and print."""

from __future__ import annotations

import argparse
import os
import platform
from datetime import UTC, datetime

from benchmarks import inner, outer, policy
from benchmarks.figures import Figures

SECTIONS = ("inner", "policy", "http", "many", "start")


def main() -> None:
    """Run the sections that are asked for; all by default."""
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument("--seconds", type=float, default=5, help="length of one load run (default 5)")
    parser.add_argument("--sessions", type=int, default=200_000, help="how many sessions `many` opens")
    parser.add_argument("--no-peers", action="store_true", help="leave other people's servers out")
    given = parser.parse_args()
    unknown = set(given.sections) - set(SECTIONS)
    if unknown:
        parser.error(f"unknown section: {', '.join(sorted(unknown))}")
    wanted = given.sections or SECTIONS
    where = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    print(f"# {datetime.now(UTC):%Y-%m-%d}, {where}, load {os.getloadavg()[0]:.1f}")
    figures = Figures()
    if "inner" in wanted:
        inner.tokens(figures)
        inner.requests(figures)
    if "policy" in wanted:
        policy.policies(figures)
    if "start" in wanted:
        outer.start_up(figures)
    if "http" in wanted:
        outer.over_http(figures, given.seconds, peers=not given.no_peers)
    if "many" in wanted:
        outer.after_many(figures, given.sessions)


if __name__ == "__main__":
    main()
