"""AssumeRoot and what switches it on: told with boto3 in an organization of two."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from daypass import open_session_token
from daypass.operations.managed_policies import managed_policies
from daypass.services.sts.assume_root import TASKS
from daypass.testing.local import LocalDaypass, Signer

TASK = "arn:aws:iam::aws:policy/root-task/"


@dataclass
class Pair:
    """A management account and one member, ``team``."""

    daypass: LocalDaypass
    team: str
    team_admin: Signer

    def do(self, operation: str, account: str | None = None, **params: object) -> Any:
        """One operation of the operator."""
        return self.daypass.daypass.operator(f"daypass:{operation}", params, account)

    def iam(self, signer: Signer | None = None) -> Any:
        return self.daypass.client("iam", signer)

    def root(self, task: str, signer: Signer | None = None, **params: object) -> dict[str, Any]:
        """The whole answer of AssumeRoot for the member."""
        wish = {"TargetPrincipal": self.team, "TaskPolicyArn": {"arn": TASK + task}, **params}
        answer: dict[str, Any] = self.daypass.client("sts", signer).assume_root(**wish)
        return answer

    def session(self, task: str) -> Signer:
        """Credentials of the member's root for ``task``."""
        return Signer.of(self.root(task)["Credentials"])


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with LocalDaypass() as daypass:
        found = Pair(daypass, *daypass.account_named("team"))
        found.do("CreateOrganization")
        found.iam().enable_organizations_root_credentials_management()
        found.iam().enable_organizations_root_sessions()
        yield found


def code(call: Any, **params: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**params)
    return str(refused.value.response["Error"]["Code"])


def test_it_is_the_members_root(pair: Pair) -> None:
    """The session acts as root of the member account, although it descends from the management account."""
    who = pair.daypass.client("sts", pair.session("IAMAuditRootUserCredentials")).get_caller_identity()
    assert (who["Arn"], who["UserId"]) == (f"arn:aws:iam::{pair.team}:root", pair.team)
    record = pair.daypass.daypass.data / "audit"
    lines = [json.loads(line) for path in sorted(record.glob("*.jsonl")) for line in path.read_text().splitlines()]
    last = next(line for line in reversed(lines) if line["eventName"] == "GetCallerIdentity")
    assert last["userIdentity"]["arn"] == f"arn:aws:iam::{pair.team}:root"
    assert last["userIdentity"]["type"] == "Root"
    assert last["userIdentity"]["sessionContext"]["assumedRoot"] == "true"


def test_forgotten_root_keys_are_found_and_deleted(pair: Pair) -> None:
    """What central root access is for: audit shows the member's root key, the other task deletes it, neither more."""
    key = pair.do("CreateRootAccessKey", pair.team)["AccessKey"]["AccessKeyId"]
    audit = pair.iam(pair.session("IAMAuditRootUserCredentials"))
    assert [found["AccessKeyId"] for found in audit.list_access_keys()["AccessKeyMetadata"]] == [key]
    assert code(audit.delete_access_key, AccessKeyId=key) == "AccessDenied"
    cleaner = pair.iam(pair.session("IAMDeleteRootUserCredentials"))
    cleaner.delete_access_key(AccessKeyId=key)
    assert audit.list_access_keys()["AccessKeyMetadata"] == []
    assert code(cleaner.list_users) == "AccessDenied"
    assert code(cleaner.create_access_key) == "AccessDenied"
    assert code(cleaner.list_access_keys, UserName="admin") == "AccessDenied"


@pytest.mark.parametrize("task", TASKS)
def test_a_root_session_opens_no_other(pair: Pair, task: str) -> None:
    """No task leaves an operation of STS that makes credentials, nor any that makes users, keys or roles."""
    signer = pair.session(task)
    sts, iam = pair.daypass.client("sts", signer), pair.iam(signer)
    assert code(sts.get_session_token) == "AccessDenied"
    assert code(sts.get_federation_token, Name="bob") == "AccessDenied"
    role = f"arn:aws:iam::{pair.team}:role/any"
    assert code(sts.assume_role, RoleArn=role, RoleSessionName="next") == "AccessDenied"
    wish = {"TargetPrincipal": pair.team, "TaskPolicyArn": {"arn": TASK + task}}
    assert code(sts.assume_root, **wish) == "AccessDenied"
    assert code(iam.create_user, UserName="mallory") == "AccessDenied"
    assert code(iam.create_access_key, UserName="admin") == "AccessDenied"


def test_only_the_five_tasks_are_tasks() -> None:
    """Every task policy that is shipped is a task, every task has its policy, and all they do is deny."""
    shipped = {
        arn.removeprefix(TASK): policy for arn, policy in managed_policies("aws").items() if arn.startswith(TASK)
    }
    assert shipped.keys() == TASKS.keys()
    for policy in shipped.values():
        statements = json.loads(policy.versions[0].document)["Statement"]
        assert {statement["Effect"] for statement in statements} == {"Deny"}


