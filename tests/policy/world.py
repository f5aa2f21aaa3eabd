"""The people, roles and stock policies that the policy tests speak of, and the way from a case file to a decision."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from daypass.policy import Attached, Kind, PolicySet, RequestContext, parse_policy
from daypass.policy.context import Requester
from daypass.principals import Anonymous, AwsService, FederatedIdentity, FederatedUser, RoleSession, Root, User

CASES = Path(__file__).parents[1] / "cases"
ACCOUNT, FOREIGN = "111122223333", "444455556666"

ALICE = User(ACCOUNT, "AIDAALICEALICEALICE22", "alice", "/team/")
WORKER = RoleSession(ACCOUNT, "AROAWORKERWORKERWORK2", "worker", "monday", "/app/")
BOB = User(FOREIGN, "AIDABOBBOBBOBBOBBOB22", "bob")
GUEST = RoleSession(FOREIGN, "AROAGUESTGUESTGUEST22", "guest", "visit")

CALLERS: dict[str, Requester] = {
    "user": ALICE,
    "role session": WORKER,
    "other role session": RoleSession(ACCOUNT, WORKER.role_id, "worker", "tuesday", "/app/"),
    "federated user": FederatedUser(ACCOUNT, "fred", ALICE),
    "federated root": FederatedUser(ACCOUNT, "fred"),
    "root": Root(ACCOUNT),
    "anonymous": Anonymous(),
    "service": AwsService("ec2.amazonaws.com"),
    "saml person": FederatedIdentity("arn:aws:iam::111122223333:saml-provider/corp"),
    "foreign user": BOB,
    "foreign role session": GUEST,
    "foreign root": Root(FOREIGN),
}

NAMES = {
    "USER": ALICE.arn,
    "USER-ID": ALICE.id,
    "ROLE": WORKER.principal_arn,
    "ROLE-ID": WORKER.role_id,
    "SESSION": WORKER.arn,
    "FEDERATED": f"arn:aws:sts::{ACCOUNT}:federated-user/fred",
    "ROOT": f"arn:aws:iam::{ACCOUNT}:root",
    "FOREIGN-USER": BOB.arn,
    "FOREIGN-ROLE": GUEST.principal_arn,
    "FOREIGN-SESSION": GUEST.arn,
}

STOCK: dict[str, Any] = {
    "allow": {"Effect": "Allow", "Action": "*", "Resource": "*"},
    "deny": {"Effect": "Deny", "Action": "*", "Resource": "*"},
    "silent": {"Effect": "Allow", "Action": "nothing:AtAll", "Resource": "*"},
    "allow everyone": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"},
    "deny everyone": {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"},
    "deny others": {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*"},
}


def named(value: Any) -> Any:
    """``value`` with the names of NAMES put in."""
    if isinstance(value, str):
        return NAMES.get(value, value)
    if isinstance(value, list):
        return [named(one) for one in value]
    if isinstance(value, dict):
        return {NAMES.get(key, key): named(one) for key, one in value.items()}
    return value


def load(folder: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """All cases below a folder of ``tests/cases``: a readable id, and the case with what its file gives all of them."""
    for path in sorted((CASES / folder).rglob("*.json")):
        content = json.loads(path.read_text())
        for name, case in content["cases"].items():
            yield f"{path.stem}: {name}", {**content.get("given", {}), **case}


def document(statements: Any, version: str = "2012-10-17") -> str:
    """The text of a policy: a stock name, one statement or several."""
    if isinstance(statements, str):
        statements = STOCK[statements]
    return json.dumps({"Version": version, "Statement": named(statements)})


class World:
    """What one case describes: the policies around a request, and the request."""

    def __init__(self, case: dict[str, Any]) -> None:
        self.case = case
        self.count = 0

    def policies(self) -> PolicySet:
        """The policy set of the case."""
        case = self.case
        return PolicySet(
            identity=tuple(self._attach(one, "identity") for one in case.get("identity", [])),
            boundary=self._attach(case["boundary"], "boundary") if "boundary" in case else None,
            session=tuple(self._attach(one, "session") for one in case["session"]) if "session" in case else None,
            resource=self._resource(),
            resource_kind=case.get("resource kind", "resource"),
            scps=tuple(tuple(self._attach(one, "scp", Kind.SCP) for one in level) for level in case.get("scps", [])),
            rcps=tuple(tuple(self._attach(one, "rcp", Kind.RCP) for one in level) for level in case.get("rcps", [])),
            endpoint=self._attach(case["endpoint"], "endpoint", Kind.ENDPOINT) if "endpoint" in case else None,
            root=case.get("root", False),
        )

    def _attach(self, statements: Any, name: str, kind: Kind | None = None) -> Attached:
        arn = f"arn:aws:iam::{ACCOUNT}:policy/{name}-1" if self.case.get("arns") and name != "session" else None
        return Attached(parse_policy(document(statements), kind), name, arn)

    def _resource(self) -> Attached | None:
        case = self.case
        statements = case.get("resource policy")
        if case.get("grant"):
            statements = {"Effect": "Allow", "Principal": case["grant"], "Action": "*"}
            statements |= {"Condition": case["when"]} if "when" in case else {}
        if "all but" in case:
            statements = {"Effect": "Deny", "NotPrincipal": case["all but"], "Action": "*"}
        if statements is None:
            return None
        bindings = named(case["bindings"]) if "bindings" in case else None
        return Attached(parse_policy(document(statements)), "resource", None, bindings)

    def context(self) -> RequestContext:
        """The request of the case."""
        case = self.case
        caller = CALLERS[case.get("caller", "user")]
        keys = {key: tuple(value) if isinstance(value, list) else value for key, value in case.get("keys", {}).items()}
        if caller.principal_arn:
            keys.setdefault("aws:principalarn", caller.principal_arn)
        return RequestContext(case["action"], case["resource"], caller, case.get("owner", ACCOUNT), keys)
