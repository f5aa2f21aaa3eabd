"""The discovery document of an issuer (OpenID Connect Discovery 1.0, sections 3 and 4)."""

from __future__ import annotations

from daypass.errors import Malformed
from daypass.federation.strict_json import read_object

WELL_KNOWN = "/.well-known/openid-configuration"

_REQUIRED = (
    "issuer",
    "jwks_uri",
    "response_types_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
)
"""What AWS asks for (IAM User Guide, "Create an OpenID Connect (OIDC) identity provider in IAM", prerequisites)."""

_LONGEST_URL = 2_048


def discovery_url(issuer: str) -> str:
    """Where ``issuer`` (with its scheme) publishes its document. A slash at its end is not doubled (section 4.1)."""
    return issuer.removesuffix("/") + WELL_KNOWN


def read_key_set_url(document: bytes, issuer: str) -> str:
    """The URL of the keys of ``issuer``, as its document gives it. Whoever fetches it must check the address first.

    Raises:
        Malformed: the document is another issuer's, lacks a member, or names no https URL.
    """
    found = read_object(document)
    missing = [name for name in _REQUIRED if not found.get(name)]
    if missing:
        raise Malformed(f"the discovery document lacks `{missing[0]}`")
    if found["issuer"] != issuer:
        raise Malformed("the discovery document is another issuer's")
    url = found["jwks_uri"]
    if not isinstance(url, str) or not url.startswith("https://") or len(url) > _LONGEST_URL:
        raise Malformed("`jwks_uri` is no https URL")
    return url
