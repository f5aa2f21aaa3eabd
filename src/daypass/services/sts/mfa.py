"""Multi-factor authentication in calls that take a device and a code.

Source: STS API reference, GetSessionToken and AssumeRole; IAM User Guide, "Secure API access with MFA".
"""

from __future__ import annotations

from daypass.entities import MfaDevice
from daypass.errors import AccessDenied
from daypass.operations.authorize import denied
from daypass.operations.call import Call
from daypass.principals import Root, User
from daypass.services.iam.mfa.targets import assigned_device
from daypass.totp import CodeUse, matching_step, step_at

_BOTH = "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
_NO_SUCH_DEVICE = (
    "MultiFactorAuthentication failed, unable to validate MFA code.  "
    "Please verify your MFA serial number is valid and associated with this user."
)
_WRONG_CODE = "MultiFactorAuthentication failed with invalid MFA one time pass code. "


def prove_mfa(call: Call) -> int | None:
    """When this call proved a second factor, in epoch seconds: now, or None where it names neither device nor code.

    From then on the condition keys of the call say so. The code is used up in the store before this returns, whatever
    becomes of the call.

    Raises:
        AccessDenied: with AWS's text; a wrong, used or barred code all read the same.
        NotLoaded: there is a code, and this is the event loop.
        StoreUnavailable: whether the code is unused could not be learnt.
    """
    params = call.params
    if "SerialNumber" not in params and "TokenCode" not in params:
        return None
    if "SerialNumber" not in params or "TokenCode" not in params:
        raise denied(_BOTH)
    call.wait_for_store()
    device = _device(call, params["SerialNumber"])
    _use_up(call, device, params["TokenCode"])
    call.facts = call.facts._replace(mfa_at=call.now)
    return call.now


def _device(call: Call, serial: str) -> MfaDevice:
    """The caller's own device; strange ones and such that do not exist look alike."""
    who = call.caller.principal
    owner = who if isinstance(who, Root) else call.account.users.get(who.id) if isinstance(who, User) else None
    device = assigned_device(call.account, owner, serial) if owner is not None else None
    if device is None:
        raise denied(_NO_SUCH_DEVICE)
    return device


def _use_up(call: Call, device: MfaDevice, code: str) -> None:
    """Judge ``code`` and record it, so that it opens one session in the whole cluster.

    # INVARIANT: 1. no code is taken twice, on whatever nodes, and none is looked at while the device is closed.
    #   tests/services/sts/test_mfa_races.py::test_of_many_calls_with_one_code_on_two_nodes_one_wins
    """
    now, refusal = call.now, ""

    def judge(before: CodeUse) -> CodeUse:
        nonlocal refusal
        if now < before.closed_until:
            refusal = f"no code of this device is looked at for {before.closed_until - now} s"
            return before
        step = matching_step(call.ports.keys.open_seed(device), code, step_at(now) + device.drift)
        if step is None:
            refusal = f"wrong code, {before.wrong + 1} in a row"
            return before.missed(now)
        if step <= before.newest_step:
            refusal = "the code is used up"
            return before
        return before.spent(step)

    call.ports.codes.use(call.account.id, device.id, judge)
    if refusal:
        raise _wrong_code(refusal)


def _wrong_code(detail: str) -> AccessDenied:
    refused = denied(_WRONG_CODE)
    refused.detail = detail
    return refused
