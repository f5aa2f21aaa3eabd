"""What a session costs the store: nothing. Tables, files and memory are counted before and after many of them."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from daypass.adapters.storage.tables import LAST_USED, METADATA
from daypass.testing.local import LocalDaypass, Signer
from tests.calling import credentials_in
from tests.postgres import PostgresServer
from tests.security.world import ADMINISTRATOR, World, document


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A daypass on each store."""
    settings = {}
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        settings["database"] = server.new_database()
    with LocalDaypass(tmp_path / "data", **settings) as local:
        yield World(local)


def rows(world: World) -> dict[str, int]:
    """How many rows each table has."""
    with world.daypass.daypass.storage._database.reading() as connection:
        return {
            name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in METADATA.tables.items()
        }


def files(world: World) -> dict[str, int]:
    """Every file of the data directory and its bytes; the audit trail and the database's own journal apart."""
    found = {}
    for path in sorted(world.daypass.data.rglob("*")):
        name = str(path.relative_to(world.daypass.data))
        if path.is_file() and not name.startswith("audit") and not name.endswith(("-wal", "-shm")):
            found[name] = path.stat().st_size
    return found


def flush(world: World) -> None:
    """What the follower does once a minute; then SQLite's journal goes into its file."""
    world.daypass.daypass.storage.last_used.flush()
    database = world.daypass.daypass.storage._database
    if database.is_sqlite:
        with database._engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def test_ten_thousand_sessions_leave_no_row_and_no_byte(world: World, cases: Callable[[int], int]) -> None:
    """After 10,000 AssumeRole calls and a use of each tenth session all tables and files are as after the first one."""
    role = world.post("many", ADMINISTRATOR)
    wish = {"RoleArn": world.arn(role), "RoleSessionName": "first"}
    use(world, credentials_in(world.daypass.call("sts", "AssumeRole", wish)))
    flush(world)
    rows_before, files_before, snapshot = rows(world), files(world), world.snapshot()
    head = world.daypass.daypass.storage.revision()
    names = set()
    for number in range(cases(10_000)):
        wish = {"RoleArn": world.arn(role), "RoleSessionName": f"session-{number}", "Policy": document("iam:GetUser")}
        answer = world.daypass.call("sts", "AssumeRole", wish)
        if number % 10 == 0:
            made = credentials_in(answer)
            use(world, made)
            names.add(made.access_key_id)
    flush(world)
    assert len(names) == cases(10_000) // 10
    assert rows(world) == rows_before
    assert files(world) == files_before
    assert world.snapshot() is snapshot
    assert world.daypass.daypass.storage.revision() == head
    assert rows_before["last_used"] == 2  # the administrator's key, the role


def use(world: World, signer: Signer) -> None:
    assert world.daypass.call("sts", "GetCallerIdentity", {}, signer).status == 200


def test_what_is_remembered_in_memory_is_bounded(world: World, cases: Callable[[int], int]) -> None:
    """Tables of opened tokens and signing keys do not grow beyond their setting, however many sessions are used."""
    service = world.daypass.daypass.service
    capacity = 64
    service._authenticator._capacity = capacity
    role = world.post("bounded", ADMINISTRATOR)
    for number in range(cases(300)):
        use(world, world.assume(role, RoleSessionName=f"session-{number}"))
        assert len(service._authenticator._opened[1]) <= capacity
    gc.collect()
    assert len(world.daypass.daypass.storage.last_used._noted) == 2


def test_last_used_times_are_one_row_each_and_die_with_their_key(world: World) -> None:
    """Writes count as uses, a row is written in place, and it goes with its key or role, though just used."""
    user, signer = world.person("writer", ADMINISTRATOR)
    assert world.daypass.call("iam", "CreateUser", {"UserName": "made"}, signer).status == 200
    for _ in range(3):
        flush(world)
        tags = [{"Key": "team", "Value": "red"}]
        assert world.daypass.call("iam", "TagUser", {"UserName": "made", "Tags": tags}, signer).status == 200
        used = world.daypass.client("iam").get_access_key_last_used(AccessKeyId=signer.access_key_id)
        assert used["UserName"] == user.name
        assert used["AccessKeyLastUsed"]["ServiceName"] == "iam"
    assert keys_with_rows(world) >= {signer.access_key_id}
    session = world.assume(world.post("short-lived", ADMINISTRATOR), signer)
    use(world, session)
    role = world.snapshot().roles_by_name["short-lived"]
    flush(world)
    assert keys_with_rows(world) >= {signer.access_key_id, role.id}
    use(world, session)
    use(world, signer)
    world.delete(role, world.snapshot().access_keys[signer.access_key_id])
    flush(world)
    assert not keys_with_rows(world) & {signer.access_key_id, role.id}


def keys_with_rows(world: World) -> set[str]:
    with world.daypass.daypass.storage._database.reading() as connection:
        return set(connection.execute(select(LAST_USED.c.key)).scalars())
