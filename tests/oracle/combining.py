"""Tables of what each layer says, combined: all of them for the caller's own layers, drawn ones with the guards."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from random import Random
from typing import Any, NamedTuple

from tests.oracle.naming import ENTRIES
from tests.oracle.people import ACCOUNT, CALLERS, FOREIGN
from tests.oracle.statements import names_of
from tests.oracle.tables import ALLOW, ALLOW_EVERYONE, Json, Table, asked, document

SAYS: dict[str, Json | None] = {
    "none": None,
    "allows": ALLOW,
    "silent": document({"Effect": "Allow", "Action": "nothing:AtAll", "Resource": "*"}),
    "denies": document({"Effect": "Deny", "Action": "*", "Resource": "*"}),
}
"""What identity-based policies, boundary, session policies and SCPs may say."""
GUARDS: dict[str, Json | None] = {
    "none": None,
    "allows": ALLOW_EVERYONE,
    "silent": document({"Effect": "Allow", "Principal": "*", "Action": "nothing:AtAll", "Resource": "*"}),
    "denies": document({"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}),
}
"""The same for RCPs and endpoint policies, which say whom they mean."""
KINDS = ("resource", "trust", "key")
_BY_ENTRY = {
    "account": "account of user",
    "root": "root of user",
    "user": "entity of user",
    "user id": "id of user",
    "role": "entity of role session",
    "role id": "id of role session",
    "session": "session of role session",
    "federated user": "session of federated user",
    "star": "star",
    "service": "service",
    "provider": "provider",
    "foreign account": "account of foreign user",
    "foreign user": "entity of foreign user",
    "foreign role": "entity of foreign role session",
    "foreign session": "session of foreign role session",
}


def _grants() -> dict[str, Json | None]:
    def allow(kind: str, text: str, **also: Any) -> Json:
        return document({"Effect": "Allow", "Principal": {kind: text}, "Action": "*", **also})

    by_arn = {"Condition": {"ArnEquals": {"aws:PrincipalArn": ENTRIES["entity of role session"][1]}}}
    found: dict[str, Json | None] = {"none": None, "nobody": allow("AWS", "999999999999")}
    found |= {name: allow(*ENTRIES[entry]) for name, entry in _BY_ENTRY.items()}
    found |= {"star by PrincipalArn": allow("AWS", "*", **by_arn)}
    found |= {"account by PrincipalArn": allow("AWS", ACCOUNT, **by_arn)}
    return found | {"denies": document({"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "*"})}


GRANTS = _grants()
"""What the resource's own policy may say."""


class Row(NamedTuple):
    """What each layer says. ``kind`` is the resource's."""

    kind: str
    grant: str
    identity: str
    boundary: str
    session: str
    scp: str = "none"
    rcp: str = "none"
    endpoint: str = "none"


class Asking(NamedTuple):
    """Who asks, and whether the resource is in his own account."""

    caller: str
    same_account: bool


def policies(row: Row, *, root: bool = False) -> Json:
    """The policies of one row. Shared documents, so that they are compiled once."""
    return {
        "identity": _listed(SAYS[row.identity]),
        "boundary": SAYS[row.boundary],
        "session": None if row.session == "none" else _listed(SAYS[row.session]),
        "resource": GRANTS[row.grant],
        "resource kind": row.kind,
        "scps": _levels(SAYS[row.scp], ALLOW),
        "rcps": _levels(GUARDS[row.rcp], ALLOW_EVERYONE),
        "endpoint": GUARDS[row.endpoint],
        "root": root,
    }


def _listed(document: Json | None) -> list[Json]:
    return [] if document is None else [document]


def _levels(decisive: Json | None, allows: Json) -> list[list[Json]]:
    """One level above the one that decides; none when there is none."""
    return [] if decisive is None else [[allows], [decisive]]


def everybody() -> Iterator[tuple[Asking, Json]]:
    """The same request from every caller, to a resource in either account, with the key that tells who asks."""
    for name, owner in product(CALLERS, (ACCOUNT, FOREIGN)):
        caller = CALLERS[name]
        names = names_of(caller)
        arn = names.get("entity") if caller["type"] in ("user", "role") else names.get("session", names.get("root"))
        keys = {"aws:principalarn": arn} if arn else {}
        yield Asking(name, caller["account"] == owner), asked(name, owner=owner, keys=keys)


def is_root(name: str) -> bool:
    """Whether the caller has the power of its account's root user, sessions of it included."""
    return "root" in name or name == "operator"


def _table(rows: list[Row]) -> Iterator[Table]:
    """Root and his sessions need no identity-based Allow, so they have tables of their own."""
    for root in (False, True):
        people = [(asking, request) for asking, request in everybody() if is_root(asking.caller) is root]
        table = Table([policies(row, root=root) for row in rows], [request for _, request in people])
        table.policy_labels, table.request_labels = list(rows), [asking for asking, _ in people]
        yield table


def own_layers() -> Iterator[Table]:
    """Every row of the caller's own layers, for every kind of resource and grant."""
    rows = [Row(*says) for says in product(KINDS, GRANTS, SAYS, SAYS, SAYS)]
    for start in range(0, len(rows), 128):
        yield from _table(rows[start : start + 128])


def combinations(random: Random, number: int) -> Table:
    """Rows with guards, drawn from all of them."""
    rows = []
    for _ in range(40):
        own = random.choices(list(SAYS), [6, 8, 4, 1], k=3)
        guards = random.choices(list(SAYS), [8, 5, 1, 1], k=3)
        rows.append(Row(random.choice(KINDS), random.choice(list(GRANTS)), *own, *guards))
    return list(_table(rows))[number % 2]
