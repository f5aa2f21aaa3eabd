"""The AWS managed policies that come with daypass."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from daypass.operations.managed_policies import find_managed_policy, managed_policies

ROOT_TASKS = (
    "IAMAuditRootUserCredentials",
    "IAMCreateRootUserPassword",
    "IAMDeleteRootUserCredentials",
    "S3UnlockBucketPolicy",
    "SQSUnlockQueuePolicy",
)


def test_administrator_access_allows_everything_and_nothing_else() -> None:
    """AdministratorAccess is one statement that allows all actions on all resources."""
    policy = find_managed_policy("arn:aws:iam::aws:policy/AdministratorAccess")
    assert policy is not None
    assert json.loads(policy.versions[0].document) == {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    }


@pytest.mark.parametrize("name", ["AdministratorAccess", "PowerUserAccess", "ReadOnlyAccess", "SecurityAudit"])
def test_the_job_policies_are_found_by_arn(name: str) -> None:
    """The four everyday policies lie under the root path and default to their newest version."""
    policy = find_managed_policy(f"arn:aws:iam::aws:policy/{name}")
    assert policy is not None
    assert (policy.name, policy.path, policy.versions[-1].id) == (name, "/", policy.default_version)


@pytest.mark.parametrize("name", ROOT_TASKS)
def test_the_root_task_policies_are_found_under_their_path_only(name: str) -> None:
    """A root-task policy has its path in its ARN, and the bare name is no policy."""
    assert find_managed_policy(f"arn:aws:iam::aws:policy/root-task/{name}") is not None
    assert find_managed_policy(f"arn:aws:iam::aws:policy/{name}") is None


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "AdministratorAccess",
        "arn:aws:iam::123456789012:policy/AdministratorAccess",
        "arn:aws:iam::aws:policy/administratoraccess",
        "arn:nowhere:iam::aws:policy/AdministratorAccess",
        "aws:iam::aws:policy/AdministratorAccess",
        "arn:aws:iam::aws:policy/AdministratorAccess/",
        "arn:aws:iam::aws:role/AdministratorAccess",
    ],
)
def test_anything_but_an_exact_arn_finds_nothing(arn: str) -> None:
    """No spelling but the exact ARN gives away a managed policy."""
    assert find_managed_policy(arn) is None


def test_other_partitions_have_the_same_policies_with_arns_of_their_own() -> None:
    """In China's partition the documents name China's ARNs, under the same policy id."""
    china = find_managed_policy("arn:aws-cn:iam::aws:policy/root-task/IAMAuditRootUserCredentials")
    world = find_managed_policy("arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials")
    assert china is not None
    assert world is not None
    assert china.id == world.id
    assert "arn:aws-cn:iam::*:root" in china.versions[0].document
    assert "arn:aws:" not in china.versions[0].document


def test_policy_ids_are_distinct_and_stable() -> None:
    """Ids look like AWS's, differ from one another, and never change."""
    ids = [policy.id for policy in managed_policies("aws").values()]
    assert len(set(ids)) == len(ids) == 9
    assert all(len(policy_id) == 21 and policy_id.startswith("ANPA") for policy_id in ids)
    assert managed_policies("aws")["arn:aws:iam::aws:policy/AdministratorAccess"].id == "ANPA7FSB3TBLYXKMD5DSD"


def test_the_shipped_file_is_what_the_tool_writes() -> None:
    """The generator's check passes against the installed source, or says that the source is newer."""
    pytest.importorskip("moto")
    tool = Path(__file__).parents[2] / "tools/managed_policies.py"
    done = subprocess.run([sys.executable, tool, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
