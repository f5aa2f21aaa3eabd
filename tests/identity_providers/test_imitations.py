"""Tokens as GitHub Actions and Kubernetes make them, from imitations under their names; policies as people write them.

Claims and documents are those of GitHub Docs, "OpenID Connect reference", and Kubernetes, "Managing Service Accounts"
and KEP-1205; neither service was asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.clients.names import make_names
from tests.identity_providers.imitation import Imitation, serving
from tests.identity_providers.record import Record
from tests.identity_providers.world import World, world
from tests.running import PROGRAM

GITHUB, CLUSTER = "token.actions.githubusercontent.com", "kubernetes.default.svc.cluster.local"
AUDIENCE = "sts.amazonaws.com"
REPOSITORY = "example/lake"
DEPLOY = f"repo:{REPOSITORY}:environment:production"

JOB: dict[str, Any] = {
    "jti": "8f1a7c9e-64f0-4a39-9e2c-2b7f4ad0a6f1",
    "aud": AUDIENCE,
    "sub": DEPLOY,
    "ref": "refs/heads/main",
    "sha": "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    "repository": REPOSITORY,
    "repository_owner": "example",
    "repository_owner_id": "9919",
    "repository_id": "424242",
    "repository_visibility": "private",
    "run_id": "2225980432",
    "run_number": "42",
    "run_attempt": "1",
    "runner_environment": "github-hosted",
    "actor": "ada",
    "actor_id": "1001",
    "workflow": "deploy",
    "workflow_ref": f"{REPOSITORY}/.github/workflows/deploy.yml@refs/heads/main",
    "workflow_sha": "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    "job_workflow_ref": f"{REPOSITORY}/.github/workflows/deploy.yml@refs/heads/main",
    "job_workflow_sha": "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    "environment": "production",
    "event_name": "push",
    "head_ref": "",
    "base_ref": "",
    "ref_type": "branch",
    "ref_protected": "true",
    "enterprise": "example-corp",
    "enterprise_id": "77",
}

POD: dict[str, Any] = {
    "aud": [AUDIENCE],
    "jti": "e51f1fbc-4733-4b85-a59f-ba80c0523874",
    "sub": "system:serviceaccount:lake:loader",
    "kubernetes.io": {
        "namespace": "lake",
        "node": {"name": "worker-1", "uid": "517eb86e-b863-451b-bf70-86cb61439a3a"},
        "pod": {"name": "loader-0", "uid": "0d8b260e-ef0e-45fb-be8e-ff44f97722e8"},
        "serviceaccount": {"name": "loader", "uid": "e6a8680e-d103-4cce-80ea-03acbbeacf7d"},
        "warnafter": 1_924_995_600,
    },
}


@dataclass(frozen=True, slots=True)
class Setting:
    """A daypass for which both names lead to imitations, and which trusts them."""

    world: World
    github: Imitation
    cluster: Imitation
    providers: dict[str, str]


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    folder = tmp_path_factory.mktemp("world")
    names = make_names(folder / "data", (GITHUB, CLUSTER))
    github = Imitation(GITHUB, jwks_path="/.well-known/jwks", header={"typ": "JWT"}, certified=True)
    cluster = Imitation(CLUSTER, jwks_path="/openid/v1/jwks", header={})
    with serving(names, github, cluster), world(folder, program=names.lead(PROGRAM)) as here:
        options = (f"--client-id={AUDIENCE}", "--offline")  # the command is not led by the names; the server is
        providers = {host: here.trust_url(f"https://{host}", names.authority, *options) for host in (GITHUB, CLUSTER)}
        yield Setting(here, github, cluster, providers)


def _asks(**claims: str) -> dict[str, str]:
    return {f"{GITHUB}:{name}": value for name, value in claims.items()}


@pytest.mark.parametrize(
    ("name", "condition"),
    [
        ("sub", {"StringLike": _asks(sub=f"repo:{REPOSITORY}:*"), "StringEquals": _asks(aud=AUDIENCE)}),
        (
            "ids",
            {"StringEquals": _asks(sub=DEPLOY, repository_id="424242", repository_owner_id="9919", actor_id="1001")},
        ),
        (
            "where",
            {"StringEquals": _asks(sub=DEPLOY, environment="production", ref="refs/heads/main", enterprise_id="77")},
        ),
        (
            "what",
            {"StringLike": _asks(sub=DEPLOY, job_workflow_ref=f"{REPOSITORY}/*@refs/heads/main", workflow="deploy")},
        ),
    ],
)
def test_a_github_job_opens_the_role_whose_policy_asks_for_it(
    setting: Setting, name: str, condition: dict[str, dict[str, str]], record: Record
) -> None:
    """As its official action asks: session `GitHubActions`, one hour, no tags. Other people's jobs stay outside."""
    record(
        "GitHub Actions, imitated 2026-11",
        f"trust policy with `{'`, `'.join(_claims(condition))}`",
    )
    role = setting.world.role(name, setting.providers[GITHUB], **condition)
    asked: dict[str, Any] = {"RoleSessionName": "GitHubActions", "DurationSeconds": 3600}
    answer = setting.world.show_token(role, setting.github.token(JOB, 300), **asked)
    assert answer["SubjectFromWebIdentityToken"] == DEPLOY
    assert setting.world.holder(answer).get_caller_identity()["Arn"].endswith(f":assumed-role/{name}/GitHubActions")
    stranger = {**JOB, "sub": "repo:evil/lake:environment:production", "repository": "evil/lake", "repository_id": "1"}
    with pytest.raises(ClientError, match="AccessDenied"):
        setting.world.show_token(role, setting.github.token(stranger, 300), **asked)


def _claims(condition: dict[str, dict[str, str]]) -> list[str]:
    return [key.rpartition(":")[2] for asked in condition.values() for key in asked]


def test_a_claim_that_aws_does_not_offer_is_no_condition_key(setting: Setting) -> None:
    """`event_name` is in the token and in no list of condition keys, so a policy that asks for it lets nobody in."""
    asks = {"StringEquals": _asks(sub=DEPLOY, event_name="push")}
    role = setting.world.role("event", setting.providers[GITHUB], **asks)
    with pytest.raises(ClientError, match="AccessDenied"):
        setting.world.show_token(role, setting.github.token(JOB, 300))


def test_a_role_for_every_github_job_there_is_cannot_be_made(setting: Setting) -> None:
    """GitHub's issuer is shared by everybody, so a trust policy must say whose jobs."""
    with pytest.raises(ClientError, match="MalformedPolicyDocument"):
        setting.world.role("anybody", setting.providers[GITHUB], StringEquals=_asks(aud=AUDIENCE))


def test_a_pod_opens_the_role_of_its_service_account(setting: Setting, record: Record) -> None:
    """A projected token: a list of one audience, no type in the header, an object among the claims."""
    record(
        "Kubernetes service accounts, imitated 2026-11",
        "projected token with the claim `kubernetes.io`",
    )
    asks = {"StringEquals": {f"{CLUSTER}:sub": POD["sub"], f"{CLUSTER}:aud": AUDIENCE}}
    role = setting.world.role("loader", setting.providers[CLUSTER], **asks)
    assert setting.world.show_token(role, setting.cluster.token(POD, 86_400))["Audience"] == AUDIENCE
    other = {**POD, "sub": "system:serviceaccount:lake:default"}
    with pytest.raises(ClientError, match="AccessDenied"):
        setting.world.show_token(role, setting.cluster.token(other, 86_400))
