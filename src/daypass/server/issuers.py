"""What token issuers publish: ``/-/issuers/ID/.well-known/openid-configuration`` and ``…/jwks.json``, for everybody.

Source: OpenID Connect Discovery 1.0, section 4. The documents are public and made beforehand; a request for one costs
what an unknown path costs, and no answer tells which accounts there are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol

from daypass.exchange import RawRequest, Response

ISSUERS = b"/-/issuers/"

_PATH = re.compile(rb"/-/issuers/([0-9a-f-]{36})(/\.well-known/[a-z.-]{1,32})")
_HEADERS = ((b"content-type", b"application/json"), (b"access-control-allow-origin", b"*"))
_ABSENT = Response(404, (*_HEADERS, (b"cache-control", b"no-store")), b'{"error":"not_found"}\n')
_WRONG_METHOD = Response(405, ((b"allow", b"GET, HEAD"),))


class Issuers(Protocol):
    """Who knows the issuers."""

    cached: int
    """Seconds that a document may be kept."""

    def find(self, issuer_id: str, *, may_block: bool) -> Mapping[str, bytes] | None:
        """The documents of the issuer by path, None when there is no such issuer.

        Raises:
            NotLoaded: ask again on a thread that ``may_block``.
        """
        ...


def answer_for(issuers: Issuers, raw: RawRequest, *, may_block: bool) -> Response:
    """The answer to a request for a path below ``ISSUERS``."""
    if raw.method not in {"GET", "HEAD"}:
        return _WRONG_METHOD
    path = _PATH.fullmatch(raw.path)
    if path is None:
        return _ABSENT
    documents = issuers.find(path[1].decode("ascii"), may_block=may_block)
    document = documents.get(path[2].decode("ascii")) if documents else None
    if document is None:
        return _ABSENT
    kept = (b"cache-control", b"public, max-age=%d" % issuers.cached)
    return Response(200, (*_HEADERS, kept), document)
