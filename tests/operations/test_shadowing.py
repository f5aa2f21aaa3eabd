"""What a caller sends never becomes a condition key that it is not: no header, parameter or tag, however spelt."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from daypass.entities import InlinePolicy, Role, User
from daypass.sigv4 import sign_request
from daypass.testing.local import ENDPOINT, VERSIONS, LocalDaypass, Signer, flatten, raw_request
from tests.calling import code_of
from tests.operations.conftest import trust

CASES = Path(__file__).parents[1] / "cases/context"
GLOBAL = [row["key"] for row in json.loads((CASES / "global-keys.json").read_text())["keys"]]
OF_SERVICES = [
    *(
        f"sts:{name}"
        for name in ("ExternalId", "RoleSessionName", "SourceIdentity", "TransitiveTagKeys", "TaskPolicyArn")
    ),
    *(
        f"sts:{name}"
        for name in ("DurationSeconds", "AWSServiceName", "RoleAuthorizedByIdp", "RequestContextProviders")
    ),
    *(f"iam:{name}" for name in ("PolicyARN", "PermissionsBoundary", "PassedToService", "AWSServiceName")),
    *("iam:ResourceTag/team", "saml:sub", "saml:aud", "accounts.google.com:sub", "cognito-identity.amazonaws.com:aud"),
]
KEYS = [key.replace("/KEY", "/team") for key in GLOBAL] + OF_SERVICES
MARK = "injected"
TRUE_FACTS = {"aws:SourceIp": "127.0.0.1", "aws:SecureTransport": "false", "aws:username": "alice"}
FORWARDING = {
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "sts.amazonaws.com",
    "X-Forwarded-Ssl": "on",
    "Front-End-Https": "on",
    "Forwarded": "for=203.0.113.9;proto=https",
    "X-Real-IP": "203.0.113.9",
    "X-Client-IP": "203.0.113.9",
    "True-Client-IP": "203.0.113.9",
    "CF-Connecting-IP": "203.0.113.9",
    "X-Cluster-Client-IP": "203.0.113.9",
    "X-Amz-Source-Ip": "203.0.113.9",
    "X-Scheme": "https",
}


def spellings(key: str) -> Iterator[str]:
    """Ways to write a key as the name of something that is sent."""
    service, _, name = key.partition(":")
    cut = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name)
    yield from (key, key.lower(), key.upper(), name, name.lower(), cut, f"{service}-{name}", f"{service}_{name}")
    yield from (f"{service}.{name}", f"x-amz-{name}", f"x-amz-{cut}", f"x-aws-{cut}", f"x-amz-{service}-{name}")
    yield from (f"Context.{key}", f"X-Amz-Context-{name}", f"Condition.StringEquals.{key}", f"${{{key}}}")


def names(keys: Iterable[str]) -> list[str]:
    """All spellings of all keys, each once."""
    return list(dict.fromkeys(name for key in keys for name in spellings(key)))


def header_names(keys: Iterable[str]) -> list[str]:
    """Those that can stand in a header; User-Agent and Referer are keys' own sources."""
    own = {"user-agent", "useragent", "referer"}
    written = dict.fromkeys(name.lower() for name in names(keys) if re.fullmatch(r"[\w!#$%&'*+.^`|~-]+", name))
    return [name for name in written if name not in own]


def batches(sent: list[str]) -> Iterator[list[str]]:
    """As many at a time as fit into a target."""
    return (sent[at : at + 200] for at in range(0, len(sent), 200))


