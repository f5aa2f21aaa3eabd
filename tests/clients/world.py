"""One daypass for all clients, with users, roles, second factors and profiles for each of them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from base64 import b32decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import boto3

from daypass.testing.issuer import StubIssuer
from daypass.totp import code_of, step_at
from tests.clients.client import Client, Program
from tests.clients.names import Names, make_names
from tests.clients.scenarios import Said, Task
from tests.running import PROGRAM, Running, up
from tests.story.conftest import Clock

REGION, OTHER_REGION = "eu-central-1", "eu-west-1"


@dataclass(frozen=True, slots=True)
class Phone:
    """A virtual MFA device."""

    serial: str
    seed: bytes

    def shows(self, offset: int = 0) -> str:
        """The code so many half minutes from now."""
        return code_of(self.seed, step_at(int(time.time())) + offset)


@dataclass(frozen=True, slots=True)
class World:
    """A running daypass behind AWS's names, and clients of its administrator."""

    daypass: Running
    names: Names
    iam: Any
    account: str
    issuer: StubIssuer

    def person(self, client: Client, folder: Path) -> Person:
        """A user with keys, a second factor, and roles for ``client``, whose home is ``folder``."""
        name = re.sub(r"\W+", "-", client.name).lower()
        user = self.iam.create_user(UserName=name)["User"]["Arn"]
        key = self.iam.create_access_key(UserName=name)["AccessKey"]
        may = _document({"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:GetFederationToken"], "Resource": "*"})
        self.iam.put_user_policy(UserName=name, PolicyName="may", PolicyDocument=may)
        first = self._role(f"{name}-first", {"AWS": user})
        roles = {
            "first": first,
            "second": self._role(f"{name}-second", {"AWS": first}),
            "guarded": self._role(f"{name}-guarded", {"AWS": user}, Bool={"aws:MultiFactorAuthPresent": "true"}),
            "federated": f"arn:aws:iam::{self.account}:role/federated",
        }
        self.iam.put_role_policy(RoleName=f"{name}-first", PolicyName="may", PolicyDocument=may)
        return Person(self, client, folder, user, key, roles, (self._phone(name, 1), self._phone(name, 2)))

    def _role(self, name: str, trusted: Mapping[str, str], **condition: object) -> str:
        statement = {"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole", "Condition": condition}
        made = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=_document(statement))
        return str(made["Role"]["Arn"])

    def _phone(self, user: str, number: int) -> Phone:
        made = self.iam.create_virtual_mfa_device(VirtualMFADeviceName=f"{user}-{number}")["VirtualMFADevice"]
        phone = Phone(made["SerialNumber"], b32decode(made["Base32StringSeed"]))
        codes = {"AuthenticationCode1": phone.shows(-1), "AuthenticationCode2": phone.shows()}
        self.iam.enable_mfa_device(UserName=user, SerialNumber=phone.serial, **codes)
        return phone

    def hosts_asked_by(self, user: str) -> set[str]:
        """The hosts that calls of ``user`` named, as the audit trail has them."""
        lines = (line for path in self.daypass.data.glob("audit/*.jsonl") for line in path.read_text().splitlines())
        calls = [json.loads(line) for line in lines if user in line]
        return {call["tlsDetails"]["clientProvidedHostHeader"] for call in calls if call["userIdentity"]["arn"] == user}


