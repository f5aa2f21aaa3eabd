"""A snapshot that was changed step by step is the snapshot that one would build anew."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from daypass.entities import AccessKey, Account, Entity, Group, ManagedPolicy, PolicyVersion, Role, User
from daypass.snapshot import AccountSnapshot

ACCOUNT = Account("111122223333", "main", 0)
INDEXES = ("users_by_name", "groups_by_name", "roles_by_name", "policies_by_arn")
TABLES = ("account", "users", "groups", "roles", "access_keys", "policies")


def entity(kind: str, number: int, name: str) -> Entity:
    """Entity ``number`` of a kind; its name and path are free to change."""
    if kind == "user":
        return User(f"AIDA{number}", name, f"/{name}/", 0)
    if kind == "group":
        return Group(f"AGPA{number}", name, f"/{name}/", 0)
    if kind == "role":
        return Role(f"AROA{number}", name, "/", 0, "{}")
    if kind == "policy":
        return ManagedPolicy(f"ANPA{number}", name, f"/{name}/", 0, 0, (PolicyVersion("v1", "{}", 0),))
    if kind == "access-key":
        return AccessKey(f"AKIA{number}", name, 0, b"")
    return Account(ACCOUNT.id, name, 0, None, ("eu-west-3",) if number % 2 else ())


KINDS = st.sampled_from(["user", "group", "role", "policy", "access-key", "account"])
CHANGE = st.tuples(KINDS, st.integers(0, 4), st.sampled_from("abcdef"), st.booleans())
HISTORY = st.lists(st.lists(CHANGE, min_size=1, max_size=4), max_size=8)


def facts(snapshot: AccountSnapshot) -> dict[str, object]:
    return {name: getattr(snapshot, name) for name in ("revision", "partition", "usual_regions", *TABLES, *INDEXES)}


def names_are_unique(entities: dict[tuple[str, str], Entity]) -> bool:
    named = [(e.kind, e.name) for e in entities.values() if isinstance(e, User | Group | Role | ManagedPolicy)]
    return len(set(named)) == len(named)


@given(HISTORY)
def test_changing_step_by_step_is_building_anew(history: list[list[tuple[str, int, str, bool]]]) -> None:
    """After any history of puts, renames, swapped names and deletions all indexes are as if built at once."""
    held: dict[tuple[str, str], Entity] = {("account", ACCOUNT.id): ACCOUNT}
    snapshot = AccountSnapshot.of(1, held.values(), partition="aws-cn")
    for step in history:
        after, put, deleted = dict(held), dict[tuple[str, str], Entity](), set[tuple[str, str]]()
        for kind, number, name, gone in step:
            made = entity(kind, number, name)
            key = (made.kind, made.key)
            if gone and kind != "account":
                put.pop(key, None)
                after.pop(key, None)
                deleted.add(key)
            else:
                deleted.discard(key)
                put[key] = after[key] = made
        if not names_are_unique(after):
            continue
        before = facts(snapshot)
        changed = snapshot.replaced(snapshot.revision + 1, put.values(), deleted)
        assert facts(snapshot) == before
        assert facts(changed) == facts(AccountSnapshot.of(changed.revision, after.values(), partition="aws-cn"))
        held, snapshot = after, changed


def test_a_change_shares_what_it_does_not_touch() -> None:
    """Tables of other kinds are the same objects, so a change costs what it changes; nothing derived stays."""
    snapshot = AccountSnapshot.of(1, [ACCOUNT, entity("user", 1, "a"), entity("role", 1, "r")])
    snapshot.derived["compiled"] = object()
    changed = snapshot.replaced(2, [entity("user", 2, "b")], [])
    assert changed.roles is snapshot.roles
    assert changed.roles_by_name is snapshot.roles_by_name
    assert changed.access_keys is snapshot.access_keys
    assert changed.users is not snapshot.users
    assert changed.derived == {}


def test_lookups_know_every_kind() -> None:
    """Entities are found by kind and key, ARNs are those of the partition."""
    held = [entity(kind, 1, "n") for kind in ("user", "group", "role", "policy", "access-key")]
    snapshot = AccountSnapshot.of(1, [ACCOUNT, *held], partition="aws-us-gov")
    assert [snapshot.find(e.kind, e.key) for e in held] == held
    assert snapshot.find("account", ACCOUNT.id) == ACCOUNT
    assert snapshot.find("user", "AIDA2") is None
    assert snapshot.arn(snapshot.users["AIDA1"]) == "arn:aws-us-gov:iam::111122223333:user/n/n"
    assert list(snapshot.entities()) == [ACCOUNT, *held]