def test_only_the_management_account_has_its_members(pair: Pair) -> None:
    """Neither a member nor the management account of nobody has root; an account that has left is not had either."""
    wish = {"TargetPrincipal": pair.daypass.account, "TaskPolicyArn": {"arn": TASK + "S3UnlockBucketPolicy"}}
    assert code(pair.daypass.client("sts", pair.team_admin).assume_root, **wish) == "AccessDenied"
    gone, admin = pair.daypass.account_named("gone")
    pair.do("RemoveAccountFromOrganization", AccountId=gone)
    wish["TargetPrincipal"] = gone
    assert code(pair.daypass.client("sts").assume_root, **wish) == "AccessDenied"
    wish["TargetPrincipal"] = pair.team
    assert code(pair.daypass.client("sts", admin).assume_root, **wish) == "AccessDenied"


def test_an_scp_of_the_member_cuts_its_assumed_root(pair: Pair) -> None:
    """What the organization denies the member account, its root cannot do by way of the management account."""
    content = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Deny", "Action": "iam:ListAccessKeys", "Resource": "*"},
    }
    made = pair.do("PutControlPolicy", Type="scp", Name="no-lists", Content=json.dumps(content))["PolicyId"]
    where = {"Type": "scp", "Policy": made, "Target": pair.team}
    pair.do("AttachPolicy", **where)
    try:
        assert code(pair.iam(pair.session("IAMAuditRootUserCredentials")).list_access_keys) == "AccessDenied"
    finally:
        pair.do("DetachPolicy", **where)


def test_an_rcp_of_the_member_guards_its_root(pair: Pair) -> None:
    """A resource control policy of the member refuses the call itself, and says so within the organization."""
    statement = {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRoot", "Resource": "*"}
    content = json.dumps({"Version": "2012-10-17", "Statement": statement})
    made = pair.do("PutControlPolicy", Type="rcp", Name="no-root", Content=content)["PolicyId"]
    where = {"Type": "rcp", "Policy": made, "Target": pair.team}
    pair.do("AttachPolicy", **where)
    try:
        with pytest.raises(ClientError, match="with an explicit deny in a resource control policy"):
            pair.root("S3UnlockBucketPolicy")
    finally:
        pair.do("DetachPolicy", **where)


def test_source_identity_and_transitive_tags_go_along(pair: Pair) -> None:
    """A role session's source identity is answered and kept; what is transitive stays."""
    account = pair.daypass.account
    trust = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": ["sts:*"]}
    iam = pair.iam()
    role = iam.create_role(RoleName="auditor", AssumeRolePolicyDocument=json.dumps({"Statement": trust}))["Role"]
    iam.attach_role_policy(RoleName="auditor", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    tags = [{"Key": "case", "Value": "7"}, {"Key": "shift", "Value": "night"}]
    made = pair.daypass.client("sts").assume_role(
        RoleArn=role["Arn"], RoleSessionName="night", SourceIdentity="ann", Tags=tags, TransitiveTagKeys=["case"]
    )
    answer = pair.root("IAMAuditRootUserCredentials", Signer.of(made["Credentials"]))
    assert answer["SourceIdentity"] == "ann"
    own, given = pair.daypass.daypass, answer["Credentials"]
    session = open_session_token(
        given["SessionToken"], given["AccessKeyId"], keyring=own.keys.ring(), now=pair.daypass.clock.now()
    )
    assert (session.tags, session.transitive, session.source_identity) == ((("case", "7"),), ("case",), "ann")
    assert session.lineage == (made["Credentials"]["AccessKeyId"],)


def test_features_are_listed_and_switched_by_the_management_account_alone(pair: Pair) -> None:
    """Each feature on its own, twice the same as once; a member is told that it is one, an outsider that he is one."""
    iam, team = pair.iam(), pair.iam(pair.team_admin)
    both = ["RootCredentialsManagement", "RootSessions"]
    assert iam.list_organizations_features()["EnabledFeatures"] == both
    assert iam.disable_organizations_root_sessions()["EnabledFeatures"] == both[:1]
    assert code(pair.root, task="S3UnlockBucketPolicy") == "AccessDenied"
    assert iam.enable_organizations_root_sessions()["EnabledFeatures"] == both
    again = iam.enable_organizations_root_sessions()
    assert (again["EnabledFeatures"], again["OrganizationId"][:2]) == (both, "o-")
    administrator = "AccountNotManagementOrDelegatedAdministratorException"
    assert code(team.list_organizations_features) == administrator
    assert code(team.disable_organizations_root_sessions) == administrator
    assert code(team.enable_organizations_root_sessions) == "CallerIsNotManagementAccountException"
    outside, admin = pair.daypass.account_named("outside")
    pair.do("RemoveAccountFromOrganization", AccountId=outside)
    assert code(pair.iam(admin).list_organizations_features) == "OrganizationNotFoundException"
