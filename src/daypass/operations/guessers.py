"""Failed proofs of identity: which failures count against whom. The counting itself is ``throttling.Failures``."""

from __future__ import annotations

from daypass.errors import InvalidClientTokenId, ServiceError, SignatureDoesNotMatch
from daypass.exchange import RawRequest
from daypass.operations.authenticate import LONG_TERM, UNREAD, Authenticator, Reach
from daypass.operations.throttling import Throttle, source_of
from daypass.ports import Directory
from daypass.sigv4 import UnverifiedSignature

IDENTITY = "identity"
"""The kind of key under which tokens and assertions of all identity providers are counted."""


class Guessers:
    """Refuses senders whose proofs failed too often, and counts those that fail."""

    def __init__(self, throttle: Throttle, authenticator: Authenticator, directory: Directory) -> None:
        self._throttle, self._authenticator, self._directory = throttle, authenticator, directory

    def refuse(self, raw: RawRequest, signature: UnverifiedSignature, now: float) -> None:
        """Refuse a request whose sender has failed too often. Its signature is not verified.

        Raises:
            Throttling: too many failures.
        """
        key, _ = self._authenticator.at_sight(signature, self._directory.find)
        if self._throttle.failures.refuses(source_of(raw.peer), key, now):
            raise self._throttle.refused("failures", detail="too many failed signatures")

    def note(
        self, raw: RawRequest, signature: UnverifiedSignature, error: ServiceError, reach: Reach, now: float
    ) -> None:
        """Count ``error`` against the sender of ``raw``, if it is a failed proof that took work to find.

        An expired session does not count: it proved who he is. Nor does the stale signature of an unknown key.
        """
        key, is_known = self._authenticator.at_sight(signature, self._directory.find)
        if reach.may_block and key == LONG_TERM:  # its account had to be read first
            key = UNREAD
        if isinstance(error, InvalidClientTokenId) or (is_known and isinstance(error, SignatureDoesNotMatch)):
            self._throttle.failures.note(source_of(raw.peer), key, now)

    def refuse_unproved(self, raw: RawRequest, now: float) -> None:
        """Refuse a request whose sender has shown too many invalid tokens and assertions.

        Raises:
            Throttling: too many.
        """
        if self._throttle.failures.refuses(source_of(raw.peer), IDENTITY, now):
            raise self._throttle.refused("failures", detail="too many tokens and assertions that prove nothing")

    def note_unproved(self, raw: RawRequest, now: float) -> None:
        """Count an invalid token or assertion. Expired ones are not to be counted: they were valid once."""
        self._throttle.failures.note(source_of(raw.peer), IDENTITY, now)
