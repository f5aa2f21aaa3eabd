"""Figures of the policy engine: deciding, compiling, memory, explaining, linting, simulating."""

from __future__ import annotations

import gc
import json
import tracemalloc
from collections.abc import Iterable
from functools import partial
from typing import Any

from benchmarks import peers
from benchmarks.figures import Figures
from benchmarks.inner import captured, make_role, microseconds
from daypass import Attached, Kind, Policy, PolicySet, RequestContext, check_document, evaluate
from daypass.policy import parse_policy
from daypass.policy.lint import lint
from daypass.principals import RoleSession
from daypass.testing.local import LocalDaypass

CALLER = RoleSession("123456789012", "AROARZPUZDIKAAAAAAAAA", "reader", "bench")
KEY = "aws:principaltag/project"
LARGE, USUAL = 6_144, 600
"""Characters: the most that a managed policy may have, and what one of a few statements has."""


def policies(figures: Figures) -> None:
    """All figures of the engine."""
    few = decisions(figures)
    _beside_others(figures, few)
    _layers(figures)
    _explaining(figures, few)
    _documents(figures)
    _simulating(figures)


def decisions(figures: Figures) -> PolicySet:
    """One decision over 20 statements that all match the action, and over 1,000 of which 20 do."""
    few, many = _set_of(20), _set_of(1_000)
    asked = request("nobody")
    for some in (few, many):
        assert sum(len(one.policy.by_action["s3:getobject"][1]) for one in some.identity) == 20
        assert not evaluate(asked, some).allowed
        assert evaluate(request("p19"), some).allowed
    twenty = figures.add("decide over 20 matching statements", microseconds(lambda: evaluate(asked, few)), "us")
    thousand = microseconds(lambda: evaluate(asked, many))
    figures.add("decide over 1,000, 20 matching", thousand, "us", ("20 statements", twenty))
    return few


def _beside_others(figures: Figures, few: PolicySet) -> None:
    """The same 20 statements in Cedar and in casbin; each from the facts of a request to its answer."""
    ours = microseconds(lambda: evaluate(request("nobody"), few))
    figures.add("request and decision over 20 statements", ours, "us")
    asked = [
        (project, f"s3:{action}", bucket)
        for project in ("p0", "p7", "p19", "p20", "", "P7")
        for action in ("GetObject", "PutObject")
        for bucket in ("b", "c")
    ]
    expected = [evaluate(request(*one), few).allowed for one in asked]
    assert sum(expected) == 3
    for name, make in peers.ENGINES.items():
        try:
            decide = make([f"p{number}" for number in range(20)])
        except ImportError:
            figures.note(f"{name} is not installed")
            continue
        assert [decide(*one) for one in asked] == expected, name
        cost = microseconds(partial(decide, "nobody", "s3:GetObject", "b"), 20, 40)
        figures.add(f"{name}, the same", cost, "us", ("ours", ours))


def _layers(figures: Figures) -> None:
    """Every kind of policy that a role session in an organization may have, all of which must allow."""
    full = _attached({"Effect": "Allow", "Action": "*", "Resource": "*"})
    guard = _attached(*(statement("nobody", f"s3:Delete{n}", "Deny") for n in range(3)))
    whole = PolicySet(
        (_attached(*_statements_of(LARGE)),),
        _attached(*_statements_of(USUAL)),
        (_attached(*_statements_of(USUAL)),),
        scps=((full,), (full, guard)),
    )
    asked = request("p0")
    assert evaluate(asked, whole).allowed
    cost = microseconds(lambda: evaluate(asked, whole))
    figures.add("decide over role, boundary, session, 2 levels of SCPs", cost, "us")


def _explaining(figures: Figures, few: PolicySet) -> None:
    decision = evaluate(request("nobody"), few)
    assert "nobody" in decision.explain()
    figures.add("explain a denial by 20 statements", microseconds(decision.explain, 5, 10), "us")


