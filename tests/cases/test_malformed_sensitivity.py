"""The cases of refused documents see mistakes: each refusal of the rules, taken away or made always, is noticed."""

from __future__ import annotations

import ast
import copy
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import NamedTuple

import pytest

from daypass.errors import DaypassError, MalformedPolicyDocument
from daypass.policy import Kind, check_document
from tests.cases.test_malformed import CASES, text_of

MODULES = ("identity", "organization", "principal_entry", "resource", "resource_entry", "shape", "tenancy", "trust")
LEAVES = (ast.Raise, ast.Return)
ALL = [(text_of(case), Kind[case["kind"]], case["message"]) for case in CASES.values()]


class Guard(NamedTuple):
    """An ``if`` that refuses."""

    module: str
    function: str
    line: int
    source: str


def module_of(name: str) -> ModuleType:
    return importlib.import_module(f"daypass.policy.parse.{name}")


def tree_of(name: str) -> ast.Module:
    path = module_of(name).__file__
    assert path is not None
    return ast.parse(Path(path).read_text("utf-8"))


def guards() -> Iterator[Guard]:
    """Every ``if`` of the parse rules whose body only leaves the function."""
    for name in MODULES:
        for function in tree_of(name).body:
            if not isinstance(function, ast.FunctionDef):
                continue
            for node in ast.walk(function):
                if isinstance(node, ast.If) and all(isinstance(inner, LEAVES) for inner in node.body):
                    yield Guard(name, function.name, node.lineno, ast.unparse(node.test))


GUARDS = list(guards())


def changed(guard: Guard, answer: bool) -> CodeType:
    """The code of the guard's function, with ``answer`` in place of what it asks."""
    tree = copy.deepcopy(tree_of(guard.module))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and node.lineno == guard.line:
            node.test = ast.copy_location(ast.Constant(answer), node.test)
    code = compile(ast.fix_missing_locations(tree), guard.module, "exec")
    return next(one for one in code.co_consts if isinstance(one, CodeType) and one.co_name == guard.function)


@contextmanager
def mistaken(guard: Guard, answer: bool) -> Iterator[None]:
    """With the mistake made, wherever the function is used."""
    function = getattr(module_of(guard.module), guard.function)
    assert isinstance(function, FunctionType)
    right = function.__code__
    function.__code__ = changed(guard, answer)
    try:
        yield
    finally:
        function.__code__ = right


def answered(text: str, kind: Kind) -> str | None:
    """The message; None: accepted. What is no refusal at all counts as an answer too."""
    try:
        check_document(text, kind)
    except MalformedPolicyDocument as refusal:
        return refusal.message
    except (DaypassError, TypeError, ValueError, AttributeError, KeyError, IndexError, AssertionError) as error:
        return repr(error)
    return None


@pytest.mark.parametrize("answer", [False, True])
@pytest.mark.parametrize("guard", GUARDS, ids=[f"{g.module}:{g.function}:{g.source[:60]}" for g in GUARDS])
def test_a_refusal_that_is_never_or_always_made_is_noticed(guard: Guard, answer: bool) -> None:
    """Some case is answered otherwise than it should be."""
    with mistaken(guard, answer):
        noticed = any(answered(text, kind) != message for text, kind, message in ALL)
    assert noticed


def test_the_rules_have_guards() -> None:
    """The search for them finds what there is to find."""
    assert len(GUARDS) > 50
    assert {guard.module for guard in GUARDS} == set(MODULES)
    assert all(answered(text, kind) == message for text, kind, message in ALL)
