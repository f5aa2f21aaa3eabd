"""Whose second factor a device is: enabling it with two consecutive codes, bringing it back in step, letting go of it.

Source: IAM API reference, EnableMFADevice, ResyncMFADevice, DeactivateMFADevice.
"""

from __future__ import annotations

from dataclasses import replace

from daypass.entities import MfaDevice
from daypass.errors import EntityAlreadyExists, InvalidAuthenticationCode
from daypass.operations.call import Call
from daypass.operations.registry import operation
from daypass.principals import Operator, Root
from daypass.services.iam import quotas
from daypass.services.iam.mfa.targets import Owner, devices, devices_of, missing, own_device, owner_id
from daypass.services.iam.targets import USERS, target, user_or_caller
from daypass.totp import CodeUse, matching_pair, step_at


@operation("iam:EnableMFADevice", "changes")
def enable_mfa_device(call: Call) -> None:
    """Make a device the second factor of a user, who shows by two consecutive codes that he holds it."""
    enable(call, target(call, USERS))


def enable(call: Call, owner: Owner) -> None:
    """Assign the device that the call names to ``owner``; whether the caller may is settled.

    Raises:
        NoSuchEntity: there is no such device.
        EntityAlreadyExists: it is somebody's already.
        LimitExceeded: it would be the owner's ninth.
        InvalidAuthenticationCode: the codes are not two consecutive ones of it.
    """
    device = devices(call.account).by_serial.get(call.params["SerialNumber"])
    if device is None:
        raise missing(call.params["SerialNumber"])
    if device.user_id is not None:
        raise EntityAlreadyExists("MFA Device is already in use.")
    quotas.MFA_DEVICES_OF_USER.require(1 + len(devices_of(call.account, owner)))
    drift = _measured_drift(call, device)
    call.put(replace(device, user_id=owner_id(owner), enabled=call.now, drift=drift))


@operation("iam:ResyncMFADevice", "changes")
def resync_mfa_device(call: Call) -> None:
    """Learn from two consecutive codes how far a device's clock is off."""
    device = own_device(call, target(call, USERS))
    call.put(replace(device, drift=_measured_drift(call, device)))


def _measured_drift(call: Call, device: MfaDevice) -> int:
    """How many steps the device is ahead; both codes are used up, everywhere, if the change is made.

    Wrong codes close nothing here: guessing right gives no session, only a device that is out of step.

    # INVARIANT: 1. what enabled a device or brought it back in step opens no session.
    #   tests/services/sts/test_mfa.py::test_codes_that_enabled_a_device_open_nothing

    Raises:
        InvalidAuthenticationCode: they are not two consecutive codes of half an hour around now, or used already.
    """
    seed, now = call.ports.keys.open_seed(device), step_at(call.now)
    step = matching_pair(seed, call.params["AuthenticationCode1"], call.params["AuthenticationCode2"], now)
    if step is None:
        raise _invalid()
    last = step + 1

    def judge(before: CodeUse) -> CodeUse:
        if step <= before.newest_step:
            raise _invalid("the codes are used up")
        return before.spent(last)

    assert call.transaction is not None, "outside a change"
    call.transaction.use_code(device.id, judge)
    return last - now


def _invalid(detail: str = "") -> InvalidAuthenticationCode:
    return InvalidAuthenticationCode("Authentication code for device is not valid.", detail=detail)


@operation("iam:DeactivateMFADevice", "changes")
def deactivate_mfa_device(call: Call) -> None:
    """Take a device from its user, by default from the caller. It exists, assigned to nobody, until it is deleted."""
    device = own_device(call, _user_or_root(call))
    call.put(replace(device, user_id=None, enabled=0))


def _user_or_root(call: Call) -> Owner:
    """As ``user_or_caller``; the operator, who has no devices, stands for root."""
    who = call.caller.principal
    if isinstance(who, Operator) and "UserName" not in call.params:
        return Root(who.account, who.partition)
    return user_or_caller(call)
