"""Compile botocore's service models into the tables that ``daypass.wire`` runs from.

    python -m tools.compile_models             write src/daypass/wire/models/*.json
    python -m tools.compile_models --check     exit 1 and say what drifted, write nothing

The tables hold shapes, constraints, error codes and paginators; no prose. Output is the same for the same botocore:
operations and shapes sorted and one a line (reviewable diffs), members in the model's order. A newer botocore with
the same model is no drift; the version in the table then stays what it was.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore  # never imported at run time, only here

ROOT = Path(__file__).resolve().parent.parent
MODELS = ROOT / "src" / "daypass" / "wire" / "models"
SERVICES = {"iam": "2010-05-08", "sts": "2011-06-15"}
NOTICE = (
    "Derived from botocore's service models, Copyright 2012-2022 Amazon.com, Inc. or its affiliates. "
    "All Rights Reserved. Licensed under the Apache License, Version 2.0; reduced to what a server needs."
)

Json = dict[str, Any]

_SHAPE_KEYS = ("type", "flattened", "min", "max", "pattern", "enum", "sensitive", "timestampFormat", "locationName")
_REF_KEYS = ("shape", "locationName", "flattened", "timestampFormat")
_PAGE_KEYS = ("input_token", "output_token", "limit_key", "more_results", "result_key")


def _picked(source: Json, keys: tuple[str, ...]) -> Json:
    """The entries of ``source`` under ``keys``, in that order; empty and false ones left out, zero kept."""
    kept = ((key, source[key]) for key in keys if key in source)
    return {key: value for key, value in kept if value or (value == 0 and value is not False)}


def _shape(shape: Json) -> Json:
    compiled = _picked(shape, _SHAPE_KEYS)
    if shape["type"] == "structure":
        compiled["members"] = {name: _picked(ref, _REF_KEYS) for name, ref in shape["members"].items()}
        if shape.get("required"):
            compiled["required"] = shape["required"]
    for part in ("member", "key", "value"):
        if part in shape:
            compiled[part] = _picked(shape[part], _REF_KEYS)
    return compiled


def _references(shape: Json) -> Iterator[str]:
    yield from (ref["shape"] for ref in shape.get("members", {}).values())
    yield from (shape[part]["shape"] for part in ("member", "key", "value") if part in shape)


def _reachable(model: Json) -> Json:
    """The shapes that inputs and outputs use, sorted by name. Error shapes are left to ``_errors``."""
    waiting = [op[side]["shape"] for op in model["operations"].values() for side in ("input", "output") if side in op]
    shapes: Json = {}
    while waiting:
        name = waiting.pop()
        if name not in shapes:
            shapes[name] = _shape(model["shapes"][name])
            waiting += _references(model["shapes"][name])
    return dict(sorted(shapes.items()))


def _errors(model: Json) -> dict[str, int]:
    """HTTP status by error code. A shape without an ``error`` trait answers with its own name and 400."""
    found: dict[str, int] = {}
    for name, shape in model["shapes"].items():
        if shape.get("exception"):
            error = shape.get("error", {})
            found[error.get("code", name)] = error.get("httpStatusCode", 400)
    return dict(sorted(found.items()))


def _operation(name: str, operation: Json, pages: Json) -> Json:
    compiled: Json = {}
    for side in ("input", "output"):
        if side in operation:
            compiled[side] = operation[side]["shape"]
    if "resultWrapper" in operation.get("output", {}):
        compiled["wrapper"] = operation["output"]["resultWrapper"]
    if operation.get("authtype") == "none" or "smithy.api#noAuth" in operation.get("auth", []):
        compiled["anonymous"] = True
    if name in pages:
        compiled["pages"] = _picked(pages[name], _PAGE_KEYS)
    return compiled


def compile_model(model: Json, pages: Json) -> Json:
    """One service's table: metadata, operations, shapes, errors."""
    metadata = model["metadata"]
    operations = {
        name: _operation(name, operation, pages.get("pagination", {}))
        for name, operation in sorted(model["operations"].items())
    }
    return {
        "service": metadata["endpointPrefix"],
        "version": metadata["apiVersion"],
        "protocol": metadata["protocol"],
        "namespace": metadata.get("xmlNamespace", ""),
        "errors": _errors(model),
        "operations": operations,
        "shapes": _reachable(model),
    }


