"""Tables of Principal and NotPrincipal elements of every kind, right ones and near misses, asked by everybody."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.oracle.people import ACCOUNT, CALLERS, FOREIGN, PROVIDER
from tests.oracle.statements import names_of
from tests.oracle.tables import ALLOW, ALLOW_EVERYONE, Json, Table, asked, document, one_or_list, some

NAMED = ("user", "role session", "other role session", "federated user", "foreign user", "foreign role session")
USUAL = [
    "star", "account of user", "root of user", "entity of user", "session of role session", "entity of role session",
    "session of federated user", "service", "provider",
]  # fmt: skip
PLACES = ("resource", "trust", "key", "endpoint")
GONE = "AROAGONEGONEGONEGONE2"


def _entries() -> dict[str, tuple[str, str]]:
    """(type, value) of principal entries by what they are: the names of everybody, and near misses."""
    found = {
        "star": ("AWS", "*"),
        "service": ("Service", "ec2.amazonaws.com"),
        "other service": ("Service", "lambda.amazonaws.com"),
        "service as AWS": ("AWS", "ec2.amazonaws.com"),
        "star service": ("Service", "*"),
        "provider": ("Federated", PROVIDER),
        "other provider": ("Federated", PROVIDER + "2"),
        "canonical": ("CanonicalUser", "7" * 64),
    }
    for name in NAMED:
        found |= {f"{what} of {name}": ("AWS", text) for what, text in names_of(CALLERS[name]).items()}
    return found | {f"near {number}": ("AWS", text) for number, text in enumerate(_near(found))}


def _near(found: dict[str, tuple[str, str]]) -> list[str]:
    alice, worker = found["entity of user"][1], found["entity of role session"][1]
    session, root = found["session of role session"][1], found["root of user"][1]
    return [
        alice.replace("/team", ""),
        alice.replace("alice", "Alice"),
        alice.replace("alice", "*"),
        alice.replace("aws:", "aws-cn:"),
        alice.replace("user/team/alice", "group/team"),
        worker.replace("/app", ""),
        session.replace("monday", "*"),
        session.replace("worker", "app/worker"),
        root.replace("aws:", "aws-cn:"),
        f"arn:aws:sts::{ACCOUNT}:federated-user/other",
        GONE,
        "999999999999",
    ]


ENTRIES = _entries()


def principal_element(random: Random, chosen: list[str]) -> Any:
    """The entries of these names as a policy writes them."""
    if chosen == ["star"] and random.random() < 0.5:
        return "*"
    written: dict[str, list[str]] = {} if chosen else {"AWS": []}
    for name in chosen:
        kind, text = ENTRIES[name]
        written.setdefault(kind, []).append(text)
    return {kind: one_or_list(random, values) for kind, values in written.items()}


def bindings(random: Random) -> Json | None:
    """None, or ids for some of the ARNs: right ones, those of an entity made anew, those of one that has moved."""
    if random.random() < 0.5:
        return None
    found: Json = {}
    for name in ("user", "role session", "foreign user", "foreign role session"):
        names = names_of(CALLERS[name])
        right = names["id"] if random.random() < 0.6 else GONE
        found |= {names["entity"]: right} if random.random() < 0.8 else {}
        found |= {names["session"]: right} if "session" in names and random.random() < 0.5 else {}
    if random.random() < 0.3:
        found[ENTRIES["near 0"][1]] = CALLERS["user"]["id"]
    return found


def principals(random: Random, number: int) -> Table:
    """Principal and NotPrincipal of every kind, in each policy that has one, with and without ids, for every caller."""
    table = Table([], [])
    for place in PLACES * 8:
        negated = "Not" if random.random() < 0.3 else ""
        effect = random.choice(["Allow", "Deny"])
        pool = USUAL if random.random() < 0.5 else list(ENTRIES)
        chosen = some(random, pool, 0 if random.random() < 0.1 else 1, 6 if negated else 3)
        statements = [{"Effect": effect, f"{negated}Principal": principal_element(random, chosen), "Action": "*"}]
        if random.random() < 0.3:
            also = principal_element(random, some(random, USUAL))
            statements.append({"Effect": "Allow", "Principal": also, "Action": "*"})
        table.policies.append(_hung(random, place, statements))
        table.policy_labels.append((place, effect, f"{negated}Principal"))
    for name in CALLERS:
        owner = ACCOUNT if random.random() < 0.8 else FOREIGN
        table.requests.append(
            asked(name, action="sts:AssumeRole", resource=f"arn:aws:iam::{ACCOUNT}:role/x", owner=owner)
        )
        table.request_labels.append(name)
    return table


def _hung(random: Random, place: str, statements: list[Json]) -> Json:
    if place == "endpoint" or (place != "trust" and random.random() < 0.5):
        statements = [statement | {"Resource": "*"} for statement in statements]
    judged = document(*statements)
    around = {"boundary": random.choice([None, None, ALLOW]), "bindings": bindings(random)}
    if place == "endpoint":
        return around | {"endpoint": judged, "resource": random.choice([None, ALLOW_EVERYONE])}
    return around | {
        "resource": judged,
        "resource kind": place,
        "endpoint": random.choice([None, None, ALLOW_EVERYONE]),
        "identity": random.choice([[], [], [ALLOW]]),
    }
