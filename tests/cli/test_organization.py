"""`daypass account`: units, places, control policies, as a person types them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from daypass.cli.main import run
from daypass.testing.local import LocalDaypass

POLICY = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}}
RCP = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}}
TEAM = "444455556666"

Type = Callable[..., str]


@pytest.fixture(scope="module")
def daypass() -> Iterator[LocalDaypass]:
    with LocalDaypass() as local:
        local.daypass.create_account("team", TEAM)
        yield local


@pytest.fixture
def typed(daypass: LocalDaypass, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Type:
    """Run `daypass account …`; what it printed on stdout, or on stderr when it must fail."""
    monkeypatch.setenv("DAYPASS_DATA", str(daypass.data))

    def type_(*words: str, code: int = 0) -> str:
        assert run(["account", *words]) == code
        said = capsys.readouterr()
        return said.err if code else said.out

    return type_


@pytest.fixture
def organized(daypass: LocalDaypass, typed: Type, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """An organization with two units, an SCP and an RCP; gone at the end."""
    made = json.loads(typed("organization", "create", "--json"))
    for name, policy in (("scp", POLICY), ("rcp", RCP)):
        (tmp_path / f"{name}.json").write_text(json.dumps(policy))
        typed(name, "put", "limits", str(tmp_path / f"{name}.json"), "--description", "why")
    typed("unit", "create", "workloads")
    typed("unit", "create", "prod", "--parent", "workloads")
    typed("move", TEAM, "--to", "workloads/prod")
    yield made
    with daypass.daypass.storage.store.transaction(daypass.account) as change:
        for held in (*change.account.organizations.values(), *change.account.control_policies.values()):
            change.delete(held.kind, held.key)


def test_the_tree_shows_who_stands_where_under_what(
    typed: Type, organized: dict[str, Any], daypass: LocalDaypass
) -> None:
    """Units by depth, accounts below them, and of policies what is not everywhere."""
    typed("scp", "attach", "limits", "--to", "workloads")
    typed("rcp", "attach", "limits", "--to", TEAM)
    lines = typed("tree").splitlines()
    assert lines[0] == organized["OrganizationId"]
    assert lines[1] == f"root  {organized['RootId']}"
    assert lines[2] == f"  {daypass.account}  main  (management)"
    assert lines[3].startswith("  workloads  ou-")
    assert lines[3].endswith("  scp: FullAWSAccess, limits")
    assert lines[4].startswith("    prod  ou-")
    assert lines[5] == f"      {TEAM}  team  rcp: RCPFullAWSAccess, limits"
    assert len(lines) == 6


def test_the_tree_as_json_says_the_same(typed: Type, organized: dict[str, Any], daypass: LocalDaypass) -> None:
    """Nested units with accounts and names of policies; accounts outside apart."""
    typed("scp", "attach", "limits", "--to", "prod")
    typed("scp", "disable")
    typed("leave", TEAM)
    tree = json.loads(typed("tree", "--json"))
    assert (tree["OrganizationId"], tree["ManagementAccountId"]) == (organized["OrganizationId"], daypass.account)
    assert tree["PolicyTypes"] == ["rcp"]
    (workloads,) = tree["Root"]["Units"]
    (prod,) = workloads["Units"]
    assert (prod["Name"], prod["Scps"], prod["Accounts"]) == ("prod", ["FullAWSAccess", "limits"], [])
    assert [account["AccountId"] for account in tree["Root"]["Accounts"]] == [daypass.account]
    assert [account["AccountId"] for account in tree["Outside"]] == [TEAM]
    shown = typed("tree")
    assert "(SCPs are off)" in shown
    assert f"outside: {TEAM}  team" in shown


def test_policies_are_listed_shown_and_replaced(typed: Type, organized: dict[str, Any], tmp_path: Path) -> None:
    """AWS's own first; a text comes back as it was put; putting again keeps id and description."""
    for kind, policy in (("scp", POLICY), ("rcp", RCP)):
        typed(kind, "attach", "limits", "--to", "root")
        full, own = json.loads(typed(kind, "list", "--json"))
        assert full["Everywhere"]
        assert (own["Name"], own["Description"], own["Targets"]) == ("limits", "why", [organized["RootId"]])
        assert json.loads(typed(kind, "show", "limits")) == policy
        assert typed(kind, "list").splitlines()[1] == f"{own['PolicyId']}  limits  {organized['RootId']}"
        (tmp_path / "new.json").write_text(json.dumps(policy).replace("s3:*", "s3:Get*"))
        typed(kind, "put", own["PolicyId"] and "limits", str(tmp_path / "new.json"))
        again = json.loads(typed(kind, "show", own["PolicyId"], "--json"))
        assert "s3:Get*" in again["Content"]
        assert (again["PolicyId"], again["Description"]) == (own["PolicyId"], "why")
        assert "detach it first" in typed(kind, "delete", "limits", code=1)
        typed(kind, "detach", "limits", "--from", "root")
        typed(kind, "delete", "limits")
        assert "there is no" in typed(kind, "show", "limits", code=1)


def test_units_are_renamed_and_deleted(typed: Type, organized: dict[str, Any]) -> None:
    """By name and by path; one that is not empty says what is in it."""
    typed("unit", "rename", "workloads/prod", "live")
    assert f"OrganizationalUnitNotEmptyException: There is still something in it: {TEAM}" in typed(
        "unit", "delete", "live", code=1
    )
    typed("move", TEAM, "--to", "root")
    typed("unit", "delete", "workloads/live")
    typed("unit", "delete", "workloads")
    assert "workloads" not in typed("tree")
    assert "Delete its units and policies first" in typed("organization", "delete", code=1)


def test_a_policy_that_cannot_be_read_is_told(typed: Type, organized: dict[str, Any], tmp_path: Path) -> None:
    """A missing file, bytes that are no text, and a text that is no policy: each its own exit code and words."""
    assert "does not exist" in typed("scp", "put", "x", str(tmp_path / "gone"), code=2)
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    assert "is not UTF-8 text" in typed("scp", "put", "x", str(tmp_path / "binary"), code=2)
    (tmp_path / "wrong").write_text("{}")
    assert "MalformedPolicyDocumentException: The provided policy document" in typed(
        "scp", "put", "x", str(tmp_path / "wrong"), code=1
    )


@pytest.mark.parametrize("words", [["tree"], ["unit", "create", "x"], ["scp", "list"], ["rcp", "enable"]])
def test_without_an_organization_a_command_says_how_to_make_one(typed: Type, words: list[str]) -> None:
    """Nothing of it is there until it is made."""
    assert "make it: daypass account organization create" in typed(*words, code=1)
