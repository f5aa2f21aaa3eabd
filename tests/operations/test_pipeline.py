"""The order of effects, and what happens when a part of daypass fails."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from daypass.credentials import Secret
from daypass.errors import ServiceError
from daypass.ids import access_key_id
from daypass.operations.doors import Place
from daypass.operations.pipeline import Service
from daypass.operations.registry import REGISTRY, Registry
from daypass.ports import AuditUnavailable, NotLoaded, Ports
from daypass.testing.local import LocalDaypass, Signer, raw_request

from .conftest import ALLOW_ALL, Stage


class FullDisk:
    """An audit trail that has no room; it counts what it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def append(self, record: Mapping[str, object], *, durable: bool = False, into_reserve: bool = False) -> None:
        self.asked += 1
        raise AuditUnavailable("no room")

    def gather(self) -> None:
        raise AssertionError("nothing is gathered here")

    def write_gathered(self) -> None:
        raise AssertionError("nothing is gathered here")

    def append_refusal(self, record: Mapping[str, object], holder: str, *, few: bool = False) -> None:
        self.append(record)

    def count_failure(self, rendered: Callable[[], Mapping[str, object]]) -> None:
        self.asked += 1


def ports_of(daypass: LocalDaypass) -> Ports:
    return daypass.daypass.service._ports


def with_full_disk(daypass: LocalDaypass) -> FullDisk:
    """Give the running service an audit trail without room."""
    audit = FullDisk()
    old = ports_of(daypass)
    ports = Ports(old.clock, old.entropy, old.directory, old.store, old.keys, audit, old.last_used, old.codes)
    daypass.daypass.service = Service(ports, REGISTRY, Place())
    return audit


def test_without_a_record_nothing_is_minted_or_changed(stage: Stage) -> None:
    """When the audit trail takes no record, minting and changing are refused and leave nothing; verifying goes on."""
    audit = with_full_disk(stage.daypass)
    wish = {"RoleArn": stage.role_arn, "RoleSessionName": "test"}
    minted = stage.daypass.call("sts", "AssumeRole", wish, stage.alice)
    changed = stage.daypass.call("iam", "CreateUser", {"UserName": "bob"})
    verified = stage.daypass.call("sts", "GetCallerIdentity")
    assert (minted.status, changed.status, verified.status) == (503, 503, 200)
    assert b"SecretAccessKey" not in minted.body
    assert b"<Code>ServiceUnavailable</Code>" in changed.body
    snapshot = ports_of(stage.daypass).directory.load(stage.daypass.account)
    assert snapshot is not None
    assert "bob" not in snapshot.users_by_name
    assert audit.asked >= 3


def test_a_defect_answers_an_id_and_nothing_else(stage: Stage) -> None:
    """An unexpected exception becomes InternalFailure; its text stays on our side."""
    registry = Registry()

    @registry.operation("sts:GetCallerIdentity", "reads")
    def broken(call: object) -> None:
        raise ZeroDivisionError("the inner life of daypass")

    stage.daypass.daypass.service = Service(ports_of(stage.daypass), registry, Place())
    answer = stage.daypass.call("sts", "GetCallerIdentity")
    assert answer.status == 500
    assert b"<Code>InternalFailure</Code>" in answer.body
    assert b"inner life" not in answer.body


def test_an_operation_that_daypass_lacks_says_so(stage: Stage) -> None:
    """A known operation that is not built yet is refused by name, after authentication."""
    answer = stage.daypass.call("iam", "UploadSSHPublicKey", {"UserName": "x", "SSHPublicKeyBody": "x"})
    assert b"<Code>NotImplemented</Code>" in answer.body
    assert b"iam:UploadSSHPublicKey" in answer.body


