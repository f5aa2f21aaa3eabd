"""The schema: what the migrations make is what the code expects, and what is not ours is refused."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, Table, UniqueConstraint, insert

from daypass.adapters.storage import DataDirectoryError, open_store
from daypass.adapters.storage.database import Database, open_database
from daypass.adapters.storage.migrations import REVISIONS
from daypass.adapters.storage.schema import VERSION_TABLE, prepare
from daypass.adapters.storage.tables import ENTITIES, METADATA
from daypass.testing.backend import ACCOUNT, access_key, answer, create, group, policy, put, user
from tests.postgres import PostgresServer


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str | None:
    if request.param == "sqlite":
        return None
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database()


def shape(table: Table) -> dict[str, Any]:
    """What a table is, in words that both databases share."""
    uniques = {
        tuple(column.name for column in constraint.columns)
        for constraint in table.constraints
        if isinstance(constraint, UniqueConstraint)
    }
    indexed = {tuple(column.name for column in index.columns) for index in table.indexes if not index.unique}
    foreign = {(key.parent.name, key.target_fullname) for key in table.foreign_keys}
    columns = {
        column.name: (str(column.type._type_affinity), bool(column.nullable), bool(column.primary_key))
        for column in table.columns
    }
    lengths = {column.name: getattr(column.type, "length", None) for column in table.columns}
    return {"columns": columns, "lengths": lengths, "unique": uniques, "index": indexed, "foreign": foreign}


def test_the_migrations_make_what_the_code_expects(url: str | None, tmp_path: Path) -> None:
    """Running all migrations gives exactly the tables, columns, keys and constraints of `tables`."""
    database = open_database(url, tmp_path)
    prepare(database)
    found = MetaData()
    with database.reading() as connection:
        found.reflect(connection)
    database.close()
    made = found.tables
    assert set(made) - {VERSION_TABLE} == set(METADATA.tables)
    for name, table in METADATA.tables.items():
        assert shape(made[name]) == shape(table), name


def test_every_revision_is_known_and_in_one_line() -> None:
    """The list of revisions is the chain of migration modules, oldest first."""
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    from daypass.adapters.storage import migrations

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    chain = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(chain)) == REVISIONS


def test_a_second_start_changes_nothing(url: str | None, tmp_path: Path) -> None:
    """Opening an up-to-date database keeps its identity and runs no migration."""
    with open_store(url, tmp_path, follow=False) as storage:
        made = storage.installation.id
    with open_store(url, tmp_path, follow=False) as storage:
        assert storage.installation.id == made
        assert len(made) == 32


def test_a_newer_schema_is_refused(url: str | None, tmp_path: Path) -> None:
    """A database that a newer daypass made is not touched."""
    database = migrated(url, tmp_path)
    with database.writing() as connection:
        connection.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
        connection.commit()
    database.close()
    with pytest.raises(DataDirectoryError, match="schema 9999") as refused:
        open_store(url, tmp_path)
    assert "newer daypass" in refused.value.advice


def migrated(url: str | None, tmp_path: Path) -> Database:
    database = open_database(url, tmp_path)
    prepare(database)
    return database


def test_other_peoples_tables_are_refused(url: str | None, tmp_path: Path) -> None:
    """A database in which `accounts` is someone else's table is not migrated."""
    database = open_database(url, tmp_path)
    with database.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE accounts (owner text)")
        connection.commit()
    database.close()
    with pytest.raises(DataDirectoryError, match="not daypass's: `accounts`"):
        open_store(url, tmp_path)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """Text in place of daypass.db is named as such, and left as it is."""
    (tmp_path / "daypass.db").write_bytes(b"this is a letter, not a database. " * 100)
    with pytest.raises(DataDirectoryError, match="not a database"):
        open_store(None, tmp_path)
    assert (tmp_path / "daypass.db").read_bytes().startswith(b"this is a letter")


