"""The Security Token Service: one module per family of operations (STS API reference, 2011-06-15)."""

from daypass.services.sts import (
    assume_role,
    assume_root,
    authorization_message,
    delegated_access,
    federation_token,
    identity,
    saml,
    session_token,
    web_identity,
    web_identity_token,
)

__all__ = [
    "assume_role",
    "assume_root",
    "authorization_message",
    "delegated_access",
    "federation_token",
    "identity",
    "saml",
    "session_token",
    "web_identity",
    "web_identity_token",
]
