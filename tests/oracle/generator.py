"""All subjects of differential tests, and the one that mixes them all."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.oracle.combining import combinations
from tests.oracle.naming import ENTRIES, bindings, principal_element, principals
from tests.oracle.people import ACCOUNT, CALLERS, FOREIGN
from tests.oracle.spelling import spellings
from tests.oracle.tables import (
    ALLOW,
    ALLOW_EVERYONE,
    POOLS,
    SLOTS,
    Json,
    Table,
    asked,
    conditions,
    document,
    element,
    elements,
    some,
)  # fmt: skip

Pool = Callable[[str], Json]
"""A document for a slot."""


def statement(random: Random, slot: str) -> Json:
    """One statement that has a good chance to match; Denies match less often, so that not all is denied."""
    effect = random.choice(["Allow", "Allow", "Allow", "Deny"])
    width = {"Allow": (6, 9), "Deny": (None, None)}[effect]
    made: Json = {"Effect": effect} | element(random, "Action", POOLS["action patterns"][: width[0]])
    if slot != "trust":
        made |= element(random, "Resource", POOLS["resource patterns"][: width[1]])
    if random.random() < 0.4:
        made["Condition"] = random.choice(POOLS["blocks"])
    if slot == "rcps":
        made["Principal"] = "*"
    elif slot in ("resource", "trust", "endpoint"):
        negated = "Not" if effect == "Deny" and random.random() < 0.2 else ""
        chosen = some(random, list(ENTRIES), 1, 4) if random.random() < 0.7 else ["star"]
        made[f"{negated}Principal"] = principal_element(random, chosen)
    return made


def some_document(random: Random, slot: str) -> Json:
    """One to three statements."""
    made = [statement(random, slot) for _ in range(random.randint(1, 3))]
    found = document(*made, version=random.choice(["2012-10-17"] * 3 + ["2008-10-17", None]))
    return found | ({"Statement": made[0]} if len(made) == 1 and random.random() < 0.5 else {})


def some_policies(random: Random, pool: Pool) -> Json:
    """Policies of all kinds, documents taken from ``pool``."""

    def maybe(slot: str, chance: float) -> Json | None:
        return pool(slot) if random.random() < chance else None

    def levels(slot: str, allows: Json) -> list[list[Json]]:
        if random.random() < 0.85:
            return []
        return [[pool(slot), allows][: random.randint(1, 2)] for _ in range(random.randint(1, 2))]

    kind = random.choice(["resource", "resource", "trust", "key"])
    return {
        "identity": [pool("identity") for _ in range(random.randint(0, 2))],
        "boundary": maybe("boundary", 0.3),
        "session": [pool("session") for _ in range(random.randint(0, 2))] if random.random() < 0.3 else None,
        "resource": maybe("trust" if kind == "trust" else "resource", 0.6),
        "resource kind": kind,
        "bindings": bindings(random),
        "scps": levels("scps", ALLOW),
        "rcps": levels("rcps", ALLOW_EVERYONE),
        "endpoint": maybe("endpoint", 0.2),
        "root": random.random() < 0.1,
    }


def some_request(random: Random) -> Json:
    """Anybody asks for anything."""
    keys = {key: random.choice(values) for key, values in POOLS["keys"].items() if random.random() < 0.7}
    caller, owner = random.choice(list(CALLERS)), random.choice([ACCOUNT] * 3 + [FOREIGN])
    action, resource = random.choice(POOLS["actions"]), random.choice(POOLS["resources"])
    return asked(caller, action=action, resource=resource, owner=owner, keys=keys)


def everything(random: Random, number: int) -> Table:
    """Random policy sets of all kinds, from a pool of documents, and random requests."""
    pool = {slot: [some_document(random, slot) for _ in range(6)] for slot in SLOTS}
    sets = [some_policies(random, lambda slot: random.choice(pool[slot])) for _ in range(80)]
    return Table(sets, [some_request(random) for _ in range(24)])


SUBJECTS: dict[str, Callable[[Random, int], Table]] = {
    "conditions": conditions,
    "elements": elements,
    "spellings": spellings,
    "principals": principals,
    "combinations": combinations,
    "everything": everything,
}


def make(subject: str, number: int) -> Table:
    """The table of ``subject`` with this number, which is its seed: always the same."""
    return SUBJECTS[subject](Random(f"{subject} {number}"), number)