def test_a_damaged_file_is_refused_before_it_is_used(tmp_path: Path) -> None:
    """Overwritten pages are found at the start, before anybody relies on them."""
    with open_store(None, tmp_path, follow=False) as storage:
        create(storage, ACCOUNT, *[user(f"u{n}") for n in range(200)])
    size = (tmp_path / "daypass.db").stat().st_size
    with (tmp_path / "daypass.db").open("r+b") as file:
        file.seek(size // 2)
        file.write(b"\xa5" * 12_288)
    with pytest.raises(DataDirectoryError, match="cannot be used"):
        open_store(None, tmp_path)


def test_an_unknown_kind_of_database_is_refused(tmp_path: Path) -> None:
    """A URL that is neither SQLite nor PostgreSQL is an error that names what would be."""
    with pytest.raises(ValueError, match="sqlite or postgresql"):
        open_store("mysql://localhost/daypass", tmp_path)


def test_the_database_and_its_side_files_are_private(tmp_path: Path) -> None:
    """daypass.db, its WAL, its index and the beacon have mode 0600 whatever the umask."""
    with open_store(None, tmp_path) as storage:
        create(storage)
        names = {entry.name: entry.stat().st_mode & 0o777 for entry in tmp_path.iterdir()}
    assert names == dict.fromkeys(["beacon", "daypass.db", "daypass.db-shm", "daypass.db-wal"], 0o600)


def test_sqlite_syncs_at_every_commit(tmp_path: Path) -> None:
    """The connections that write run in WAL mode with synchronous=FULL and foreign keys on."""
    database = migrated(None, tmp_path)
    with database.writing() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_copy_of_the_files_is_a_backup(tmp_path: Path) -> None:
    """A database copied by SQLite's own backup opens with everything in it, and an older copy put back is followed."""
    here, copy = tmp_path / "here", tmp_path / "copy"
    here.mkdir()
    copy.mkdir()
    with open_store(None, here, follow=False) as storage:
        create(storage, ACCOUNT, user("a"))
        source, target = sqlite3.connect(here / "daypass.db"), sqlite3.connect(copy / "daypass.db")
        with source, target:
            source.backup(target)
        source.close()
        target.close()
        put(storage, user("b"))
    for name in ("daypass.db-wal", "daypass.db-shm"):
        (here / name).unlink(missing_ok=True)
    shutil.copy(copy / "daypass.db", here / "daypass.db")
    with open_store(None, here, follow=False) as storage:
        assert set(answer(storage).users_by_name) == {"a"}
        put(storage, user("c"))
        assert storage.defects() == ()


def test_the_integrity_check_names_what_is_wrong(url: str | None, tmp_path: Path) -> None:
    """Documents nobody can read, revisions from the future and a broken change log are all reported."""
    with open_store(url, tmp_path, follow=False) as storage:
        create(storage, ACCOUNT, user("a"), user("b"))
        with storage._database.writing() as connection:
            connection.exec_driver_sql("UPDATE entities SET revision = 99 WHERE id = 'AIDAa'")
            connection.exec_driver_sql("UPDATE entities SET kind = 'later' WHERE id = 'AIDAb'")
            connection.exec_driver_sql("UPDATE change_head SET seq = 7")
            connection.commit()
        found = " · ".join(storage.defects())
    assert "AIDAa of account 111122223333 is newer than its account" in found
    assert "later AIDAb of account 111122223333: this daypass cannot read" in found
    assert "change log ends at 3, its head says 7" in found


def test_the_integrity_check_names_what_is_named_and_not_there(tmp_path: Path) -> None:
    """A membership, a policy, a boundary or a key's owner that does not exist is reported, AWS's policies are not."""
    own, aws = f"arn:aws:iam::{ACCOUNT}:policy/", "arn:aws:iam::aws:policy/"
    with open_store(None, tmp_path, follow=False) as storage:
        create(storage, ACCOUNT, policy("kept", "/p/"), group("staff", attached=(f"{own}p/kept", f"{own}gone")))
        put(storage, user("a", groups=("AGPAstaff", "AGPAgone"), boundary=f"{own}kept", attached=(f"{aws}Any",)))
        put(storage, access_key("one", "a"), access_key("two", "gone"))
        assert set(storage.defects()) == {
            f"{who} of account {ACCOUNT} names {what}, which does not exist"
            for who, what in (
                ("group AGPAstaff", "policy/gone"),
                ("user AIDAa", "AGPAgone"),
                ("user AIDAa", "policy/kept"),
                ("access-key AKIAtwo", "AIDAgone"),
            )
        }


def test_a_database_from_before_groups_is_brought_up_to_date(url: str | None, tmp_path: Path) -> None:
    """Users stored by the first schema are in no group, and can join one."""
    with open_store(url, tmp_path, follow=False) as storage:
        create(storage)
        document = b'{"id":"AIDAa","name":"a","path":"/","created":1}'
        with storage._database.writing() as connection:
            connection.execute(
                insert(ENTITIES).values(
                    account_id=ACCOUNT, kind="user", id="AIDAa", name_key="a", revision=1, document=document
                )
            )
            connection.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '0001'")
            connection.commit()
    with open_store(url, tmp_path, follow=False) as storage:
        assert answer(storage).users["AIDAa"].groups == ()
        put(storage, group("staff"), user("a", groups=("AGPAstaff",)))
        assert answer(storage).users["AIDAa"].groups == ("AGPAstaff",)
        assert storage.defects() == ()
