"""Operations that AWS's global endpoint does not have.

Source: STS API reference, AssumeRoot and GetWebIdentityToken: regional endpoints only.
"""

from __future__ import annotations

from daypass.errors import InvalidAction
from daypass.operations.call import Call

_VERSION = "2011-06-15"


def refuse_global(call: Call) -> None:
    """Refuse a call to the global endpoint, in the words for an operation that an endpoint does not have.

    Raises:
        InvalidAction: the request came to the global endpoint.
    """
    if call.facts.is_global:
        raise InvalidAction(f"Could not find operation {call.operation.action} for version {_VERSION}")
