"""DecodeAuthorizationMessage: what stands in an encoded refusal."""

from __future__ import annotations

from collections.abc import Mapping

from daypass.operations.call import Call
from daypass.operations.registry import operation
from daypass.sessions.authorization_message import open_message


@operation("sts:DecodeAuthorizationMessage", "reads")
def decode_authorization_message(call: Call) -> Mapping[str, object]:
    """The text of a message that was made for the caller's account (STS API reference, DecodeAuthorizationMessage).

    Raises:
        InvalidAuthorizationMessage: none of this daypass, another account's, or expired.
    """
    call.authorize("*", shown="")
    ring = call.ports.keys.ring()
    return {"DecodedMessage": open_message(call.params["EncodedMessage"], call.account.id, ring, call.now)}
