"""An organization cuts its accounts: told with boto3 to two worker processes, on each store."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.loaders import Loader

from daypass.app import Daypass, open_daypass
from daypass.settings import load
from daypass.testing.local import Signer
from tests.calling import admin_of
from tests.postgres import PostgresServer
from tests.running import Running, up

MODELS = Loader()
LOOKS = 4
"""Connections on which each thing is asked, so that most rounds meet both workers."""


@dataclass
class Company:
    """A management account, a member in the unit `workloads`, a partner outside, and a role in the first two."""

    running: Running
    operator: Daypass
    organization: str
    team: str
    partner: str
    admins: dict[str, Signer]

    @property
    def management(self) -> str:
        return self.operator.default_account

    def do(self, operation: str, **params: object) -> Any:
        """One operation of the operator, in this process, beside the running one."""
        return self.operator.operator(f"daypass:{operation}", params)

    def put(self, kind: str, name: str, *statements: dict[str, object]) -> str:
        """Keep a control policy; its ARN."""
        content = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        made = self.do("PutControlPolicy", Type=kind, Name=name, Content=content)["PolicyId"]
        word = {"scp": "service_control_policy", "rcp": "resource_control_policy"}[kind]
        return f"arn:aws:organizations::{self.management}:policy/{self.organization}/{word}/{made}"

    def command(self, *words: str) -> None:
        """One `daypass account …` command in a process of its own."""
        done = self.running.command("account", *words)
        assert done.returncode == 0, done.stderr

    def client(self, service: str, signer: Signer) -> Any:
        """A boto3 client with connections of its own. botocore's models are read once: that is what is slow."""
        core = botocore.session.Session()
        core.register_component("data_loader", MODELS)
        session = boto3.Session(
            signer.access_key_id,
            signer.secret_access_key.reveal(),
            signer.session_token,
            "us-east-1",
            botocore_session=core,
        )
        once = Config(retries={"total_max_attempts": 1})
        return session.client(service, endpoint_url=self.running.url, config=once)

    def assume(self, caller: str, owner: str) -> set[str]:
        """What the admin of ``caller`` is told on several connections when he assumes the role in ``owner``."""
        role = {"RoleArn": f"arn:aws:iam::{owner}:role/app", "RoleSessionName": "story"}
        return self.told(self.admins[caller], "sts", lambda sts: sts.assume_role(**role))

    def told(self, signer: Signer, service: str, ask: Callable[[Any], object]) -> set[str]:
        """`ok`, or the message of the refusal, on each of several connections."""
        answers = set()
        for _ in range(LOOKS):
            try:
                ask(self.client(service, signer))
                answers.add("ok")
            except ClientError as error:
                code, message = (error.response["Error"][name] for name in ("Code", "Message"))
                answers.add(message if code == "AccessDenied" else code)
        return answers


def refusal(caller: str, owner: str, why: str = "") -> set[str]:
    """AWS's sentence for a refused AssumeRole by an admin."""
    role = f"arn:aws:iam::{owner}:role/app"
    user = f"User: arn:aws:iam::{caller}:user/admin"
    return {f"{user} is not authorized to perform: sts:AssumeRole on resource: {role}{why}"}