def records(stage: Stage) -> list[dict[str, object]]:
    files = sorted((stage.daypass.data / "audit").glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def test_every_call_leaves_one_record_and_a_change_its_outcome(stage: Stage) -> None:
    """Reads, mints and refusals leave one record each; a change also leaves the record of its commit."""
    before = len(records(stage))
    stage.daypass.call("sts", "GetCallerIdentity")
    stage.assume()
    stage.daypass.call("iam", "CreateUser", {"UserName": "bob"})
    stage.daypass.call("iam", "CreateUser", {"UserName": "bob"})
    names = [(r["eventName"], r["errorCode"]) for r in records(stage)[before:]]
    assert names == [
        ("GetCallerIdentity", None),
        ("AssumeRole", None),
        ("CreateUser", None),
        ("ChangeCommitted", None),
        ("CreateUser", "EntityAlreadyExists"),
    ]


CLOUDTRAIL = {
    "eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress",
    "userAgent",
    "errorCode", "errorMessage", "requestParameters", "responseElements", "additionalEventData", "requestID", "eventID",
    "readOnly", "resources", "eventType", "managementEvent", "recipientAccountId", "sharedEventID", "eventCategory",
    "tlsDetails", "daypass",
}  # fmt: skip


def test_a_record_has_all_of_cloudtrails_members_and_no_secret(stage: Stage) -> None:
    """All members are at top level, absent ones null; neither secret key nor session token is anywhere."""
    session = stage.assume(Tags=[{"Key": "team", "Value": "blue"}])
    record = records(stage)[-1]
    assert set(record) == CLOUDTRAIL
    text = json.dumps(record)
    assert session.secret_access_key.reveal() not in text
    assert session.session_token not in text
    assert record["requestParameters"]["tags"] == [{"key": "team", "value": "blue"}]  # type: ignore[index]
    assert record["responseElements"]["credentials"]["accessKeyId"] == session.access_key_id  # type: ignore[index]


def test_a_refusal_keeps_the_beginning_of_long_parameters(stage: Stage) -> None:
    """A user without permissions leaves a short record, however much it sends; what is done is recorded whole."""
    long = ALLOW_ALL + " " * 5_000
    wish = {"UserName": "alice", "PolicyName": "all", "PolicyDocument": long}
    assert stage.daypass.call("iam", "PutUserPolicy", wish, stage.alice).status == 403
    refused = records(stage)[-1]["requestParameters"]
    assert refused["policyDocument"] == f"{long[:1024]}… ({len(long)} characters)"  # type: ignore[index]
    assert stage.daypass.call("iam", "PutUserPolicy", wish).status == 200
    done = records(stage)[-2]["requestParameters"]
    assert done["policyDocument"] == long  # type: ignore[index]


def test_strangers_are_counted_and_not_recorded(stage: Stage) -> None:
    """A failed authentication does not reach the audit trail proper."""
    before = len(records(stage))
    for number in range(20):
        stage.daypass.call("sts", "GetCallerIdentity", signer=stage.alice, region=f"moon-{number}")
    assert len(records(stage)) == before


def test_no_stranger_gets_a_thread(stage: Stage) -> None:
    """A change waits for a worker thread only when its signature holds; all others are refused on the spot."""
    wish = {"UserName": "bob"}
    wrong = replace(stage.alice, secret_access_key=Secret("x" * 40))
    unknown = replace(wrong, access_key_id=access_key_id("AKIA", "123456789012", bytes(6)))
    stage.daypass.serve = stage.daypass.daypass.service.serve  # type: ignore[method-assign]
    for stranger in (wrong, unknown):
        assert stage.daypass.call("iam", "CreateUser", wish, stranger).status == 403
    body = b"Action=CreateUser&Version=2010-05-08&UserName=bob"
    headers = (("Host", "iam.amazonaws.com"), ("Content-Type", "application/x-www-form-urlencoded"))
    assert stage.daypass.serve(raw_request("POST", "/", headers, body)).status == 403
    with pytest.raises(NotLoaded):
        stage.daypass.call("iam", "CreateUser", wish, stage.alice)


def test_what_computes_for_long_says_so(stage: Stage) -> None:
    """So that threads can take it one at a time."""
    stage.daypass.serve = stage.daypass.daypass.service.serve  # type: ignore[method-assign]
    wishes = {"SimulateCustomPolicy": {"ActionNames.member.1": "s3:GetObject"}, "CreateUser": {"UserName": "bob"}}
    for action, wish in wishes.items():
        with pytest.raises(NotLoaded) as reason:
            stage.daypass.call("iam", action, wish, stage.alice)
        assert reason.value.is_long is (action == "SimulateCustomPolicy")


def test_whoever_needs_a_thread_is_known_by_user_or_role_and_can_be_throttled(stage: Stage) -> None:
    """All keys and sessions of one user count as one; too much of him is AWS's `Throttling`, with a record."""
    iam = stage.daypass.client("iam")
    second = Signer.of(iam.create_access_key(UserName="alice")["AccessKey"])
    alice, reader = iam.get_user(UserName="alice")["User"]["UserId"], iam.get_role(RoleName="reader")["Role"]["RoleId"]
    callers = {second: alice, stage.alice: alice, stage.assume(): reader, stage.assume(): reader}
    stage.daypass.serve = stage.daypass.daypass.service.serve  # type: ignore[method-assign]
    for signer, holder in callers.items():
        with pytest.raises(NotLoaded) as reason:
            stage.daypass.call("iam", "DeleteUser", {"UserName": "bob"}, signer)
        assert reason.value.holder == holder
    assert reason.value.throttled
    refused = reason.value.throttled()
    assert refused.status == 400
    assert b"<Code>Throttling</Code>" in refused.body
    assert b"<Message>Rate exceeded</Message>" in refused.body
    last = records(stage)[-1]
    assert (last["eventName"], last["errorCode"]) == ("DeleteUser", "Throttling")
    assert reader in last["userIdentity"]["principalId"]


def test_a_sampled_failure_says_whom_the_stranger_claimed_to_be(stage: Stage) -> None:
    """The claimed key and region stand in the sample, for whoever looks for an attacker."""
    stage.daypass.call("sts", "GetCallerIdentity", signer=stage.alice, region="moon-1")
    samples = [json.loads(line) for line in next((stage.daypass.data / "audit").glob("failures*")).open()]
    claimed = samples[-1]["daypass"]["claimed"]
    assert claimed == {"accessKeyId": stage.alice.access_key_id, "region": "moon-1"}


@pytest.mark.parametrize("header", ["x-amz-security-token", "x-amz-content-sha256", "x-amz-audience"])
def test_an_unsigned_amz_header_is_refused(stage: Stage, header: str) -> None:
    """A header that could mean something and is not signed has no effect but to be refused."""
    original = stage.daypass.serve

    def tampered(raw: object) -> object:
        return original(raw.replaced(headers=(*raw.headers, (header.encode(), b"x"))))  # type: ignore[attr-defined]

    stage.daypass.serve = tampered  # type: ignore[method-assign, assignment]
    answer = stage.daypass.call("sts", "GetCallerIdentity")
    assert answer.status == 403


def test_a_secret_that_the_operator_hands_over_is_not_recorded() -> None:
    """Neither what the model calls sensitive, nor what is handed over as a secret, stands in any record."""
    with LocalDaypass() as local:
        daypass = local.daypass
        for name, params in (
            (
                "iam:UpdateSAMLProvider",
                {"SAMLProviderArn": "arn:aws:iam::1:saml-provider/a", "AddPrivateKey": "C4N4RY"},
            ),
            ("daypass:EnableRegion", {"Region": "eu-never-1", "Also": Secret("C4N4RY")}),
        ):
            with contextlib.suppress(ServiceError):
                daypass.operator(name, params)
        written = "".join(file.read_text() for file in (local.data / "audit").glob("*.jsonl"))
    assert "UpdateSAMLProvider" in written
    assert "EnableRegion" in written
    assert "C4N4RY" not in written
