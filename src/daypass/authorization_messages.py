"""Encode a decision for whom it refused: he can pass it on, and only who may decode it can read it.

EC2 and a few other services of AWS end a refusal with ``Encoded authorization failure message: …``. A service that
decides with ``evaluate`` does the same with ``encode_decision``; the caller's account decodes it with
``aws sts decode-authorization-message``, if its policies allow ``sts:DecodeAuthorizationMessage``.
"""

from __future__ import annotations

import json

from daypass.errors import Malformed
from daypass.policy import Decision
from daypass.policy.message import message
from daypass.sessions.authorization_message import seal_message
from daypass.sessions.keyring import Keyring


def encode_decision(decision: Decision, *, keyring: Keyring, now: float, entropy: bytes) -> str:
    """The decision as an encoded authorization message: up to 10,240 characters of ``A-Za-z0-9-_``, good for a day.

    What does not fit is left out: first our own members and the request's keys.

    Args:
        decision: what ``evaluate`` has answered.
        keyring: seals it, and opens it again.
        now: epoch seconds.
        entropy: 12 random bytes, fresh for every message.

    Raises:
        Malformed: even the least of it does not fit.
    """
    account, at = decision.context.principal.account, int(now)
    try:
        return seal_message(_text(decision, brief=False), account, keyring, at, entropy)
    except Malformed:
        return seal_message(_text(decision, brief=True), account, keyring, at, entropy)


def _text(decision: Decision, *, brief: bool) -> str:
    return json.dumps(message(decision, brief=brief), separators=(",", ":"))
