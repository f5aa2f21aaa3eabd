"""The story of people: who joins a group, who leaves it, and an administrator who is one only within his boundary."""

from __future__ import annotations

from typing import Any

import pytest

from daypass.testing.local import Signer

from .clients import admin, assume, aws, client, document, refused, trusting
from .conftest import World

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def key_of(iam: Any, name: str) -> Signer:
    return Signer.of(iam.create_access_key(UserName=name)["AccessKey"])


def test_a_user_gains_and_loses_what_his_group_has_at_the_next_request(world: World) -> None:
    """Joining, attaching, denying, renaming, leaving: each is in force for the very next call, of boto3 and the CLI."""
    iam = client(world, "iam", admin(world))
    arn = iam.create_user(UserName="ann")["User"]["Arn"]
    group = iam.create_group(GroupName="support", Path="/people/")["Group"]
    assert (group["GroupId"][:4], group["Arn"].rpartition(":")[2]) == ("AGPA", "group/people/support")
    ann = key_of(iam, "ann")
    hers = client(world, "iam", ann)
    denied = "because no identity-based policy allows the iam:ListUsers action"
    assert refused(hers.list_users)[2].endswith(denied)

    iam.attach_group_policy(GroupName="support", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    assert refused(hers.list_users)[2].endswith(denied)
    iam.add_user_to_group(GroupName="support", UserName="ann")
    assert {user["UserName"] for user in hers.list_users()["Users"]} == {"admin", "ann"}
    code, found, complaint = aws(world, "iam", "get-group", "--group-name", "support", signer=ann)
    assert code == 0, complaint
    assert [user["Arn"] for user in found["Users"]] == [arn]
    pages = hers.get_paginator("list_groups_for_user").paginate(UserName="ann")
    assert [each["GroupName"] for page in pages for each in page["Groups"]] == ["support"]

    # What the group may assume, a session of her long-term key may assume too, for as long as she is in it.
    role = iam.create_role(RoleName="desk", AssumeRolePolicyDocument=trusting(arn.rpartition(":user")[0] + ":root"))
    wish = role["Role"]["Arn"]
    may = document({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": wish})
    iam.put_group_policy(GroupName="support", PolicyName="desk", PolicyDocument=may)
    token = Signer.of(client(world, "sts", ann).get_session_token()["Credentials"])
    assume(client(world, "sts", token), wish)

    iam.update_group(GroupName="support", NewGroupName="helpdesk", NewPath="/")
    assert hers.list_groups_for_user(UserName="ann")["Groups"][0]["Arn"].endswith(":group/helpdesk")
    deny = document({"Effect": "Deny", "Action": "iam:ListUsers", "Resource": "*"})
    iam.put_group_policy(GroupName="helpdesk", PolicyName="deny", PolicyDocument=deny)
    assert refused(hers.list_users)[2].endswith("with an explicit deny in an identity-based policy")
    iam.delete_group_policy(GroupName="helpdesk", PolicyName="deny")
    assert hers.list_users()["Users"]

    for call, kind in ((iam.delete_group, {"GroupName": "helpdesk"}), (iam.delete_user, {"UserName": "ann"})):
        assert refused(lambda call=call, kind=kind: call(**kind))[:2] == (409, "DeleteConflict")  # type: ignore[misc]
    iam.remove_user_from_group(GroupName="helpdesk", UserName="ann")
    assert refused(hers.list_users)[2].endswith(denied)
    assert refused(lambda: assume(client(world, "sts", token), wish))[1] == "AccessDenied"
    code, _, complaint = aws(world, "iam", "list-users", signer=ann)
    assert code != 0
    assert denied in complaint

    # A group made anew under the old name is another one.
    iam.detach_group_policy(GroupName="helpdesk", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    iam.delete_group_policy(GroupName="helpdesk", PolicyName="desk")
    iam.delete_group(GroupName="helpdesk")
    iam.create_group(GroupName="helpdesk")
    made = iam.get_group(GroupName="helpdesk")
    assert (made["Users"], made["Group"]["GroupId"] != group["GroupId"]) == ([], True)


@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
def test_a_delegated_administrator_cannot_escape_the_boundary_he_must_set(world: World) -> None:
    """He makes people who can do less than he was told to allow, and no call of his or theirs makes anybody more."""
    root = admin(world)
    iam = client(world, "iam", root)
    account = client(world, "sts", root).get_caller_identity()["Account"]
    policies = f"arn:aws:iam::{account}:policy/"
    team, own = f"{policies}team", f"{policies}dee"
    under = {"StringEquals": {"iam:PermissionsBoundary": team}}
    actions = ["CreateUser", "AttachUserPolicy", "PutUserPolicy", "PutUserPermissionsBoundary"]
    texts = {
        "team": document({"Effect": "Allow", "Action": ["s3:*", "iam:Get*"], "Resource": "*"}),
        "dee": document(
            {"Effect": "Allow", "Action": [f"iam:{each}" for each in actions], "Resource": "*", "Condition": under},
            {"Effect": "Allow", "Action": ["iam:*Key*", "iam:UpdateUser"], "Resource": "arn:aws:iam::*:user/team/*"},
            {"Effect": "Allow", "Action": ["iam:*Group", "iam:*GroupPolicy"], "Resource": "*"},
        ),
    }
    for name, text in texts.items():
        iam.create_policy(PolicyName=name, PolicyDocument=text)
    iam.create_group(GroupName="admins")
    iam.attach_group_policy(GroupName="admins", PolicyArn=ADMINISTRATOR)
    bounded = iam.create_user(UserName="dee", PermissionsBoundary=own)["User"]["PermissionsBoundary"]
    assert bounded == {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": own}
    iam.attach_user_policy(UserName="dee", PolicyArn=own)
    dee = key_of(iam, "dee")
    his = client(world, "iam", dee)

    # His work, as far as it goes: his people may be given anything, and have the boundary's part of it.
    his.create_user(UserName="tom", Path="/team/", PermissionsBoundary=team)
    his.attach_user_policy(UserName="tom", PolicyArn=ADMINISTRATOR)
    his.add_user_to_group(GroupName="admins", UserName="tom")
    his.add_user_to_group(GroupName="admins", UserName="dee")
    toms = client(world, "iam", key_of(his, "tom"))
    assert toms.get_user(UserName="dee")["User"]["UserName"] == "dee"
    unbounded = "because no permissions boundary allows the iam:{} action"

    # The ways out, by himself and by Tom.
    text = document({"Effect": "Allow", "Action": "*", "Resource": "*"})
    key, user = {"UserName": "admin"}, {"UserName": "tom"}
    for theirs, operation, params in (
        (his, "create_user", {"UserName": "eve", "Path": "/team/"}),
        (his, "create_user", {"UserName": "eve", "Path": "/team/", "PermissionsBoundary": ADMINISTRATOR}),
        (his, "put_user_permissions_boundary", {**user, "PermissionsBoundary": own}),
        (his, "delete_user_permissions_boundary", user),
        (his, "delete_user_permissions_boundary", {"UserName": "dee"}),
        (his, "put_user_policy", {"UserName": "dee", "PolicyName": "p", "PolicyDocument": text}),
        (his, "create_access_key", key),
        (his, "update_user", {**user, "NewPath": "/"}),
        (his, "create_policy_version", {"PolicyArn": team, "PolicyDocument": text, "SetAsDefault": True}),
        (his, "create_role", {"RoleName": "r", "AssumeRolePolicyDocument": trusting(account)}),
        (toms, "create_user", {"UserName": "eve"}),
        (toms, "delete_user_permissions_boundary", user),
        (toms, "create_access_key", key),
    ):
        refusal = refused(lambda theirs=theirs, op=operation, params=params: getattr(theirs, op)(**params))  # type: ignore[misc]
        assert refusal[:2] == (403, "AccessDenied"), operation
        action = "".join(word.title() for word in operation.split("_"))
        assert refusal[2].endswith(unbounded.format(action)), refusal[2]
    code, _, complaint = aws(world, "iam", "delete-user-permissions-boundary", "--user-name", "tom", signer=dee)
    assert code != 0
    assert unbounded.format("DeleteUserPermissionsBoundary") in complaint

    # The administrator sees whom the boundary binds, and cannot lose it by mistake.
    used = iam.list_entities_for_policy(PolicyArn=team, PolicyUsageFilter="PermissionsBoundary")
    assert [each["UserName"] for each in used["PolicyUsers"]] == ["tom"]
    assert iam.get_policy(PolicyArn=team)["Policy"]["PermissionsBoundaryUsageCount"] == 1
    assert refused(lambda: iam.delete_policy(PolicyArn=team))[:2] == (409, "DeleteConflict")
