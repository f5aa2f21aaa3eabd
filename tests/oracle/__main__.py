"""Ask both evaluators again: ``python -m tests.oracle < difference.json``."""

from __future__ import annotations

import json
import sys

from tests.oracle.asking import both

case = json.load(sys.stdin)
engine, second = both(case["policies"], case["request"])
print(f"engine:           {engine}\nsecond evaluator: {second}")
raise SystemExit(engine != second)
