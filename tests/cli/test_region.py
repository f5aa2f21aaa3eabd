"""`daypass region`, as a person types it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from daypass.activation import BY_DEFAULT
from daypass.cli.main import run
from daypass.regions import REGIONS
from daypass.testing.local import LocalDaypass
from tests.calling import code_of

Type = Callable[..., str]


@pytest.fixture(scope="module")
def daypass() -> Iterator[LocalDaypass]:
    with LocalDaypass() as local:
        yield local


@pytest.fixture
def typed(daypass: LocalDaypass, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Type:
    """Run a command; what it printed on stdout, or on stderr when it must fail."""
    monkeypatch.setenv("DAYPASS_DATA", str(daypass.data))

    def type_(*words: str, code: int = 0) -> str:
        assert run(["region", *words]) == code
        said = capsys.readouterr()
        return said.err if code else said.out

    return type_


def listed(typed: Type, *more: str) -> dict[str, Any]:
    return {row["Region"]: (row["Active"], row["Default"]) for row in json.loads(typed("list", "--json", *more))}


def test_all_regions_of_the_partition_are_listed(typed: Type) -> None:
    """Each once, with what it is by default; the list for people says it in words."""
    rows = listed(typed)
    assert rows.keys() == {*REGIONS["aws"]}
    assert rows["us-east-1"] == (True, "Always")
    assert rows["eu-west-3"] == (True, "Active")
    assert rows["af-south-1"] == (False, "Inactive")
    assert {region for region, (active, _) in rows.items() if active} == BY_DEFAULT & rows.keys()
    lines = {line.split()[0]: line.split(maxsplit=2)[1:] for line in typed("list").splitlines()}
    assert lines["us-east-1"] == ["active", "cannot be disabled"]
    assert lines["af-south-1"] == ["inactive", "must be enabled first"]


def test_a_running_daypass_follows_at_the_next_request(daypass: LocalDaypass, typed: Type) -> None:
    """Each account on its own: what is switched off for one works on for the other."""
    other, admin = daypass.account_named("other")
    assert typed("disable", "eu-west-3", "--account", other) == f"eu-west-3 is now inactive in {other}\n"
    assert code_of(daypass.call("sts", "GetSessionToken", {}, admin, region="eu-west-3")) == "RegionDisabledException"
    assert code_of(daypass.call("sts", "GetSessionToken", region="eu-west-3")) == "200"
    said = json.loads(typed("enable", "eu-west-3", "--account", other, "--json"))
    assert said == {"AccountId": other, "Region": "eu-west-3", "Active": True, "Changed": True}
    assert code_of(daypass.call("sts", "GetSessionToken", {}, admin, region="eu-west-3")) == "200"


def test_opting_in_and_out(daypass: LocalDaypass, typed: Type) -> None:
    """One command for both; a second time nothing changes, and that is no error."""
    assert "is now active" in typed("enable", "af-south-1")
    assert "was active" in typed("enable", "af-south-1")
    assert listed(typed)["af-south-1"] == (True, "Inactive")
    assert code_of(daypass.call("sts", "GetSessionToken", region="af-south-1")) == "200"
    assert "is now inactive" in typed("disable", "af-south-1")
    assert "was inactive" in typed("disable", "af-south-1")


def test_a_region_newer_than_the_list_can_be_enabled_and_is_listed_then(typed: Type) -> None:
    """Names that fit the partition's pattern are regions; only what was enabled is listed beside the known ones."""
    typed("enable", "eu-newer-1")
    assert listed(typed)["eu-newer-1"] == (True, "Inactive")
    typed("disable", "eu-newer-1")
    assert "eu-newer-1" not in listed(typed)


def test_a_name_that_may_be_misspelt_is_told(typed: Type, capsys: pytest.CaptureFixture[str]) -> None:
    """It can be a region newer than this version, so it is done all the same."""
    assert run(["region", "disable", "eu-wset-1"]) == 0
    assert "knows of no region eu-wset-1" in capsys.readouterr().err
    assert run(["region", "disable", "eu-west-2"]) == 0
    assert not capsys.readouterr().err
    typed("enable", "eu-west-2")


def test_what_cannot_be_is_refused(typed: Type) -> None:
    """us-east-1 stays, other partitions' regions are none, an account must be here."""
    assert "us-east-1 is always active here" in typed("disable", "us-east-1", code=1)
    assert "There is no region cn-north-1 in the partition aws" in typed("enable", "cn-north-1", code=1)
    assert "there is no account 999999999999 here" in typed("list", "--account", "999999999999", code=1)
