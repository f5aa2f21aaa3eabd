"""A service's table: shapes, operations, error codes, as compiled from AWS's model and patched by our overlay.

``models/<service>.json`` is generated (``tools/compile_models.py``); ``overlays/<service>.json`` is written by hand and
says what the models lack or misstate, each entry with reason and source. An overlay entry that names a shape or
member that does not exist is a defect and fails at load, so a new model cannot silently drop a patch.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

SERVICES: tuple[str, ...] = ("sts", "iam")
"""All services with a table. Earlier ones win where an unsigned Action exists in several."""


class Ref(msgspec.Struct, frozen=True, rename="camel"):
    """The use of a shape by a member, with the wire's name where it differs."""

    shape: str
    location_name: str = ""
    flattened: bool = False
    timestamp_format: str = ""


class Shape(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """One shape. The second block comes from overlays only."""

    type: str
    members: dict[str, Ref] = {}
    required: tuple[str, ...] = ()
    member: Ref | None = None
    key: Ref | None = None
    value: Ref | None = None
    min: int | None = None
    max: int | None = None
    pattern: str = ""
    enum: tuple[str, ...] = ()
    sensitive: bool = False
    flattened: bool = False
    timestamp_format: str = ""
    location_name: str = ""

    match: str = ""
    """What is matched where that differs from the printed ``pattern``."""
    refusal: str = ""
    """A sentence that replaces the pattern clause; ``{member}`` stands for the parameter."""
    order: tuple[str, ...] = ()
    """Members in the order of AWS's answers; members it leaves out follow in the model's order."""
    percent_encoded: bool = False
    """RFC 3986 percent-encoded in answers."""
    plain: bool = False
    """Made by daypass from a printable ASCII alphabet: no control characters to look for."""


class Pages(msgspec.Struct, frozen=True):
    """How an operation pages: member names."""

    input_token: str
    output_token: str
    result_key: str | list[str]
    limit_key: str = ""
    more_results: str = ""

    @property
    def lists(self) -> tuple[str, ...]:
        """The result members that are paged."""
        return (self.result_key,) if isinstance(self.result_key, str) else tuple(self.result_key)


class OperationShape(msgspec.Struct, frozen=True):
    """One operation as the model has it."""

    input: str = ""
    output: str = ""
    wrapper: str = ""
    anonymous: bool = False
    pages: Pages | None = None


class Table(msgspec.Struct, frozen=True):
    """Everything the engines know of one service."""

    service: str
    version: str
    protocol: str
    namespace: str
    errors: dict[str, int]
    operations: dict[str, OperationShape]
    shapes: dict[str, Shape]
    echo: bool = True
    """Whether validation texts show the offending value and enum values (STS does, IAM does not)."""

    def shape(self, ref: Ref) -> Shape:
        """The shape that ``ref`` uses."""
        return self.shapes[ref.shape]


class Patch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One overlay entry: what to set on a shape, or on one of its members."""

    shape: str
    set: dict[str, Any]
    reason: str
    source: str
    member: str = ""


class Overlay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A service's overlay file."""

    echo: bool
    echo_source: str
    patches: list[Patch]


def patched(raw: dict[str, Any], overlay: Overlay) -> dict[str, Any]:
    """``raw`` with every patch applied, in place.

    Raises:
        KeyError: a patch names a shape or member that the model does not have.
    """
    for patch in overlay.patches:
        shape = raw["shapes"][patch.shape]
        (shape["members"][patch.member] if patch.member else shape).update(patch.set)
    raw["echo"] = overlay.echo
    return raw


@cache
def load_table(service: str) -> Table:
    """The table of ``service``, read once.

    Raises:
        KeyError: no such service.
    """
    if service not in SERVICES:
        raise KeyError(service)
    folder = files("daypass.wire")
    raw = msgspec.json.decode((folder / "models" / f"{service}.json").read_bytes())
    overlay = msgspec.json.decode((folder / "overlays" / f"{service}.json").read_bytes(), type=Overlay)
    return msgspec.convert(patched(raw, overlay), Table)