def _documents(figures: Figures) -> None:
    """What a document costs when it is written, read back, kept, and checked."""
    large, usual = document(_statements_of(LARGE)), document(_statements_of(USUAL))
    for text in (large, usual):
        name = f"a policy of {len(text):,} bytes"
        figures.add(f"compile {name}", microseconds(partial(parse_policy, text), 5, 20), "us")
        figures.add(f"memory of {name}, compiled", _memory(text), "bytes", ("its text", len(text)))
    checked = microseconds(lambda: check_document(large, Kind.IDENTITY_MANAGED), 5, 20)
    figures.add(f"check and compile a policy of {len(large):,} bytes", checked, "us")
    figures.add(
        f"lint a policy of {len(large):,} bytes", microseconds(lambda: lint(large, Kind.IDENTITY_MANAGED), 2, 10), "us"
    )


def _memory(text: str, count: int = 50) -> float:
    """Bytes that one compiled policy takes once it has been asked, its text left out."""
    asked = request("nobody")
    parse_policy(text)
    gc.collect()
    tracemalloc.start()
    kept: list[Policy] = []
    for _ in range(count):
        kept.append(parse_policy(text))
        evaluate(asked, PolicySet((Attached(kept[-1], "bench"),)))
    gc.collect()
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return taken / len(kept)


def _simulating(figures: Figures) -> None:
    """SimulatePrincipalPolicy of 100 actions for a role with a policy of the greatest size, without HTTP."""
    with LocalDaypass() as local:
        role = make_role(local)
        local.client("iam").put_role_policy(
            RoleName=role.rpartition("/")[2], PolicyName="bench", PolicyDocument=document(_statements_of(LARGE))
        )
        params = {
            "PolicySourceArn": role,
            "ActionNames": ["s3:GetObject", *(f"ec2:Describe{n}" for n in range(99))],
            "MaxItems": 100,
        }
        raw = captured(local, "iam", "SimulatePrincipalPolicy", params)
        simulate = local.daypass.service.serve_blocking
        answer = simulate(raw)
        assert (answer.status, bytes(answer.body).count(b"<EvalActionName>")) == (200, 100)
        cost = microseconds(lambda: simulate(raw), 1, 10)
        figures.add("SimulatePrincipalPolicy of 100 actions, in process", cost, "us")


# ── what is decided on ───────────────────────────────────────────────────────────────────────────────


def request(project: str, action: str = "s3:GetObject", bucket: str = "b") -> RequestContext:
    """Somebody of ``project`` asks for an object of ``bucket``."""
    return RequestContext(action, f"arn:aws:s3:::{bucket}/k", CALLER, CALLER.account, {KEY: project})


def statement(project: str, action: str = "s3:GetObject", effect: str = "Allow") -> dict[str, Any]:
    """A statement with one condition."""
    condition = {"StringEquals": {"aws:PrincipalTag/project": project}}
    return {"Effect": effect, "Action": action, "Resource": "arn:aws:s3:::b/*", "Condition": condition}


def document(statements: Iterable[dict[str, Any]]) -> str:
    """A policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _statements_of(characters: int) -> list[dict[str, Any]]:
    """As many statements, each with one condition, as go into a document of so many characters."""
    found: list[dict[str, Any]] = []
    while len(document([*found, statement(f"p{len(found)}")])) <= characters:
        found.append(statement(f"p{len(found)}"))
    return found


def _set_of(count: int) -> PolicySet:
    """``count`` statements in documents of at most 100, the last 20 of which speak of the action asked for."""
    statements = [statement(f"p{n}", f"ec2:Describe{n}") for n in range(count - 20)]
    statements += [statement(f"p{n}") for n in range(20)]
    return PolicySet(tuple(_attached(*statements[start : start + 100]) for start in range(0, count, 100)))


def _attached(*statements: dict[str, Any]) -> Attached:
    return Attached(parse_policy(document(statements)), "bench")
