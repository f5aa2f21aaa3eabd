"""The master key: one secret outside the database, under which everything secret in the database is wrapped.

It lives in the data directory in a file of mode 0600 that the first start makes. It is named by a URI; other places to
keep it become other rows of ``_SOURCES``. It is never made anew while the database holds keys wrapped with it: that
would only hide the loss.
"""

from __future__ import annotations

import errno
import hmac
import os
import secrets
import stat
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from daypass.adapters.durable import sync_folder, write_new
from daypass.errors import DaypassError, Malformed
from daypass.ports import SealingKeyStore

KEY_BYTES = 32
FILE_NAME = "master.key"

_FORM = "daypass-master-key-1:"
_LARGEST_FILE = 4_096
_WRAP_VERSION = b"\x01"
_NONCE_BYTES = 12


class MasterKeyError(DaypassError):
    """The master key cannot be used. ``message``: what is wrong; ``advice``: what to do about it."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(f"{message}\n{advice}")
        self.message = message
        self.advice = advice


class MasterKey:
    """Wraps and unwraps small secrets. Each purpose has a subkey of its own, each secret its id as associated data."""

    def __init__(self, material: bytes) -> None:
        if len(material) != KEY_BYTES:
            raise Malformed(f"a master key has {KEY_BYTES} bytes")
        self._material = material
        self._ciphers: dict[str, AESGCMSIV] = {}

    def wrap(self, purpose: str, name: str, plain: bytes, nonce: bytes) -> bytes:
        """``plain`` under AES-256-GCM-SIV, for ``purpose`` and ``name`` only. ``nonce``: 12 fresh bytes."""
        sealed = self._cipher(purpose).encrypt(nonce, plain, _associated(purpose, name))
        return _WRAP_VERSION + nonce + sealed

    def unwrap(self, purpose: str, name: str, wrapped: bytes) -> bytes:
        """The reverse of ``wrap``.

        Raises:
            Malformed: changed, wrapped for another purpose or name, or under another master key.
        """
        nonce, sealed = wrapped[1 : 1 + _NONCE_BYTES], wrapped[1 + _NONCE_BYTES :]
        if wrapped[:1] != _WRAP_VERSION or len(nonce) != _NONCE_BYTES:
            raise Malformed(f"the wrapped {purpose} {name} has no known form")
        try:
            return self._cipher(purpose).decrypt(nonce, sealed, _associated(purpose, name))
        except InvalidTag:
            raise Malformed(f"the wrapped {purpose} {name} does not belong to this master key") from None

    def authenticator(self, purpose: str) -> hmac.HMAC:
        """Begins an HMAC-SHA256 for ``purpose`` only; whoever checks one compares in constant time."""
        return hmac.new(self._subkey(f"mac {purpose}"), digestmod="sha256")

    def _cipher(self, purpose: str) -> AESGCMSIV:
        cipher = self._ciphers.get(purpose)
        if cipher is None:
            cipher = self._ciphers[purpose] = AESGCMSIV(self._subkey(purpose))
        return cipher

    def _subkey(self, purpose: str) -> bytes:
        info = b"daypass master key v1 " + purpose.encode("ascii")
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=info).derive(self._material)


def open_master_key(data: Path, store: SealingKeyStore, source: str | None = None) -> MasterKey:
    """The master key that ``source`` names, by default ``master.key`` in ``data``; made when this is a first start.

    Raises:
        MasterKeyError: it cannot be used, or it is missing although ``store`` holds keys wrapped with it.
        StoreUnavailable: whether it may be made could not be asked.
    """
    uri = source or (data.absolute() / FILE_NAME).as_uri()
    scheme = uri.partition(":")[0]
    opener = _SOURCES.get(scheme)
    if opener is None:
        raise MasterKeyError(f"no master key can be kept at {scheme}:", f"use one of: {', '.join(sorted(_SOURCES))}")
    return opener(uri, store)


def _associated(purpose: str, name: str) -> bytes:
    return f"{purpose}\0{name}".encode()


# ── file: ────────────────────────────────────────────────────────────────────────────────────────────


def _open_file(uri: str, store: SealingKeyStore) -> MasterKey:
    parts = urlsplit(uri)
    if parts.netloc or parts.query or parts.fragment or not parts.path.startswith("/"):
        raise MasterKeyError(f"{uri} names no file", "write file:///absolute/path")
    path = Path(unquote(parts.path))
    found = _read(path)
    if found is None:
        _refuse_loss(path, len(store.load()))
        _create(path)
        found = _read(path)
        assert found is not None
    return MasterKey(found)


def _refuse_loss(path: Path, wrapped: int) -> None:
    if wrapped:
        # INVARIANT: 10. a lost master key is told, never replaced.
        # tests/adapters/keys/test_master.py::test_a_lost_master_key_is_not_made_anew.
        raise MasterKeyError(
            f"the master key {path} is missing, but the database holds {wrapped} keys wrapped with it",
            "put the file back from a backup; without it no access key and no session of this database can be used",
        )


def _read(path: Path) -> bytes | None:
    """The key in the file, None when there is no file."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise MasterKeyError(f"the master key {path} is a symbolic link", "put the file itself there") from None
        advice = "run daypass as the user who owns the data directory"
        raise MasterKeyError(f"the master key {path} cannot be read: {error.strerror}", advice) from None
    try:
        _refuse_open_file(path, os.fstat(handle))
        return _parsed(path, os.read(handle, _LARGEST_FILE))
    finally:
        os.close(handle)


def _refuse_open_file(path: Path, facts: os.stat_result) -> None:
    if not stat.S_ISREG(facts.st_mode):
        raise MasterKeyError(f"the master key {path} is not a regular file", "put the file itself there")
    if facts.st_mode & 0o077:
        mode = stat.S_IMODE(facts.st_mode)
        raise MasterKeyError(
            f"the master key {path} can be used by others than its owner (mode {mode:04o})",
            f"run: chmod 600 {path}; if others could read it, start anew with an empty data directory",
        )
    if os.geteuid() not in (0, facts.st_uid):
        raise MasterKeyError(
            f"the master key {path} belongs to another user", "run daypass as the user who owns the data directory"
        )


def _parsed(path: Path, content: bytes) -> bytes:
    text = content.decode("ascii", "replace").removesuffix("\n")
    try:
        key = b64decode(text.removeprefix(_FORM), validate=True) if text.startswith(_FORM) else b""
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise MasterKeyError(
            f"{path} is not a master key of daypass, or only a part of one", "restore it from a backup"
        )
    return key


def _create(path: Path) -> None:
    """Make the file, complete or not at all: whoever else creates it at this moment makes this a no-op."""
    text = _FORM + b64encode(secrets.token_bytes(KEY_BYTES)).decode("ascii") + "\n"
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        write_new(draft, text.encode("ascii"))
        try:
            os.link(draft, path, follow_symlinks=False)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        sync_folder(path.parent)
    except OSError as error:
        advice = "the data directory must exist, be writable, and lie on a local file system"
        raise MasterKeyError(f"the master key {path} cannot be made: {error.strerror}", advice) from None


_SOURCES: dict[str, Callable[[str, SealingKeyStore], MasterKey]] = {"file": _open_file}
