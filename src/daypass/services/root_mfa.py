"""MFA devices of an account's root user: bound by the operator. Not an AWS API: there the console does it.

Everything else about them is AWS's: root makes, lists and lets go of its own devices by the IAM operations.
"""

from __future__ import annotations

from daypass.operations.call import Call
from daypass.operations.registry import operation
from daypass.principals import Root
from daypass.services.accounts import require_operator
from daypass.services.iam.mfa.assignment import enable


@operation("daypass:EnableRootMFADevice", "changes")
def enable_root_mfa_device(call: Call) -> None:
    """Make the device ``SerialNumber`` root's, by two consecutive codes as in EnableMFADevice.

    # INVARIANT: 2. nobody but the operator decides what counts as root's second factor.
    #   tests/services/test_root_mfa.py::test_nobody_but_the_operator_binds_roots_devices
    """
    require_operator(call)
    enable(call, Root(call.account.id, call.account.partition))
