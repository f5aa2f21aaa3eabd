"""Virtual MFA devices: made, listed, deleted. Whom they belong to is decided in ``assignment``.

Source: IAM API reference, CreateVirtualMFADevice and its neighbours; IAM User Guide, "Assign a virtual MFA device".
"""

from __future__ import annotations

from daypass.entities import MfaDevice
from daypass.errors import DeleteConflict, EntityAlreadyExists, ValidationError
from daypass.operations.call import Call
from daypass.operations.paging import Listing, page
from daypass.operations.registry import operation
from daypass.principals import Root
from daypass.services.iam import quotas
from daypass.services.iam.arns import authorize_tagged
from daypass.services.iam.mfa.enrolment import SEED_BYTES, enrolment_uri, qr_code, seed_text
from daypass.services.iam.mfa.targets import device_to_use, devices, devices_of, own_device
from daypass.services.iam.tags import EXACT, as_sent, merged, request_tags
from daypass.services.iam.targets import arn_of, user_or_caller
from daypass.services.iam.users import members as user_members

Members = dict[str, object]

LONGEST_SERIAL = 256
_ID_BYTES = 16


@operation("iam:CreateVirtualMFADevice", "changes")
def create_virtual_mfa_device(call: Call) -> Members:
    """Make a device that belongs to nobody yet. Its seed is told here and never again.

    # INVARIANT: 7. the seed is in this answer and, wrapped, in the store; in no record, log or listing.
    #   tests/security/test_canaries.py::test_no_secret_of_the_story_is_anywhere
    """
    name, path, tags = call.params["VirtualMFADeviceName"], call.params.get("Path", "/"), request_tags(call)
    serial = arn_of(call, "mfa", name, path)
    if len(serial) > LONGEST_SERIAL:
        raise ValidationError(f"The serial number would be longer than {LONGEST_SERIAL} characters.")
    authorize_tagged(call, serial, serial, tags=tags)
    if tags:
        authorize_tagged(call, serial, serial, action="iam:TagMFADevice", tags=tags)
    if any(serial.lower() == known.lower() for known in devices(call.account).by_serial):
        raise EntityAlreadyExists("MFA device already exists.")
    quotas.MFA_DEVICES.require(1 + len(call.account.mfa_devices))
    seed, device_id = call.ports.entropy.bytes(SEED_BYTES), call.ports.entropy.bytes(_ID_BYTES).hex()
    sealed = call.ports.keys.seal_seed(device_id, seed)
    device = MfaDevice(device_id, name, path, call.now, sealed, merged((), tags, EXACT))
    call.put(device)
    given: Members = {"Tags": as_sent(device.tags)} if device.tags else {}
    return {"VirtualMFADevice": {"SerialNumber": serial, **_told_once(call, name, seed), **given}}


def _told_once(call: Call, name: str, seed: bytes) -> Members:
    account = call.account.account.alias or call.account.id
    picture = qr_code(enrolment_uri(name, account, seed))
    return {"Base32StringSeed": seed_text(seed).encode("ascii"), "QRCodePNG": picture}


@operation("iam:DeleteVirtualMFADevice", "changes")
def delete_virtual_mfa_device(call: Call) -> None:
    """Delete a device that belongs to nobody; its name is free again."""
    device = device_to_use(call)
    if device.user_id is not None:
        raise DeleteConflict("MFA VirtualDevice in use. Must deactivate first.")
    call.delete(device)


@operation("iam:ListVirtualMFADevices", "reads")
def list_virtual_mfa_devices(call: Call) -> Members:
    """All devices of the account by serial number, or those that belong to somebody, or to nobody."""
    call.authorize()
    status = call.params.get("AssignmentStatus", "Any")
    wanted = {"Assigned": (True,), "Unassigned": (False,), "Any": (True, False)}[status]
    found = [item for item in devices(call.account).by_serial.items() if (item[1].user_id is not None) in wanted]
    return page(call, Listing.of("VirtualMFADevices", found, lambda item: item[0], lambda item: _members(call, *item)))


def _members(call: Call, serial: str, device: MfaDevice) -> Members:
    """A device without its seed. One that is not assigned has only its serial number."""
    if device.user_id is None:
        return {"SerialNumber": serial}
    return {"SerialNumber": serial, "EnableDate": device.enabled, "User": _owner(call, device.user_id)}


def _owner(call: Call, user_id: str) -> Members:
    user = call.account.users.get(user_id)
    if user is not None:
        return user_members(call, user)
    root = Root(call.account.id, call.account.partition)
    return {"UserId": root.user_id, "Arn": root.arn, "CreateDate": call.account.account.created}


@operation("iam:ListMFADevices", "reads")
def list_mfa_devices(call: Call) -> Members:
    """The devices of a user, as they were enabled; without a name, of the caller. Root has no user name."""
    owner = user_or_caller(call)
    named: Members = {} if isinstance(owner, Root) else {"UserName": owner.name}
    return page(
        call,
        Listing(
            "MFADevices",
            devices_of(call.account, owner),
            lambda device: f"{device.enabled:020d}{device.id}",
            lambda device: named | {"SerialNumber": call.account.arn(device), "EnableDate": device.enabled},
        ),
    )


@operation("iam:GetMFADevice", "reads")
def get_mfa_device(call: Call) -> Members:
    """One device of a user, or of the caller. Certifications are of security keys: a virtual device has none."""
    owner = user_or_caller(call)
    device = own_device(call, owner)
    named: Members = {} if isinstance(owner, Root) else {"UserName": owner.name}
    return named | {"SerialNumber": call.account.arn(device), "EnableDate": device.enabled}