@dataclass
class Scene:
    """A user ``alice`` and a role ``reader``, whose policies a test writes as it likes."""

    daypass: LocalDaypass
    alice: Signer

    def put(self, entity: User | Role) -> None:
        with self.daypass.daypass.storage.store.transaction(self.daypass.account) as change:
            change.put(entity)

    @property
    def snapshot(self) -> Any:
        return self.daypass.daypass.storage.directory.load(self.daypass.account)

    def allow_alice(self, *conditions: dict[str, Any], **more: Any) -> None:
        """Let alice list users under each of these conditions, and under no other."""
        statements = [
            {"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*", "Condition": c} for c in conditions
        ]
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        alice = self.snapshot.users_by_name["alice"]
        self.put(replace(alice, inline=(InlinePolicy("inline", document),), **more))

    def call(
        self,
        action: str = "ListUsers",
        *,
        form: dict[str, str] | None = None,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        unsigned: dict[str, str] | None = None,
    ) -> str:
        """alice's call with all of this in it: 200 or the error's code."""
        service = "sts" if action == "AssumeRole" else "iam"
        body = urlencode({"Action": action, "Version": VERSIONS[service], **(form or {})}).encode()
        target = f"?{urlencode(query)}" if query else ""
        signed = sign_request(
            "POST",
            ENDPOINT + target,
            {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})},
            body,
            access_key_id=self.alice.access_key_id,
            secret_access_key=self.alice.secret_access_key.reveal(),
            region="us-east-1",
            service=service,
            now=self.daypass.clock.now(),
        )
        lines = [*(unsigned or {}).items(), *signed.items()]
        answer = self.daypass.serve(raw_request("POST", f"/{target}", lines, body))
        return "200" if answer.status == 200 else code_of(answer)


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    """One daypass for the module."""
    with LocalDaypass() as daypass:
        iam = daypass.client("iam")
        arn = iam.create_user(UserName="alice")["User"]["Arn"]
        iam.create_role(RoleName="reader", AssumeRolePolicyDocument=trust(arn))
        yield Scene(daypass, Signer.of(iam.create_access_key(UserName="alice")["AccessKey"]))


def injected(key: str) -> dict[str, Any]:
    """A condition that holds when ``key`` has a value that the caller brought along."""
    return {"ForAnyValue:StringLike": {key: f"*{MARK}*"}}


def test_the_probe_finds_a_key_that_is_set(scene: Scene) -> None:
    """The condition that the other tests rely on does hold where a header is the key's own source."""
    scene.allow_alice(injected("aws:UserAgent"))
    assert scene.call(headers={"User-Agent": MARK}) == "200"
    assert scene.call(headers={"User-Agent": "other"}) == "AccessDenied"


@pytest.mark.parametrize("where", ["headers", "unsigned", "query", "form"])
def test_nothing_that_is_sent_sets_a_key_that_is_absent(scene: Scene, where: str) -> None:
    """Every key in every spelling, as signed header, unsigned header, query and form parameter: all without effect."""
    scene.allow_alice(*map(injected, KEYS))
    sent = header_names(KEYS) if where in ("headers", "unsigned") else names(KEYS)
    if where == "unsigned":
        sent = [name for name in sent if not name.startswith("x-amz-")]
    assert len(sent) > 400
    for some in batches(sent):
        assert scene.call(**{where: dict.fromkeys(some, MARK)}) == "AccessDenied"  # type: ignore[arg-type]


@pytest.mark.parametrize("where", ["headers", "query", "form"])
@pytest.mark.parametrize("value", [MARK, ""])
def test_nothing_that_is_sent_hides_a_key_that_is_present(scene: Scene, where: str, value: str) -> None:
    """The server's own values stay, whether something else or nothing is sent under their names."""
    scene.allow_alice({"StringEquals": TRUE_FACTS})
    for some in batches(header_names(KEYS) if where == "headers" else names(KEYS)):
        assert scene.call(**{where: dict.fromkeys(some, value)}) == "200"  # type: ignore[arg-type]


