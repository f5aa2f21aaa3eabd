"""Issuers that AWS knows by name: what further claims of theirs become condition keys, and who must be told apart.

Source: IAM User Guide, "Available keys for AWS OIDC federation" and "Identity-provider controls for shared OIDC
providers".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from daypass.entities import OidcProvider
from daypass.federation.web_identity import WebIdentity

Value = str | tuple[str, ...]

_EVERY = ("amr", "email")

_GITHUB = (
    "actor", "actor_id", "enterprise_id", "environment", "job_workflow_ref", "ref", "repository", "repository_id",
    "repository_owner_id", "workflow",
)  # fmt: skip
_FURTHER: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"accounts\.google\.com", ("google/organization_number",)),
    (r"token\.actions\.githubusercontent\.com(/[^/]+)?", _GITHUB),
    (r"token\.actions\.[a-z0-9-]+\.ghe\.com", _GITHUB),
    (
        r"gitlab\.com",
        (
            "namespace_id", "pipeline_source", "project_id", "ref_protected", "runner_environment",
            "user_access_level", "user_email", "user_id", "user_login",
        ),
    ),
    (
        r"agent\.buildkite\.com",
        (
            "build_branch", "cluster_id", "cluster_name", "organization_id", "organization_slug", "pipeline_id",
            "pipeline_slug",
        ),
    ),
    (r"oidc\.circleci\.com/org/[^/]+", ("oidc.circleci.com/project-id",)),
    (r"idcs-[a-z0-9]+\.identity\.oraclecloud\.com", ("rpst_id",)),
)  # fmt: skip
_PATTERNS = tuple((re.compile(pattern, re.ASCII), names) for pattern, names in _FURTHER)

_KEPT = ("aud", "sub", "amr")
"""What stays with the session (IAM User Guide, same page, "session context")."""


def condition_keys(provider: OidcProvider, identity: WebIdentity) -> dict[str, Value]:
    """The condition keys of the call: names in lower case, the issuer before each.

    ``aud`` is the client that the token was made for; where ``azp`` says so, ``oaud`` is what ``aud`` says.
    """
    claims = identity.claims
    names = (*_EVERY, *further_claims(provider.url), *provider.claims)
    said: dict[str, Value] = {name: value for name in names if (value := _value(claims.get(name))) is not None}
    said |= {"aud": identity.audience, "sub": identity.subject}
    if claims.get("azp") is not None:
        said |= {"azp": identity.audience, "oaud": _value(claims["aud"]) or ()}
    return {f"{provider.url}:{name}".lower(): value for name, value in said.items()}


def kept_keys(provider: OidcProvider, keys: Mapping[str, Value]) -> Iterable[tuple[str, str]]:
    """Those of ``keys`` that stay with the session, a pair for each value."""
    for name in _KEPT:
        full = f"{provider.url}:{name}".lower()
        value = keys.get(full, ())
        yield from ((full, one) for one in ((value,) if isinstance(value, str) else value))


def further_claims(url: str) -> tuple[str, ...]:
    """The claims that become condition keys for the issuer ``url`` (without scheme) beside those of every one."""
    return next((names for pattern, names in _PATTERNS if pattern.fullmatch(url)), ())


def _value(claim: Any) -> Value | None:
    """A claim as the value of a condition key, None where it cannot be one."""
    if isinstance(claim, bool):
        return "true" if claim else "false"
    if isinstance(claim, str | int):
        return str(claim)
    if isinstance(claim, list) and all(isinstance(one, str | int) and not isinstance(one, bool) for one in claim):
        return tuple(str(one) for one in claim)
    return None
