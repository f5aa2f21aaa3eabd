"""Whatever is done to users and groups, everybody is in just the groups that a plain model says, and may just that."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from daypass.testing.local import LocalDaypass, Signer
from tests.calling import code_of, credentials_in

SECURITY_AUDIT = "arn:aws:iam::aws:policy/SecurityAudit"
USERS = ("ann", "bob", "cid")
GROUP = st.sampled_from(["red", "blue", "RED"])
USER = st.integers(0, len(USERS) - 1)
MOST = settings.default.max_examples if settings.default else 100
_numbers = count(1)


@dataclass
class Team:
    """A group as the model knows it."""

    name: str
    attached: bool = False
    members: set[int] = field(default_factory=set)


class Memberships(RuleBasedStateMachine):
    """Users 0, 1, 2 keep their keys under whatever name; groups come, go and are renamed."""

    daypass: LocalDaypass

    @initialize()
    def make(self) -> None:
        """An account with three users, all in two groups of which one has a policy, so that there is much to lose."""
        self.account, self.admin = self.daypass.account_named(f"memberships {next(_numbers)}")
        self.names = list(USERS)
        self.keys: list[Signer] = []
        for name in USERS:
            assert self.call("CreateUser", UserName=name) == "200"
            self.keys.append(
                credentials_in(self.daypass.call("iam", "CreateAccessKey", {"UserName": name}, self.admin))
            )
        self.teams = [Team("red"), Team("blue")]
        for team in self.teams:
            assert self.call("CreateGroup", GroupName=team.name) == "200"
            for who in range(len(USERS)):
                self.join(who, team.name)
        self.grant("blue", attach=True)

    def call(self, operation: str, **params: object) -> str:
        """The code of an administrator's call."""
        return code_of(self.daypass.call("iam", operation, params, self.admin))

    def team(self, name: str) -> Team | None:
        return next((team for team in self.teams if team.name == name), None)

    def is_taken(self, name: str, by_other_than: Team | None = None) -> bool:
        return any(team.name.lower() == name.lower() for team in self.teams if team is not by_other_than)

    @rule(name=GROUP)
    def create(self, name: str) -> None:
        """A new group is empty, whatever was called so before."""
        taken = self.is_taken(name)
        assert self.call("CreateGroup", GroupName=name) == ("EntityAlreadyExists" if taken else "200")
        if not taken:
            self.teams.append(Team(name))

    @rule(name=GROUP)
    def delete(self, name: str) -> None:
        """Only what has neither users nor policies goes."""
        team = self.team(name)
        said = self.call("DeleteGroup", GroupName=name)
        if team is None:
            assert said == "NoSuchEntity"
        elif team.members or team.attached:
            assert said == "DeleteConflict"
        else:
            assert said == "200"
            self.teams.remove(team)

    @rule(name=GROUP, new=GROUP)
    def rename(self, name: str, new: str) -> None:
        """A renamed group is the same group."""
        team = self.team(name)
        said = self.call("UpdateGroup", GroupName=name, NewGroupName=new)
        if team is None:
            assert said == "NoSuchEntity"
        elif self.is_taken(new, by_other_than=team):
            assert said == "EntityAlreadyExists"
        else:
            assert said == "200"
            team.name = new

    @rule(who=USER, name=GROUP)
    def join(self, who: int, name: str) -> None:
        """Joining, once or twice, makes a member."""
        team = self.team(name)
        said = self.call("AddUserToGroup", GroupName=name, UserName=self.names[who])
        assert said == ("200" if team else "NoSuchEntity")
        if team:
            team.members.add(who)

    @rule(who=USER, name=GROUP)
    def leave(self, who: int, name: str) -> None:
        """Leaving, in it or not, makes none."""
        team = self.team(name)
        said = self.call("RemoveUserFromGroup", GroupName=name, UserName=self.names[who])
        assert said == ("200" if team else "NoSuchEntity")
        if team:
            team.members.discard(who)

    @rule(name=GROUP, attach=st.booleans())
    def grant(self, name: str, attach: bool) -> None:
        """A policy that tells of the account is attached or detached."""
        team = self.team(name)
        said = self.call(f"{'At' if attach else 'De'}tachGroupPolicy", GroupName=name, PolicyArn=SECURITY_AUDIT)
        assert said == ("200" if team and (attach or team.attached) else "NoSuchEntity")
        if team:
            team.attached = attach

    @rule(who=USER)
    def rename_user(self, who: int) -> None:
        """A renamed user is the same user."""
        new = self.names[who] + "+"
        if len(new) <= 64:
            assert self.call("UpdateUser", UserName=self.names[who], NewUserName=new) == "200"
            self.names[who] = new

    @invariant()
    def memberships_are_those_of_the_model(self) -> None:
        """Both sides tell the same, as does the policy of who has it."""
        for who, name in enumerate(self.names):
            told = self.told("ListGroupsForUser", "GroupName", {"UserName": name})
            assert set(told) == {team.name for team in self.teams if who in team.members}
        for team in self.teams:
            told = self.told("GetGroup", "UserName", {"GroupName": team.name})
            assert set(told) == {self.names[who] for who in team.members}
        told = self.told("ListEntitiesForPolicy", "GroupName", {"PolicyArn": SECURITY_AUDIT})
        assert set(told) == {team.name for team in self.teams if team.attached}

    @invariant()
    def everybody_may_what_his_groups_may(self) -> None:
        """The next request of each user is decided by the groups that he is in now."""
        for who, key in enumerate(self.keys):
            may = any(team.attached and who in team.members for team in self.teams)
            said = code_of(self.daypass.call("iam", "GetAccountSummary", {}, key))
            assert said == ("200" if may else "AccessDenied")

    def told(self, operation: str, member: str, params: Mapping[str, object]) -> list[str]:
        """Every ``member`` of an answer, but the group's own name where its users are asked for."""
        answer = self.daypass.call("iam", operation, params, self.admin)
        assert answer.status == 200, answer.body
        return re.findall(f"<{member}>([^<]*)</{member}>", answer.body.decode())


def test_memberships_are_what_was_done_to_them() -> None:
    """After any history of joining, leaving, renaming, deleting and attaching, model and service agree."""
    with LocalDaypass() as daypass:
        Memberships.daypass = daypass
        some = settings(max_examples=MOST // 6, stateful_step_count=20)
        run_state_machine_as_test(Memberships, settings=some)
        assert daypass.daypass.storage.defects() == ()
