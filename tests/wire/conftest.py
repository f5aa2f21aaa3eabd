"""What the wire tests share: the table compiler, botocore's models as oracle, and values of any shape."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import botocore.loaders
import botocore.model
import pytest

ROOT = Path(__file__).parents[2]


def load_tool(name: str) -> ModuleType:
    """A module of ``tools/``, which is no package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def compile_models() -> ModuleType:
    """The tool that compiles botocore's models."""
    return load_tool("compile_models")


@pytest.fixture(scope="session")
def oracle() -> dict[str, botocore.model.ServiceModel]:
    """botocore's own reading of the models, by service."""
    loader = botocore.loaders.Loader()
    versions = {"sts": "2011-06-15", "iam": "2010-05-08"}
    return {
        name: botocore.model.ServiceModel(loader.load_service_model(name, "service-2", api_version=version), name)
        for name, version in versions.items()
    }


def cases(name: str) -> list[Any]:
    """The cases of ``tests/wire/cases/<name>.json`` as pytest parameters, named by their sentence."""
    loaded = json.loads((Path(__file__).parent / "cases" / f"{name}.json").read_text("utf-8"))
    return [pytest.param(case, id=case["name"].replace(" ", "-")) for case in loaded]
