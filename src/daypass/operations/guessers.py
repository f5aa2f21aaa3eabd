"""Who sends proofs that do not hold: which failures count against whom (``throttling`` counts them)."""

from __future__ import annotations

from daypass.errors import InvalidClientTokenId, ServiceError, SignatureDoesNotMatch
from daypass.exchange import RawRequest
from daypass.operations.authenticate import LONG_TERM, UNREAD, Authenticator, Reach
from daypass.operations.throttling import Throttle, source_of
from daypass.ports import Directory
from daypass.sigv4 import UnverifiedSignature

IDENTITY = "identity"
"""What the words of identity providers are counted as, whoever they are of."""


class Guessers:
    """Refuses senders whose proofs failed too often, and counts those that fail."""

    def __init__(self, throttle: Throttle, authenticator: Authenticator, directory: Directory) -> None:
        self._throttle, self._authenticator, self._directory = throttle, authenticator, directory

    def refuse(self, raw: RawRequest, signature: UnverifiedSignature, now: float) -> None:
        """Refuse the sender of ``raw`` if he fails too often. Nothing of the signature is looked at.

        Raises:
            Throttling: he does.
        """
        key, _ = self._authenticator.at_sight(signature, self._directory.find)
        if self._throttle.failures.refuses(source_of(raw.peer), key, now):
            raise self._throttle.refused("failures", detail="too many failed signatures")

    def note(
        self, raw: RawRequest, signature: UnverifiedSignature, error: ServiceError, reach: Reach, now: float
    ) -> None:
        """Count ``error`` against its sender, if it took work to find out.

        An expired session is none: it was his, and he is to hear of it. Nor is the wrong time of an unknown key.
        """
        key, is_known = self._authenticator.at_sight(signature, self._directory.find)
        if reach.may_block and key == LONG_TERM:  # its account had to be read first
            key = UNREAD
        if isinstance(error, InvalidClientTokenId) or (is_known and isinstance(error, SignatureDoesNotMatch)):
            self._throttle.failures.note(source_of(raw.peer), key, now)

    def refuse_unproved(self, raw: RawRequest, now: float) -> None:
        """Refuse the sender of ``raw`` if the words of identity providers that he brings prove nothing too often.

        Raises:
            Throttling: they do.
        """
        if self._throttle.failures.refuses(source_of(raw.peer), IDENTITY, now):
            raise self._throttle.refused("failures", detail="too many tokens and assertions that prove nothing")

    def note_unproved(self, raw: RawRequest, now: float) -> None:
        """Count a token or an assertion that proves nothing. One that is over is none: it was good once."""
        self._throttle.failures.note(source_of(raw.peer), IDENTITY, now)
