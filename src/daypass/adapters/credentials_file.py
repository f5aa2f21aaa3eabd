"""``DATA/credentials``: long-term keys in AWS's shared format, one profile an account, for the machine's owner only.
`daypass login` writes the sessions that it opens into a user's own file of that format.

Source of the format: AWS SDKs and Tools Reference Guide, "Using shared config and credentials files".
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from configparser import Error as UnreadableFile
from configparser import RawConfigParser
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from daypass.adapters.durable import replace_file
from daypass.credentials import AccessKeyPair, Secret, TemporaryCredentials

NAME = "credentials"
DEFAULT = "default"
_VALUE = re.compile(r"[!-~]{1,16384}", re.ASCII)
_PROFILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+=,-]{0,127}")


def is_profile(name: str) -> bool:
    """Whether ``name`` can be a profile without quoting in the file or in a shell."""
    return _PROFILE.fullmatch(name) is not None


def is_value(text: object) -> bool:
    """Whether ``text`` can stand in the file as what it is: on one line, without white space."""
    return isinstance(text, str) and _VALUE.fullmatch(text) is not None


def profiles(path: Path) -> dict[str, AccessKeyPair]:
    """The keys in the file by profile, in the file's order; profiles without a key are left out.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not in AWS's shared format.
    """
    # No section is special to AWS, so none may be special to the parser.
    parser = RawConfigParser(default_section="\n", strict=True)
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
    except UnreadableFile as error:
        raise ValueError(str(error).replace("<string>", str(path))) from error
    return {
        name: AccessKeyPair(keys["aws_access_key_id"], Secret(keys["aws_secret_access_key"]))
        for name, keys in parser.items()
        if "aws_access_key_id" in keys and "aws_secret_access_key" in keys
    }


# INVARIANT: 1. who gives credentials writes nothing else: a line of a profile may name a command that tools run.
#   tests/adapters/test_credentials_file.py::test_whoever_gives_credentials_writes_no_other_line
def put_profile(path: Path, profile: str, key: AccessKeyPair | TemporaryCredentials) -> None:
    """Add ``profile`` or replace it; everything else in the file stays as it is. A comment says when a session ends.

    The file is replaced whole, so that a crash leaves the old one or the new one, and it is never readable by others.
    Of several at once, in whichever process, each waits for the one before.

    Raises:
        OSError: the file cannot be written.
        ValueError: ``profile`` cannot be a profile's name, or these are no credentials.
    """
    if not is_profile(profile):
        raise ValueError(f"`{profile}` cannot be a profile")
    secret = key.secret_access_key.reveal()
    token = key.session_token if isinstance(key, TemporaryCredentials) else secret
    if not all(map(is_value, (key.access_key_id, secret, token))):
        raise ValueError("these are no credentials")
    added = f"[{profile}]\naws_access_key_id = {key.access_key_id}\naws_secret_access_key = {secret}\n"
    if isinstance(key, TemporaryCredentials):
        ends = datetime.fromtimestamp(key.expiration, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        added += f"aws_session_token = {key.session_token}\n# expires {ends}\n"
    with _locked(path.parent):
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        replace_file(path, f"{_without(profile, before)}{added}".encode())


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Be the only one who changes the file in ``folder``. The folder is locked, since the file itself is replaced."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _without(profile: str, text: str) -> str:
    """``text`` less the section of ``profile``, ending in a line's end."""
    kept = re.sub(rf"^\[{re.escape(profile)}\][^\n]*\n(?:(?!\[)[^\n]*(?:\n|\Z))*", "", text, flags=re.MULTILINE)
    return kept if not kept or kept.endswith("\n") else f"{kept}\n"
