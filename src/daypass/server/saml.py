"""The SAML paths: metadata for identity providers (``/static/…saml-metadata.xml``), and their recipient (``/saml``).

Metadata is public, and no answer tells which accounts exist. This version has no pages to sign in to: a browser that
posts a response here is told so (501).
"""

from __future__ import annotations

import re
from typing import Protocol

from daypass.exchange import RawRequest, Response

_METADATA = re.compile(rb"/static/(?:saml/(SAMLSP[A-Z2-7]{17})/)?saml-metadata\.xml")
_RECIPIENT = re.compile(rb"/saml(?:/acs/[A-Z0-9]{1,64})?")

_ABSENT = Response(404, ((b"cache-control", b"no-store"),))
_WRONG_METHOD = Response(405, ((b"allow", b"GET, HEAD"),))
_POST_ONLY = Response(405, ((b"allow", b"POST"),))
_XML = (
    (b"content-type", b"application/samlmetadata+xml"),
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"public, max-age=300"),
)
_NOT_BUILT = Response(
    501,
    ((b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")),
    b"This daypass has no pages to sign in to. Its SAML responses are for AssumeRoleWithSAML: show them to the API,\n"
    b"for example with `aws sts assume-role-with-saml`, within five minutes.\n",
)


class Metadata(Protocol):
    """Where the metadata documents come from."""

    def find(self, uuid: str | None, *, may_block: bool) -> bytes | None:
        """The document for the provider with ``uuid``, or for all; None: there is none.

        Raises:
            NotLoaded: ask again on a thread that ``may_block``.
        """
        ...


def answer_for(metadata: Metadata, raw: RawRequest, *, may_block: bool) -> Response | None:
    """The answer to a request for one of these paths; None: it is for none of them."""
    if _RECIPIENT.fullmatch(raw.path):
        return _NOT_BUILT if raw.method == "POST" else _POST_ONLY
    asked = _METADATA.fullmatch(raw.path)
    if asked is None:
        return None
    if raw.method not in {"GET", "HEAD"}:
        return _WRONG_METHOD
    uuid = asked[1].decode("ascii") if asked[1] else None
    document = metadata.find(uuid, may_block=may_block)
    return _ABSENT if document is None else Response(200, _XML, document)
