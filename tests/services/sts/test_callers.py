"""Every operation of STS by every kind of caller: what each gets, word for word (tests/cases/sts/callers.json)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from daypass.operations.registry import REGISTRY
from daypass.principals import SessionKind
from daypass.sessions.authorization_message import seal_message
from daypass.sessions.token import open_token
from daypass.testing.local import LocalDaypass
from tests.services.sts.envelopes import FOLDER, check_refusal
from tests.services.sts.probes import KINDS, Probe, make_probe, trade_in
from tests.sigv4.samples import NOW

TABLE: dict[str, Any] = json.loads((FOLDER / "callers.json").read_text())
ACTIONS: dict[str, dict[str, Any]] = TABLE["actions"]
CALLERS: dict[str, dict[str, Any]] = TABLE["callers"]
STEPS = [["iam:EnableOutboundWebIdentityFederation", {}]]
ROLE = {"Trust": ["sts:AssumeRole"]}


def test_every_operation_and_every_kind_of_caller_has_its_row() -> None:
    """A new operation of STS, and a new kind of caller, fail here until it is said what they may."""
    assert set(ACTIONS) == {name.partition(":")[2] for name in REGISTRY.names() if name.startswith("sts:")}
    assert CALLERS.keys() == KINDS.keys()
    assert set(TABLE["unproven"]) == {name for name in ACTIONS if _operation(name).anonymous}


@pytest.mark.parametrize("kind", CALLERS)
def test_each_caller_gets_what_the_table_says_and_nothing_else(daypass: LocalDaypass, kind: str) -> None:
    """Each cell: the answer, or exactly this refusal; what needs no signature is unproven whoever signs it."""
    row = CALLERS[kind]
    able = "all" not in row
    probe = make_probe(daypass, {"as": kind, "role": ROLE, "given": STEPS if row.get("issues") else []})
    names = {"{message}": _message(probe), "{trade-in}": trade_in(probe) if able else "none"}
    for action, params in ACTIONS.items():
        probe.case["when"] = [action, {name: names.get(str(value), value) for name, value in params.items()}]
        refused = row.get("all") or row["refused"].get(action)
        refused = TABLE["unproven"].get(action, refused)
        answer = probe.judged()
        if refused is None:
            assert answer.status == 200, (action, answer.body)
        else:
            check_refusal(probe, answer, *probe.filled(refused))


def test_every_kind_of_session_is_a_caller(daypass: LocalDaypass) -> None:
    """A new kind of session fails here until some caller has one."""
    found = set()
    for kind in ("root", *(kind for kind, row in CALLERS.items() if "all" not in row)):
        probe = make_probe(daypass, {"as": kind})
        if probe.signer is not None and probe.signer.session_token is not None:
            ring = daypass.daypass.keys.ring()
            found.add(open_token(probe.signer.session_token, probe.signer.access_key_id, ring)[0].kind)
    assert found | {"root"} == set(SessionKind.__args__)  # type: ignore[attr-defined]


def _operation(action: str) -> Any:
    return REGISTRY.find(f"sts:{action}")


def _message(probe: Probe) -> str:
    """An encoded authorization message for the account of the case."""
    return seal_message("{}", probe.account, probe.daypass.daypass.keys.ring(), NOW, bytes(12))
