"""MFA devices of an account, found by serial number and by owner, and the device that a call is about."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from daypass.entities import MfaDevice, User
from daypass.errors import NoSuchEntity
from daypass.operations.call import Call
from daypass.principals import Root, Tags
from daypass.services.iam.arns import authorize_tagged
from daypass.services.iam.tags import Keys
from daypass.snapshot import AccountSnapshot

Owner = User | Root


class Devices(NamedTuple):
    """The devices of one snapshot. A serial number is the device's ARN; ``by_owner`` has them as they were enabled."""

    by_serial: dict[str, MfaDevice]
    by_owner: dict[str, list[MfaDevice]]


def devices(account: AccountSnapshot) -> Devices:
    """The devices of ``account``, indexed once a snapshot."""
    found = account.derived.get(Devices)
    if found is None:
        by_owner: defaultdict[str, list[MfaDevice]] = defaultdict(list)
        for device in sorted(account.mfa_devices.values(), key=lambda device: (device.enabled, device.id)):
            if device.user_id is not None:
                by_owner[device.user_id].append(device)
        by_serial = {account.arn(device): device for device in account.mfa_devices.values()}
        found = account.derived[Devices] = Devices(by_serial, dict(by_owner))
    assert isinstance(found, Devices)
    return found


def owner_id(owner: Owner) -> str:
    """What ``MfaDevice.user_id`` holds for ``owner``: a user's unique id, for root the account's."""
    return owner.user_id if isinstance(owner, Root) else owner.id


def devices_of(account: AccountSnapshot, owner: Owner) -> list[MfaDevice]:
    """The devices assigned to ``owner``, in the order they were enabled."""
    return devices(account).by_owner.get(owner_id(owner), [])


def assigned_device(account: AccountSnapshot, owner: Owner, serial: str) -> MfaDevice | None:
    """The device with this serial number, if it is assigned to ``owner``."""
    device = devices(account).by_serial.get(serial)
    return device if device is not None and device.user_id == owner_id(owner) else None


def own_device(call: Call, owner: Owner) -> MfaDevice:
    """The device that the call names, assigned to ``owner``; whether the caller may know of it is settled.

    Raises:
        NoSuchEntity: there is none, or it is somebody else's.
    """
    serial = call.params["SerialNumber"]
    found = assigned_device(call.account, owner, serial)
    if found is None:
        raise missing(serial)
    return found


def device_to_use(call: Call, *, tags: Tags = (), keys: Keys | None = None) -> MfaDevice:
    """The device that the call names, once the caller may do this to it. ``tags``, ``keys``: what the request brings.

    Raises:
        AccessDenied: he may not.
        NoSuchEntity: there is none.
    """
    serial = call.params["SerialNumber"]
    device = devices(call.account).by_serial.get(serial)
    of_ours = f"arn:{call.account.partition}:iam::{call.account.id}:mfa/"
    arn = serial if serial.startswith(of_ours) else of_ours + serial
    authorize_tagged(call, arn, arn, tags=tags, resource_tags=device.tags if device else (), keys=keys)
    if device is None:
        raise missing(serial)
    return device


def missing(serial: str) -> NoSuchEntity:
    """The refusal for a serial number that belongs to no device, or to none that the call may be about."""
    return NoSuchEntity(f"MFA Device with serial number {serial} does not exist.")
