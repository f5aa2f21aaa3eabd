"""Root credentials: none by default, made by the operator, used like any."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from daypass.credentials import Secret
from daypass.errors import AccessDenied, LimitExceeded
from daypass.operations.registry import REGISTRY
from daypass.principals import Operator, Root
from daypass.services import root_keys
from daypass.testing.local import LocalDaypass, Signer


@pytest.fixture(scope="module")
def daypass() -> Iterator[LocalDaypass]:
    with LocalDaypass() as local:
        yield local


@pytest.fixture
def account(daypass: LocalDaypass, request: pytest.FixtureRequest) -> str:
    """A fresh account."""
    return daypass.account_named(request.node.name)[0]


def operate(daypass: LocalDaypass, account: str, name: str) -> dict[str, object]:
    return dict(daypass.daypass.service.operate(f"daypass:{name}", {}, Operator(account, "tester")))


def root_of(daypass: LocalDaypass, account: str) -> Signer:
    made = operate(daypass, account, "CreateRootAccessKey")["AccessKey"]
    assert isinstance(made, dict)
    return Signer(made["AccessKeyId"], Secret(made["SecretAccessKey"]))


def test_a_root_key_made_by_the_operator_acts_as_root(daypass: LocalDaypass, account: str) -> None:
    """STS calls the holder of a root key root, by the account's id."""
    who = daypass.client("sts", root_of(daypass, account)).get_caller_identity()
    assert (who["Arn"], who["UserId"], who["Account"]) == (f"arn:aws:iam::{account}:root", account, account)


def test_root_is_told_of_itself_without_name_and_path(daypass: LocalDaypass, account: str) -> None:
    """GetUser without a name tells root its ARN, the account id as user id, and since when."""
    user = daypass.client("iam", root_of(daypass, account)).get_user()["User"]
    assert user.keys() == {"Arn", "UserId", "CreateDate"}
    assert (user["Arn"], user["UserId"]) == (f"arn:aws:iam::{account}:root", account)


def test_root_manages_its_own_keys(daypass: LocalDaypass, account: str) -> None:
    """Without a user name the key operations are about root's own keys, of which there are two at most."""
    iam = daypass.client("iam", root_of(daypass, account))
    second = iam.create_access_key()["AccessKey"]["AccessKeyId"]
    assert len(iam.list_access_keys()["AccessKeyMetadata"]) == 2
    with pytest.raises(iam.exceptions.LimitExceededException, match="AccessKeysPerUser: 2"):
        iam.create_access_key()
    iam.delete_access_key(AccessKeyId=second)
    assert iam.get_account_summary()["SummaryMap"]["AccountAccessKeysPresent"] == 1


def test_the_operator_takes_all_root_keys_away(daypass: LocalDaypass, account: str) -> None:
    """After the operator's word no root key works, and their ids are told."""
    first, second = root_of(daypass, account), root_of(daypass, account)
    with pytest.raises(LimitExceeded):
        root_of(daypass, account)
    gone = operate(daypass, account, "DeleteRootAccessKeys")["AccessKeyIds"]
    sts = daypass.client("sts", first)
    with pytest.raises(sts.exceptions.ClientError, match="InvalidClientTokenId"):
        sts.get_caller_identity()
    assert sorted(gone) == sorted([first.access_key_id, second.access_key_id])


@pytest.mark.parametrize("name", ["CreateRootAccessKey", "DeleteRootAccessKeys"])
def test_nobody_but_the_operator_makes_root_keys(name: str) -> None:
    """The handler refuses every other principal, root itself included."""

    class FromTheNetwork:
        class caller:  # noqa: N801
            principal = Root("123456789012")

    operation = REGISTRY.find(f"daypass:{name}")
    assert operation is not None
    assert operation.handler.__module__ == root_keys.__name__
    with pytest.raises(AccessDenied, match="operator"):
        operation.handler(FromTheNetwork())  # type: ignore[arg-type]


def test_no_request_over_the_network_reaches_the_operators_operations(daypass: LocalDaypass) -> None:
    """IAM has no such operation."""
    answer = daypass.call("iam", "CreateRootAccessKey")
    assert answer.status == 400
    assert b"InvalidAction" in answer.body
