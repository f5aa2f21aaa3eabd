"""``daypass policy test``: decisions by files and by the store, suites, output and exit codes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daypass.adapters.audit import tail
from daypass.cli.main import run
from daypass.cli.policy.test import _KINDS
from daypass.policy.simulate import KINDS
from daypass.testing.local import LocalDaypass

ALICE = "arn:aws:iam::111122223333:user/team/alice"
HOME = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::lake/${aws:username}/*"}
ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command runs in a folder of its own, and there is no data directory but one that is named."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "nowhere"))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def saved(name: str, content: Any) -> str:
    Path(name).write_text(json.dumps(content, indent=2))
    return name


def told(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    """What the command prints."""
    assert run(["policy", "test", *arguments]) == code, capsys.readouterr()
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What it says on stderr when it does not understand."""
    assert run(["policy", "test", *arguments]) == 2
    return capsys.readouterr().err


# ── one request ──────────────────────────────────────────────────────────────────────────────────────


def test_one_request_is_decided_and_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """By options alone; what follows from the principal is known."""
    asked = ["--identity", saved("home.json", policy(HOME)), "--principal", ALICE, "--action", "s3:GetObject"]
    said = told(capsys, *asked, "--resource", "arn:aws:s3:::lake/alice/x")
    assert said.startswith("allowed: s3:GetObject on arn:aws:s3:::lake/alice/x\n")
    assert "settled by statement 1 of home.json, line 4, layer identity" in said
    said = told(capsys, *asked, "--resource", "arn:aws:s3:::lake/bob/x", code=1)
    assert "to change it: add `arn:aws:s3:::lake/bob/x` to Resource in statement 1 of home.json; or allow" in said
    assert told(capsys, *asked, "--resource", "arn:aws:s3:::lake/bob/x", "--expect", "denied")


def test_every_kind_of_policy_has_its_option_and_its_say(capsys: pytest.CaptureFixture[str]) -> None:
    """Each kind in turn denies what all the others allow, and is named as the layer."""
    assert tuple(KINDS) == _KINDS
    whom: dict[str, Any] = {"rcp": "*", "endpoint": "*", "resource-policy": {"AWS": ALICE}}
    allow = {
        kind: policy({**ALL, **({"Principal": whom[kind]} if kind in whom else {})})
        for kind in _KINDS
        if kind != "trust"
    }
    layers = {"resource-policy": "resource"}
    for denying in allow:
        arguments = []
        for kind, content in allow.items():
            deny = {"Effect": "Deny", "Action": "s3:*", **({"Principal": "*"} if KINDS[kind].names_principals else {})}
            shown = policy({**deny, "Resource": "*"}) if kind == denying else content
            arguments += [f"--{kind}", saved(f"{kind}.json", shown)]
        asked = [*arguments, "--principal", ALICE, "--action", "s3:GetObject", "--json"]
        found = json.loads(told(capsys, *asked, "--expect", "explicitDeny"))
        assert (found["ok"], found["decision"]["layer"]) == (True, layers.get(denying, denying))


def test_a_trust_policy_is_asked_with_its_conditions(capsys: pytest.CaptureFixture[str]) -> None:
    """Context keys are given with the request; a repeated one has several values."""
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": ALICE},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"sts:ExternalId": "42"},
            "ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]},
        },
    }
    role = "arn:aws:iam::111122223333:role/r"
    asked = ["--trust", saved("trust.json", policy(trust)), "--action", "sts:AssumeRole", "--resource", role]
    asked += ["--principal", ALICE]
    context = ["--context", "sts:ExternalId=42", "--context", "aws:TagKeys=a", "--context", "aws:TagKeys=b"]
    assert told(capsys, *asked, *context).startswith("allowed")
    assert "ask with sts:ExternalId `42`" in told(capsys, *asked, code=1)
    assert told(capsys, *asked, *context, "--context", "aws:TagKeys=c", code=1)


