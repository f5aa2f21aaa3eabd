"""`daypass sessions`, `revoke` and `revocations`, as a person types them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from daypass.cli import sessions as sessions_module
from daypass.cli.main import run
from daypass.testing.local import LocalDaypass, Signer
from tests.calling import code_of, credentials_in, element
from tests.security.world import document, trusting

Type = Callable[..., str]
NUMBERS = count(1)


@pytest.fixture(scope="module")
def daypass() -> Iterator[LocalDaypass]:
    with LocalDaypass() as local:
        yield local


@pytest.fixture(scope="module")
def other(daypass: LocalDaypass) -> str:
    """A second account."""
    return daypass.account_named("other")[0]


@pytest.fixture
def typed(daypass: LocalDaypass, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Type:
    """Run a command; what it printed on stdout, or on stderr when it must fail."""
    monkeypatch.setenv("DAYPASS_DATA", str(daypass.data))

    def type_(*words: str, code: int = 0) -> str:
        assert run(words) == code
        said = capsys.readouterr()
        return said.err if code else said.out

    return type_


class Tree:
    """Role sessions ``one`` > ``two`` > ``three``, and ``sibling`` below ``one``, of a role made for a test."""

    def __init__(self, daypass: LocalDaypass, name: str) -> None:
        self.daypass = daypass
        account = daypass.account
        trust = trusting(f"arn:aws:iam::{account}:root")
        answer = daypass.call("iam", "CreateRole", {"RoleName": name, "AssumeRolePolicyDocument": trust})
        self.role = element(answer, "Arn")
        put = {"RoleName": name, "PolicyName": "all", "PolicyDocument": document("*")}
        assert daypass.call("iam", "PutRolePolicy", put).status == 200
        self.one = self.assume(daypass.admin, "one")
        self.two = self.assume(self.one, "two")
        self.three = self.assume(self.two, "three")
        self.sibling = self.assume(self.one, "sibling")

    def assume(self, signer: Signer, name: str) -> Signer:
        wish = {"RoleArn": self.role, "RoleSessionName": name}
        return credentials_in(self.daypass.call("sts", "AssumeRole", wish, signer))

    def codes(self) -> list[str]:
        """What one, two, three and the sibling are answered."""
        return [
            code_of(self.daypass.call("sts", "GetCallerIdentity", {}, signer))
            for signer in (self.one, self.two, self.three, self.sibling)
        ]


@pytest.fixture
def tree(daypass: LocalDaypass) -> Tree:
    return Tree(daypass, f"role-{next(NUMBERS)}")


def listed(typed: Type, *words: str) -> dict[str, dict[str, Any]]:
    """The objects of `daypass sessions --json`, by access key id."""
    return {one["accessKeyId"]: one for one in json.loads(typed("sessions", "--json", *words))}


ENDED, LIVES = "ExpiredToken", "200"


def test_each_live_session_is_one_object(typed: Type, tree: Tree, daypass: LocalDaypass) -> None:
    """Who holds it, since when and until when, by whom, and which session it came from."""
    shown = listed(typed, "--principal", tree.role)
    assert sorted(one["sessionName"] for one in shown.values()) == ["one", "sibling", "three", "two"]
    one, two = shown[tree.one.access_key_id], shown[tree.two.access_key_id]
    assert (one["principal"], one["sessionName"], one["parent"]) == (tree.role, "one", None)
    assert (two["parent"], two["openedBy"]) == (tree.one.access_key_id, one["arn"])
    assert (one["issuerKey"], one["account"], one["kind"]) == (daypass.admin.access_key_id, daypass.account, "role")
    assert one["issued"] < one["expires"]
    assert one["issued"].endswith("Z")


def test_the_tree_shows_what_descends_from_what(typed: Type, tree: Tree) -> None:
    """A child stands below its parent, further in."""
    lines = typed("sessions", "--principal", tree.role).splitlines()
    said = [(len(line) - len(line.lstrip()), line.split()[0], line.split()[1].rsplit("/", 1)[1]) for line in lines]
    assert said[0] == (0, tree.one.access_key_id, "one")
    assert (4, tree.three.access_key_id, "three") == said[said.index((2, tree.two.access_key_id, "two")) + 1]
    assert (2, tree.sibling.access_key_id, "sibling") in said
    assert " by arn:aws:iam::" in lines[0]


def test_only_whom_one_asks_for_is_shown(typed: Type, tree: Tree, other: str) -> None:
    """By account, by role session, by unique id; nobody is nobody."""
    assert listed(typed, "--account", other) == {}
    assert typed("sessions", "--account", other) == "no live sessions\n"
    arn = listed(typed)[tree.two.access_key_id]["arn"]
    assert set(listed(typed, "--principal", arn)) == {tree.two.access_key_id}


def test_a_long_tree_is_cut_and_says_so(
    typed: Type, tree: Tree, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The newest are shown; below a parent that is not shown a session stands at the margin."""
    monkeypatch.setattr(sessions_module, "MOST_SHOWN", 1)
    assert run(["sessions", "--principal", tree.role]) == 0
    said = capsys.readouterr()
    assert (len(said.out.splitlines()), "the newest 1 sessions" in said.err) == (1, True)
    assert " in session ASIA" in said.out


