"""The STS cases of tests/cases/sts, each against a real store, as bytes on the wire."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from daypass.exchange import Response
from daypass.testing.local import VERSIONS, LocalDaypass, Signer, flatten, raw_request
from tests.calling import credentials_in, element

FOLDER = Path(__file__).parents[2] / "cases/sts"
CASES = [
    pytest.param(case, id=f"{file.stem}: {case['case']}")
    for file in sorted(FOLDER.glob("*.json"))
    for case in json.loads(file.read_text())
]
EVERYTHING = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
STS = "https://sts.amazonaws.com/doc/2011-06-15/"
DISPATCH = "http://webservices.amazon.com/AWSFault/2005-15-09"
OTHER = "999999999999"
_NUMBERS = count(1)
FEATURES = {"RootCredentialsManagement", "RootSessions"}
_PLACE = re.compile(r"\{(account|management|caller|other|\d+)\}")


@dataclass
class Probe:
    """The caller of one case: his account, his credentials, the ARN that messages show."""

    daypass: LocalDaypass
    account: str
    signer: Signer | None
    arn: str

    def filled(self, value: Any) -> Any:
        """``value`` with its placeholders filled in."""
        if isinstance(value, str):
            return _PLACE.sub(self._place, value)
        if isinstance(value, list):
            return [self.filled(item) for item in value]
        return {name: self.filled(item) for name, item in value.items()} if isinstance(value, dict) else value

    def _place(self, found: re.Match[str]) -> str:
        name = found[1]
        fixed = {"account": self.account, "management": self.daypass.account, "caller": self.arn, "other": OTHER}
        return fixed[name] if name in fixed else "x" * int(name)

    def call(self, operation: str, params: dict[str, Any], **where: str) -> Response:
        """The answer to the call that is judged."""
        if self.signer is not None:
            headers = {"Host": where["host"]} if "host" in where else {}
            region = where.get("region", "us-east-1")
            return self.daypass.call("sts", operation, params, self.signer, region=region, headers=headers)
        form = urlencode({"Action": operation, "Version": VERSIONS["sts"], **flatten(params)}).encode()
        headers = {
            "Host": where.get("host", "localhost:7177"),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        return self.daypass.serve(raw_request("POST", "/", headers.items(), form))


@pytest.fixture(scope="module")
def daypass() -> Iterator[LocalDaypass]:
    with LocalDaypass() as local:
        local.daypass.operator("daypass:CreateOrganization", {})
        yield local


@pytest.mark.parametrize("case", CASES)
def test_the_service_does_what_the_case_says(daypass: LocalDaypass, case: dict[str, Any]) -> None:
    """The judged call gets exactly the refusal, or the answer, that the case states."""
    probe = make_probe(daypass, case)
    operation, params = probe.filled(case["when"])
    namespace = DISPATCH if case.get("refused", ("", ""))[1] == "InvalidAction" else STS
    where = {name: case[name] for name in ("host", "region") if name in case}
    answer = probe.call(operation, params, **where)
    if "refused" in case:
        status, code, message = probe.filled(case["refused"])
        assert (answer.status, element(answer, "Code")) == (status, code), answer.body.decode()
        assert answer.body.decode() == envelope(code, message, element(answer, "RequestId"), namespace)
        return
    assert answer.status == 200, answer.body.decode()
    for member, value in probe.filled(case["answers"]).items():
        found = element(answer, member)
        assert found == value or (value == "…" and found), member
    if "lasts" in case:
        ends = datetime.fromisoformat(element(answer, "Expiration")).timestamp()
        assert case["lasts"] - 3 <= ends - daypass.clock.now() <= case["lasts"]


def envelope(code: str, message: str, request_id: str, namespace: str) -> str:
    """AWS's error envelope, byte for byte."""
    text = message.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    return (
        f'<ErrorResponse xmlns="{namespace}">\n  <Error>\n    <Type>Sender</Type>\n'
        f"    <Code>{code}</Code>\n    <Message>{text}</Message>\n  </Error>\n"
        f"  <RequestId>{request_id}</RequestId>\n</ErrorResponse>\n"
    )


def make_probe(daypass: LocalDaypass, case: dict[str, Any]) -> Probe:
    """The caller that the case wants, in an account of his own."""
    account, admin = daypass.account_named(f"case-{next(_NUMBERS)}")
    probe = Probe(daypass, account, None, f"arn:aws:iam::{account}:user/probe")
    kind = case.get("as", "user")
    assert kind in {"user", "root", "nobody", "session", "federated", "role", "manager"}, kind
    if kind == "root":
        made = daypass.daypass.operator("daypass:CreateRootAccessKey", {}, account)
        return Probe(daypass, account, Signer.of(made["AccessKey"]), f"arn:aws:iam::{account}:root")
    if kind == "nobody":
        return probe
    if kind == "manager":
        name = f"probe-{account}"
        probe.arn = f"arn:aws:iam::{daypass.account}:user/{name}"
        _enable(daypass, set(case.get("features", FEATURES)))
        probe.signer = _user(daypass, daypass.admin, json.dumps(probe.filled(case.get("policy", EVERYTHING))), name)
        return probe
    key = _user(daypass, admin, json.dumps(probe.filled(case.get("policy", EVERYTHING))))
    if kind == "session":
        key = credentials_in(daypass.call("sts", "GetSessionToken", {}, key))
    elif kind == "federated":
        key = credentials_in(daypass.call("sts", "GetFederationToken", {"Name": "fed"}, key))
        probe.arn = f"arn:aws:sts::{account}:federated-user/fed"
    elif kind == "role":
        key = _role_session(daypass, account, admin, json.dumps(EVERYTHING))
        probe.arn = f"arn:aws:sts::{account}:assumed-role/probe/session"
    probe.signer = key
    return probe


def _enable(daypass: LocalDaypass, wanted: set[str]) -> None:
    """Let the organization have these features and no others."""
    for feature in sorted(FEATURES):
        verb = "Enable" if feature in wanted else "Disable"
        answer = daypass.call("iam", f"{verb}Organizations{feature}")
        assert answer.status == 200, answer.body


def _user(daypass: LocalDaypass, admin: Signer, policy: str, name: str = "probe") -> Signer:
    for action, params in (
        ("CreateUser", {"UserName": name}),
        ("PutUserPolicy", {"UserName": name, "PolicyName": "own", "PolicyDocument": policy}),
    ):
        answer = daypass.call("iam", action, params, admin)
        assert answer.status == 200, answer.body
    return credentials_in(daypass.call("iam", "CreateAccessKey", {"UserName": name}, admin))


def _role_session(daypass: LocalDaypass, account: str, admin: Signer, policy: str) -> Signer:
    trust = {"Statement": {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}}
    for action, params in (
        ("CreateRole", {"RoleName": "probe", "AssumeRolePolicyDocument": json.dumps(trust)}),
        ("PutRolePolicy", {"RoleName": "probe", "PolicyName": "own", "PolicyDocument": policy}),
    ):
        answer = daypass.call("iam", action, params, admin)
        assert answer.status == 200, answer.body
    wish = {"RoleArn": f"arn:aws:iam::{account}:role/probe", "RoleSessionName": "session"}
    return credentials_in(daypass.call("sts", "AssumeRole", wish, admin))
