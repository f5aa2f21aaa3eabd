"""What of a token becomes condition keys: for every issuer, and for those that AWS knows by name."""

from __future__ import annotations

from typing import Any

import pytest

from daypass.entities import OidcProvider
from daypass.federation.issuers import condition_keys, kept_keys
from daypass.federation.web_identity import WebIdentity

GITHUB = {
    "actor", "actor_id", "enterprise_id", "environment", "job_workflow_ref", "ref", "repository", "repository_id",
    "repository_owner_id", "workflow",
}  # fmt: skip
GITLAB = {
    "namespace_id", "pipeline_source", "project_id", "ref_protected", "runner_environment", "user_access_level",
    "user_email", "user_id", "user_login",
}  # fmt: skip
BUILDKITE = {
    "build_branch", "cluster_id", "cluster_name", "organization_id", "organization_slug", "pipeline_id",
    "pipeline_slug",
}  # fmt: skip
KNOWN: dict[str, set[str]] = {
    "token.actions.githubusercontent.com": GITHUB,
    "token.actions.githubusercontent.com/octo-enterprise": GITHUB,
    "token.actions.octo.ghe.com": GITHUB,
    "gitlab.com": GITLAB,
    "agent.buildkite.com": BUILDKITE,
    "oidc.circleci.com/org/00000000-0000-0000-0000-000000000000": {"oidc.circleci.com/project-id"},
    "idcs-0123abc.identity.oraclecloud.com": {"rpst_id"},
    "accounts.google.com": {"google/organization_number"},
}
UNKNOWN = [
    "issuer.example", "token.actions.githubusercontent.com.attacker.example", "attacker.example/gitlab.com",
    "token.actions.githubusercontent.com/a/b", "token.actions.a.b.ghe.com", "gitlab.com/group", "gitlab.com:8443",
    "tokenxactions.githubusercontent.com", "oidc.circleci.com/org/", "oidc.circleci.com/org/a/b",
    "agent.buildkite.com.",
    "idcs-.identity.oraclecloud.com.example", "xgitlab.com", "accounts.google.com/a",
]  # fmt: skip
EVERY_NAME = GITHUB | GITLAB | BUILDKITE | {
    "oidc.circleci.com/project-id", "rpst_id", "google/organization_number", "event_name", "workflow_ref", "groups",
}  # fmt: skip


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
    kept = kept_keys(OidcProvider("1", url, 0), found)
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
    [(True, "true"), (False, "false"), (7, "7"), ("x", "x"), (["a", 1], ("a", "1")), ([], ())]
    + [(odd, None) for odd in (None, 1.5, {}, {"a": "b"}, [None], [True], [["a"]], [{}], ["a", 1.5])],
)
def test_a_claim_is_a_text_or_a_list_of_texts(claim: Any, value: Any) -> None:
    """What is neither is no key, so that a condition on it does not hold."""
    assert keys_of("issuer.example", ("x",), x=claim).get("issuer.example:x") == value
