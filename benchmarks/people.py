"""Many users at once: put into the store in one change, since making each with a signed call takes minutes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256

from benchmarks.servers import Key
from daypass.credentials import Secret
from daypass.entities import AccessKey, Group, InlinePolicy, MfaDevice, User
from daypass.ids import access_key_id, unique_id
from daypass.testing.local import LocalDaypass
from daypass.totp import code_of, step_at

SEED = bytes(range(20))
DEVICES = 8
"""MFA devices of a user, as many as he may have (IAM User Guide, "IAM and AWS STS quotas")."""


def settle(local: LocalDaypass, count: int) -> list[Key]:
    """Make ``count`` users in a group that may do everything; their keys."""
    account, keys = local.account, local.daypass.keys
    everything = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    policy = InlinePolicy("everything", json.dumps(everything))
    group = Group(unique_id("AGPA", account, _bytes(0)), "people", "/", 0, inline=(policy,))
    made = []
    with local.daypass.storage.store.transaction(account) as change:
        change.put(group)
        for number in range(count):
            user = User(unique_id("AIDA", account, _bytes(number)), name(number), "/", 0, groups=(group.id,))
            key = Key(access_key_id("AKIA", account, _bytes(number)), sha256(_bytes(number)).hexdigest()[:40])
            sealed = keys.seal_secret(key.access_key_id, Secret(key.secret))
            change.put(user)
            change.put(AccessKey(key.access_key_id, user.id, 0, sealed))
            made.append(key)
    return made


def name(number: int) -> str:
    """The name of the user of this number."""
    return f"person-{number}"


def equip(local: LocalDaypass, count: int) -> list[str]:
    """Give the first ``count`` of the users ``DEVICES`` MFA devices each; their serial numbers, user by user."""
    account, serials = local.account, []
    with local.daypass.storage.store.transaction(account) as change:
        for number in range(count * DEVICES):
            device, owner = f"{number:032x}", unique_id("AIDA", account, _bytes(number // DEVICES))
            sealed = local.daypass.keys.seal_seed(device, SEED)
            change.put(MfaDevice(device, f"device-{number}", "/", 0, sealed, user_id=owner, enabled=1))
            serials.append(f"arn:aws:iam::{account}:mfa/device-{number}")
    return serials


def codes(now: float) -> Iterator[str]:
    """The codes of a device that are taken at ``now`` (epoch seconds) and 30 s later, in the order of their use."""
    step = step_at(int(now))
    return (code_of(SEED, near) for near in (step, step + 1))


def _bytes(number: int) -> bytes:
    """Six bytes that no other number has, also without the lowest bit of the fifth."""
    return (number << 1).to_bytes(5, "big") + b"\0"