DENY_ASSUMING: dict[str, object] = {"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "*"}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def company(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """One company for all chapters on a store; each chapter takes away what it attached."""
    data: Path = tmp_path_factory.mktemp("company") / "data"
    options: tuple[str, ...] = ()
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        options = ("--database", server.new_database())
    with ExitStack() as stack:
        running = stack.enter_context(up(data, "--workers", "2", *options))
        operator = stack.enter_context(open_daypass(load(data, dict(os.environ), {}).settings, data))
        made = {name: operator.create_account(name) for name in ("team", "partner")}
        ids = {name: made[name]["AccountId"] for name in made}
        admins = {ids[name]: Signer.of(made[name]) for name in made} | {operator.default_account: admin_of(data)}
        organization = operator.operator("daypass:CreateOrganization", {})["OrganizationId"]
        company = Company(running, operator, organization, ids["team"], ids["partner"], admins)
        company.do("CreateOrganizationalUnit", Name="workloads", Parent="root")
        company.do("MoveAccount", AccountId=company.team, Destination="workloads")
        company.do("RemoveAccountFromOrganization", AccountId=company.partner)
        for owner in (company.management, company.team):
            trusted = [f"arn:aws:iam::{account}:root" for account in admins]
            trust = {"Effect": "Allow", "Principal": {"AWS": trusted}, "Action": "sts:AssumeRole"}
            document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
            company.client("iam", admins[owner]).create_role(RoleName="app", AssumeRolePolicyDocument=document)
        yield company
        assert running.stop() == 0


def test_a_unit_is_cut_at_once_on_every_worker(company: Company) -> None:
    """An SCP on the unit refuses the account below at the next request, in AWS's words; without it all is as before."""
    arn = company.put("scp", "no-roles", DENY_ASSUMING)
    why = f" with an explicit deny in a service control policy: {arn}"
    assert company.assume(company.team, company.team) == {"ok"}
    company.command("scp", "attach", "no-roles", "--to", "workloads")
    assert company.assume(company.team, company.team) == refusal(company.team, company.team, why)
    assert company.assume(company.team, company.management) == refusal(company.team, company.management, why)
    for other in (company.management, company.partner):
        assert company.assume(other, company.team) == {"ok"}
    assert company.told(company.admins[company.team], "sts", lambda sts: sts.get_caller_identity()) == {"ok"}
    company.command("scp", "detach", "no-roles", "--from", "workloads")
    assert company.assume(company.team, company.team) == {"ok"}


def test_what_no_policy_of_a_level_allows_is_refused(company: Company) -> None:
    """Without FullAWSAccess on the unit, only what another SCP there allows goes on, whatever other levels allow."""
    company.put("scp", "iam-only", {"Effect": "Allow", "Action": "iam:*", "Resource": "*"})
    company.do("AttachPolicy", Type="scp", Policy="iam-only", Target="workloads")
    company.do("DetachPolicy", Type="scp", Policy="FullAWSAccess", Target="workloads")
    why = " because no service control policy allows the sts:AssumeRole action"
    assert company.assume(company.team, company.team) == refusal(company.team, company.team, why)
    assert company.told(company.admins[company.team], "iam", lambda iam: iam.list_users()) == {"ok"}
    company.do("AttachPolicy", Type="scp", Policy="FullAWSAccess", Target="workloads")
    company.do("DetachPolicy", Type="scp", Policy="iam-only", Target="workloads")
    assert company.assume(company.team, company.team) == {"ok"}


def test_the_management_account_is_never_cut(company: Company) -> None:
    """What hangs on the root cuts every member, new accounts too, and never the management account."""
    company.put("scp", "no-roles", DENY_ASSUMING)
    company.do("AttachPolicy", Type="scp", Policy="no-roles", Target="root")
    late = company.operator.create_account("late")
    company.admins[late["AccountId"]] = Signer.of(late)
    for member in (company.team, late["AccountId"]):
        assert company.assume(member, company.team) != {"ok"}
    assert company.assume(company.management, company.management) == {"ok"}
    assert company.assume(company.partner, company.management) == {"ok"}
    company.do("DetachPolicy", Type="scp", Policy="no-roles", Target="root")
    assert company.assume(company.team, company.team) == {"ok"}


def test_roots_and_sessions_of_a_member_are_cut(company: Company) -> None:
    """An SCP binds the root user and role sessions of the account, whose own policies allow everything."""
    member = company.client("iam", company.admins[company.team])
    member.attach_role_policy(RoleName="app", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    sts = company.client("sts", company.admins[company.team])
    role = f"arn:aws:iam::{company.team}:role/app"
    session = Signer.of(sts.assume_role(RoleArn=role, RoleSessionName="story")["Credentials"])
    root = Signer.of(company.operator.operator("daypass:CreateRootAccessKey", {}, company.team)["AccessKey"])
    arn = company.put("scp", "no-iam", {"Effect": "Deny", "Action": "iam:*", "Resource": "*"})
    callers = {
        session: f"arn:aws:sts::{company.team}:assumed-role/app/story",
        root: f"arn:aws:iam::{company.team}:root",
    }
    for signer in callers:
        assert company.told(signer, "iam", lambda iam: iam.list_users()) == {"ok"}
    company.do("AttachPolicy", Type="scp", Policy="no-iam", Target=company.team)
    for signer, caller in callers.items():
        asked = (
            f"User: {caller} is not authorized to perform: iam:ListUsers on resource: arn:aws:iam::{company.team}:user/"
        )
        why = f" with an explicit deny in a service control policy: {arn}"
        assert company.told(signer, "iam", lambda iam: iam.list_users()) == {asked + why}
    company.do("DetachPolicy", Type="scp", Policy="no-iam", Target=company.team)


def test_strangers_reach_a_role_only_from_inside_the_organization(company: Company) -> None:
    """An RCP on the role's account refuses callers of other organizations, however wide the trust."""
    outside = {"StringNotEquals": {"aws:PrincipalOrgID": company.organization}}
    company.put("rcp", "only-ours", {**DENY_ASSUMING, "Principal": "*", "Condition": outside})
    assert company.assume(company.partner, company.team) == {"ok"}
    company.do("AttachPolicy", Type="rcp", Policy="only-ours", Target=company.team)
    assert company.assume(company.partner, company.team) == refusal(company.partner, company.team)
    assert company.assume(company.partner, company.management) == {"ok"}
    for ours in (company.team, company.management):
        assert company.assume(ours, company.team) == {"ok"}
    company.do("MoveAccount", AccountId=company.partner, Destination="root")
    assert company.assume(company.partner, company.team) == {"ok"}
    company.do("RemoveAccountFromOrganization", AccountId=company.partner)
    assert company.assume(company.partner, company.team) == refusal(company.partner, company.team)
    company.do("DetachPolicy", Type="rcp", Policy="only-ours", Target=company.team)
    assert company.assume(company.partner, company.team) == {"ok"}


def test_within_the_organization_a_refusal_names_the_policy(company: Company) -> None:
    """An RCP that refuses everybody says so to callers of the organization, and silently to others."""
    arn = company.put("rcp", "closed", {**DENY_ASSUMING, "Principal": "*"})
    company.do("AttachPolicy", Type="rcp", Policy="closed", Target="workloads")
    why = f" with an explicit deny in a resource control policy: {arn}"
    for ours in (company.team, company.management):
        assert company.assume(ours, company.team) == refusal(ours, company.team, why)
    assert company.assume(company.partner, company.team) == refusal(company.partner, company.team)
    company.do("DisablePolicyType", Type="rcp")
    assert company.assume(company.team, company.team) == {"ok"}
    company.do("EnablePolicyType", Type="rcp")
    assert company.assume(company.team, company.team) == refusal(company.team, company.team, why)
    company.do("DetachPolicy", Type="rcp", Policy="closed", Target="workloads")
