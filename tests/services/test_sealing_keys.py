"""Rotating the sealing key by hand: the operator only, and never without a record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from daypass.adapters.audit import tail
from daypass.app import Daypass, hold, open_daypass
from daypass.errors import AccessDenied, ServiceUnavailable
from daypass.operations.registry import REGISTRY
from daypass.ports import AuditUnavailable
from daypass.principals import Caller, Root
from daypass.services.sealing_keys import rotate_sealing_key
from daypass.settings import Settings
from daypass.testing.local import LocalDaypass


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Daypass]:
    """A daypass in a fresh directory."""
    with hold(tmp_path / "data") as data, open_daypass(Settings(), data, create=True) as daypass:
        yield daypass


def test_a_new_key_is_announced_and_the_active_one_stays(opened: Daypass) -> None:
    """Rotation on demand adds one key that every node learns of before it seals."""
    before = opened.keys.ring()
    made = opened.operator("daypass:RotateSealingKey", {})
    after = opened.keys.ring()
    assert set(made["KeyIds"]) == {key.id for key in after.keys}
    assert after.active == before.active
    assert [key.state for key in after.keys if key not in before.keys] == ["announced"]


def test_the_rotation_is_recorded_before_and_after(opened: Daypass) -> None:
    """Two records of the operator: what was going to be done, and that it was."""
    opened.operator("daypass:RotateSealingKey", {})
    opened.close()
    records = [record for record in tail(opened.data / "audit", count=10) if record["eventName"] == "RotateSealingKey"]
    ours = [record["daypass"] for record in records]
    assert [entry.get("outcome") for entry in ours if isinstance(entry, dict)] == [None, "committed"]
    assert len({str(record["eventID"]) for record in records}) == 2
    assert not any(record["readOnly"] for record in records)


def test_without_a_record_the_ring_does_not_move(opened: Daypass, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the audit trail takes no record, the key ring is as it was."""
    before = opened.keys.ring()

    def refuse(record: Mapping[str, object], *, durable: bool = False, into_reserve: bool = False) -> None:
        raise AuditUnavailable("full")

    monkeypatch.setattr(opened.audit, "append", refuse)
    with pytest.raises(ServiceUnavailable):
        opened.operator("daypass:RotateSealingKey", {})
    assert opened.keys.ring() == before
    assert len(opened.storage.sealing_keys.load()) == len(before.keys)


@pytest.mark.parametrize("service", ["sts", "iam"])
@pytest.mark.parametrize("name", [name for name in REGISTRY.names() if name.startswith("daypass:")])
def test_no_request_over_the_network_reaches_the_operators_operations(name: str, service: str) -> None:
    """A signed request by an administrator for one of them is an unknown action."""
    with LocalDaypass() as daypass:
        answer = daypass.call(service, name.partition(":")[2], {"Name": "mine"})
        assert answer.status == 400
        assert b"InvalidAction" in answer.body
        assert daypass.daypass.storage.directory.ids() == (daypass.account,)


def test_nobody_but_the_operator_may_rotate(opened: Daypass) -> None:
    """Even root, were it to reach the handler, is refused."""

    class Asked:
        caller = Caller(Root(opened.default_account), "AKIA")

    with pytest.raises(AccessDenied):
        rotate_sealing_key(Asked())  # type: ignore[arg-type]
