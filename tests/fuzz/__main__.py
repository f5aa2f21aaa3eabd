"""Fuzz what reads policies, led by coverage: ``python -m tests.fuzz [--runs N] [--seconds N]``.

Needs atheris (``pip install '.[fuzz]'``). What it finds is printed and kept by libFuzzer as ``crash-…`` in the current
directory; put the document as one more line into ``tests/fuzz/corpus/policies.jsonl`` before mending anything.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["daypass.policy"]):
    from tests.fuzz.policies import KINDS, look, seeds


def main() -> None:
    """Write the corpus where libFuzzer wants it, and let it run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=int, default=0, help="0: until the runs are done")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for number, text in enumerate(seeds()):
            data = bytes([number % len(KINDS)]) + text.encode("utf-8", "surrogatepass")
            Path(folder, str(number)).write_bytes(data)
        options = [f"-runs={given.runs}", f"-max_total_time={given.seconds}", "-max_len=2048", "-print_final_stats=1"]
        atheris.Setup([sys.argv[0], *options, folder], look)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
