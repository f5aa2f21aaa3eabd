"""GetFederationToken: a session for somebody whom a broker knows and IAM does not.

Source: STS API reference, GetFederationToken; IAM User Guide, "Permissions for GetFederationToken".

The session acts as ``federated-user/Name`` of the calling user's account. It may what both the user's own policies and
the session policies allow, and without session policies only what resources grant to the federated user by name.
"""

from __future__ import annotations

from collections.abc import Mapping

from daypass.operations.authorize import denied, tag_keys
from daypass.operations.call import Call, NewSession, shape
from daypass.operations.registry import operation
from daypass.principals import FederatedUser, Root, Tags, User
from daypass.services.sts.session_policies import must_exist, passed_policies, passed_tags
from daypass.services.sts.token_size import least_size, sizes
from daypass.sessions.limits import packed_policy_size, session_tags, session_token_duration


@operation("sts:GetFederationToken", "mints")
def get_federation_token(call: Call) -> Mapping[str, object]:
    """A session of a federated user, opened with the long-term key of a user or of root.

    Both ``sts:GetFederationToken`` and, with tags, ``sts:TagSession`` must be allowed on the federated user.
    """
    params, who = call.params, call.caller.principal
    tags, _ = session_tags(passed_tags(params), (), None)
    policy, arns = passed_policies(params)
    if call.caller.session is not None or not isinstance(who, User | Root):
        raise denied("Cannot call GetFederationToken with session credentials")
    made = FederatedUser(who.account, params["Name"], who if isinstance(who, User) else None, who.partition)
    _authorize(call, made, tags)
    must_exist(arns, call.account)
    packed = packed_policy_size(policy, arns, tags) or 0
    lasts = session_token_duration(params.get("DurationSeconds"), is_root=isinstance(who, Root))
    least = least_size(params)
    credentials = call.mint(_session(call, who, made.name, policy, arns, tags), lasts, least or 0)
    return {
        "Credentials": shape(credentials),
        "FederatedUser": {"FederatedUserId": made.user_id, "Arn": made.arn},
        "PackedPolicySize": packed,
    } | sizes(credentials, least)


def _authorize(call: Call, made: FederatedUser, tags: Tags) -> None:
    """Refuse unless the caller may make this federated user, and tag it if there are tags."""
    if not tags:
        call.authorize(made.arn)
        return
    keys = tag_keys(tags, "aws:RequestTag") | {"aws:tagkeys": tuple(key for key, _ in tags)}
    for action in ("sts:GetFederationToken", "sts:TagSession"):
        call.authorize(made.arn, action=action, keys=keys)


def _session(
    call: Call, who: User | Root, name: str, policy: str | None, arns: tuple[str, ...], tags: Tags
) -> NewSession:
    if isinstance(who, Root):
        return NewSession("federated", call.account, who.account, "root", name, policy, arns, tags)
    return NewSession("federated", call.account, who.id, f"user{who.path}{who.name}", name, policy, arns, tags)
