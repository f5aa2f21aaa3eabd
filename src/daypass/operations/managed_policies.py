"""The AWS managed policies that daypass ships: same in every account, changed by no one.

They are read from the package at first use, not at start. The file is written by ``tools/managed_policies.py``.
"""

from __future__ import annotations

import json
from base64 import b32encode
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from daypass.arn import PARTITIONS
from daypass.entities import ManagedPolicy, PolicyVersion


def find_managed_policy(arn: str) -> ManagedPolicy | None:
    """The AWS managed policy ``arn`` (``arn:aws:iam::aws:policy/AdministratorAccess``), or None when there is none.

    Every partition has the same policies; ARNs inside their documents are of the partition asked for.
    """
    head, found, resource = arn.partition(":iam::aws:policy")
    partition = head.removeprefix("arn:")
    if not found or partition not in PARTITIONS or not head.startswith("arn:"):
        return None
    return _of(partition).get(resource)


def managed_policies(partition: str) -> dict[str, ManagedPolicy]:
    """All AWS managed policies of ``partition`` by ARN."""
    return {f"arn:{partition}:iam::aws:policy{resource}": policy for resource, policy in _of(partition).items()}


@cache
def _entries() -> tuple[dict[str, Any], ...]:
    text = files("daypass.operations").joinpath("managed_policies.json").read_text(encoding="utf-8")
    return tuple(json.loads(text))


@cache  # at most one entry a partition: callers hand in names of PARTITIONS only
def _of(partition: str) -> dict[str, ManagedPolicy]:
    """The policies of one partition by path and name."""
    policies = (_policy(entry, partition) for entry in _entries())
    return {policy.path + policy.name: policy for policy in policies}


def _policy(entry: dict[str, Any], partition: str) -> ManagedPolicy:
    document = entry["document"].replace('"arn:aws:', f'"arn:{partition}:')
    return ManagedPolicy(
        id=_policy_id(entry["path"] + entry["name"]),
        name=entry["name"],
        path=entry["path"],
        created=entry["created"],
        updated=entry["updated"],
        versions=(PolicyVersion(entry["version"], document, entry["updated"]),),
        default_version=entry["version"],
    )


def _policy_id(resource: str) -> str:
    """AWS's own ids are not published; ours are derived from the name, so that they are the same everywhere, always."""
    return "ANPA" + b32encode(sha256(resource.encode()).digest()[:11]).decode("ascii")[:17]
