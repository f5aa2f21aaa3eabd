"""Every operation is in the model it claims, once, and the published table of operations is fresh."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from daypass.operations.registry import REGISTRY, Registry
from daypass.wire import SERVICES, service_model

for _service in SERVICES:
    importlib.import_module(f"daypass.services.{_service}")

TOOL = Path(__file__).parents[2] / "tools" / "conformance_table.py"


@pytest.fixture(scope="module")
def conformance_table() -> ModuleType:
    spec = importlib.util.spec_from_file_location("conformance_table", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_published_table_is_fresh(conformance_table: ModuleType) -> None:
    """``docs/reference/conformance.md`` is what the models and the registry give now."""
    assert conformance_table.main(["--check"]) == 0


def test_a_stale_table_fails_the_check(
    conformance_table: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that says something else is noticed."""
    monkeypatch.setattr(conformance_table, "PAGE", tmp_path / "conformance.md")
    assert conformance_table.main(["--check"]) == 1
    assert conformance_table.main([]) == 0
    assert conformance_table.main(["--check"]) == 0


def test_a_misspelt_operation_is_found(conformance_table: ModuleType) -> None:
    """An operation that no model has is named."""
    registry = Registry()
    registry.operation("sts:AssumeRoll", "mints")(lambda call: None)

    assert conformance_table.unknown(registry) == ["sts:AssumeRoll"]


@pytest.mark.parametrize("name", [name for name in REGISTRY.names() if not name.startswith("daypass:")])
def test_an_operation_is_anonymous_only_where_the_model_says_so(name: str) -> None:
    """No handler opens to strangers what AWS wants signed."""
    service, _, operation = name.partition(":")
    modelled = service_model(service).operation(operation)
    registered = REGISTRY.find(name)
    assert modelled is not None
    assert registered is not None

    assert registered.anonymous == modelled.anonymous
