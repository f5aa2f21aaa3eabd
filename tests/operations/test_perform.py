"""What is looked at again inside a transaction."""

from __future__ import annotations

from dataclasses import replace

import pytest

from daypass.errors import InvalidClientTokenId
from daypass.operations.perform import _must_live
from daypass.principals import Caller, User

from .conftest import Stage


def test_a_key_deleted_meanwhile_changes_nothing(stage: Stage) -> None:
    """A caller whose key is gone by the time of the transaction is refused inside it."""
    directory = stage.daypass.daypass.storage.directory
    before = directory.load(stage.daypass.account)
    assert before is not None
    alice = before.users_by_name["alice"]
    caller = Caller(User(before.id, alice.id, "alice"), stage.alice.access_key_id)
    _must_live(caller, before)
    stage.daypass.client("iam").delete_access_key(UserName="alice", AccessKeyId=stage.alice.access_key_id)
    after = directory.load(stage.daypass.account)
    assert after is not None
    with pytest.raises(InvalidClientTokenId):
        _must_live(caller, after)
    inactive = replace(before.access_keys[stage.alice.access_key_id], status="Inactive")
    with pytest.raises(InvalidClientTokenId):
        _must_live(caller, before.replaced(2, [inactive], []))
