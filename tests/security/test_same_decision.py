"""Two nodes on one database at the same revision answer alike, one long warm and one that has just begun."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from daypass.app import open_daypass
from daypass.exchange import RawRequest
from daypass.operations.registry import REGISTRY
from daypass.settings import Settings
from daypass.testing.local import LocalDaypass, Signer
from tests.security.callers import MAKERS
from tests.security.mutations import signed
from tests.security.world import ON_THE_WIRE, World, document, form_of

pytestmark = pytest.mark.usefixtures("botocore_time")

_REQUEST_ID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TELLS_USES = {"iam:GetAccessKeyLastUsed", "iam:GetAccountAuthorizationDetails", "iam:GetRole"}
"""When something was last used each node notes for itself; the others learn it within a minute or two."""
_OPERATIONS = {name: REGISTRY.find(name) for name in ON_THE_WIRE}
READS = [name for name, found in _OPERATIONS.items() if found and found.effect == "reads" and name not in TELLS_USES]


@pytest.fixture
def other(world: World) -> Iterator[LocalDaypass]:
    """A second node on the same data, with nothing in its memory."""
    node = LocalDaypass(world.daypass.data)
    with open_daypass(Settings(audit_reserve_bytes=0), node.data, clock=world.daypass.clock) as daypass:
        node.daypass = daypass
        yield node


def requests(world: World, signers: dict[str, Signer]) -> Iterator[tuple[str, RawRequest]]:
    """Every operation that changes nothing, by every kind of caller, and all others by those who may not."""
    for kind, signer in signers.items():
        allowed = any(power in kind for power in ("AdministratorAccess", "a role session", "root"))
        for operation in READS if allowed else [name for name in ON_THE_WIRE if name not in TELLS_USES]:
            if operation.startswith("sts:") and found_in(operation) == "mints":
                continue  # every session is another one
            body = form_of(operation, world.params(operation))
            yield f"{operation} by {kind}", signed(operation, body, signer, presigned=False)


def test_two_nodes_at_one_revision_decide_alike(world: World, other: LocalDaypass) -> None:
    """Status, code, words and reason of every answer are the same, before and after policies change on one of them."""
    signers = {kind: signer for kind, make in MAKERS.items() if (signer := make(world)) is not None}
    admin = world.snapshot().users_by_name["an-admin"]
    for boundary in (None, world.policy("half", document("iam:List*"))):
        world.put(replace(admin, boundary=boundary))
        asked = list(requests(world, signers))
        assert len(asked) > 500
        different = {}
        for name, raw in asked:
            here, there = (node.serve(raw) for node in (world.daypass, other))
            if here.status != there.status or _plain(here.body) != _plain(there.body):
                different[name] = here, there
        assert not different
        assert other.daypass.storage.revision() == world.daypass.daypass.storage.revision()


def found_in(operation: str) -> str:
    """What the operation does to the world."""
    found = _OPERATIONS[operation]
    return found.effect if found else ""


def _plain(body: bytes) -> bytes:
    return _REQUEST_ID.sub(b"", body)
