"""The Security Token Service: one module per family of operations (STS API reference, 2011-06-15)."""

from daypass.services.sts import assume_role, identity, session_token

__all__ = ["assume_role", "identity", "session_token"]
