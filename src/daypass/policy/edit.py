"""Policies with one statement more, less or other: for trying changes, never for saving them.

A document is changed as its author would change it, as JSON, and read again as a whole.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from daypass.policy.attached import Attached, Layer, PolicySet
from daypass.policy.document import Kind
from daypass.policy.parse import parse_policy
from daypass.policy.parse.shape import VERSIONS

Json = dict[str, Any]

_KINDS: Mapping[Layer, Kind] = {
    "identity": Kind.IDENTITY_INLINE,
    "boundary": Kind.IDENTITY_MANAGED,
    "session": Kind.SESSION,
    "resource": Kind.RESOURCE,
    "trust": Kind.TRUST,
    "scp": Kind.SCP,
    "rcp": Kind.RCP,
    "endpoint": Kind.ENDPOINT,
}


def statement_of(attached: Attached, index: int) -> Json:
    """One statement as JSON; numbers are strings, which mean the same in a policy."""
    found: Json = _statements(_read(attached))[index]
    return found


def without_statement(attached: Attached, index: int) -> Attached | None:
    """The policy without a statement; None when it was the only one."""
    document = _read(attached)
    rest = [statement for number, statement in enumerate(_statements(document)) if number != index]
    return _written(attached, document | {"Statement": rest}) if rest else None


def with_other_statement(attached: Attached, index: int, statement: Mapping[str, Any]) -> Attached:
    """The policy with ``statement`` in the place of its own."""
    document = _read(attached)
    every: list[Mapping[str, Any]] = list(_statements(document))
    every[index] = statement
    return _written(attached, document | {"Statement": every})


def with_statement(attached: Attached, statement: Mapping[str, Any]) -> Attached:
    """The policy with one more statement at its end."""
    document = _read(attached)
    return _written(attached, document | {"Statement": [*_statements(document), statement]})


def new_policy(layer: Layer, statement: Mapping[str, Any]) -> Attached:
    """A policy of this one statement, as it would hang in ``layer``."""
    text = json.dumps({"Version": VERSIONS[0], "Statement": [statement]})
    return Attached(parse_policy(text, _KINDS[layer]), "a new policy")


def bound(attached: Attached, arn: str, unique_id: str) -> Attached:
    """The policy with a user or role in it bound to its id, as saving it would do; unchanged if it keeps no ids."""
    if attached.bindings is None:
        return attached
    return Attached(attached.policy, attached.name, attached.arn, {**attached.bindings, arn: unique_id})


def with_policy(policies: PolicySet, layer: Layer, level: int, old: Attached | None, new: Attached | None) -> PolicySet:
    """All policies, with ``new`` in the place of ``old``. No old one: ``new`` comes in; no new one: ``old`` goes."""
    if layer in ("scp", "rcp"):
        levels = list(policies.scps if layer == "scp" else policies.rcps)
        levels[level] = _exchanged(levels[level], old, new)
        return policies.replaced(**{f"{layer}s": tuple(levels)})
    if layer in ("identity", "session"):
        group = policies.identity if layer == "identity" else policies.session or ()
        return policies.replaced(**{layer: _exchanged(group, old, new)})
    return policies.replaced(**{"resource" if layer in ("resource", "trust") else layer: new})


def _exchanged(group: tuple[Attached, ...], old: Attached | None, new: Attached | None) -> tuple[Attached, ...]:
    if old is None:
        return (*group, new) if new is not None else group
    found = [new if one is old else one for one in group]
    return tuple(one for one in found if one is not None)


def _read(attached: Attached) -> Json:
    document: Json = json.loads(attached.policy.text, parse_int=str, parse_float=str)
    return document


def _statements(document: Json) -> list[Json]:
    found = document["Statement"]
    return [found] if isinstance(found, dict) else found


def _written(attached: Attached, document: Json) -> Attached:
    policy = parse_policy(json.dumps(document), attached.policy.kind)
    return Attached(policy, attached.name, attached.arn, attached.bindings, attached.group)
