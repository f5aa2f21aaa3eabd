"""What a data directory settles when it is first used, and keeps: partition, account, region, the key of ``admin``."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from daypass.adapters.credentials_file import DEFAULT, NAME, put_profile
from daypass.adapters.keys.master import FILE_NAME as MASTER_KEY_FILE
from daypass.adapters.storage import DataDirectoryError, Storage
from daypass.adapters.storage.database import SQLITE_FILE
from daypass.adapters.storage.installation import Installation
from daypass.credentials import AccessKeyPair, Secret
from daypass.errors import EntityAlreadyExists, LimitExceeded
from daypass.ports import Entropy
from daypass.regions import partition_of
from daypass.settings import Settings

UNFINISHED = "first-start"


class Settled(NamedTuple):
    """What never changes again. ``account``: the first one; ``region``: None where every known one is served."""

    partition: str
    account: str
    region: str | None


def settled(settings: Settings, installation: Installation, entropy: Entropy) -> Settled:
    """What the directory has settled; at the first start, what the settings say, and a random account.

    Raises:
        DataDirectoryError: the settings ask for other values than the directory holds, or for a region of nobody.
    """
    named = settings.partition if settings.region is not None or settings.partition != "aws" else None
    return Settled(
        _settle(installation, "partition", named, "aws"),
        _settle(installation, "default-account", settings.account_id, fresh_account(entropy)),
        _settle_region(installation, settings.region),
    )


def _settle(installation: Installation, fact: str, wanted: str | None, otherwise: str) -> str:
    """The settled value of ``fact``; settles it at the first start.

    Raises:
        DataDirectoryError: the operator asks for another value than the directory holds.
    """
    held = installation.settle(fact, wanted or otherwise)
    if wanted is not None and wanted != held:
        raise DataDirectoryError(
            f"this data directory has {fact} {held}, not {wanted}",
            "leave the option out, or use another data directory with --data",
        )
    return held


def _settle_region(installation: Installation, wanted: str | None) -> str | None:
    """The region this daypass is pinned to, None when it serves every known one."""
    held = _settle(installation, "region", wanted, "any")
    if held == "any":
        return None
    partition = partition_of(held)
    if partition is None:
        raise DataDirectoryError(f"{held} is no AWS region", "give --region a name such as eu-central-1")
    return held


def fresh_account(entropy: Entropy) -> str:
    """A random 12-digit account id that does not begin with 0, so that no spreadsheet eats a digit."""
    return str(100_000_000_000 + int.from_bytes(entropy.bytes(8), "big") % 900_000_000_000)


def refuse_lost_database(settings: Settings, data: Path) -> None:
    """A directory that has a master key has had a database: an empty one in its place would hide the loss.

    # INVARIANT: 3. what is lost is told, never replaced.
    #   tests/test_app.py::test_a_lost_database_is_told_and_not_made_anew

    Raises:
        DataDirectoryError: the SQLite database of this directory is gone.
    """
    if settings.database is None and (data / MASTER_KEY_FILE).exists() and not (data / SQLITE_FILE).exists():
        raise DataDirectoryError(
            f"the database {data / SQLITE_FILE} is missing, although the directory has been in use",
            f"restore {SQLITE_FILE} from a backup, or start anew with an empty data directory",
        )


class Opened(Protocol):
    """What the first start needs of an opened daypass: see ``daypass.app.Daypass``."""

    data: Path
    storage: Storage
    default_account: str

    def create_account(self, name: str, account: str | None = None) -> Mapping[str, Any]:
        """Make an account with its ``admin``."""
        ...

    def operator(self, name: str, params: Mapping[str, Any], account: str | None = None) -> Mapping[str, Any]:
        """Run an operation as the machine's operator."""
        ...


def finish_first_start(daypass: Opened) -> bool:
    """Make account and credentials unless they are made; a start killed in between is taken up where it ended.

    Returns whether this start made them.

    The admin's secret exists in clear only between the commit of the account and the writing of the file, so a note
    says that this is under way. Where it is found, the key of the killed start is lost and one more is made.
    """
    unfinished = daypass.data / UNFINISHED
    if daypass.storage.directory.ids():
        if not unfinished.exists():
            return False
        made = _another_key(daypass)
    else:
        unfinished.touch(mode=0o600)
        try:
            made = daypass.create_account("main", daypass.default_account)
        except EntityAlreadyExists:  # another node of the same database was faster, and has the key
            unfinished.unlink()
            return False
    key = AccessKeyPair(made["AccessKeyId"], Secret(made["SecretAccessKey"]))
    put_profile(daypass.data / NAME, DEFAULT, key)
    unfinished.unlink()
    return True


def _another_key(daypass: Opened) -> Mapping[str, Any]:
    try:
        made: Mapping[str, Any] = daypass.operator("iam:CreateAccessKey", {"UserName": "admin"})["AccessKey"]
    except LimitExceeded:
        where = f"--user admin --data {shlex.quote(str(daypass.data))}"
        raise DataDirectoryError(
            "the first start was cut off more than once: the user `admin` has two keys whose secrets are lost",
            f"delete one: daypass key list {where}; daypass key delete ID {where}",
        ) from None
    return made
