"""Failed proofs of identity: which failures count against whom. The counting itself is ``throttling.Failures``."""

from __future__ import annotations

from daypass.errors import (
    ExpiredIdentityToken,
    IDPRejectedClaim,
    InvalidClientTokenId,
    InvalidIdentityToken,
    ServiceError,
    SignatureDoesNotMatch,
)
from daypass.exchange import RawRequest
from daypass.operations.authenticate import LONG_TERM, UNREAD, Authenticator, Reach
from daypass.operations.registry import Operation
from daypass.operations.throttling import Throttle, source_of
from daypass.ports import Directory
from daypass.sigv4 import UnverifiedSignature

_SAML = "sts:AssumeRoleWithSAML"
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

    # INVARIANT: 9. whoever has kept an old assertion does not have it verified without end.
    #   tests/security/test_throttling.py::test_an_old_assertion_is_not_verified_without_end
    def note_unproved(self, raw: RawRequest, error: ServiceError, operation: Operation, now: float) -> None:
        """Count ``error`` if it refuses a token or an assertion that proves nothing.

        A token that is over is none: it was good once, and seeing it took no work. An assertion was verified before.
        """
        took_work = isinstance(error, ExpiredIdentityToken) and operation.name == _SAML
        if took_work or isinstance(error, InvalidIdentityToken | IDPRejectedClaim):
            self._throttle.failures.note(source_of(raw.peer), IDENTITY, now)
