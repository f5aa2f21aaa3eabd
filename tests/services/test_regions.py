"""The operator's operations on an account's regions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from daypass.activation import is_active
from daypass.errors import ServiceError
from daypass.testing.local import LocalDaypass
from tests.calling import code_of


@pytest.fixture(scope="module")
def daypass() -> Iterator[LocalDaypass]:
    with LocalDaypass() as local:
        yield local


def change(daypass: LocalDaypass, verb: str, region: str, account: str | None = None) -> bool:
    """Enable or disable a region; whether anything changed."""
    return bool(daypass.daypass.operator(f"daypass:{verb}Region", {"Region": region}, account)["Changed"])


def facts(daypass: LocalDaypass, account: str) -> Any:
    snapshot = daypass.daypass.storage.directory.load(account)
    assert snapshot is not None
    return snapshot.account


@pytest.mark.parametrize(("region", "usual"), [("eu-west-3", True), ("me-south-1", False), ("us-newer-9", False)])
def test_a_region_is_switched_on_and_off_and_the_account_keeps_nothing_of_it(
    daypass: LocalDaypass, region: str, usual: bool
) -> None:
    """Switching it back leaves the account as it was; switching twice changes nothing."""
    account, _ = daypass.account_named(f"switch-{region}")
    before = facts(daypass, account)
    away, back = ("Disable", "Enable") if usual else ("Enable", "Disable")
    assert not change(daypass, back, region, account)
    assert change(daypass, away, region, account)
    assert not change(daypass, away, region, account)
    assert is_active(facts(daypass, account), region) is not usual
    assert change(daypass, back, region, account)
    assert facts(daypass, account) == before


@pytest.mark.parametrize("region", ["us-east-1", "cn-north-1", "mars-west-1", "", "us-gov-west-1"])
def test_the_first_region_and_those_of_other_partitions_are_refused(daypass: LocalDaypass, region: str) -> None:
    """us-east-1 cannot be switched off; what is no region of the partition cannot be switched at all."""
    with pytest.raises(ServiceError) as refused:
        change(daypass, "Disable", region)
    assert refused.value.code == "ValidationError"


def test_regions_of_one_account_are_not_anothers(daypass: LocalDaypass) -> None:
    """Each account has its own."""
    one, other = daypass.account_named("one")[0], daypass.account_named("two")[0]
    change(daypass, "Disable", "eu-west-3", one)
    assert not is_active(facts(daypass, one), "eu-west-3")
    assert is_active(facts(daypass, other), "eu-west-3")


def test_a_daypass_of_one_region_issues_credentials_there() -> None:
    """Where a daypass serves one region that must be opted into, its accounts have, and cannot take it back."""
    with LocalDaypass(region="me-south-1") as daypass:
        account, admin = daypass.account_named("other")
        for who in (daypass.admin, admin):
            assert code_of(daypass.call("sts", "GetSessionToken", {}, who, region="me-south-1")) == "200"
        with pytest.raises(ServiceError):
            change(daypass, "Disable", "me-south-1", account)


def test_a_change_is_in_the_audit_trail(daypass: LocalDaypass) -> None:
    """Its record says who did it, what, and in which account."""
    account, _ = daypass.account_named("audited")
    change(daypass, "Disable", "eu-west-3", account)
    lines = [line for file in (daypass.data / "audit").glob("*.jsonl") for line in file.read_text().splitlines()]
    records = [record for record in map(json.loads, lines) if record.get("eventName") == "DisableRegion"]
    found = [record for record in records if record["recipientAccountId"] == account]
    assert found
    assert found[0]["requestParameters"] == {"Region": "eu-west-3"}


def test_a_choice_outlives_the_process(tmp_path: Any) -> None:
    """Regions and token version are read back from the store as they were left."""
    with LocalDaypass(tmp_path / "data") as daypass:
        change(daypass, "Disable", "eu-west-3")
        change(daypass, "Enable", "me-south-1")
        choice = {"GlobalEndpointTokenVersion": "v2Token"}
        assert daypass.call("iam", "SetSecurityTokenServicePreferences", choice).status == 200
    with LocalDaypass(tmp_path / "data") as daypass:
        held = facts(daypass, daypass.account)
        assert (held.deactivated, held.opted_in, held.global_token_version) == (("eu-west-3",), ("me-south-1",), 2)
        for region, code in (("eu-west-3", "RegionDisabledException"), ("me-south-1", "200")):
            assert code_of(daypass.call("sts", "GetSessionToken", region=region)) == code
