"""What a token says about the session to be opened: tags, source identity, roles (IAM User Guide, "Pass session tags
in AWS STS", "Monitor and control actions taken with assumed roles"; STS API reference, AssumeRoleWithWebIdentity).

A member of an unexpected type refuses the token: a tag that is silently dropped may be the one that a Deny asks for.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from daypass.errors import InvalidIdentityToken
from daypass.federation.session_values import is_tag, source_identity
from daypass.principals import Tags

NAMESPACE = "https://aws.amazon.com/"
_TAGS, _SOURCE, _ROLES = f"{NAMESPACE}tags", f"{NAMESPACE}source_identity", f"{NAMESPACE}roles"
_FLAT_TAG, _FLAT_TRANSITIVE = f"{_TAGS}/principal_tags/", f"{_TAGS}/transitive_tag_keys"

_is_of_aws = re.compile(re.escape(NAMESPACE)).match
_ROLE_ARN = re.compile(r"arn:[a-z-]+:iam::[0-9]{12}:role/[!-~]{1,1024}", re.ASCII)


class SessionClaims(NamedTuple):
    """Session tags, which of them go on along a chain, the source identity, and the only roles that may be opened."""

    tags: Tags = ()
    transitive: tuple[str, ...] = ()
    source_identity: str | None = None
    roles: tuple[str, ...] | None = None


_NOTHING = SessionClaims()


def read_session_claims(claims: dict[str, Any]) -> SessionClaims:
    """What the proved ``claims`` ask for.

    Raises:
        InvalidIdentityToken: a claim of AWS's that does not have its form.
    """
    if not any(map(_is_of_aws, claims)):
        return _NOTHING
    tags, transitive = _nested(claims.get(_TAGS))
    flat, flat_transitive = _flat(claims)
    if (tags or transitive) and (flat or flat_transitive):
        raise _unsupported("session tags in two layouts")
    source = claims.get(_SOURCE)
    return SessionClaims(
        tags or flat,
        transitive or flat_transitive,
        None if source is None else source_identity(source),
        _roles(claims.get(_ROLES)),
    )


def _nested(found: object) -> tuple[Tags, tuple[str, ...]]:
    """``{"principal_tags": {"K": ["v"]}, "transitive_tag_keys": ["K"]}``: one value a tag."""
    if found is None:
        return (), ()
    if not isinstance(found, dict):
        raise _unsupported("session tags")
    listed = found.get("principal_tags")
    if listed is None:
        listed = {}
    if not isinstance(listed, dict):
        raise _unsupported("session tags")
    tags = []
    for key, values in listed.items():
        if not (isinstance(values, list) and len(values) == 1):
            raise _unsupported("session tags")
        tags.append(_tag(key, values[0]))
    return tuple(tags), _keys(found.get("transitive_tag_keys"))


def _flat(claims: dict[str, Any]) -> tuple[Tags, tuple[str, ...]]:
    """``"https://aws.amazon.com/tags/principal_tags/K": "v"``, for providers that cannot nest."""
    start = len(_FLAT_TAG)
    tags = tuple(_tag(name[start:], value) for name, value in claims.items() if name.startswith(_FLAT_TAG))
    return tags, _keys(claims.get(_FLAT_TRANSITIVE))


def _tag(key: str, value: object) -> tuple[str, str]:
    if not (isinstance(value, str) and is_tag(key, value)):
        raise _unsupported("session tags")
    return key, value


def _keys(found: object) -> tuple[str, ...]:
    if found is None:
        return ()
    if not (isinstance(found, list) and all(isinstance(key, str) and key for key in found)):
        raise _unsupported("transitive tag keys")
    return tuple(found)


# INVARIANT: 1. a roles claim that cannot be read allows no role; it is not taken for absent.
#   tests/federation/test_session_claims.py::test_a_roles_claim_that_cannot_be_read_opens_nothing
def _roles(found: object) -> tuple[str, ...] | None:
    """A list of role ARNs, or a text of them with semicolons between. What is no role ARN is passed over."""
    if found is None:
        return None
    listed = found.split(";") if isinstance(found, str) else found
    if not (isinstance(listed, list) and all(isinstance(role, str) for role in listed)):
        raise InvalidIdentityToken("The roles claim is not in a supported format")
    roles = tuple(role.strip() for role in listed if _ROLE_ARN.fullmatch(role.strip()))
    if not roles:
        raise InvalidIdentityToken("The roles claim contains no valid role ARNs")
    return roles


def _unsupported(what: str) -> InvalidIdentityToken:
    return InvalidIdentityToken(f"The {what} of the token are not in a supported format")
