"""What compiled policies take of memory, however many are stored and however large they are."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from pathlib import Path
from resource import getpagesize

import pytest

from daypass.entities import Account, InlinePolicy, ManagedPolicy, PolicyVersion, Role
from daypass.operations import compiled as module
from daypass.operations.authorize import entity_policies, trust_policy
from daypass.operations.compiled import GENERATION, STORED, CompiledPolicies, compiled
from daypass.policy import Policy
from daypass.policy.weight import weight
from daypass.snapshot import AccountSnapshot

ACCOUNT = "111122223333"
TRUST = json.dumps({"Statement": {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}})


def document(number: int, statements: int = 1) -> str:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": f"Team{number}n{n}",
                    "Effect": "Allow",
                    "Action": ["s3:GetObject", "s3:PutObject"],
                    "Resource": f"arn:aws:s3:::bucket-{number}-{n}/*",
                    "Condition": {"StringEquals": {"aws:PrincipalTag/team": f"team{n}"}},
                }
                for n in range(statements)
            ],
        },
        separators=(",", ":"),
    )


def managed(number: int, statements: int) -> ManagedPolicy:
    versions = (PolicyVersion("v1", document(number, statements), 0),)
    return ManagedPolicy(f"ANPA{number}", f"policy{number}", "/", 0, 0, versions)


def arn(number: int) -> str:
    return f"arn:aws:iam::{ACCOUNT}:policy/policy{number}"


def role(number: int, attached: tuple[str, ...] = ()) -> Role:
    inline = (InlinePolicy("own", document(number)),)
    return Role(f"AROA{number}", f"role{number}", "/", 0, TRUST, attached=attached, inline=inline)


def living() -> int:
    """What the compiled policies weigh that somebody still holds."""
    gc.collect()
    return sum(weight(one) for one in gc.get_objects() if type(one) is Policy)


def memory() -> int:
    """Resident bytes of this process; /proc is of the kernel, see proc_pid_statm(5)."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * getpagesize()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[CompiledPolicies]:
    """A table whose generations hold about ten policies of one statement."""
    table = CompiledPolicies(10 * weight(CompiledPolicies(1 << 30)[document(1_000), None]) + 100)
    monkeypatch.setattr(module, "STORED", table)
    yield table
    table.clear()


def test_a_thousand_roles_with_ten_large_policies_each_stay_within_the_bound() -> None:
    """The most that one account may have, every role of it asked: the memory taken is what the limits page says."""
    policies = [managed(number, 32) for number in range(1_500)]
    assert all(5_900 < len(one.versions[0].document) <= 6_144 for one in policies[1_000:])
    roles = [
        role(number, tuple(arn((number * 3 // 2 + step) % len(policies)) for step in range(10)))
        for number in range(1_000)
    ]
    account = AccountSnapshot.of(1, [Account(ACCOUNT, "main", 0), *policies, *roles])
    STORED.clear()
    before, resident = living(), memory()
    for one in roles:
        assert len(entity_policies(one, account).identity) == 11
        trust_policy(one, account)
    assert GENERATION < living() - before <= 3 * GENERATION
    assert memory() - resident <= 3 * GENERATION


def test_snapshots_hold_no_policies_that_the_table_has_let_go(small: CompiledPolicies) -> None:
    """Many accounts in memory take no more than one: all forget, and none keeps what has left."""
    accounts = [AccountSnapshot.of(1, [Account(ACCOUNT, "main", 0), role(number)]) for number in range(100)]
    before = living()
    for number, account in enumerate(accounts):
        entity_policies(account.roles[f"AROA{number}"], account)
    assert living() - before <= 3 * small._generation
    assert sum(bool(account.derived) for account in accounts) <= 20


def test_what_is_asked_for_again_is_never_compiled_anew(small: CompiledPolicies) -> None:
    """Generations come and go; who is in use survives them."""
    account = AccountSnapshot.of(1, [Account(ACCOUNT, "main", 0)])
    used = compiled(document(0), account)
    for number in range(1, 60):
        compiled(document(number), account)
        if number % 5 == 0:
            assert compiled(document(0), account) is used


def test_what_nobody_asks_for_leaves(small: CompiledPolicies) -> None:
    """After two more generations nothing of a policy is left, and it is compiled again when it is asked for."""
    account = AccountSnapshot.of(1, [Account(ACCOUNT, "main", 0)])
    first = compiled(document(0), account)
    for number in range(1, 40):
        compiled(document(number), account)
    assert compiled(document(0), account) is not first
    assert len(small) + len(small._old) + len(small._leaving) <= 30


def test_a_snapshot_that_is_gone_is_not_kept(small: CompiledPolicies) -> None:
    """The table knows who holds its policies, and holds none of them."""
    for _ in range(50):
        compiled(document(0), AccountSnapshot.of(1, [Account(ACCOUNT, "main", 0)]))
    gc.collect()
    assert len(small._holders) == 0


def test_decisions_are_the_same_after_a_generation_has_ended(small: CompiledPolicies) -> None:
    """Forgetting is not losing: the policies of a role are found again, all of them."""
    account = AccountSnapshot.of(1, [Account(ACCOUNT, "main", 0), managed(0, 1), role(0, (arn(0),))])
    before = entity_policies(account.roles["AROA0"], account)
    small._turn()
    assert not account.derived
    after = entity_policies(account.roles["AROA0"], account)
    assert after is not before
    assert [one.policy for one in after.identity] == [one.policy for one in before.identity]
