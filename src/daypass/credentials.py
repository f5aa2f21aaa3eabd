"""Keys and the triple of temporary security credentials. No ``repr`` here ever shows a secret."""

from __future__ import annotations

from dataclasses import dataclass, field


class Secret(str):
    """A secret text. It is a ``str`` where it is used and a blank where it is shown.

    # INVARIANT: 7. no secret in logs or errors. tests/test_credentials.py::test_a_secret_never_shows_in_repr_or_format
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret('…')"

    def __str__(self) -> str:
        return "…"

    def __format__(self, spec: str) -> str:
        return format("…", spec)

    def reveal(self) -> str:
        """The secret as a plain text, for the one place that must send or use it."""
        return str.__str__(self)


@dataclass(frozen=True, slots=True)
class AccessKeyPair:
    """A long-term key: id (``AKIA…``) and secret access key (40 characters)."""

    access_key_id: str
    secret_access_key: Secret


@dataclass(frozen=True, slots=True)
class TemporaryCredentials:
    """What every issuing operation hands out. ``expiration`` is in epoch seconds, UTC."""

    access_key_id: str
    secret_access_key: Secret
    session_token: str = field(repr=False)
    expiration: int
