"""Keys and the triple of temporary security credentials. No ``repr`` here ever shows a secret."""

from __future__ import annotations

from dataclasses import dataclass
from hmac import compare_digest
from typing import NamedTuple, NoReturn


class Secret:
    """A secret text that only ``reveal`` gives out.

    It is no ``str``: whatever would show, join, store or serialise it by accident fails or gets a blank. Two secrets
    compare in constant time.

    # INVARIANT: 7. no secret in logs or errors. tests/test_credentials.py::test_a_secret_never_shows_in_repr_or_format
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The secret as a plain text, for the one place that must send or use it."""
        return self._text

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return compare_digest(self._text.encode("utf-8", "surrogatepass"), other._text.encode("utf-8", "surrogatepass"))

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "Secret('…')"

    def __str__(self) -> str:
        return "…"

    def __format__(self, spec: str) -> str:
        return format("…", spec)

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __getstate__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")


@dataclass(frozen=True, slots=True)
class AccessKeyPair:
    """A long-term key: id (``AKIA…``) and secret access key (40 characters)."""

    access_key_id: str
    secret_access_key: Secret


class TemporaryCredentials(NamedTuple):
    """What every issuing operation hands out. ``expiration`` is in epoch seconds, UTC."""

    access_key_id: str
    secret_access_key: Secret
    session_token: str
    expiration: int

    def __repr__(self) -> str:
        return f"TemporaryCredentials({self.access_key_id!r}, expiration={self.expiration})"
