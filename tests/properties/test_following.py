"""Whatever is written, a process that follows the change log ends with exactly what one reads that starts anew."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.adapters.storage import Storage, open_store
from daypass.entities import Group, ManagedPolicy, Role, User
from daypass.ports import AlreadyExists
from daypass.testing.backend import ACCOUNT, OTHER, answer, create, everything, group, policy, role, user

ACCOUNTS = (ACCOUNT, OTHER)
CHANGE = st.tuples(
    st.sampled_from(["user", "group", "role", "policy"]), st.sampled_from("abc"), st.sampled_from("abcAB")
)
TRANSACTION = st.tuples(
    st.sampled_from(ACCOUNTS),
    st.lists(st.tuples(CHANGE, st.booleans()), min_size=1, max_size=4),
    st.sampled_from(["commit", "commit", "commit", "fail", "follow", "follow"]),
)


def named(kind: str, identity: str, name: str) -> User | Group | Role | ManagedPolicy:
    """Entity ``identity`` of a kind, called ``name``."""
    if kind == "user":
        return replace(user(identity), name=name)
    if kind == "group":
        return replace(group(identity), name=name)
    return replace(role(identity), name=name) if kind == "role" else replace(policy(identity), name=name)


def carry_out(storage: Storage, account: str, changes: list[tuple[tuple[str, str, str], bool]], *, fail: bool) -> None:
    """One transaction; one that meets a taken name, or shall fail, leaves nothing."""
    try:
        with storage.store.transaction(account) as change:
            for (kind, identity, name), gone in changes:
                entity = named(kind, identity, name)
                if not gone:
                    change.put(entity)
                elif change.account.find(kind, entity.key):
                    change.delete(kind, entity.key)
            if fail:
                raise ZeroDivisionError
    except (AlreadyExists, ZeroDivisionError):
        pass


@settings(max_examples=settings.default.max_examples // 4 if settings.default else 25)
@given(st.lists(TRANSACTION, max_size=12))
def test_following_is_reading_anew(history: list[tuple[str, list[tuple[tuple[str, str, str], bool]], str]]) -> None:
    """Writer, follower on another host and newcomer hold equal snapshots after any history."""
    with tempfile.TemporaryDirectory() as here, tempfile.TemporaryDirectory() as there:
        url = f"sqlite:///{here}/daypass.db"
        with (
            open_store(url, Path(here), follow=False) as writer,
            open_store(url, Path(there), follow=False) as follower,
        ):
            for account in ACCOUNTS:
                create(writer, account)
            follower.poll()
            answer(follower, ACCOUNT)
            for account, changes, act in history:
                if act == "follow":
                    follower.poll()
                    answer(follower, account)
                else:
                    carry_out(writer, account, changes, fail=act == "fail")
            follower.poll()
            with open_store(url, Path(here), follow=False) as newcomer:
                for account in ACCOUNTS:
                    truth = everything(answer(newcomer, account))
                    assert everything(answer(writer, account)) == truth
                    assert everything(answer(follower, account)) == truth
                assert newcomer.defects() == ()
