"""Tables of near-matching policies and requests, made from a seed: small pools, so that most statements nearly match.

Each maker gives one ``Table``: policy sets and requests, to be asked all with all. A policy set is compiled once and
asked many requests, so that a pair costs little; sets share documents and requests for the same reason.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

from tests.oracle.people import ACCOUNT, CALLERS

Json = dict[str, Any]
POOLS: Json = json.loads(Path(__file__).with_name("pools.json").read_text("utf-8"))
FACTS: Json = POOLS["facts"]
"""What variables find."""


@dataclass
class Table:
    """Policy sets × requests. The labels say which cell of the coverage table each of them is for."""

    policies: list[Json]
    requests: list[Json]
    policy_labels: list[Any] = field(default_factory=list)
    request_labels: list[Any] = field(default_factory=list)


def document(*statements: Json, version: str | None = "2012-10-17") -> Json:
    """A policy document; without ``version`` it names none."""
    return ({"Version": version} if version else {}) | {"Statement": list(statements)}


def asked(caller: str = "user", **facts: Any) -> Json:
    """A request that reads an object."""
    usual = {"action": "s3:GetObject", "resource": "arn:aws:s3:::data/key", "owner": ACCOUNT, "keys": {}}
    return usual | {"caller": CALLERS[caller]} | facts


def some(random: Random, pool: list[Any], least: int = 1, most: int = 3) -> list[Any]:
    """A few of ``pool``, in any order."""
    return random.sample(pool, min(len(pool), random.randint(least, most)))


def one_or_list(random: Random, values: list[Any]) -> Any:
    """A lone value is written alone half of the time."""
    return values[0] if len(values) == 1 and random.random() < 0.5 else values


# ── conditions ───────────────────────────────────────────────────────────────────────────────────────

FAMILIES: dict[str, Json] = POOLS["families"]
"""By kind of comparison: operators, values that policies hold (``wanted``), values that requests have (``given``)."""
QUALIFIERS = ("", "IfExists", "ForAllValues:", "ForAllValues:IfExists", "ForAnyValue:", "ForAnyValue:IfExists")
PRESENCES = ("absent", "empty", "empty text", "one", "many")
CELLS = [
    (family, operator, qualifier, effect)
    for family, pools in FAMILIES.items()
    for operator, qualifier, effect in product(pools["operators"], QUALIFIERS, ("Allow", "Deny"))
    if operator != "Null" or "IfExists" not in qualifier
]
"""Every operator with every qualifier that it takes, in an Allow and in a Deny."""


def qualified(operator: str, qualifier: str) -> str:
    """The name that a policy writes."""
    return qualifier.removesuffix("IfExists") + operator + ("IfExists" if qualifier.endswith("IfExists") else "")


def conditions(random: Random, number: int) -> Table:
    """24 cells of one family, in turn, each with a few policy values on one key; asked with every kind of presence."""
    family = list(FAMILIES)[number % len(FAMILIES)]
    pools = FAMILIES[family]
    cells = [cell for cell in CELLS if cell[0] == family]
    start = number // len(FAMILIES) * 24
    table = Table([], [])
    for _, operator, qualifier, effect in [cells[(start + at) % len(cells)] for at in range(24)]:
        wanted = some(random, pools["wanted"]) if random.random() < 0.95 else []
        key = random.choice(["k", "K", "aws:PrincipalTag/K"])
        block = {qualified(operator, qualifier): {key: one_or_list(random, wanted)}}
        statement = {"Effect": effect, "Action": "*", "Resource": "*", "Condition": block}
        version = random.choice(["2012-10-17"] * 4 + ["2008-10-17", None])
        table.policies.append({"identity": [document(statement, version=version)]})
        table.policy_labels.append((operator, qualifier, effect, ("none", "one", "many", "many")[len(wanted)]))
    for presence, value in _presences(random, pools["given"]):
        keys = FACTS | ({} if value is None else {"k": value, "aws:principaltag/k": value})
        table.requests.append(asked(keys=keys))
        table.request_labels.append(presence)
    return table


def _presences(random: Random, given: list[str]) -> list[tuple[str, Any]]:
    """Every way in which a key can be there, or not."""
    full = [value for value in given if value]
    found: list[tuple[str, Any]] = [("absent", None), ("empty", [])]
    found += [("empty text", ""), ("empty text", [""]), ("empty text", ["", ""])]
    found += [("one", value) for value in some(random, full, 8, 10)]
    found += [("one", [random.choice(full)]), ("many", [random.choice(full)] * 2)]
    return found + [("many", [*some(random, full, 1, 2), random.choice(given)]) for _ in range(4)]


# ── actions and resources, where a policy hangs ──────────────────────────────────────────────────────

SLOTS = ("identity", "boundary", "session", "resource", "trust", "scps", "rcps", "endpoint")
ALLOW = document({"Effect": "Allow", "Action": "*", "Resource": "*"})
ALLOW_EVERYONE = document({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"})


def hung(slot: str, judged: Json) -> Json:
    """Policies in which the document in ``slot`` decides."""
    if slot in ("resource", "trust"):
        return {"resource": judged, "resource kind": slot}
    if slot in ("scps", "rcps"):
        return {"identity": [ALLOW], slot: [[judged]]}
    return {"identity": [ALLOW], slot: [judged] if slot in ("identity", "session") else judged}


def element(random: Random, name: str, pool: list[str]) -> Json:
    """``Action``, ``NotAction``, … with a few patterns."""
    return {("Not" if random.random() < 0.25 else "") + name: one_or_list(random, some(random, pool))}


def elements(random: Random, number: int) -> Table:
    """Action × Resource patterns and their negations, in a policy of every kind, in both versions."""
    table = Table([], [])
    for slot in SLOTS * 3:
        statement: Json = {"Effect": random.choice(["Allow", "Deny"])}
        statement |= {"Action": "*"} if random.random() < 0.3 else element(random, "Action", POOLS["action patterns"])
        if slot != "trust":
            statement |= element(random, "Resource", POOLS["resource patterns"])
        if slot in ("resource", "trust", "rcps", "endpoint"):
            statement["Principal"] = "*" if slot == "rcps" else random.choice(["*", {"AWS": "*"}])
        version = random.choice(["2012-10-17", "2012-10-17", "2008-10-17", None])
        table.policies.append(hung(slot, document(statement, version=version)))
        table.policy_labels.append((slot, statement["Effect"], "NotAction" in statement, "NotResource" in statement))
    for action, resource in random.sample([*product(POOLS["actions"], POOLS["resources"])], 16):
        keys = FACTS if random.random() < 0.8 else {}
        table.requests.append(asked(action=action, resource=resource, keys=keys))
        table.request_labels.append("no resource" if resource == "*" else "resource")
    return table
