"""Bringing a database to the schema this code needs, or saying clearly why that cannot be."""

from __future__ import annotations

import secrets
from pathlib import Path

from sqlalchemy import Connection, insert, inspect, text

from daypass.adapters.storage import migrations
from daypass.adapters.storage.database import Database
from daypass.adapters.storage.datadir import DataDirectoryError
from daypass.adapters.storage.deadlines import FIRST_CONTACT
from daypass.adapters.storage.tables import INSTALLATION, METADATA

VERSION_TABLE = "daypass_schema"
"""Alembic's table of the schema's number, named so that another program's Alembic in the same database is not met."""

_MIGRATION_LOCK = 0x64617970_61737301  # "daypass", 1: an advisory lock, so that only one node migrates


def prepare(database: Database, *, patience: float = FIRST_CONTACT, make: bool = True) -> None:
    """Make or upgrade the schema; nothing happens when it is already right. ``make``: in an empty database, too.

    Raises:
        DataDirectoryError: the database is not ours, newer than this code, or empty and must not be.
        StoreUnavailable: the database did not answer.
    """
    with database.reading(patience=patience) as connection:
        present = _version(connection)
    if present == migrations.REVISIONS[-1]:
        return
    if present is None and not make:
        raise DataDirectoryError("the database is empty", "restore it from a backup")
    with database.writing() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        if _version(connection) == migrations.REVISIONS[-1]:
            return
        upgrade(connection)
        if present is None:
            connection.execute(insert(INSTALLATION).values(fact="id", value=secrets.token_hex(16)))
        database.commit(connection)


def upgrade(connection: Connection) -> None:
    """Run the missing migrations in the connection's transaction."""
    from alembic.command import upgrade as run  # noqa: PLC0415 - 100 ms that a start on a current schema does not need
    from alembic.config import Config  # noqa: PLC0415 - likewise

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    run(config, "head")


def _version(connection: Connection) -> str | None:
    """The schema's number, None for an empty database.

    Raises:
        DataDirectoryError: other people's tables where ours should be, or a number we do not know.
    """
    tables = set(inspect(connection).get_table_names())
    if VERSION_TABLE not in tables:
        foreign = tables if connection.dialect.name == "sqlite" else tables & set(METADATA.tables)
        if foreign:
            found = ", ".join(f"`{name}`" for name in sorted(foreign)[:3])
            raise DataDirectoryError(
                f"the database holds tables that are not daypass's: {found}",
                "name an empty database, or the one that daypass made",
            )
        return None
    version = str(connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar_one())  # noqa: S608  a constant
    if version not in migrations.REVISIONS:
        raise DataDirectoryError(
            f"the database has schema {version}, this daypass knows {migrations.REVISIONS[-1]}",
            "start the newer daypass that made it",
        )
    return version
