"""What a web identity token says (IAM User Guide, "Understanding token claims")."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from daypass.organization import Membership
from daypass.principals import Caller, RoleSession, Tags
from daypass.revocation import web_provider_of

NAMESPACE = "https://sts.amazonaws.com/"
"""The claim that holds all that is AWS's own."""

STANDARD = ("iss", "aud", "sub", "iat", "exp", "jti")


class Wish(NamedTuple):
    """What a caller asks for: to whom the token speaks, signed how, for how many seconds, with which tags."""

    audience: tuple[str, ...]
    algorithm: str
    duration: int
    tags: Tags = ()


def payload(
    issuer: str, wish: Wish, caller: Caller, membership: Membership | None, *, region: str, now: int, token_id: str
) -> dict[str, object]:
    """The claims of a token for ``caller``. ``aud`` is a text for one audience and a list for several.

    The subject is the user or role, never one of its sessions: whoever trusts it trusts all that may be it.
    """
    subject = caller.principal.principal_arn
    return {
        "aud": wish.audience[0] if len(wish.audience) == 1 else list(wish.audience),
        "sub": subject,
        NAMESPACE: _facts(wish, caller, membership, subject, region),
        "iss": issuer,
        "exp": now + wish.duration,
        "iat": now,
        "jti": token_id,
    }


def _facts(wish: Wish, caller: Caller, membership: Membership | None, subject: str, region: str) -> dict[str, object]:
    """What is known of the caller; what does not apply is absent."""
    session = caller.session
    facts: dict[str, object] = {
        "org_id": membership.organization if membership else None,
        "aws_account": caller.account,
        "ou_path": [membership.path] if membership else None,
        "original_session_exp": _rfc3339(session.expires) if session else None,
        "source_region": region,
        "principal_id": subject,
        "principal_tags": dict(caller.tags),
        "request_tags": dict(wish.tags),
        "source_identity": session.source_identity if session else None,
        "federated_provider": _provider(caller),
    }
    return {name: value for name, value in facts.items() if value}


def _provider(caller: Caller) -> str | None:
    """The OpenID Connect provider that vouched for a role session."""
    if caller.session is None or not isinstance(caller.principal, RoleSession):
        return None
    return web_provider_of(caller.session)


def _rfc3339(epoch: int) -> str:
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