@dataclass(frozen=True, slots=True)
class Person:
    """For whom one client works."""

    world: World
    client: Client
    folder: Path
    arn: str
    key: Mapping[str, str]
    roles: Mapping[str, str]
    phones: tuple[Phone, Phone]

    def ask(self, program: Program, *scenarios: str, by_name: bool) -> dict[str, Said]:
        """Run the program once for these scenarios; what it said of each."""
        self._write_files()
        command = (*program.command, str(self.folder / "task.json"), *scenarios)
        done = subprocess.run(
            self.world.names.lead(command) if by_name else command,
            cwd=self.folder,
            env={**self._environment(by_name=by_name), **program.environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        return {each.pop("scenario"): each for each in said}

    @property
    def task(self) -> Task:
        """What the program is told; the codes, the first that are not used yet, are good for a minute at least."""
        first, second = ({"serial": phone.serial, "code": phone.shows(1)} for phone in self.phones)
        return Task(
            region=REGION,
            other_region=OTHER_REGION,
            account=self.world.account,
            user=self.arn,
            roles=self.roles,
            profiles={name: name for name in ("user", "role", "short", "process", "web")},
            mfa=(first, second),
            web_identity_token_file=str(self.folder / "token"),
            revoke=("env", "-u", "LD_PRELOAD", *PROGRAM, "--data", str(self.world.daypass.data), "revoke"),
            clock=str(self.folder / "clock") if self.client.fake_clock else None,
        )

    def _write_files(self) -> None:
        files = {
            "task.json": json.dumps(asdict(self.task)),
            "token": self.world.issuer.token(sub=self.client.name),
            "config": self._profiles(),
            "key.json": json.dumps({"Version": 1, **self._key()}),
        }
        for name, text in files.items():
            self.folder.joinpath(name).write_text(text)

    def _key(self) -> dict[str, str]:
        return {name: self.key[name] for name in ("AccessKeyId", "SecretAccessKey")}

    def _profiles(self) -> str:
        assuming = f"role_arn = {self.roles['first']}\nsource_profile = user\nregion = {REGION}\n"
        return f"""[profile user]
aws_access_key_id = {self.key["AccessKeyId"]}
aws_secret_access_key = {self.key["SecretAccessKey"]}
region = {REGION}

[profile role]
{assuming}role_session_name = profile

[profile short]
{assuming}role_session_name = short
duration_seconds = 900

[profile process]
credential_process = cat {self.folder / "key.json"}
region = {REGION}

[profile web]
role_arn = {self.roles["federated"]}
web_identity_token_file = {self.folder / "token"}
role_session_name = web
region = {REGION}
"""

    def _environment(self, *, by_name: bool) -> dict[str, str]:
        clock = Clock(self.folder / "clock")
        clock.advance(0)
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(self.folder),
            "AWS_ACCESS_KEY_ID": self.key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": self.key["SecretAccessKey"],
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": str(self.folder / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.folder / "credentials"),
            "AWS_EC2_METADATA_DISABLED": "true",
            **self.world.names.environment,
            **({} if by_name else {self.client.endpoint: f"https://{self.world.names.address}"}),
            **(clock.environment if self.client.fake_clock else {}),
        }


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """A daypass on port 443 of an address of its own, to which AWS's names lead."""
    names = make_names(folder / "data")
    with up(folder / "data", *names.options) as daypass, StubIssuer() as issuer:
        given = daypass.environment()
        held = boto3.Session(given["AWS_ACCESS_KEY_ID"], given["AWS_SECRET_ACCESS_KEY"], region_name=REGION)
        iam, sts = (held.client(name, endpoint_url=daypass.url, verify=str(names.authority)) for name in ("iam", "sts"))
        account = sts.get_caller_identity()["Account"]
        trust = {
            "Effect": "Allow",
            "Principal": {"Federated": _trusted(daypass, issuer, folder / "issuer.pem")},
            "Action": "sts:AssumeRoleWithWebIdentity",
        }
        iam.create_role(RoleName="federated", AssumeRolePolicyDocument=_document(trust))
        yield World(daypass, names, iam, account, issuer)


def _trusted(daypass: Running, issuer: StubIssuer, authority: Path) -> str:
    """The provider for ``issuer``, made as an operator would; its ARN."""
    authority.write_text(issuer.authority)
    options = (f"--client-id={issuer.audience}", f"--ca-file={authority}", "--allow-private", "--json")
    done = daypass.command("federation", "add-oidc", issuer.url, *options)
    assert done.returncode == 0, done.stderr
    return str(json.loads(done.stdout)["OpenIDConnectProviderArn"])


def _document(*statements: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
