"""Multi-factor authentication in calls that take a device and a code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from daypass.operations.authorize import denied

_BOTH = "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
_NO_SUCH_DEVICE = (
    "MultiFactorAuthentication failed, unable to validate MFA code.  "
    "Please verify your MFA serial number is valid and associated with this user."
)


def refuse_mfa(params: Mapping[str, Any]) -> None:
    """Refuse a call that names a device or a code: no user of this daypass has a device yet, so none can be valid.

    Raises:
        AccessDenied: with AWS's text for an unknown device, or for one of the two missing.
    """
    given = ("SerialNumber" in params, "TokenCode" in params)
    if all(given):
        raise denied(_NO_SUCH_DEVICE)
    if any(given):
        raise denied(_BOTH)