def test_a_revoked_session_and_what_descends_from_it_leave_the_list(typed: Type, tree: Tree) -> None:
    """The command returns when they are refused; the parent and the sibling go on."""
    typed("revoke", tree.two.access_key_id)
    assert tree.codes() == [LIVES, ENDED, ENDED, LIVES]
    assert set(listed(typed, "--principal", tree.role)) == {tree.one.access_key_id, tree.sibling.access_key_id}


def test_only_spares_what_descends(typed: Type, tree: Tree) -> None:
    """A list shows the orphans at the margin, with the session they came from."""
    typed("revoke", tree.one.access_key_id, "--only")
    assert tree.codes() == [ENDED, LIVES, LIVES, LIVES]
    assert f" in session {tree.one.access_key_id}" in typed("sessions", "--principal", tree.role)


def test_whoever_opens_a_session_after_a_revocation_keeps_it(typed: Type, tree: Tree, daypass: LocalDaypass) -> None:
    """When a role's sessions are revoked, the command returns late enough that new ones are not taken for old."""
    typed("revoke", "--principal", tree.role)
    assert tree.codes() == [ENDED] * 4
    young = tree.assume(daypass.admin, "young")
    assert code_of(daypass.call("sts", "GetCallerIdentity", {}, young)) == LIVES


@pytest.mark.parametrize("form", ["iso", "epoch", "offset"])
def test_a_time_may_be_written_in_many_ways(typed: Type, tree: Tree, form: str) -> None:
    """ISO 8601 with Z or an offset, and epoch seconds, mean the same moment."""
    text = {"iso": "2020-01-01T00:00:00Z", "epoch": "1577836800", "offset": "2020-01-01T02:00:00+02:00"}[form]
    rule = json.loads(typed("revoke", "--principal", tree.role, "--issued-before", text, "--json"))
    assert rule["IssuedBefore"] == "2020-01-01T00:00:00Z"
    assert tree.codes() == [LIVES] * 4


def test_an_account_is_emptied_at_once(typed: Type, other: str, daypass: LocalDaypass, tree: Tree) -> None:
    """With a time alone the rule is about one account."""
    rule = json.loads(typed("revoke", "--issued-before", "now", "--account", other, "--json"))
    assert rule["Revoked"] == "all sessions of the account"
    assert tree.codes() == [LIVES] * 4


def test_a_provider_is_revoked_with_all_it_vouched_for(typed: Type, daypass: LocalDaypass) -> None:
    """The provider need not exist any more; its account is in its ARN."""
    arn = f"arn:aws:iam::{daypass.account}:saml-provider/corp"
    assert json.loads(typed("revoke", "--provider", arn, "--json"))["Revoked"] == arn
    assert "accounts.google.com" in typed("revoke", "--provider", "accounts.google.com", "--account", daypass.account)


