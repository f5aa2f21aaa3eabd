"""A company inside the process: a management account, a member two units deep, a partner outside."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from daypass.entities import Organization, Role
from daypass.exchange import Response
from daypass.testing.local import LocalDaypass, Signer
from tests.calling import credentials_in, element

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
LINKED = Role(
    "AROAAAAAAAAAALINKED01", "linked", "/aws-service-role/x.amazonaws.com/", 0, "{}", attached=(ADMINISTRATOR,)
)


class Company:
    """Callers by name, and the organization as it was made. ``reset`` brings that back."""

    def __init__(self, daypass: LocalDaypass) -> None:
        self.daypass = daypass
        self.management = daypass.account
        made = {name: daypass.daypass.create_account(name) for name in ("team", "partner")}
        self.accounts = {"management": self.management, **{name: one["AccountId"] for name, one in made.items()}}
        self.admins = {"management": daypass.admin, **{name: Signer.of(one) for name, one in made.items()}}
        self.do("CreateOrganization")
        units = [("workloads", "root"), ("prod", "workloads"), ("sandbox", "root")]
        ids = {name: self.do("CreateOrganizationalUnit", Name=name, Parent=parent)["UnitId"] for name, parent in units}
        self.do("MoveAccount", AccountId=self.accounts["team"], Destination="workloads/prod")
        self.do("RemoveAccountFromOrganization", AccountId=self.accounts["partner"])
        self.made = self.organization
        path = "/".join((self.made.id, self.made.root, ids["workloads"], ids["prod"], ""))
        self.words = {"organization": self.made.id, "root": self.made.root, "path": path, **ids, **self.accounts}
        self.signers = self._people()

    @property
    def organization(self) -> Organization:
        """The organization as it is now."""
        snapshot = self.daypass.daypass.storage.directory.load(self.management)
        assert snapshot is not None
        (organization,) = snapshot.organizations.values()
        return organization

    def do(self, operation: str, **params: object) -> Mapping[str, Any]:
        """One operation of the operator."""
        return self.daypass.daypass.operator(f"daypass:{operation}", params)

    def put(self, kind: str, name: str, statements: list[Any]) -> str:
        """Keep a control policy; its ARN."""
        content = json.dumps({"Version": "2012-10-17", "Statement": statements})
        made = self.do("PutControlPolicy", Type=kind, Name=name, Content=content)["PolicyId"]
        word = {"scp": "service_control_policy", "rcp": "resource_control_policy"}[kind]
        return f"arn:aws:organizations::{self.management}:policy/{self.made.id}/{word}/{made}"

    def reset(self) -> None:
        """Everything as it was made: no policies, accounts where they stood."""
        store, account = self.daypass.daypass.storage.store, self.management
        with store.transaction(account) as change:
            change.put(self.made)
            for policy in tuple(change.account.control_policies):
                change.delete("control-policy", policy)

    def ask(self, caller: str, operation: str, *about: Any) -> Response:
        """One call. AssumeRole is about an account's role `app`, or another name; others have parameters."""
        service, action = operation.split(":")
        params: Mapping[str, Any] = about[0] if about and isinstance(about[0], dict) else {}
        if action == "AssumeRole":
            name = about[1] if len(about) > 1 else "app"
            arn = f"arn:aws:iam::{self.accounts[about[0]]}:role/{name}"
            params = {"RoleArn": arn, "RoleSessionName": "live"}
        return self.daypass.call(service, action, params, self.signers[caller])

    def _people(self) -> dict[str, Signer]:
        trusted = [f"arn:aws:iam::{account}:root" for account in self.accounts.values()]
        trust = {"Effect": "Allow", "Principal": {"AWS": trusted}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        for name, account in self.accounts.items():
            role = Role(f"AROAAAAAAAAAA{name[:8].upper():A<8}", "app", "/", 0, document, attached=(ADMINISTRATOR,))
            with self.daypass.daypass.storage.store.transaction(account) as change:
                change.put(role)
        people = {f"{name} admin": admin for name, admin in self.admins.items()}
        self.signers = people
        return {**people, **self._members()}

    def _members(self) -> dict[str, Signer]:
        team, admin = self.accounts["team"], self.admins["team"]
        self.daypass.call("iam", "CreateUser", {"UserName": "nobody"}, admin)
        nobody = credentials_in(self.daypass.call("iam", "CreateAccessKey", {"UserName": "nobody"}, admin))
        root = Signer.of(self.daypass.daypass.operator("daypass:CreateRootAccessKey", {}, team)["AccessKey"])
        with self.daypass.daypass.storage.store.transaction(team) as change:
            trust = next(role.trust for role in change.account.roles.values() if role.name == "app")
            change.put(Role(LINKED.id, LINKED.name, LINKED.path, 0, trust, attached=LINKED.attached))
        linked = {"RoleArn": f"arn:aws:iam::{team}:role{LINKED.path}linked", "RoleSessionName": "live"}
        return {
            "team nobody": nobody,
            "team root": root,
            "team session": credentials_in(self.ask("team admin", "sts:AssumeRole", "team")),
            "team linked": credentials_in(self.daypass.call("sts", "AssumeRole", linked, admin)),
        }


def told(answer: Response) -> str:
    """`ok`, or what the client was told."""
    return "ok" if answer.status == 200 else element(answer, "Message").replace("&apos;", "'")
