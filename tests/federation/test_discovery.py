"""Discovery documents: whose they are, and where they send us."""

from __future__ import annotations

import json
from typing import Any

import pytest

from daypass.errors import Malformed
from daypass.federation.discovery import discovery_url, read_key_set_url
from tests.federation.attacks.kit import DROP, ISSUER, changed

GOOD = {
    "issuer": ISSUER,
    "jwks_uri": f"{ISSUER}/keys",
    "response_types_supported": ["id_token"],
    "subject_types_supported": ["public"],
    "id_token_signing_alg_values_supported": ["RS256"],
}
BAD: dict[str, dict[str, Any]] = {
    **{f"no {name}": {name: DROP} for name in GOOD},
    **{f"{name} is null": {name: None} for name in GOOD},
    **{f"{name} is empty": {name: ""} for name in GOOD},
    **{
        f"issuer is {issuer!r}": {"issuer": issuer}
        for issuer in (f"{ISSUER}/", ISSUER.upper(), "https://attacker.example", [ISSUER], 1, True, {"a": ISSUER})
    },
    **{
        f"jwks_uri is {url!r}"[:60]: {"jwks_uri": url}
        for url in (
            "http://login.example.com/keys", "/keys", "//login.example.com/keys", "file:///etc/passwd", "data:,{}",
            "ftp://login.example.com/", "gopher://login.example.com/", " https://login.example.com/keys", 1, True,
            ["https://login.example.com/keys"], {"url": "https://a"}, "HTTPS://login.example.com/keys",
            "https://" + "a" * 2_048,
        )
    },
}  # fmt: skip


def test_a_document_says_where_the_keys_are() -> None:
    """The URL is handed on as it is."""
    assert read_key_set_url(json.dumps(GOOD).encode(), ISSUER) == f"{ISSUER}/keys"


@pytest.mark.parametrize("case", BAD)
def test_a_document_that_lacks_something_leads_nowhere(case: str) -> None:
    """Each member must be there, the issuer the one that was asked, and the keys behind https."""
    with pytest.raises(Malformed):
        read_key_set_url(json.dumps(changed(GOOD, BAD[case])).encode(), ISSUER)


def test_a_slash_at_the_end_is_not_doubled() -> None:
    """OpenID Connect Discovery 1.0, section 4.1."""
    assert discovery_url(f"{ISSUER}/") == discovery_url(ISSUER) == f"{ISSUER}/.well-known/openid-configuration"
