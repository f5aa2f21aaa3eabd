"""Programs that let people in by a signed GetCallerIdentity: a Kubernetes authenticator, Vault's and Consul's logins.

The one who wants in signs the request and hands it over unsent; the one at the door sends it to daypass, which the
names of AWS lead to here, and believes the answer.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.clients.client import Client
from tests.clients.compiled import go_program, pinned
from tests.clients.world import Person, World, world
from tests.running import eventually

pytestmark = [pytest.mark.clients, pytest.mark.timeout(1800)]

CLUSTER = "blue"
Keys = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Door:
    """A user with a role that may look itself up, and how programs are run where AWS's names lead to daypass."""

    world: World
    person: Person
    user: Keys
    role: Keys
    admin: Keys

    def environment(self, keys: Keys) -> dict[str, str]:
        """What a program needs to sign by ``keys``."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.person.folder),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_REGION": "us-east-1",
            **self.world.names.environment,
            **keys,
        }

    def run(self, *command: str, keys: Keys) -> str:
        """What the command prints."""
        done = subprocess.run(
            self.world.names.lead(command),
            cwd=self.person.folder,
            env=self.environment(keys),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """One daypass, one user, one of his roles with a session."""
    with world(tmp_path_factory.mktemp("world")) as here:
        nobody = Client("proofs", lambda: pytest.fail("it has no program of its own"), "names lead to daypass")
        person = here.person(nobody, tmp_path_factory.mktemp("home"))
        # So that Consul may ask who they are.
        look = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iam:Get*", "Resource": "*"}}
        arn, name = person.roles["first"], person.roles["first"].rpartition("/")[2]
        here.iam.put_role_policy(RoleName=name, PolicyName="look", PolicyDocument=json.dumps(look))
        here.iam.put_user_policy(
            UserName=person.arn.rpartition("/")[2], PolicyName="look", PolicyDocument=json.dumps(look)
        )
        here.iam.tag_role(RoleName=name, Tags=[{"Key": "team", "Value": "lake"}])
        user = {"AWS_ACCESS_KEY_ID": person.key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": person.key["SecretAccessKey"]}
        admin = {name: here.daypass.environment()[name] for name in user}
        yield Door(here, person, user, _session(here, user, arn), admin)


def _session(here: World, user: Keys, role: str) -> Keys:
    sts = boto3.client(
        "sts",
        "us-east-1",
        endpoint_url=f"https://{here.names.address}",
        verify=str(here.names.authority),
        aws_access_key_id=user["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=user["AWS_SECRET_ACCESS_KEY"],
    )
    made = sts.assume_role(RoleArn=role, RoleSessionName="ann")["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": made["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"],
        "AWS_SESSION_TOKEN": made["SessionToken"],
    }


PROGRAMS = {
    "authenticator": ("aws-iam-authenticator", "aws_iam_authenticator/go.mod", r"aws-iam-authenticator v(\S+)"),
    "vault": ("Vault's AWS auth plugin and command line", "vault/go.mod", r"hashicorp/vault v(\S+)"),
    "consul": ("Consul's library for AWS auth", "consul/go.mod", r"consul-awsauth v\S+-(\d{8})\d{6}-"),
}


@pytest.fixture(autouse=True)
def _recorded(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> None:
    """The page of results tells of each test by its name."""
    name, file, version = next(row for fixture, row in PROGRAMS.items() if fixture in request.fixturenames)
    record_property("client", name)
    record_property("version", pinned(file, version))
    record_property(
        "scenario", request.node.name.removeprefix("test_").replace("_", " ").replace("[", ": ").rstrip("]")
    )


# ── aws-iam-authenticator ────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def authenticator() -> str:
    return go_program("aws_iam_authenticator", "sigs.k8s.io/aws-iam-authenticator/cmd/aws-iam-authenticator")


@pytest.fixture
def review(authenticator: str, door: Door, tmp_path: Path) -> Iterator[Callable[[str], dict[str, Any]]]:
    """Its server, as a Kubernetes API server asks it about a token."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = tmp_path / "config.yaml"
    config.write_text(f"""clusterID: {CLUSTER}
server:
  port: {port}
  address: 127.0.0.1
  stateDir: {tmp_path}
  generateKubeconfig: {tmp_path / "kubeconfig.yaml"}
  mapUsers:
  - {{userARN: "{door.person.arn}", username: ann, groups: [people]}}
  mapRoles:
  - {{roleARN: "{door.person.roles["first"]}", username: "first:{{{{SessionName}}}}", groups: [roles]}}
""")
    command = door.world.names.lead((authenticator, "server", "--config", str(config)))
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(command, env=door.environment(door.user), stdout=log, stderr=log)
    try:
        assert eventually(lambda: _listens(port), 30), (tmp_path / "log").read_text()
        yield lambda token: _review(port, tmp_path / "cert.pem", token)
    finally:
        server.send_signal(signal.SIGKILL)  # it does not end on SIGTERM
        server.wait(10)