@pytest.mark.parametrize(
    ("principal", "grant"),
    [
        ("ec2.amazonaws.com", {"Service": "ec2.amazonaws.com"}),
        ("accounts.google.com", {"Federated": "accounts.google.com"}),
        ("arn:aws:iam::111122223333:saml-provider/corp", {"Federated": "arn:aws:iam::111122223333:saml-provider/corp"}),
        ("arn:aws:sts::111122223333:assumed-role/worker/monday", {"AWS": "arn:aws:iam::111122223333:role/worker"}),
        ("arn:aws:iam::111122223333:role/app/worker", {"AWS": "arn:aws:iam::111122223333:role/app/worker"}),
        ("arn:aws:sts::111122223333:federated-user/fred", {"AWS": "arn:aws:sts::111122223333:federated-user/fred"}),
    ],
)
def test_whoever_can_ask_can_be_named(
    capsys: pytest.CaptureFixture[str], principal: str, grant: dict[str, str]
) -> None:
    """Each is granted by the policy that names him, and by none that names another."""
    for named, code in ((grant, 0), ({"AWS": "arn:aws:iam::111122223333:user/another"}, 1)):
        given = policy({"Effect": "Allow", "Principal": named, "Action": "sts:*"})
        asked = ["--trust", saved("trust.json", given), "--principal", principal, "--action", "sts:AssumeRole"]
        said = told(capsys, *asked, "--resource", "arn:aws:iam::111122223333:role/r", code=code)
        assert said.startswith("implicitDeny: " if code else "allowed: ")


# ── files of cases ───────────────────────────────────────────────────────────────────────────────────


def suite(**cases: Any) -> str:
    given = {"principal": ALICE, "identity": "home.json", "context": {"aws:SecureTransport": True}}
    saved("home.json", policy(HOME))
    return saved("cases.json", {"given": given, "cases": cases})


OWN = {"action": "s3:GetObject", "resource": "arn:aws:s3:::lake/alice/x", "expect": "allowed"}


