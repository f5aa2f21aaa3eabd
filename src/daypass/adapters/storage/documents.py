"""Entities as the bytes that the store keeps: JSON of the dataclass.

A document outlives the code that wrote it: fields that it lacks take their defaults, fields that are gone are passed
over. Fields are only ever appended, with a default (``daypass.entities``).
"""

from __future__ import annotations

import msgspec

from daypass.entities import KINDS, Entity
from daypass.ports import StoreUnavailable

_ENCODER = msgspec.json.Encoder()
_DECODERS = {kind: msgspec.json.Decoder(entity) for kind, entity in KINDS.items()}


def encode(entity: Entity) -> bytes:
    """The document of ``entity``."""
    return _ENCODER.encode(entity)


def decode(kind: str, document: bytes) -> Entity:
    """The entity of ``kind`` that ``document`` holds.

    Raises:
        StoreUnavailable: this code cannot read it (a newer daypass wrote it, or it is damaged). Passing it over could
            widen what someone may do.
    """
    try:
        return _DECODERS[kind].decode(document)
    except (KeyError, msgspec.MsgspecError) as error:
        raise StoreUnavailable(f"this daypass cannot read a stored entity of kind `{kind}`: {error}") from error


def name_key(entity: Entity) -> str | None:
    """What must be unique in the account among entities of the same kind: the name without case; None without name.

    A service and a resource control policy may have one name, and so may MFA devices under different paths.
    """
    if entity.kind in ("account", "control-policy", "mfa"):
        return None
    name: str | None = getattr(entity, "name", None)
    return None if name is None else name.casefold()
