"""MinimumSessionTokenSize: a token made longer on purpose, so that clients can be tried with long ones.

Source: STS API reference, the members MinimumSessionTokenSize, SessionTokenSize and SessionTokenUtilization.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from daypass.credentials import TemporaryCredentials
from daypass.sessions.token import LONGEST_ISSUED


def least_size(params: Mapping[str, Any]) -> int | None:
    """The characters that the token is to have at least; None when nothing was said of its size."""
    found: int | None = params.get("MinimumSessionTokenSize")
    return found


def sizes(credentials: TemporaryCredentials, least: int | None) -> dict[str, object]:
    """The members that tell the size of the token, for callers who know of them: those who spoke of it."""
    if least is None:
        return {}
    size = len(credentials.session_token)
    return {"SessionTokenSize": size, "SessionTokenUtilization": -(-100 * size // LONGEST_ISSUED)}
