"""Root's second factors: bound by the operator, used like any."""

from __future__ import annotations

from base64 import b32decode
from collections.abc import Iterator
from typing import Any

import pytest

from daypass.errors import AccessDenied, InvalidAuthenticationCode
from daypass.operations.registry import REGISTRY
from daypass.principals import Operator, Root
from daypass.testing.local import LocalDaypass, Signer
from daypass.totp import code_of, step_at


@pytest.fixture(scope="module")
def daypass() -> Iterator[LocalDaypass]:
    with LocalDaypass() as local:
        yield local


class RootOfAnAccount:
    """The root user of a fresh account, its key, and a device that root has made and that is nobody's yet."""

    def __init__(self, daypass: LocalDaypass, account: str) -> None:
        self.daypass, self.account = daypass, account
        self.key = Signer.of(self.operate("daypass:CreateRootAccessKey")["AccessKey"])
        self.iam = daypass.client("iam", self.key)
        made = self.iam.create_virtual_mfa_device(VirtualMFADeviceName="root-account-mfa-device")["VirtualMFADevice"]
        self.serial, self._seed = made["SerialNumber"], b32decode(made["Base32StringSeed"])

    def operate(self, name: str, **params: object) -> dict[str, Any]:
        return dict(self.daypass.daypass.service.operate(name, params, Operator(self.account, "tester")))

    def code(self, offset: int) -> str:
        return code_of(self._seed, step_at(int(self.daypass.clock.now())) + offset)

    def enable(self, first: int = -1, second: int = 0) -> None:
        codes = {"AuthenticationCode1": self.code(first), "AuthenticationCode2": self.code(second)}
        self.operate("daypass:EnableRootMFADevice", SerialNumber=self.serial, **codes)


@pytest.fixture
def root(daypass: LocalDaypass, request: pytest.FixtureRequest) -> RootOfAnAccount:
    return RootOfAnAccount(daypass, daypass.account_named(request.node.name[:60])[0])


def test_root_with_its_device_opens_a_session_with_mfa(root: RootOfAnAccount) -> None:
    """GetSessionToken of root with a code gives a session that reaches IAM, and the summary says that root has MFA."""
    assert root.iam.get_account_summary()["SummaryMap"]["AccountMFAEnabled"] == 0
    root.enable()
    summary = root.iam.get_account_summary()["SummaryMap"]
    assert (summary["AccountMFAEnabled"], summary["MFADevices"], summary["MFADevicesInUse"]) == (1, 1, 1)
    sts = root.daypass.client("sts", root.key)
    own = sts.get_session_token(SerialNumber=root.serial, TokenCode=root.code(1))["Credentials"]
    assert root.daypass.client("iam", own).list_users()["Users"]


def test_roots_device_is_listed_as_roots(root: RootOfAnAccount) -> None:
    """By ARN and account id, without name and path."""
    root.enable()
    (listed,) = root.iam.list_virtual_mfa_devices()["VirtualMFADevices"]
    assert listed["User"].keys() == {"UserId", "Arn", "CreateDate"}
    assert listed["User"]["Arn"] == f"arn:aws:iam::{root.account}:root"
    (own,) = root.iam.list_mfa_devices()["MFADevices"]
    assert own.keys() == {"SerialNumber", "EnableDate"}
    assert root.iam.get_mfa_device(SerialNumber=root.serial)["SerialNumber"] == root.serial


def test_root_lets_go_of_its_own_device(root: RootOfAnAccount) -> None:
    """Without a user name, as in a session of AssumeRoot; then the device can be deleted."""
    root.enable()
    root.iam.deactivate_mfa_device(SerialNumber=root.serial)
    root.iam.delete_virtual_mfa_device(SerialNumber=root.serial)
    assert root.iam.list_virtual_mfa_devices()["VirtualMFADevices"] == []


def test_a_user_of_the_account_cannot_take_roots_device(root: RootOfAnAccount, daypass: LocalDaypass) -> None:
    """An administrator who names himself finds no such device of his, and cannot delete one that is in use."""
    root.enable()
    root.iam.create_user(UserName="boss")
    root.iam.attach_user_policy(UserName="boss", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    boss = daypass.client("iam", Signer.of(root.iam.create_access_key(UserName="boss")["AccessKey"]))
    for take in (boss.deactivate_mfa_device, boss.get_mfa_device):
        with pytest.raises(boss.exceptions.NoSuchEntityException):
            take(UserName="boss", SerialNumber=root.serial)
    with pytest.raises(boss.exceptions.DeleteConflictException):
        boss.delete_virtual_mfa_device(SerialNumber=root.serial)


def test_wrong_codes_bind_nothing_to_root(root: RootOfAnAccount) -> None:
    """The operator proves that he holds the device, as everybody does."""
    with pytest.raises(InvalidAuthenticationCode):
        root.enable(0, 0)


def test_nobody_but_the_operator_binds_roots_devices() -> None:
    """The handler refuses every other principal, root itself included; no service of the network has it."""

    class FromTheNetwork:
        class caller:  # noqa: N801
            principal = Root("123456789012")

    operation = REGISTRY.find("daypass:EnableRootMFADevice")
    assert operation is not None
    with pytest.raises(AccessDenied, match="operator"):
        operation.handler(FromTheNetwork())  # type: ignore[arg-type]
