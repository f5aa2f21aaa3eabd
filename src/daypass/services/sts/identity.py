"""Who am I, and whose key is this: GetCallerIdentity, GetAccessKeyInfo."""

from __future__ import annotations

from collections.abc import Mapping

from daypass.errors import ValidationError
from daypass.ids import account_of
from daypass.operations.call import Call
from daypass.operations.registry import operation


@operation("sts:GetCallerIdentity", "reads")
def get_caller_identity(call: Call) -> Mapping[str, object]:
    """The verified caller. Needs no permission and cannot be denied (STS API reference, GetCallerIdentity)."""
    call.pass_endpoint()
    who = call.caller.principal
    return {"UserId": who.user_id, "Account": who.account, "Arn": who.arn}


@operation("sts:GetAccessKeyInfo", "reads")
def get_access_key_info(call: Call) -> Mapping[str, object]:
    """The account that an access key id carries, whether or not the key exists (STS API reference)."""
    call.authorize("*", shown="")
    access_key_id = call.params["AccessKeyId"]
    account = account_of(access_key_id)
    if account is None:
        raise ValidationError(f"Access key id {access_key_id} carries no account.")
    return {"Account": account}