def test_a_suite_tells_each_case_and_explains_those_that_fail(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1 as soon as one is not as expected."""
    name = suite(**{"her own": OWN, "another's": {**OWN, "resource": "arn:aws:s3:::lake/bob/x"}})
    lines = told(capsys, name, code=1).splitlines()
    assert lines[0] == "ok    her own"
    assert lines[1] == "FAIL  another's: expected allowed, is implicitDeny by layer identity"
    assert lines[2] == "      implicitDeny: s3:GetObject on arn:aws:s3:::lake/bob/x"
    assert lines[-1] == "1 as expected, 1 not"
    assert told(capsys, suite(own=OWN)).splitlines()[-1] == "1 as expected, 0 not"


def test_a_suite_as_json_has_each_decision(capsys: pytest.CaptureFixture[str]) -> None:
    """One array, in the order of the file."""
    name = suite(own=OWN, gone={**OWN, "action": "s3:DeleteObject", "expect": "denied", "layer": "boundary"})
    own, gone = json.loads(told(capsys, name, "--json", code=1))
    assert (own["name"], own["ok"], own["decision"]["effect"]) == ("own", True, "allowed")
    assert (gone["ok"], gone["expected"]) == (False, {"effect": "denied", "layer": "boundary"})


def test_a_case_with_several_actions_and_resources_is_many(capsys: pytest.CaptureFixture[str]) -> None:
    """Each pair is decided and told by itself; policies can stand in the file."""
    case = {
        "action": ["s3:GetObject", "s3:PutObject"],
        "resource": ["arn:aws:s3:::a/x", "arn:aws:s3:::b/x"],
        "identity": policy({"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::a/*"}),
        "expect": "allowed",
    }
    lines = told(capsys, suite(both=case), code=1).splitlines()
    assert [line for line in lines if line.startswith(("ok", "FAIL"))][1].startswith("FAIL  both: s3:GetObject on arn")
    assert lines[-1] == "2 as expected, 2 not"


def test_levels_of_an_organization_are_lists_in_a_list(capsys: pytest.CaptureFixture[str]) -> None:
    """Two policies at one level are alternatives, at two levels both must allow."""
    s3, ec2 = (policy({"Effect": "Allow", "Action": f"{name}:*", "Resource": "*"}) for name in ("s3", "ec2"))
    name = suite(
        beside={**OWN, "scp": [[s3, ec2]]}, below={**OWN, "scp": [s3, ec2], "expect": "implicitDeny", "layer": "scp"}
    )
    assert told(capsys, name).endswith("2 as expected, 0 not\n")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"cases": {}}, "it has no cases"),
        ({"case": {}}, "`case` is not known there"),
        ({"cases": {"a": {"action": "s3:Get", "expect": "yes"}}}, "cases.json: a: `expect` is missing or none of"),
        ({"cases": {"a": {"expect": "allowed"}}}, "cases.json: a: `action` is missing"),
        ({"cases": {"a": {**OWN, "identiy": "x"}}}, "cases.json: a: `identiy` is not known"),
        ({"cases": {"a": {**OWN, "identity": "gone.json"}}}, "gone.json: No such file or directory"),
        ({"cases": {"a": {**OWN, "identity": 7}}}, "cases.json: a: identity: neither the name of a file nor a policy"),
        (
            {"cases": {"a": {**OWN, "identity": {"Statement": []}}}},
            "a: Syntax errors in policy. (cases.json: a: i",
        ),
        ({"cases": {"a": {**OWN, "boundary": [policy(ALL), policy(ALL)]}}}, "one policy of the kind boundary"),
        ({"cases": {"a": {**OWN, "context": {"aws:x": None}}}}, "`None` is no value of a context key"),
        ({"cases": {"a": {**OWN, "principal": "alice"}}}, "`alice` is neither an ARN"),
        ({"cases": {"a": {**OWN, "trust": policy({**ALL, "Principal": "*"})}}}, "say who asks"),
        ({"cases": {"a": {**OWN, "as": "user/a", "principal": ALICE}}}, "both a principal and `as`"),
        ([1], "cases.json: not a JSON object"),
        ("x", "cases.json: not a JSON object"),
    ],
)
def test_what_is_not_understood_is_no_pass(capsys: pytest.CaptureFixture[str], content: Any, says: str) -> None:
    """Exit code 2, and a text that says what and where."""
    assert says in refused(capsys, saved("cases.json", content))


def test_a_case_that_stands_there_twice_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The second would hide the first."""
    Path("cases.json").write_text('{"cases": {"a": {"expect": "allowed"}, "a": {"expect": "allowed"}}}')
    assert "cases.json is not JSON: `a` stands there twice" in refused(capsys, "cases.json")


def test_a_request_and_files_do_not_go_together(capsys: pytest.CaptureFixture[str]) -> None:
    """Nor does neither."""
    assert run(["policy", "test"]) == 2
    assert run(["policy", "test", suite(own=OWN), "--action", "s3:GetObject"]) == 2


# ── by the store ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalDaypass]:
    """A daypass with a user, a group, a boundary and two roles in two accounts."""
    data = tmp_path_factory.mktemp("store") / "data"
    with LocalDaypass(data) as daypass:
        iam = daypass.client("iam")
        boundary = policy({"Effect": "Allow", "Action": ["iam:*", "sts:*"], "Resource": "*"})
        arn = iam.create_policy(PolicyName="edge", PolicyDocument=json.dumps(boundary))["Policy"]["Arn"]
        iam.create_user(UserName="alice", PermissionsBoundary=arn, Tags=[{"Key": "team", "Value": "web"}])
        iam.create_group(GroupName="readers")
        tagged = {"StringEquals": {"iam:ResourceTag/team": "${aws:PrincipalTag/team}"}}
        untagged = {"Null": {"iam:ResourceTag/team": "true"}}
        reading = policy(
            {"Effect": "Allow", "Action": ["iam:GetUser", "sts:AssumeRole"], "Resource": "*"},
            {
                "Effect": "Deny",
                "Action": "iam:GetUser",
                "Resource": "*",
                "Condition": untagged,
            },
            {"Effect": "Allow", "Action": "iam:DeleteUser", "Resource": "*", "Condition": tagged},
        )
        iam.put_group_policy(GroupName="readers", PolicyName="reading", PolicyDocument=json.dumps(reading))
        iam.add_user_to_group(GroupName="readers", UserName="alice")
        _, other = daypass.account_named("other")
        for client, condition in (
            (iam, {}),
            (daypass.client("iam", other), {"StringEquals": {"sts:ExternalId": "42"}}),
        ):
            trust = {"Effect": "Allow", "Principal": {"AWS": daypass.account}, "Action": "sts:AssumeRole"}
            client.create_role(
                RoleName="open", AssumeRolePolicyDocument=json.dumps(policy({**trust, "Condition": condition}))
            )
        yield daypass


def test_a_user_of_the_store_has_all_that_bears_on_him(store: LocalDaypass, capsys: pytest.CaptureFixture[str]) -> None:
    """Groups, boundary, tags, the tags of what is asked for: the answer of the real request, explained."""
    asked = ["--data", str(store.data), "--as", "user/alice", "--json"]
    users = f"arn:aws:iam::{store.account}:user/"
    for action, resource, effect in (
        ("iam:GetUser", f"{users}alice", "allowed"),
        ("iam:GetUser", f"{users}admin", "explicitDeny"),
        ("iam:DeleteUser", f"{users}alice", "allowed"),
        ("iam:DeleteUser", f"{users}admin", "implicitDeny"),
        ("s3:GetObject", "arn:aws:s3:::b/k", "implicitDeny"),
    ):
        found = json.loads(told(capsys, *asked, "--action", action, "--resource", resource, "--expect", effect))
        assert found["ok"], (action, resource)
        if effect == "explicitDeny":
            assert found["decision"]["policy"] == {"name": "reading", "arn": None, "group": "readers"}


def test_a_role_of_the_store_is_asked_with_its_trust_policy(
    store: LocalDaypass, capsys: pytest.CaptureFixture[str]
) -> None:
    """In this account and in the other, whose condition the context must meet."""
    other = next(one for one in store.daypass.storage.directory.ids() if one != store.account)
    asked = ["--data", str(store.data), "--as", "user/alice", "--action", "sts:AssumeRole", "--resource"]
    assert told(capsys, *asked, f"arn:aws:iam::{store.account}:role/open")
    assert "layer trust" not in told(
        capsys, *asked, f"arn:aws:iam::{other}:role/open", "--context", "sts:ExternalId=42"
    )
    assert "ask with sts:ExternalId `42`" in told(capsys, *asked, f"arn:aws:iam::{other}:role/open", code=1)


def test_policies_of_files_come_beside_those_of_the_store(
    store: LocalDaypass, capsys: pytest.CaptureFixture[str]
) -> None:
    """A new policy is tried on a real user before it is attached; the boundary is his own until another is given."""
    extra = saved("extra.json", policy(ALL))
    asked = ["--data", str(store.data), "--as", "user/alice", "--action", "s3:GetObject", "--identity", extra]
    assert "boundary: does not allow" in told(capsys, *asked, code=1)
    assert told(capsys, *asked, "--boundary", extra)


def test_asking_the_store_is_recorded(store: LocalDaypass, capsys: pytest.CaptureFixture[str]) -> None:
    """Like every other command of the operator."""
    told(capsys, "--data", str(store.data), "--as", "role/open", "--action", "iam:GetUser", code=1)
    record = [one for one in tail(store.data / "audit") if one["eventName"] == "DecideRequest"][-1]
    assert record["requestParameters"]["As"] == "role/open"
    assert record["userIdentity"]["invokedBy"] == "daypass"


def test_nobody_that_is_not_there_is_decided_about(store: LocalDaypass, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong name is an error and no denial."""
    assert run(["policy", "test", "--data", str(store.data), "--as", "user/gone", "--action", "s3:GetObject"]) == 1
    assert "NoSuchEntity: There is no user/gone in account" in capsys.readouterr().err
