"""Long-term access keys of users and of root. A secret is told once and stored only under the master key."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace

from daypass.credentials import Secret
from daypass.entities import AccessKey, User
from daypass.errors import NoSuchEntity, ValidationError
from daypass.operations.authorize import denied
from daypass.operations.call import Call
from daypass.operations.paging import Listing, page
from daypass.operations.registry import operation
from daypass.principals import Root
from daypass.services.iam import quotas
from daypass.services.iam.targets import user_or_caller

Members = dict[str, object]
Owner = User | Root

_SECRET_BYTES = 30  # 40 characters of base64, without padding


@operation("iam:CreateAccessKey", "changes")
def create_access_key(call: Call) -> Members:
    """Make an access key of a user; without a name, of the caller."""
    return {"AccessKey": issue_key(call, user_or_caller(call))}


def issue_key(call: Call, owner: Owner) -> Members:
    """Make and store a key of ``owner``; the result holds the secret access key, for the only time.

    Raises:
        LimitExceeded: it would be the third.
    """
    quotas.ACCESS_KEYS.require(1 + len(keys_of(call, owner)))
    key_id = call.new_access_key_id("AKIA")
    secret = Secret(b64encode(call.ports.entropy.bytes(_SECRET_BYTES)).decode("ascii"))
    key = AccessKey(key_id, _owner_id(owner), call.now, call.ports.keys.seal_secret(key_id, secret))
    call.put(key)
    return _members(owner, key) | {"SecretAccessKey": secret.reveal()}


def keys_of(call: Call, owner: Owner) -> tuple[AccessKey, ...]:
    """The access keys of ``owner``, oldest first."""
    owner_id = _owner_id(owner)
    found = (key for key in call.account.access_keys.values() if key.user_id == owner_id)
    return tuple(sorted(found, key=lambda key: (key.created, key.id)))


def _owner_id(owner: Owner) -> str:
    return owner.user_id if isinstance(owner, Root) else owner.id


def _members(owner: Owner, key: AccessKey) -> Members:
    """A key without its secret. Root has no user name, so there the member is left out."""
    named: Members = {} if isinstance(owner, Root) else {"UserName": owner.name}
    return named | {"AccessKeyId": key.id, "Status": key.status, "CreateDate": key.created}


@operation("iam:ListAccessKeys", "reads")
def list_access_keys(call: Call) -> Members:
    """The keys of a user, oldest first, without secrets."""
    owner = user_or_caller(call)
    keys = keys_of(call, owner)
    return page(
        call,
        Listing.of(
            "AccessKeyMetadata", keys, lambda key: f"{key.created:020d}{key.id}", lambda key: _members(owner, key)
        ),
    )


@operation("iam:UpdateAccessKey", "changes")
def update_access_key(call: Call) -> None:
    """Switch a key on or off. Off acts at once."""
    status = call.params["Status"]
    if status not in ("Active", "Inactive"):  # the model also lists Expired, which nobody can set
        raise ValidationError(
            "1 validation error detected: Value at 'status' failed to satisfy constraint: "
            "Member must satisfy enum value set"
        )
    key = _named_key(call)
    if status != key.status:
        call.put(replace(key, status=status))


@operation("iam:DeleteAccessKey", "changes")
def delete_access_key(call: Call) -> None:
    """Delete a key; it never works again."""
    call.delete(_named_key(call))


def _named_key(call: Call) -> AccessKey:
    """The key that the call names, if it belongs to the user that the call is about."""
    owner = user_or_caller(call)
    key = call.account.access_keys.get(call.params["AccessKeyId"])
    if key is None or key.user_id != _owner_id(owner):
        raise NoSuchEntity(f"The Access Key with id {call.params['AccessKeyId']} cannot be found.")
    return key


@operation("iam:GetAccessKeyLastUsed", "reads", reads_store=True)
def get_access_key_last_used(call: Call) -> Members:
    """Who a key of this account belongs to, and when, where and for what it was last used."""
    key_id = call.params["AccessKeyId"]
    key = call.account.access_keys.get(key_id)
    if key is None:  # nothing tells a key of another account from one that never was
        call.authorize(shown=f"access key {key_id}")
        raise denied(
            f"User: {call.caller.arn} is not authorized to perform iam:GetAccessKeyLastUsed "
            f"on resource: access key {key_id}"
        )
    user = call.account.users.get(key.user_id)
    root = Root(call.account.id, call.account.partition)
    call.authorize(call.account.arn(user) if user else root.arn, resource_tags=user.tags if user else ())
    named: Members = {"UserName": user.name} if user else {}
    return named | {"AccessKeyLastUsed": _last_use(call, key)}


def _last_use(call: Call, key: AccessKey) -> Members:
    use = call.ports.last_used.find(call.account.id, key.id)
    if use is None:
        return {"ServiceName": "N/A", "Region": "N/A"}
    return {"LastUsedDate": use.at, "ServiceName": use.service, "Region": use.region}
