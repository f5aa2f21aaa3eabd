"""Accounts of this daypass. Not an AWS API: only whoever holds the data directory makes accounts."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping

from daypass.activation import BY_DEFAULT
from daypass.credentials import Secret
from daypass.entities import AccessKey, Account, User
from daypass.errors import EntityAlreadyExists
from daypass.operations.authorize import denied
from daypass.operations.call import Call
from daypass.operations.registry import operation
from daypass.ports import AlreadyExists
from daypass.principals import Operator

ADMINISTRATOR = "AdministratorAccess"
SECRET_BYTES = 30
"""Entropy of a secret access key: 40 base64 characters."""


def require_operator(call: Call) -> None:
    """Refuse everyone who came over the network.

    Raises:
        AccessDenied: the caller is not the machine's operator.
    """
    if not isinstance(call.caller.principal, Operator):
        raise denied("Only the operator of this daypass may do this, on the machine that holds its data.")


@operation("daypass:CreateAccount", "founds")
def create_account(call: Call) -> Mapping[str, object]:
    """Make the account that the operator acts in, with a user ``admin`` and its access key.

    The answer is the only place where the secret access key is ever shown. Where this daypass serves one region alone,
    the account has opted into it.
    """
    require_operator(call)
    account, name = call.caller.account, str(call.params["Name"])
    try:
        call.put(Account(account, name, call.now, opted_in=() if call.region in BY_DEFAULT else (call.region,)))
    except AlreadyExists as error:
        raise EntityAlreadyExists(f"Account with name {name} already exists.") from error
    administrator = f"arn:{call.caller.principal.partition}:iam::aws:policy/{ADMINISTRATOR}"
    admin = User(call.new_id("AIDA"), "admin", "/", call.now, attached=(administrator,))
    call.put(admin)
    key_id = call.new_access_key_id("AKIA")
    secret = Secret(b64encode(call.ports.entropy.bytes(SECRET_BYTES)).decode("ascii"))
    call.put(AccessKey(key_id, admin.id, call.now, call.ports.keys.seal_secret(key_id, secret)))
    return {"AccountId": account, "UserName": "admin", "AccessKeyId": key_id, "SecretAccessKey": secret.reveal()}
