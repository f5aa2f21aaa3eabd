"""Files of cases for ``daypass policy test``: read, checked, and taken apart into requests with what is expected.

A file is one JSON object: ``given`` holds what all its cases share, ``cases`` the cases by name. Policies are named by
files beside it, or stand in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daypass.cli.problems import USAGE, CommandError

if TYPE_CHECKING:
    from daypass.policy.simulate import Documents

EXPECTATIONS = ("allowed", "denied", "implicitDeny", "explicitDeny")
_PLAIN = frozenset({"action", "resource", "principal", "as", "owner", "context", "expect", "layer"})
_LARGEST = 16_777_216
_MOST_POLICY = 4 * 131_072


@dataclass(frozen=True, slots=True)
class Case:
    """One request and what is expected of it. ``layer`` None: any; ``as_``: a user or role of the store."""

    name: str
    action: str
    resource: str = "*"
    principal: str | None = None
    as_: str | None = None
    owner: str | None = None
    context: Mapping[str, Any] = field(default_factory=dict)
    documents: Documents = field(default_factory=dict)
    expect: str = "allowed"
    layer: str | None = None

    def is_met(self, effect: str, layer: str) -> bool:
        """Whether a decision is the expected one."""
        fits = effect != "allowed" if self.expect == "denied" else effect == self.expect
        return fits and self.layer in (None, layer)


def read_cases(path: Path) -> list[Case]:
    """All cases of a file.

    Raises:
        CommandError: the file, or a policy that it names, cannot be read or understood.
    """
    content = _object(_json(path), f"{path}")
    unknown = content.keys() - {"given", "cases"}
    if unknown or not content.get("cases"):
        what = f"`{min(unknown)}` is not known there" if unknown else "it has no cases"
        raise _fault(f"{path}: {what}", 'a file is {"given": {…}, "cases": {"NAME": {…}, …}}')
    given = _object(content.get("given", {}), f"{path}: given")
    cases = _object(content["cases"], f"{path}: cases")
    found: list[Case] = []
    for name, case in cases.items():
        found += _expanded(name, given | _object(case, f"{path}: {name}"), f"{path}: {name}", path.parent)
    return found


def _expanded(name: str, members: Mapping[str, Any], where: str, folder: Path) -> Iterator[Case]:
    """The case, once for each of its actions and resources."""
    from daypass.policy.simulate import KINDS

    unknown = members.keys() - _PLAIN - KINDS.keys()
    if unknown:
        known = ", ".join([*sorted(_PLAIN), *KINDS])
        raise _fault(f"{where}: `{min(unknown)}` is not known", f"a case may have: {known}")
    expect = members.get("expect")
    if expect not in EXPECTATIONS:
        raise _fault(f"{where}: `expect` is missing or none of {', '.join(EXPECTATIONS)}")
    documents = {kind: documents_of(kind, members[kind], where, folder) for kind in KINDS if kind in members}
    actions, resources = _texts(members, "action", where), _texts(members, "resource", where) or ["*"]
    if not actions:
        raise _fault(f"{where}: `action` is missing")
    several = len(actions) * len(resources) > 1
    for action in actions:
        for resource in resources:
            yield Case(
                f"{name}: {action} on {resource}" if several else name,
                action,
                resource,
                members.get("principal"),
                members.get("as"),
                members.get("owner"),
                _object(members.get("context", {}), f"{where}: context"),
                documents,
                expect,
                members.get("layer"),
            )


def documents_of(kind: str, value: Any, where: str, folder: Path) -> list[list[tuple[str, str]]]:
    """The policies of one kind, by levels: files, objects, or lists of those; a list in a list is a level.

    Raises:
        CommandError: a file cannot be read, or the value is neither.
    """
    from daypass.policy.simulate import LEVELED

    entries = value if isinstance(value, list) else [value]
    if kind not in LEVELED:
        return [[_document(entry, f"{where}: {kind}", folder) for entry in entries]]
    levels = [entry if isinstance(entry, list) else [entry] for entry in entries]
    return [[_document(entry, f"{where}: {kind}", folder) for entry in level] for level in levels]


def _document(entry: Any, where: str, folder: Path) -> tuple[str, str]:
    if isinstance(entry, dict):
        return where, json.dumps(entry)
    if isinstance(entry, str):
        return entry, text_of(folder / entry, _MOST_POLICY)
    raise _fault(f"{where}: neither the name of a file nor a policy")


def text_of(path: Path, most: int = _LARGEST) -> str:
    """The text of a file.

    Raises:
        CommandError: it cannot be read, is larger than ``most`` bytes, or is not UTF-8.
    """
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
        if len(data) > most:
            raise _fault(f"{path} is larger than {most} bytes")
        return data.decode()
    except OSError as error:
        raise _fault(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise _fault(f"{path} is not UTF-8: {error.reason}, byte {error.start}") from None


def _json(path: Path) -> Any:
    try:
        return json.loads(text_of(path), object_pairs_hook=_members)
    except (ValueError, RecursionError) as error:
        raise _fault(f"{path} is not JSON: {error}") from None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A case that stands there twice would hide the first."""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"`{next(name for name in names if names.count(name) > 1)}` stands there twice")
    return found


def _texts(members: Mapping[str, Any], name: str, where: str) -> list[str]:
    value = members.get(name, [])
    texts = value if isinstance(value, list) else [value]
    if not all(isinstance(text, str) for text in texts):
        raise _fault(f"{where}: `{name}` is neither a text nor a list of texts")
    return texts


def _object(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _fault(f"{where}: not a JSON object")
    return value


def _fault(message: str, advice: str = "see docs/how-to/test-policies.md") -> CommandError:
    return CommandError(message, advice, USAGE)
