"""The callers that differential tests ask as, in plain JSON, and what the engine calls them."""

from __future__ import annotations

from typing import Any

from daypass.policy.context import Requester
from daypass.principals import (
    Anonymous,
    AwsService,
    FederatedIdentity,
    FederatedUser,
    Operator,
    RoleSession,
    Root,
    User,
)  # fmt: skip

Caller = dict[str, Any]
ACCOUNT, FOREIGN = "111122223333", "444455556666"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:saml-provider/corp"

_ALICE = {"id": "AIDAALICEALICEALICE22", "name": "alice", "path": "/team/"}
_WORKER = {"type": "role", "account": ACCOUNT, "id": "AROAWORKERWORKERWORK2", "name": "worker", "path": "/app/"}

CALLERS: dict[str, Caller] = {
    "user": {"type": "user", "account": ACCOUNT, **_ALICE},
    "role session": {**_WORKER, "session": "monday"},
    "other role session": {**_WORKER, "session": "tuesday"},
    "federated user": {"type": "federated", "account": ACCOUNT, "name": "fred", "user": _ALICE},
    "federated root": {"type": "federated", "account": ACCOUNT, "name": "fred", "user": None},
    "root": {"type": "root", "account": ACCOUNT},
    "operator": {"type": "root", "account": ACCOUNT, "operator": True},
    "anonymous": {"type": "anonymous", "account": "anonymous"},
    "service": {"type": "service", "account": "", "name": "ec2.amazonaws.com"},
    "saml person": {"type": "provider", "account": "", "name": PROVIDER},
    "foreign user": {
        "type": "user", "account": FOREIGN, "id": "AIDABOBBOBBOBBOBBOB22", "name": "bob", "path": "/",
    },
    "foreign role session": {
        "type": "role", "account": FOREIGN, "id": "AROAGUESTGUESTGUEST22", "name": "guest", "path": "/",
        "session": "visit",
    },
    "foreign federated user": {
        "type": "federated", "account": FOREIGN, "name": "fred",
        "user": {"id": "AIDABOBBOBBOBBOBBOB22", "name": "bob", "path": "/"},
    },
    "foreign root": {"type": "root", "account": FOREIGN},
    "user of another partition": {"type": "user", "account": ACCOUNT, "partition": "aws-cn", **_ALICE},
}  # fmt: skip


def principal(caller: Caller) -> Requester:
    """What the engine calls ``caller``."""
    account, partition = caller["account"], caller.get("partition", "aws")
    match caller["type"]:
        case "user":
            return User(account, caller["id"], caller["name"], caller["path"], partition)
        case "role":
            return RoleSession(account, caller["id"], caller["name"], caller["session"], caller["path"], partition)
        case "federated":
            user = caller["user"] and principal({"type": "user", "account": account, **caller["user"]})
            return FederatedUser(account, caller["name"], user, partition)
        case "root":
            return Operator(account, partition=partition) if caller.get("operator") else Root(account, partition)
        case "service":
            return AwsService(caller["name"])
        case "provider":
            return FederatedIdentity(caller["name"])
    return Anonymous()
