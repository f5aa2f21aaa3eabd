"""Finding the signature in a request: the ``Authorization`` header or the query parameters of a presigned URL."""

from __future__ import annotations

from daypass.exchange import RawRequest
from daypass.sigv4.scope import UnverifiedSignature

MISSING_TOKEN = "Request is missing Authentication Token"


def read_authorization(raw: RawRequest) -> UnverifiedSignature | None:
    """The signature a request carries, or None when it carries none at all."""
    raise NotImplementedError
