"""The whole story, told by real clients to a real process: keys, roles, sessions, accounts, refusals, expiry."""

from __future__ import annotations

import json
from dataclasses import replace

from daypass.testing.local import Signer

from .clients import admin, assume, aws, client, document, refused, trusting, who
from .conftest import World

INVALID = "The security token included in the request is invalid"


def test_the_story_with_boto3(world: World) -> None:
    """A user assumes a role, does what it may, is refused what it may not; a second account, a chain, the end."""
    root = admin(world)
    iam = client(world, "iam", root)
    account = client(world, "sts", root).get_caller_identity()["Account"]

    # The administrator makes a user, a policy, and a role that trusts the user and holds the policy.
    alice_arn = iam.create_user(UserName="alice", Path="/people/")["User"]["Arn"]
    alice = Signer.of(iam.create_access_key(UserName="alice")["AccessKey"])
    policy = iam.create_policy(
        PolicyName="readers",
        PolicyDocument=document({"Effect": "Allow", "Action": ["iam:GetUser", "iam:ListUsers"], "Resource": "*"}),
    )["Policy"]["Arn"]
    reader = iam.create_role(RoleName="reader", Path="/app/", AssumeRolePolicyDocument=trusting(alice_arn))["Role"]
    iam.attach_role_policy(RoleName="reader", PolicyArn=policy)

    # Alice herself may nothing; the session may what the role may, and is told why not in AWS's words.
    alice_iam = client(world, "iam", alice)
    assert refused(alice_iam.list_users) == (
        403,
        "AccessDenied",
        (
            f"User: {alice_arn} is not authorized to perform: iam:ListUsers on resource: arn:aws:iam::{account}:user/ "
            "because no identity-based policy allows the iam:ListUsers action"
        ),
    )
    session = assume(client(world, "sts", alice), reader["Arn"])
    session_arn = f"arn:aws:sts::{account}:assumed-role/reader/story"
    assert who(world, session) == session_arn
    session_iam = client(world, "iam", session)
    assert {user["UserName"] for user in session_iam.list_users()["Users"]} == {"admin", "alice"}
    assert refused(lambda: session_iam.delete_user(UserName="alice"))[1:] == (
        "AccessDenied",
        (
            f"User: {session_arn} is not authorized to perform: iam:DeleteUser on resource: {alice_arn} "
            "because no identity-based policy allows the iam:DeleteUser action"
        ),
    )
    narrow = document({"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*"})
    cut = client(world, "iam", assume(client(world, "sts", alice), reader["Arn"], Policy=narrow))
    assert cut.get_user(UserName="alice")["User"]["Arn"] == alice_arn
    assert refused(cut.list_users)[2].endswith("because no session policy allows the iam:ListUsers action")

    # A second account's role trusts the first account's role; both sides must allow.
    made = world.daypass.command("account", "create", "partner", "--json")
    assert made.returncode == 0, made.stderr
    partner = json.loads(made.stdout)["AccountId"]
    partner_iam = client(world, "iam", admin(world, partner))
    guest = partner_iam.create_role(RoleName="guest", AssumeRolePolicyDocument=trusting(reader["Arn"]))["Role"]["Arn"]
    session_sts = client(world, "sts", session)
    denied = f"User: {session_arn} is not authorized to perform: sts:AssumeRole on resource: {guest}"
    assert refused(lambda: assume(session_sts, guest)) == (403, "AccessDenied", denied)
    iam.put_role_policy(
        RoleName="reader",
        PolicyName="across",
        PolicyDocument=document({"Effect": "Allow", "Action": ["sts:AssumeRole"], "Resource": guest}),
    )
    chained = assume(session_sts, guest, "across")
    assert who(world, chained) == f"arn:aws:sts::{partner}:assumed-role/guest/across"
    assert refused(lambda: assume(session_sts, guest, DurationSeconds=3601))[1:] == (
        "ValidationError",
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    )

    # What is tampered with, swapped or gone is refused with the right code.
    letter = "A" if session.session_token[-8] != "A" else "B"  # type: ignore[index]
    tampered = session.session_token[:-8] + letter + session.session_token[-7:]  # type: ignore[index]
    for wrong, code in (
        (replace(session, session_token=tampered), "InvalidClientTokenId"),
        (replace(session, session_token=chained.session_token), "InvalidClientTokenId"),
        (replace(session, session_token=None), "InvalidClientTokenId"),
        (replace(session, secret_access_key=chained.secret_access_key), "SignatureDoesNotMatch"),
        (replace(alice, secret_access_key=session.secret_access_key), "SignatureDoesNotMatch"),
    ):
        assert refused(lambda signer=wrong: who(world, signer))[:2] == (403, code)  # type: ignore[misc]
    iam.delete_access_key(UserName="alice", AccessKeyId=alice.access_key_id)
    assert refused(lambda: who(world, alice)) == (403, "InvalidClientTokenId", f"{INVALID}.")
    partner_iam.delete_role(RoleName="guest")
    assert refused(lambda: who(world, chained)) == (403, "InvalidClientTokenId", INVALID)


def test_the_story_with_the_aws_cli_and_its_end(world: World) -> None:
    """The CLI makes user and role, assumes it, and two hours later its session has expired."""
    code, identity, _ = aws(world, "sts", "get-caller-identity")
    assert code == 0
    account = identity["Account"]
    for command in (
        ("iam", "create-user", "--user-name", "bob"),
        ("iam", "create-role", "--role-name", "jobs", "--assume-role-policy-document", trusting(identity["Arn"])),
        ("iam", "attach-role-policy", "--role-name", "jobs", "--policy-arn", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
    ):
        code, _, complaint = aws(world, *command)
        assert code == 0, complaint
    role = f"arn:aws:iam::{account}:role/jobs"
    code, made, complaint = aws(world, "sts", "assume-role", "--role-arn", role, "--role-session-name", "cli")
    assert code == 0, complaint
    session = Signer.of(made["Credentials"])

    code, found, _ = aws(world, "iam", "get-user", "--user-name", "bob", signer=session)
    assert (code, found["User"]["UserName"]) == (0, "bob")
    code, _, complaint = aws(world, "iam", "delete-user", "--user-name", "bob", signer=session)
    assert code != 0
    assert "because no identity-based policy allows the iam:DeleteUser action" in complaint

    code, _, complaint = aws(world, "sts", "get-caller-identity", signer=session)
    assert code == 0
    world.clock.advance(7200)
    code, _, complaint = aws(world, "sts", "get-caller-identity", signer=session)
    assert code != 0
    assert "(ExpiredToken)" in complaint
    assert "The security token included in the request is expired" in complaint
    code, _, complaint = aws(world, "sts", "get-caller-identity", clock="own")
    assert code != 0
    assert "(SignatureDoesNotMatch)" in complaint
    assert "Signature expired" in complaint