@pytest.mark.parametrize("where", ["headers", "unsigned", "query", "form"])
def test_forwarding_headers_of_strangers_say_nothing(scene: Scene, where: str) -> None:
    """Without a trusted proxy the address is the connection's and clear text stays clear text."""
    forged = [{"IpAddress": {"aws:SourceIp": "203.0.113.9"}}, {"Bool": {"aws:SecureTransport": "true"}}]
    sent = {name: value for name, value in FORWARDING.items() if where != "unsigned" or "Amz" not in name}
    scene.allow_alice(*forged)
    assert scene.call(**{where: sent}) == "AccessDenied"  # type: ignore[arg-type]
    scene.allow_alice({"StringEquals": TRUE_FACTS})
    assert scene.call(**{where: sent}) == "200"  # type: ignore[arg-type]


def test_context_entries_are_for_the_simulator_only(scene: Scene) -> None:
    """Parameters in which the simulator takes context keys mean nothing elsewhere."""
    entries = [{"ContextKeyName": key, "ContextKeyValues": [MARK], "ContextKeyType": "string"} for key in KEYS]
    scene.allow_alice(*map(injected, KEYS))
    assert scene.call(form=flatten({"ContextEntries": entries})) == "AccessDenied"


def test_tags_called_like_keys_are_tags(scene: Scene) -> None:
    """Tags of the user with the names of keys show up as aws:PrincipalTag/… and nowhere else."""
    tags = tuple((name, MARK) for name in {n.lower(): n for key in KEYS for n in (key, key.partition(":")[2])}.values())
    keys = [key for key in KEYS if not key.lower().startswith("aws:principaltag/")]
    scene.allow_alice(*map(injected, keys), tags=tags)
    assert scene.call() == "AccessDenied"
    scene.allow_alice(injected("aws:PrincipalTag/aws:SourceVpc"), tags=tags)
    assert scene.call() == "200"
    scene.allow_alice(injected("aws:SourceVpc"), tags=())


def assume(**more: Any) -> dict[str, str]:
    return flatten({"RoleSessionName": "test", **more})


def test_a_trust_policy_sees_only_what_assume_role_takes(scene: Scene) -> None:
    """Headers, foreign parameters and tags under the names of keys do not meet the conditions of a trust policy."""
    role, account = scene.snapshot.roles_by_name["reader"], scene.daypass.account
    keys = [key for key in KEYS if not key.lower().startswith(("aws:requesttag/", "aws:tagkeys"))]
    statement = json.loads(role.trust)["Statement"][0]
    conditions = [{**statement, "Condition": injected(key)} for key in keys]
    document = json.dumps({"Version": "2012-10-17", "Statement": conditions})
    scene.put(replace(role, trust=document))
    tags = [{"Key": name, "Value": MARK} for name in ("SourceVpc", "ExternalId", "sts:ExternalId", "Referer", "x:y")]
    wish = assume(RoleArn=f"arn:aws:iam::{account}:role/reader", Tags=tags)
    foreign = [name for name in names(KEYS) if ":" in name or "-" in name or "_" in name]
    for some in batches(foreign):
        sent, headers = dict.fromkeys(some, MARK), dict.fromkeys(header_names(KEYS), MARK)
        assert scene.call("AssumeRole", form={**sent, **wish}, query=sent, headers=headers) == "AccessDenied"
    assert scene.call("AssumeRole", form={**wish, "ExternalId": MARK}) == "200"
    scene.put(role)


@pytest.mark.parametrize("key", ["aws:SourceVpc", "AWS:PrincipalOrgID", "aws:"])
def test_tag_keys_of_aws_namespace_are_refused(scene: Scene, key: str) -> None:
    """No user, role or session can carry a tag that begins with aws:, in any case."""
    tag = [{"Key": key, "Value": MARK}]
    arn = f"arn:aws:iam::{scene.daypass.account}:role/reader"
    assert scene.call("AssumeRole", form=assume(RoleArn=arn, Tags=tag)) == "ValidationError"
    answer = scene.daypass.call("iam", "TagUser", {"UserName": "alice", "Tags": tag})
    assert code_of(answer) == "InvalidInput"
