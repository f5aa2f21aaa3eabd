"""Rules that the source of this engine keeps, because no behaviour could show that they are broken."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import daypass.sigv4

SOURCE = Path(daypass.sigv4.__file__).parent
MODULES = sorted(SOURCE.glob("*.py"))
SECRET = ("signature", "signing", "secret", "claimed", "actual", "expected", "proof", "hmac", "digest")


def names_in(node: ast.AST) -> list[str]:
    """The names that a value is made of; a length or a membership tells nothing."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "len":
        return []
    own = getattr(node, "attr", getattr(node, "id", ""))
    return [own, *[name for child in ast.iter_child_nodes(node) for name in names_in(child)]]


def compared_with_operators(source: str) -> list[str]:
    """Comparisons by ``==`` or ``!=`` of what must be compared in constant time."""
    return [
        ast.unparse(node)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Compare)
        and any(isinstance(operator, ast.Eq | ast.NotEq) for operator in node.ops)
        and any(word in name.lower() for word in SECRET for name in names_in(node))
    ]


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_signatures_are_never_compared_with_operators(module: Path) -> None:
    """Only ``hmac.compare_digest`` looks at a signature or a hash."""
    assert compared_with_operators(module.read_text()) == []


@pytest.mark.parametrize(
    "line", ["unverified.signature == x", "hmac_sha256(k, t).hex() == given", "x != claimed", "actual == b''"]
)
def test_a_comparison_with_operators_would_be_found(line: str) -> None:
    """The rule catches what it is for."""
    assert compared_with_operators(line) == [line]


def test_the_comparison_in_constant_time_is_there() -> None:
    """The proof and the payload hash are compared by ``compare_digest``."""
    for name in ("verify.py", "canonical.py"):
        calls = [
            ast.unparse(n.func) for n in ast.walk(ast.parse((SOURCE / name).read_text())) if isinstance(n, ast.Call)
        ]
        assert sum(call.endswith("compare_digest") for call in calls) == 1


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_the_engine_touches_nothing_outside(module: Path) -> None:
    """No clock, no socket, no file, no log, no other engine."""
    allowed = {
        "collections",
        "functools",
        "dataclasses",
        "datetime",
        "hashlib",
        "hmac",
        "operator",
        "re",
        "typing",
        "urllib",
        "__future__",
    }
    inside = {"daypass.errors", "daypass.exchange"}
    curves = {"cryptography.exceptions", "cryptography.hazmat.primitives.asymmetric"}
    curves.add("cryptography.hazmat.primitives.hashes")
    for node in ast.walk(ast.parse(module.read_text())):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for name in names:
            assert name.split(".")[0] in allowed or name in inside | curves or name.startswith("daypass.sigv4.")
