"""Opening the daypass of this command's data directory, whether one is running on it or not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from daypass.cli.options import data_directory, print_facts, print_json

if TYPE_CHECKING:
    from daypass.app import Daypass
    from daypass.snapshot import AccountSnapshot


@contextmanager
def opened() -> Iterator[Daypass]:
    """Open it for the length of the block. What the block does goes through the same operations as the API.

    Raises:
        DataDirectoryError: there is none, or it cannot be used.
        SettingsError: a setting is not understood.
        StoreUnavailable: the database does not answer.
    """
    from daypass.app import open_daypass
    from daypass.settings import load

    data = data_directory()
    with open_daypass(load(data, os.environ, {}).settings, data) as daypass:
        yield daypass


def hosted(daypass: Daypass, account: str | None) -> str:
    """The account that a command is about: ``account`` if this daypass has it, by default the first one.

    Raises:
        CommandError: there is no such account here.
    """
    from daypass.cli.problems import CommandError

    if account is None:
        return daypass.default_account
    if daypass.storage.directory.load(account) is None:
        raise CommandError(
            f"there is no account {account} here", "see daypass account list, or make it: daypass account create"
        )
    return account


def hosted_snapshot(daypass: Daypass, account: str | None) -> AccountSnapshot:
    """The same account as it is now.

    Raises:
        CommandError: there is no such account here.
    """
    snapshot = daypass.storage.directory.load(hosted(daypass, account))
    assert snapshot is not None, "a hosted account has a snapshot"
    return snapshot


def show_key(facts: dict[str, object], profile: str | None, *, as_json: bool) -> None:
    """Print a new access key; with ``profile`` also keep it under that name in ``DATA/credentials``."""
    if profile is not None:
        saved = _save_key(data_directory(), profile, str(facts["AccessKeyId"]), str(facts["SecretAccessKey"]))
        facts |= {"Profile": profile if as_json else saved}
    print_json(facts) if as_json else print_facts(facts)


def _save_key(data: Path, profile: str, access_key_id: str, secret_access_key: str) -> str:
    """Put a key into ``DATA/credentials``; where it now stands, or why it does not.

    The key exists by now and its secret is shown only once, so a file that cannot be written must not hide it.
    """
    from daypass.adapters import credentials_file
    from daypass.credentials import AccessKeyPair, Secret

    path = data / credentials_file.NAME
    try:
        credentials_file.put_profile(path, profile, AccessKeyPair(access_key_id, Secret(secret_access_key)))
    except (OSError, ValueError) as error:
        return f"not saved: {error}"
    return f"{profile} in {path}"
