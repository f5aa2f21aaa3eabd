"""Write ``src/daypass/operations/managed_policies.json``: the AWS managed policies that daypass ships.

    python -m tools.managed_policies            write
    python -m tools.managed_policies --check    exit 1 when the written file differs from the installed source

The documents are AWS's, as published in the data file of moto (Apache-2.0; see NOTICE). Only that data file is read.
It gives the default version of each policy, without PolicyId and Description.
"""

from __future__ import annotations

import ast
import json
import sys
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parents[1] / "src/daypass/operations/managed_policies.json"
NAMES = ("AdministratorAccess", "PowerUserAccess", "ReadOnlyAccess", "SecurityAudit")
ROOT_TASKS = "/root-task/"


def source() -> dict[str, Any]:
    """All policies of the installed moto, by name. The module is read as text: nothing of moto is imported or run."""
    package = find_spec("moto")
    if package is None or package.origin is None:
        sys.exit("managed policies: moto is not installed (pip install 'moto')")
    tree = ast.parse((Path(package.origin).parent / "iam/aws_managed_policies.py").read_text())
    (text,) = (
        node.value.value for node in tree.body if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    )
    policies: dict[str, Any] = json.loads(str(text))
    return policies


def entry(name: str, policy: dict[str, Any]) -> dict[str, object]:
    """One policy as it is shipped: the document as compact text, times in epoch seconds."""
    return {
        "name": name,
        "path": policy["Path"],
        "version": policy["DefaultVersionId"],
        "created": int(datetime.fromisoformat(policy["CreateDate"]).timestamp()),
        "updated": int(datetime.fromisoformat(policy["UpdateDate"]).timestamp()),
        "document": json.dumps(policy["Document"], separators=(",", ":"), ensure_ascii=False),
    }


def generate() -> str:
    """The file's text: one policy a line, sorted by name, so that a refresh shows as a readable difference."""
    policies = source()
    wanted = sorted({*NAMES, *(name for name, policy in policies.items() if policy["Path"] == ROOT_TASKS)})
    lines = (json.dumps(entry(name, policies[name]), ensure_ascii=False) for name in wanted)
    return "[\n" + ",\n".join(lines) + "\n]\n"


def main() -> int:
    """Write or check; returns the exit code."""
    text = generate()
    if "--check" in sys.argv:
        same = TARGET.exists() and TARGET.read_text() == text
        print("managed policies: up to date" if same else "managed policies: stale, run tools/managed_policies.py")
        return 0 if same else 1
    TARGET.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
