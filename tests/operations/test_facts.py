"""Every global condition key, for every kind of caller: what policies see, or that they see nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from daypass.operations.facts import NAMES
from daypass.principals import Tags
from daypass.testing.local import LocalDaypass
from tests.operations.callers import MAKERS, NOW, People, people

CASES = Path(__file__).parents[1] / "cases/context"
TABLE: dict[str, Any] = json.loads((CASES / "global-keys.json").read_text())
ROWS: list[dict[str, Any]] = TABLE["keys"]
FIXED = [row for row in ROWS if "values" in row]


@pytest.fixture(scope="module")
def world() -> Iterator[People]:
    """One account for the module."""
    with LocalDaypass(root_credentials=True) as daypass:
        yield people(daypass)


def written_down(row: dict[str, Any], kind: str, names: dict[str, str]) -> str | tuple[str, ...] | None:
    """What the table says that this caller's requests have for this key."""
    value = row["values"].get(kind, row["values"]["all"])
    if isinstance(value, list):
        return tuple(item.format(**names) for item in value)
    return None if value is None else str(value).format(**names)


@pytest.mark.parametrize("kind", MAKERS)
def test_every_key_is_what_the_table_says(world: People, kind: str) -> None:
    """Present with its value, or absent where AWS leaves it out, through signature, token and pipeline."""
    facts = MAKERS[kind](world)
    found = {row["key"]: facts.find(row["key"].lower()) for row in FIXED}
    assert found == {row["key"]: written_down(row, kind, world.names) for row in FIXED}
    others = [row["key"].replace("/KEY", "/team") for row in ROWS if row not in FIXED]
    assert [key for key in others if facts.find(key.lower()) is not None] == []


def test_the_table_has_every_key_of_aws() -> None:
    """A key that AWS documents and the table lacks would be absent by accident, not by decision."""
    listed = (CASES / "global-keys.txt").read_text().splitlines()
    known = [line.replace("${TagKey}", "KEY") for line in listed if not line.startswith("#")]
    assert [row.get("about", row["key"]) for row in sorted(ROWS, key=_name)] == known
    assert len(set(known)) == len(known) == 61


def _name(row: dict[str, Any]) -> str:
    return str(row.get("about", row["key"])).replace("KEY", "${TagKey}")


def test_every_row_of_the_table_says_something() -> None:
    """Values for all callers, or why there is never one, or which operations bring it; each caller can be made."""
    for row in ROWS:
        assert len({"values", "never", "operation"} & row.keys()) == 1, row["key"]
        assert set(row.get("values", ())) <= {"all", *TABLE["callers"]}, row["key"]
    assert list(MAKERS) == list(TABLE["callers"])


def test_every_key_that_the_server_sets_is_in_the_table() -> None:
    """Whoever adds a key decides for which callers."""
    assert {row["key"].lower() for row in FIXED} >= NAMES


def test_every_key_with_a_value_in_the_table_can_be_had() -> None:
    """No key is in the table with nothing but absences, but for those that an organization brings."""
    for row in FIXED:
        assert any(row["values"].values()) or row.get("organization"), row["key"]


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("SAML session", "saml:sub", "ann@corp"),
        ("SAML session", "saml:aud", None),
        ("OIDC session", "accounts.example.com:sub", "42"),
        ("OIDC session", "accounts.example.com:amr", ("pwd", "otp")),
        ("OIDC session", "aws:sub", None),
        ("role session", "saml:sub", None),
        ("user", "accounts.example.com:sub", None),
    ],
)
def test_what_a_provider_said_stays_with_the_session(
    world: People, kind: str, key: str, value: str | tuple[str, ...] | None
) -> None:
    """The keys of the assertion that AWS keeps after issuance are there in the session, for that session only."""
    assert MAKERS[kind](world).find(key) == value


def test_a_provider_cannot_say_what_only_the_server_knows(world: People) -> None:
    """Facts of a federated session under names of AWS's own namespaces do not count, whoever wrote them."""
    said = tuple((name, "forged") for name in ("aws:SourceVpc", "aws:SourceIp", "sts:ExternalId", "iam:PolicyARN"))
    facts = world.facts_of(world.raw(world.seal("role", world.names["role_id"], federation=said)))
    found = {name: facts.find(name.lower()) for name, _ in said}
    assert found == {**dict.fromkeys(found), "aws:SourceIp": world.names["ip"]}


@pytest.mark.parametrize(
    ("entity", "session", "asked", "value"),
    [
        ((("Team", "blue"),), (), "team", "blue"),
        ((("Team", "blue"),), (("TEAM", "green"),), "team", "green"),
        ((("Team", "blue"),), (("cost", "7"),), "team", "blue"),
        ((("Team", "blue"),), (("cost", "7"),), "cost", "7"),
        ((("Team", "blue"),), (("team", ""),), "team", ""),
        ((("Team", "Blue"),), (), "team", "Blue"),
        ((("a/b:c", "x"),), (), "a/b:c", "x"),
        ((("Team", "blue"),), (), "teams", None),
        ((("Team", "blue"),), (), "", None),
    ],
)
def test_session_tags_override_the_roles_without_case(
    world: People, entity: Tags, session: Tags, asked: str, value: str | None
) -> None:
    """Keys of tags compare without case, the session's value wins, and values keep their case."""
    store, account = world.daypass.daypass.storage, world.daypass.account
    snapshot = store.directory.load(account)
    assert snapshot is not None
    role = snapshot.roles[world.names["role_id"]]
    with store.store.transaction(account) as change:
        change.put(replace(role, tags=entity))
    facts = world.facts_of(world.raw(world.seal("role", role.id, tags=session)))
    with store.store.transaction(account) as change:
        change.put(role)
    assert facts.find(f"aws:principaltag/{asked}") == value


def test_global_endpoints_report_their_region(world: People) -> None:
    """IAM and STS's global endpoint say us-east-1, whatever region a request was signed for."""
    facts = MAKERS["user"](world)
    assert facts.find("aws:requestedregion") == "eu-west-1"
    assert facts._replace(is_global=True).find("aws:requestedregion") == "us-east-1"
    assert facts._replace(service="iam").find("aws:requestedregion") == "us-east-1"


@pytest.mark.parametrize("kind", ["user", "user session", "user session with MFA"])
def test_a_code_in_the_call_is_mfa_of_this_moment(world: People, kind: str) -> None:
    """Whatever the caller's own session says, a call that proved a second factor has it, and no other call does."""
    facts = MAKERS[kind](world)
    proved = facts._replace(mfa_at=facts.now)
    assert proved.find("aws:multifactorauthpresent") == "true"
    assert proved.find("aws:multifactorauthage") == "0"
    assert facts.find("aws:multifactorauthage") == ("90" if kind.endswith("MFA") else None)


def test_time_is_the_requests_own(world: People) -> None:
    """Current time, epoch time and age of the session come from one look at the clock."""
    facts = MAKERS["user session with MFA"](world)._replace(now=NOW + 3600)
    keys = ("aws:currenttime", "aws:epochtime", "aws:multifactorauthage", "aws:tokenissuetime")
    assert [facts.find(key) for key in keys] == [
        "2030-03-17T18:46:40Z",
        str(NOW + 3600),
        "3690",
        world.names["issued_iso"],
    ]