@pytest.mark.parametrize(
    "words",
    [
        ["ASIAIOSFODNN7EXAMPLE"],
        ["bogus"],
        [""],
        ["{unseen}"],
        ["--principal", "arn:aws:iam::{account}:role/nobody"],
        ["--principal", "arn:aws:iam::999999999999:role/nobody"],
        ["--principal", "nobody"],
        ["--provider", "arn:aws:iam::999999999999:saml-provider/corp"],
        ["--provider", "accounts.google.com"],
        ["--principal", "arn:aws:iam::{account}:user/admin", "--account", "{other}"],
        ["--issued-before", "now", "--account", "999999999999"],
        ["--issued-before", "2999-01-01"],
    ],
)
def test_what_is_unknown_is_exit_1(typed: Type, daypass: LocalDaypass, other: str, words: list[str]) -> None:
    """Nothing is revoked, and the message says so or why."""
    unseen = f"{daypass.admin.access_key_id[:-4]}7777".replace("AKIA", "ASIA", 1)
    names = {"account": daypass.account, "other": other, "unseen": unseen}
    said = [word.format(**names) for word in words]
    if said == [""]:
        assert typed("revoke", "", code=2)
        return
    assert typed("revoke", *said, code=1).startswith("daypass: ")
    assert typed("revocations", "list", "--account", other).count("rv-") <= 1


def test_what_this_host_has_not_seen_can_be_revoked_all_the_same(typed: Type, daypass: LocalDaypass) -> None:
    """Another host's trail knows it; the id says which account it belongs to."""
    unseen = f"{daypass.admin.access_key_id[:-4]}6666".replace("AKIA", "ASIA", 1)
    typed("revoke", unseen, code=1)
    assert unseen in typed("revoke", unseen, "--unseen")


def test_a_long_term_key_is_told_what_to_do_instead(typed: Type, daypass: LocalDaypass) -> None:
    """Keys are switched off or deleted; the message says how, and how to end what they opened."""
    said = typed("revoke", daypass.admin.access_key_id, code=1)
    assert "update-access-key --status Inactive" in said
    assert "--principal" in said


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--only"],
        ["ASIAIOSFODNN7EXAMPLE", "--principal", "x"],
        ["ASIAIOSFODNN7EXAMPLE", "--issued-before", "1"],
        ["--issued-before", "soon"],
        ["--issued-before", "nan"],
        ["--issued-before", "9" * 400],
        ["--principal", "x", "--provider", "y"],
    ],
)
def test_what_says_nothing_or_two_things_is_exit_2(typed: Type, words: list[str]) -> None:
    """A slip never empties an account."""
    assert "daypass revoke" in typed("revoke", *words, code=2)


def test_rules_are_listed_and_taken_back(typed: Type, tree: Tree) -> None:
    """A lifted rule lets what it ended live again."""
    rule = json.loads(typed("revoke", tree.two.access_key_id, "--json"))
    assert rule["Descendants"] is True
    assert f"{rule['Id']}  {tree.two.access_key_id}" in typed("revocations", "list")
    assert rule in json.loads(typed("revocations", "list", "--json"))
    typed("revocations", "lift", rule["Id"])
    assert tree.codes() == [LIVES] * 4
    assert rule["Id"] not in typed("revocations", "list")
    assert "cannot be found" in typed("revocations", "lift", rule["Id"], code=1)


def test_a_gap_in_the_trail_is_told(
    typed: Type, daypass: LocalDaypass, tree: Tree, capsys: pytest.CaptureFixture[str]
) -> None:
    """What cannot be known is said, on stderr, and the rest is shown."""
    trail = max((daypass.data / "audit").glob("*-w0-*.jsonl"))
    whole = trail.read_bytes()
    lines = whole.splitlines(keepends=True)
    try:
        trail.write_bytes(b"".join(lines[:1] + lines[2:]))
        assert run(["sessions", "--json"]) == 0
        said = capsys.readouterr()
        assert "the trail has a gap" in said.err
        assert tree.one.access_key_id in said.out
    finally:
        trail.write_bytes(whole)
