"""What of a token becomes condition keys: for every issuer, and for those that AWS knows by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from daypass.entities import OidcProvider
from daypass.errors import InvalidIdentityToken
from daypass.federation.issuers import condition_keys, kept_keys
from daypass.federation.web_identity import WebIdentity

TABLE: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "cases/context/provider-keys.json").read_text(encoding="utf-8")
)
KNOWN: dict[str, set[str]] = {issuer: set(row["claims"]) for row in TABLE["known issuers"] for issuer in row["issuers"]}
UNKNOWN = [
    "issuer.example", "token.actions.githubusercontent.com.attacker.example", "attacker.example/gitlab.com",
    "token.actions.githubusercontent.com/a/b", "token.actions.a.b.ghe.com", "gitlab.com/group", "gitlab.com:8443",
    "tokenxactions.githubusercontent.com", "oidc.circleci.com/org/", "oidc.circleci.com/org/a/b",
    "agent.buildkite.com.",
    "idcs-.identity.oraclecloud.com.example", "xgitlab.com", "accounts.google.com/a",
]  # fmt: skip
EVERY_NAME = {claim for claims in KNOWN.values() for claim in claims} | {"event_name", "workflow_ref", "groups"}


def keys_of(url: str, declared: tuple[str, ...] = (), **claims: Any) -> dict[str, Any]:
    identity = WebIdentity(f"https://{url}", "ada", "client", {"aud": "client", "sub": "ada", **claims}, "key")
    return condition_keys(OidcProvider("1", url, 0, claims=declared), identity)


@pytest.mark.parametrize("url", [*KNOWN, *UNKNOWN])
def test_further_claims_are_keys_for_those_that_aws_knows(url: str) -> None:
    """Each its own, under its own name with path; one who is called alike has none."""
    found = keys_of(url, **dict.fromkeys(EVERY_NAME, "x"))
    assert found == {f"{url}:{name}": "x" for name in KNOWN.get(url, ())} | {
        f"{url}:sub": "ada",
        f"{url}:aud": "client",
    }


def test_every_issuer_has_the_usual_keys() -> None:
    """Port and path are part of the name; who the token was presented by, and how its owner signed in, too."""
    url = "Sso.corp:8443/realms/Staff"
    found = keys_of(url, azp="client", aud=["client", "api"], amr=["pwd", "mfa"], email="a@b.example", groups=["x"])
    prefix = "sso.corp:8443/realms/staff"
    assert found == {
        f"{prefix}:sub": "ada",
        f"{prefix}:aud": "client",
        f"{prefix}:azp": "client",
        f"{prefix}:oaud": ("client", "api"),
        f"{prefix}:amr": ("pwd", "mfa"),
        f"{prefix}:email": "a@b.example",
    }
    assert found.keys() == {f"{prefix}:{name}" for name in TABLE["oidc"]}
    kept = kept_keys(OidcProvider("1", url, 0), found)
    assert {name for name, _ in kept} == {f"{prefix}:{name}" for name, row in TABLE["oidc"].items() if "stays" in row}
    assert sorted(kept) == sorted(
        [(f"{prefix}:sub", "ada"), (f"{prefix}:aud", "client"), (f"{prefix}:amr", "pwd"), (f"{prefix}:amr", "mfa")]
    )


def test_no_declared_claim_takes_the_place_of_subject_or_audience() -> None:
    """However it is spelled: these are what was verified."""
    claims = {"SUB": "eve", "Aud": "other", "sUb": "eve", "OAUD": "other", "oaud": "other", "Azp": "other"}
    found = keys_of("issuer.example", (*claims, "sub", "aud", "azp"), **claims)
    assert found == {"issuer.example:sub": "ada", "issuer.example:aud": "client"}


@pytest.mark.parametrize(
    ("claim", "value"),
    [(True, "true"), (False, "false"), (7, "7"), ("x", "x"), (["a", 1], ("a", "1")), ([], ()), (None, None)],
)
def test_a_claim_is_a_text_or_a_list_of_texts(claim: Any, value: Any) -> None:
    """Null is none."""
    assert keys_of("issuer.example", ("x",), x=claim).get("issuer.example:x") == value


@pytest.mark.parametrize(
    "claim", [1.5, {}, {"a": "b"}, [None], [True], [["a"]], [{}], ["a", 1.5], ["banned", None], ["a"] * 1_001]
)
@pytest.mark.parametrize("name", ["x", "amr", "email"])
def test_a_claim_of_another_form_refuses_the_token(name: str, claim: Any) -> None:
    """Left out, it would be what no Deny asks for, and what a condition that negates holds of."""
    with pytest.raises(InvalidIdentityToken, match=r"The claim .* of the token is not in a supported format"):
        keys_of("issuer.example", ("x",), **{name: claim})
