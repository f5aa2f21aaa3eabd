"""What one request can cost: time and memory stay bounded, for strangers and for callers who mean harm."""

from __future__ import annotations

import json

from tests.security.world import ADMINISTRATOR, World


def test_conditions_see_no_more_of_an_unsigned_header_than_a_kilobyte(world: World) -> None:
    """However long a user agent is, its patterns run over a bounded text; what is behind does not match."""
    condition = {"StringLike": {"aws:UserAgent": "*end"}}
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}
    session = world.assume(world.post("agent", ADMINISTRATOR), Policy=json.dumps({"Statement": statement}))
    for length, status in ((1_021, 200), (1_022, 403), (15_000, 403)):
        headers = {"User-Agent": "a" * length + "end"}
        answer = world.daypass.call("iam", "ListUsers", {}, session, headers=headers)
        assert answer.status == status, length