def _listens(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


def _review(port: int, certificate: Path, token: str) -> dict[str, Any]:
    trusted = ssl.create_default_context(cafile=str(certificate))
    trusted.check_hostname = False
    asked = {"apiVersion": "authentication.k8s.io/v1beta1", "kind": "TokenReview", "spec": {"token": token}}
    request = urllib.request.Request(f"https://127.0.0.1:{port}/authenticate", json.dumps(asked).encode())
    try:
        with urllib.request.urlopen(request, context=trusted, timeout=30) as answer:
            status: dict[str, Any] = json.load(answer)["status"]
    except urllib.error.HTTPError as refused:
        status = json.load(refused)["status"]
    return status


@pytest.mark.parametrize(
    ("keys", "options", "username"),
    [("user", (), "ann"), ("role", (), "first:ann"), ("user", ("--session-name", "bob", "--role"), "first:bob")],
    ids=["user", "session", "role assumed by the authenticator"],
)
def test_a_kubernetes_token_tells_who_has_signed_it(
    authenticator: str,
    door: Door,
    review: Callable[[str], dict[str, Any]],
    keys: str,
    options: tuple[str, ...],
    username: str,
) -> None:
    """Its `token` command signs, its server asks daypass, and both agree on user, role and session."""
    role = (door.person.roles["first"],) if options else ()
    command = (authenticator, "token", "--token-only", "-i", CLUSTER, *options, *role)
    token = door.run(*command, keys=getattr(door, keys)).strip()
    status = review(token)
    assert status["authenticated"], status
    assert status["user"]["username"] == username


def test_a_kubernetes_token_for_another_cluster_is_refused(
    authenticator: str, door: Door, review: Callable[[str], dict[str, Any]]
) -> None:
    """The cluster's name is a signed header: with another one the signature does not hold."""
    token = door.run(authenticator, "token", "--token-only", "-i", "green", keys=door.user).strip()
    assert not review(token).get("authenticated")


# ── Vault ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def vault() -> str:
    return go_program("vault")


SERVER = "vault.example.com"


def _to_vault(door: Door, program: str, keys: Keys, bound: str, *, says: str = SERVER, **more: object) -> Any:
    """What comes of a login with ``keys`` to a role bound to ``bound``; ``more`` configures the method."""
    told = {
        "config": {"iam_server_id_header_value": SERVER, "max_retries": 0, **more},
        "role": {
            "auth_type": "iam",
            "bound_iam_principal_arn": [bound],
            "resolve_aws_unique_ids": "iam_endpoint" in more,
        },
        "login": {"role": "dev", "region": str(more.get("sts_region", "us-east-1")), "header_value": says},
    }
    return json.loads(door.run(program, json.dumps(told), keys=keys))


@pytest.mark.parametrize("who", ["user", "role"])
def test_vault_knows_who_logs_in(vault: str, door: Door, who: str) -> None:
    """Told the global endpoint, it hears from daypass whose keys have signed."""
    bound = {"user": door.person.arn, "role": door.person.roles["first"]}[who]
    said = _to_vault(door, vault, getattr(door, who), bound)
    assert "error" not in said, said
    metadata = said["metadata"]
    assert metadata["canonical_arn"] == bound
    assert metadata["account_id"] == door.world.account


def test_vault_pointed_at_daypass_by_its_settings_resolves_unique_ids(vault: str, door: Door) -> None:
    """`sts_endpoint` and `iam_endpoint` are enough, and the role's id is the session's."""
    here = f"https://{door.world.names.address}"
    looks_up = {"access_key": door.admin["AWS_ACCESS_KEY_ID"], "secret_key": door.admin["AWS_SECRET_ACCESS_KEY"]}
    pointed = {"sts_endpoint": here, "iam_endpoint": here, "sts_region": "us-east-1", **looks_up}
    metadata = _to_vault(door, vault, door.role, door.person.roles["first"], **pointed)["metadata"]
    assert metadata["client_user_id"].startswith("AROA")


def test_vault_in_another_region_asks_its_endpoint(vault: str, door: Door) -> None:
    """Who comes signs for the regional name when told to; by default Vault's client signs for the global one."""
    pointed = {"sts_endpoint": f"https://{door.world.names.address}", "sts_region": "eu-central-1"}
    regional = {**door.user, "AWS_STS_REGIONAL_ENDPOINTS": "regional"}
    assert "error" not in _to_vault(door, vault, regional, door.person.arn, **pointed)
    refused = _to_vault(door, vault, door.user, door.person.arn, **pointed)
    assert "Credential should be scoped to a valid region" in refused["error"]


def test_vault_refuses_a_login_meant_for_another_server(vault: str, door: Door) -> None:
    """The value of the signed header is not its own."""
    assert "expected" in _to_vault(door, vault, door.user, door.person.arn, says="other.example.com")["error"]


def test_vault_refuses_who_is_not_bound(vault: str, door: Door) -> None:
    """A user who proves who he is is still not the role."""
    assert "error" in _to_vault(door, vault, door.user, door.person.roles["first"])


def test_vault_refuses_keys_that_daypass_does_not_know(vault: str, door: Door) -> None:
    """A signature by a wrong secret opens nothing."""
    wrong = {**door.user, "AWS_SECRET_ACCESS_KEY": "x" * 40}
    assert "SignatureDoesNotMatch" in _to_vault(door, vault, wrong, door.person.arn)["error"]


# ── Consul ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def consul() -> str:
    return go_program("consul")


def _to_consul(door: Door, program: str, keys: Keys, bound: str, *, says: str = "consul", entity: bool = True) -> Any:
    """What comes of a login with ``keys`` to a method bound to the principal ``bound``."""
    told = {
        "Login": {"STSRegion": "eu-central-1", "ServerIDHeaderValue": says, "IncludeIAMEntity": entity},
        "Method": {
            "BoundIAMPrincipalARNs": [bound],
            "ServerIDHeaderValue": "consul",
            "EnableIAMEntityDetails": entity,
            "IAMEntityTags": ["team"] if entity else [],
        },
    }
    return json.loads(door.run(program, json.dumps(told), keys=keys))


@pytest.mark.parametrize("entity", [False, True], ids=["identity", "identity and entity"])
@pytest.mark.parametrize("who", ["user", "role"])
def test_consul_knows_who_logs_in(consul: str, door: Door, who: str, entity: bool) -> None:
    """By the regional endpoint; with the entity, a signed GetUser or GetRole tells it path and tags."""
    bound = {"user": door.person.arn, "role": door.person.roles["first"]}[who]
    known = _to_consul(door, consul, getattr(door, who), bound, entity=entity)
    assert known.get("EntityName") == bound.rpartition("/")[2], known
    assert known["AccountId"] == door.world.account
    assert known["EntityTags"] == ({"team": "lake"} if entity and who == "role" else {} if entity else None)


def test_consul_refuses_a_login_meant_for_another_server(consul: str, door: Door) -> None:
    """The value of the signed header is not its own."""
    assert "expected" in _to_consul(door, consul, door.user, door.person.arn, says="other")["error"]


def test_consul_refuses_keys_that_daypass_does_not_know(consul: str, door: Door) -> None:
    """A signature by a wrong secret opens nothing."""
    wrong = {**door.user, "AWS_SECRET_ACCESS_KEY": "x" * 40}
    assert "error" in _to_consul(door, consul, wrong, door.person.arn, entity=False)