def render(table: Json, botocore_version: str) -> str:
    """The table as text: one operation or shape a line."""
    head = {"notice": NOTICE, "botocore": botocore_version}
    sections = ("operations", "shapes")
    lines = [f"{_json(key)}:{_json(value)}" for key, value in (head | table).items() if key not in sections]
    for section in sections:
        rows = ",\n".join(f"{_json(name)}:{_json(value)}" for name, value in table[section].items())
        lines.append(f"{_json(section)}:{{\n{rows}\n}}")
    return "{" + ",\n".join(lines) + "}\n"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def _read(path: Path) -> Json:
    """Read a JSON file of botocore's data, which some releases ship gzipped."""
    zipped = path.with_name(path.name + ".gz")
    data = gzip.decompress(zipped.read_bytes()) if zipped.exists() else path.read_bytes()
    loaded: Json = json.loads(data)
    return loaded


def installed_table(service: str) -> tuple[Json, str]:
    """The table of the installed botocore and that botocore's version."""
    folder = Path(botocore.__file__).parent / "data" / service / SERVICES[service]
    return compile_model(_read(folder / "service-2.json"), _read(folder / "paginators-1.json")), botocore.__version__


def _differences(old: Json, new: Json, path: str = "") -> Iterator[str]:
    """Where two tables differ, one line a place, in the words of a reviewer."""
    for key in sorted(old.keys() | new.keys()):
        place = f"{path}.{key}" if path else key
        if key not in new:
            yield f"- {place}"
        elif key not in old:
            yield f"+ {place} {_json(new[key])}"
        elif isinstance(old[key], dict) and isinstance(new[key], dict):
            yield from _differences(old[key], new[key], place)
        elif old[key] != new[key]:
            yield f"~ {place} {_json(old[key])} -> {_json(new[key])}"


def drift(service: str, folder: Path = MODELS) -> list[str]:
    """What the committed table of ``service`` lacks or has too much against the installed botocore."""
    committed: Json = json.loads((folder / f"{service}.json").read_text("utf-8"))
    version = committed.pop("botocore")
    committed.pop("notice")
    table, _ = installed_table(service)
    found = list(_differences(committed, table))
    if not found and render(table, version) != (folder / f"{service}.json").read_text("utf-8"):
        found.append("~ layout or order of members differs: regenerate")
    return found


def outdated(service: str, folder: Path = MODELS) -> bool:
    """Whether the installed botocore is older than the one that made the table, so that it can judge nothing."""
    made_by = str(json.loads((folder / f"{service}.json").read_text("utf-8"))["botocore"])
    installed, wanted = ([int(part) for part in version.split(".")] for version in (botocore.__version__, made_by))
    return installed < wanted


def main(arguments: list[str] | None = None) -> int:
    """Write the tables or check them; the exit code."""
    parser = argparse.ArgumentParser(description="Compile botocore's service models into daypass's wire tables.")
    parser.add_argument("--check", action="store_true", help="report drift and write nothing")
    parser.add_argument("--output", type=Path, default=MODELS, help="folder of the tables")
    options = parser.parse_args(arguments)
    if options.check:
        judged = [service for service in SERVICES if not outdated(service, options.output)]
        found = {service: drift(service, options.output) for service in judged}
        print(*(f"{service}: {line}" for service, lines in found.items() for line in lines), sep="\n")
        return 1 if any(found.values()) else 0
    for service in SERVICES:
        if not (options.output / f"{service}.json").exists() or drift(service, options.output):
            (options.output / f"{service}.json").write_text(render(*installed_table(service)), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
