"""Service accounts of a real Kubernetes API server open roles, by the tokens that a pod finds in its volume."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.identity_providers.kubernetes import KUBERNETES, Cluster, kubernetes
from tests.identity_providers.record import Record
from tests.identity_providers.started import new_authority
from tests.identity_providers.test_token_files import command_line
from tests.identity_providers.world import World, world

# Building the API server takes a quarter of an hour, once for each of its versions.
pytestmark = [pytest.mark.nightly, pytest.mark.timeout(2_400)]

AUDIENCE = "sts.amazonaws.com"
SUBJECT = "system:serviceaccount:lake:reader"


@dataclass(frozen=True, slots=True)
class Setting:
    """A daypass that trusts a cluster; ``role`` is for the account `reader` of the namespace `lake`."""

    world: World
    cluster: Cluster
    role: str


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    folder = tmp_path_factory.mktemp("cluster")
    authority = new_authority(folder)
    with world(folder) as here, kubernetes(folder, authority) as cluster:
        cluster.publish_issuer()
        cluster.service_account("lake", "reader")
        provider = here.trust_url(cluster.url, authority.files.authority, f"--client-id={AUDIENCE}")
        issuer = cluster.url.removeprefix("https://")
        role = here.role("reader", provider, StringEquals={f"{issuer}:sub": SUBJECT, f"{issuer}:aud": AUDIENCE})
        yield Setting(here, cluster, role)


def test_a_token_of_a_service_account_opens_a_session(setting: Setting, record: Record) -> None:
    """As TokenRequest makes it for the audience; the issuer's keys are read without a sign-in."""
    record(KUBERNETES, "service account token by TokenRequest; issuer and keys as the API server publishes them")
    answer = setting.world.show_token(setting.role, setting.cluster.token("lake", "reader", AUDIENCE))
    assert (answer["SubjectFromWebIdentityToken"], answer["Audience"]) == (SUBJECT, AUDIENCE)
    assert setting.world.holder(answer).get_caller_identity()["Arn"].endswith(":assumed-role/reader/visit")


def test_a_pod_s_program_finds_its_role(setting: Setting, tmp_path: Path, record: Record) -> None:
    """With the environment and the file that the how-to gives to a pod, the token bound to that pod."""
    pod = setting.cluster.pod("lake", "reader", "app-0")
    token = setting.cluster.token("lake", "reader", AUDIENCE, pod)
    assert _claims(token)["kubernetes.io"]["pod"]["name"] == "app-0"
    file = tmp_path / "token"
    file.write_text(token)
    environment = setting.world.environment(
        tmp_path, AWS_ROLE_ARN=setting.role, AWS_WEB_IDENTITY_TOKEN_FILE=str(file), AWS_ROLE_SESSION_NAME="app-0"
    )
    with command_line(environment) as (program, ask):
        record(KUBERNETES, f"token bound to a pod, with the claim `kubernetes.io`, in a file: {program}")
        assert ask().endswith(":assumed-role/reader/app-0")


def test_another_account_of_the_cluster_does_not_open_it(setting: Setting) -> None:
    """Every account has tokens of the same issuer, for the same audience."""
    setting.cluster.service_account("attic", "reader")
    with pytest.raises(ClientError, match="AccessDenied"):
        setting.world.show_token(setting.role, setting.cluster.token("attic", "reader", AUDIENCE))


def test_a_token_for_the_cluster_itself_opens_nothing(setting: Setting) -> None:
    """What every pod has for talking to the API server is for nobody else."""
    with pytest.raises(ClientError, match="Incorrect token audience"):
        setting.world.show_token(setting.role, setting.cluster.token("lake", "reader", setting.cluster.url))


def _claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims
