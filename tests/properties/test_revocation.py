"""Trees of sessions over three accounts, and rules of every kind: what a rule ends, and what it leaves alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.entities import Revocation
from daypass.ids import access_key_id, unique_id
from daypass.principals import Session
from daypass.revocation import FEDERATED_PROVIDER, Revocations, ancestors_of, bearer, elsewhere, is_revoked

ACCOUNTS = ("111122223333", "444455556666", "777788889999")
USERS = {account: unique_id("AIDA", account, b"ann--0") for account in ACCOUNTS}
ROLES = {account: [unique_id("AROA", account, b"role-%d" % number) for number in range(2)] for account in ACCOUNTS}
PROVIDERS = {account: f"arn:aws:iam::{account}:oidc-provider/idp.example" for account in ACCOUNTS}
NAMES = ("blue", "red")
FAR = 10**9


def key_of(account: str, number: int) -> str:
    return access_key_id("ASIA", account, number.to_bytes(5, "little") + b"0")


def opened(
    number: int,
    account: str,
    role: int,
    name: str,
    issued: int,
    parent: Session | None,
    opener: str,
    *,
    signed_in: bool,
) -> Session:
    """Session ``number`` as minting makes it: of a user's key, of somebody who signed in, or of another session."""
    return Session(
        "role",
        key_of(account, number),
        account,
        ROLES[account][role],
        name,
        issued,
        issued + 3600,
        federation=((FEDERATED_PROVIDER, PROVIDERS[account]),) if signed_in else (),
        lineage=(*parent.lineage, parent.access_key_id) if parent else (),
        ancestors=ancestors_of(parent) if parent else () if signed_in else ((USERS[opener], issued),),
    )


@st.composite
def forests(draw: st.DrawFn) -> list[Session]:
    """Up to a dozen sessions, each a root or a child of an earlier one and not older than it."""
    made: list[Session] = []
    for number in range(draw(st.integers(1, 12))):
        parent = draw(st.none() | st.sampled_from(made)) if made else None
        issued = draw(st.integers(parent.issued if parent else 1, 20))
        account, opener = draw(st.sampled_from(ACCOUNTS)), draw(st.sampled_from(ACCOUNTS))
        role, name = draw(st.integers(0, 1)), draw(st.sampled_from(NAMES))
        signed_in = parent is None and draw(st.booleans())
        made.append(opened(number, account, role, name, issued, parent, opener, signed_in=signed_in))
    return made


@st.composite
def rules(draw: st.DrawFn, forest: list[Session]) -> tuple[str, Revocation]:
    """One rule of any kind about something in ``forest``, and the account it stands in."""
    about, before = draw(st.sampled_from(forest)), draw(st.integers(1, 22))
    blank = Revocation("rv", 0, FAR, before, only=draw(st.booleans()))
    home = next((account for account in ACCOUNTS if about.ancestors and USERS[account] == about.ancestors[0][0]), None)
    choices: list[tuple[str, Revocation]] = [
        (about.account, replace(blank, access_key=about.access_key_id, issued_before=0)),
        (about.account, replace(blank, principal=about.principal_id)),
        (about.account, replace(blank, principal=bearer(about))),
        (about.account, replace(blank, provider=PROVIDERS[about.account])),
        (about.account, blank),
    ]
    if home:
        choices.append((home, replace(blank, principal=USERS[home])))
    return draw(st.sampled_from(choices))


def described(rule: Revocation, account: str, session: Session) -> bool:
    """Whether the rule is about this very session: said again, without an index."""
    if rule.access_key:
        return session.access_key_id == rule.access_key
    if session.account != account or session.issued >= rule.issued_before:
        return False
    if rule.provider:
        return dict(session.federation).get(FEDERATED_PROVIDER) == rule.provider
    return not rule.principal or rule.principal in (session.principal_id, bearer(session))


def opened_by(rule: Revocation, session: Session, everyone_in: str) -> bool:
    """Whether a user's own key that the rule is about opened the session."""
    if session.lineage or not session.ancestors or session.issued >= rule.issued_before or rule.access_key:
        return False
    user = session.ancestors[0][0]
    return user == rule.principal or (not rule.principal and not rule.provider and user == USERS[everyone_in])


@given(data=st.data())
def test_a_revoked_session_takes_its_descendants_with_it_and_nobody_else(data: st.DataObject) -> None:
    """A session is refused exactly when the rule describes it or, unless that is spared, something it descends from."""
    forest = data.draw(forests())
    account, rule = data.draw(rules(forest))
    held = {name: Revocations(name, [rule] if name == account else []) for name in ACCOUNTS}
    by_key = {session.access_key_id: session for session in forest}
    for session in forest:
        line = [by_key[key] for key in session.lineage]
        expected = described(rule, account, session) or (
            not rule.only
            and (
                any(described(rule, account, ancestor) for ancestor in line)
                or any(opened_by(rule, one, account) for one in (*line, session))
            )
        )
        assert is_revoked(session, held.get) is expected


@given(data=st.data())
def test_a_further_rule_revives_nobody(data: st.DataObject) -> None:
    """What some rules end, more rules end too."""
    forest = data.draw(forests())
    some = [data.draw(rules(forest)) for _ in range(data.draw(st.integers(0, 4)))]
    more = [*some, data.draw(rules(forest))]

    def ended(those: list[tuple[str, Revocation]]) -> set[str]:
        held = {name: Revocations(name, [rule for home, rule in those if home == name]) for name in ACCOUNTS}
        return {session.access_key_id for session in forest if is_revoked(session, held.get)}

    assert ended(some) <= ended(more)
    assert ended(more) == set().union(*[ended([rule]) for rule in more])


@given(forest=forests())
def test_every_account_that_has_a_say_is_asked(forest: list[Session]) -> None:
    """The accounts of all ancestors are named, each once, the session's own left out."""
    by_key = {session.access_key_id: session for session in forest}
    for session in forest:
        line = [by_key[key] for key in session.lineage]
        users = {
            home for one in (*line, session) for home in ACCOUNTS if (USERS[home], one.issued) in session.ancestors
        }
        assert set(elsewhere(session)) == ({one.account for one in line} | users) - {session.account}


def test_a_chain_names_each_of_its_bearers_once() -> None:
    """Assuming two roles in turn a hundred times leaves the user and the two of them, with their first times."""
    account, session = ACCOUNTS[0], None
    for number in range(100):
        session = opened(number, account, number % 2, "hop", 10 + number, session, account, signed_in=False)
    assert session is not None
    first, second = (f"{role}:hop" for role in ROLES[account])
    assert session.ancestors == ((USERS[account], 10), (first, 10), (second, 11))
    assert len(session.lineage) == 99


def test_an_account_that_is_not_there_pardons_nobody() -> None:
    """A session that descends from an account which is gone is refused."""
    there, gone = ACCOUNTS[:2]
    session = opened(1, there, 0, "blue", 5, None, gone, signed_in=False)
    assert is_revoked(session, {there: Revocations(there)}.get)
    assert not is_revoked(session, {there: Revocations(there), gone: Revocations(gone)}.get)


@pytest.mark.parametrize("count", [0, 1, 10_000])
def test_rules_about_others_touch_nobody(count: int) -> None:
    """Any number of rules about other sessions leaves this one alone, and none means false."""
    account = ACCOUNTS[0]
    others = [Revocation(f"rv-{number}", 0, FAR, access_key=key_of(account, number)) for number in range(count)]
    held = Revocations(account, others)
    assert (len(held), bool(held)) == (count, count > 0)
    assert not held.hits(opened(10**6, account, 0, "blue", 5, None, account, signed_in=False))
