"""Tables and overlays: up to date, complete, explained, and free of botocore at run time."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from daypass.wire import SERVICES, service_model
from daypass.wire.model import Overlay, load_table, patched
from daypass.wire.patterns import matcher

FOLDER = files("daypass.wire")


def committed(service: str) -> dict[str, object]:
    loaded: dict[str, object] = json.loads((FOLDER / "models" / f"{service}.json").read_bytes())
    return loaded


def overlay(service: str) -> Overlay:
    return msgspec.json.decode((FOLDER / "overlays" / f"{service}.json").read_bytes(), type=Overlay)


@pytest.mark.parametrize("service", SERVICES)
def test_the_tables_are_those_of_the_installed_botocore(service: str, compile_models: ModuleType) -> None:
    """Compiling again from the installed botocore gives the committed table; drift is named line by line."""
    if compile_models.outdated(service):
        pytest.skip("the tables were made from a newer botocore")

    assert compile_models.drift(service) == []


def test_drift_is_reported_and_fails_the_check(
    compile_models: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A table that lacks an operation and misstates a bound is told so, by place, with exit code 1."""
    for service in SERVICES:
        table = committed(service)
        if service == "sts":
            table["operations"].pop("AssumeRole")  # type: ignore[attr-defined]
            table["shapes"]["roleSessionNameType"]["max"] = 65  # type: ignore[index]
        notice, botocore_version = table.pop("notice"), table.pop("botocore")
        assert notice
        (tmp_path / f"{service}.json").write_text(compile_models.render(table, botocore_version))

    assert compile_models.main(["--check", "--output", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert "sts: + operations.AssumeRole" in said
    assert "sts: ~ shapes.roleSessionNameType.max 65 -> 64" in said
    assert "iam:" not in said


def test_an_older_botocore_judges_nothing(compile_models: ModuleType, tmp_path: Path) -> None:
    """A table from a newer botocore than the installed one is left alone rather than called wrong."""
    for service in SERVICES:
        table = committed(service)
        table.pop("notice")
        table.pop("botocore")
        (tmp_path / f"{service}.json").write_text(compile_models.render({**table, "errors": {}}, "9999.0.0"))

    assert compile_models.outdated("sts", tmp_path)
    assert compile_models.main(["--check", "--output", str(tmp_path)]) == 0


def test_compiling_twice_gives_the_same_octets(compile_models: ModuleType, tmp_path: Path) -> None:
    """The tables depend on nothing but botocore."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        assert compile_models.main(["--output", str(tmp_path / name)]) == 0

    for service in SERVICES:
        one, two = ((tmp_path / name / f"{service}.json").read_bytes() for name in ("one", "two"))
        assert one == two
        assert b"ocumentation" not in one


@pytest.mark.parametrize("service", SERVICES)
def test_every_overlay_entry_is_explained_and_changes_something(service: str) -> None:
    """Each patch has a reason and a source, and the table is not already as it wants."""
    shapes: dict[str, dict[str, object]] = committed(service)["shapes"]  # type: ignore[assignment]
    for patch in overlay(service).patches:
        target = shapes[patch.shape]
        if patch.member:
            target = target["members"][patch.member]  # type: ignore[index]
        assert patch.reason.strip()
        assert patch.source.strip()
        assert any(target.get(key) != value for key, value in patch.set.items()), patch


def test_an_overlay_for_a_shape_that_is_gone_fails_at_load() -> None:
    """A patch that the model has outgrown is an error, not a silent loss."""
    with pytest.raises(KeyError):
        patched({"shapes": {}}, overlay("sts"))


@pytest.mark.parametrize("service", SERVICES)
def test_every_order_names_members_of_its_shape(service: str) -> None:
    """The order of an answer's members names only members that there are."""
    for shape in load_table(service).shapes.values():
        assert set(shape.order) <= shape.members.keys()


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_compiles(service: str) -> None:
    """All operations of the model can be parsed and answered, though none is compiled before its first use."""
    model = service_model(service)
    assert len(model.operation_names) > 10
    for name in model.operation_names:
        operation = model.operation(name)
        assert operation is not None
        assert operation.qualified_name == f"{service}:{name}"
        assert operation.public_result is not None
    assert model.operation("NoSuchOperation") is None
    for shape in load_table(service).shapes.values():
        assert not shape.pattern or matcher(shape.match or shape.pattern)


def test_exactly_the_two_federation_operations_are_anonymous() -> None:
    """A new operation that needs no signature is noticed here before it is offered to strangers."""
    anonymous = {
        f"{service}:{name}"
        for service in SERVICES
        for name, shape in load_table(service).operations.items()
        if shape.anonymous
    }

    assert anonymous == {"sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"}


def test_paging_members_come_with_the_operation() -> None:
    """The paginator model tells which members page and which lists they page through."""
    listing = service_model("iam").operation("ListEntitiesForPolicy")
    assert listing is not None
    assert listing.pages is not None
    assert (listing.pages.input_token, listing.pages.limit_key, listing.pages.more_results) == (
        "Marker",
        "MaxItems",
        "IsTruncated",
    )
    assert set(listing.pages.lists) == {"PolicyGroups", "PolicyUsers", "PolicyRoles"}


def test_an_unknown_service_has_no_model() -> None:
    """Service names are looked up in a closed list, never as file names."""
    with pytest.raises(KeyError):
        service_model("../models/sts")


def test_the_wire_needs_no_botocore_and_loads_quickly() -> None:
    """At run time neither botocore nor any of its kin is imported."""
    script = (
        "import sys, daypass.wire as w; [w.service_model(n).operation('GetUser') for n in w.SERVICES];"
        "print([m for m in sys.modules if m.split('.')[0] in ('botocore', 'boto3', 'requests', 'lxml')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)

    assert done.stdout.strip() == "[]"
