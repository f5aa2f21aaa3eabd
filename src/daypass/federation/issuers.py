"""Issuers that AWS knows by name: what further claims of theirs become condition keys, and who must be told apart.

Source: IAM User Guide, "Available keys for AWS OIDC federation" and "Identity-provider controls for shared OIDC
providers".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from daypass.entities import OidcProvider
from daypass.errors import InvalidIdentityToken
from daypass.federation.session_values import MOST_VALUES
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

_VERIFIED = frozenset({"aud", "azp", "oaud", "sub"})
"""What is told as it was verified; no claim of another spelling takes its place."""

_KEPT = ("aud", "sub", "amr")
"""What stays with the session (IAM User Guide, same page, "session context")."""


def condition_keys(provider: OidcProvider, identity: WebIdentity) -> dict[str, Value]:
    """The condition keys of the call: names in lower case, the issuer before each.

    ``aud`` is the client that the token was made for; where ``azp`` says so, ``oaud`` is what ``aud`` says.

    Raises:
        InvalidIdentityToken: a claim that would be a key can be none.
    """
    names = _names(provider.url, provider.claims)
    claims = identity.claims
    keys = {full: _value(name, claims[name]) for name, full in names.taken if claims.get(name) is not None}
    keys |= {names.audience: identity.audience, names.subject: identity.subject}
    if claims.get("azp") is not None:
        keys |= {names.presenter: identity.audience, names.original_audience: _value("aud", claims["aud"])}
    return keys


def kept_keys(provider: OidcProvider, keys: Mapping[str, Value]) -> list[tuple[str, str]]:
    """Those of ``keys`` that stay with the session, a pair for each value."""
    found = []
    for full in _names(provider.url, provider.claims).kept:
        value = keys.get(full, ())
        if isinstance(value, str):
            found.append((full, value))
        else:
            found += [(full, one) for one in value]
    return found


class _Names(NamedTuple):
    """The names of an issuer's condition keys. ``taken`` are claims, each with its key's name."""

    taken: tuple[tuple[str, str], ...]
    audience: str
    subject: str
    presenter: str
    original_audience: str
    kept: tuple[str, ...]


@lru_cache(maxsize=1_024)
def _names(url: str, declared: tuple[str, ...]) -> _Names:
    """The names for the issuer ``url``, whose provider declares further claims."""

    def full(name: str) -> str:
        return f"{url}:{name}".lower()

    names = (*_EVERY, *further_claims(url), *declared)
    taken = tuple((name, full(name)) for name in names if name.lower() not in _VERIFIED)
    return _Names(taken, full("aud"), full("sub"), full("azp"), full("oaud"), tuple(map(full, _KEPT)))


def further_claims(url: str) -> tuple[str, ...]:
    """The claims that become condition keys for the issuer ``url`` (without scheme) beside those of every one."""
    return next((names for pattern, names in _PATTERNS if pattern.fullmatch(url)), ())


# INVARIANT: 1. a claim that cannot be asked about is not taken for absent: a Deny may ask about it.
#   tests/federation/test_issuers.py::test_a_claim_of_another_form_refuses_the_token
def _value(name: str, claim: Any) -> Value:
    """A claim as the value of a condition key.

    Raises:
        InvalidIdentityToken: it cannot be one.
    """
    if isinstance(claim, bool):
        return "true" if claim else "false"
    if isinstance(claim, str | int):
        return str(claim)
    is_list = isinstance(claim, list) and len(claim) <= MOST_VALUES
    if is_list and all(isinstance(one, str | int) and not isinstance(one, bool) for one in claim):
        return tuple(str(one) for one in claim)
    raise InvalidIdentityToken(f"The claim {name} of the token is not in a supported format")
