"""The Query protocol, inward: flat form parameters to typed parameters, by the model.

Lists are ``Name.member.1`` (or flattened, or named), maps ``Name.entry.1.key``, structures ``Name.Field``; an empty
list is sent as ``Name=``. Unknown parameters are ignored, as are indices that are not plain decimals (STS API
reference, Making API requests; AWS Query protocol of the Smithy specification).

Scalars of the top level, which is all that most requests have, are converted and checked in one pass over the form.
Only parameters with dots go through a tree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from daypass.errors import MalformedInput
from daypass.wire.model import Ref, Shape, Table
from daypass.wire.scalars import converter
from daypass.wire.validate import Acceptors, Accepts, anything, refusal

DEPTH_LIMIT = 32
"""Most dots in a parameter's name that is read; deeper ones are unknown parameters. Also bounds recursion."""

Tree = dict[str, Any]
"""A parameter's dotted names as nested dictionaries; the value itself, if any, is under the empty name."""

Read = Callable[[Tree], Any]
"""A value out of a tree, or None when the tree holds none."""

_FIRST_INDICES = tuple(str(number) for number in range(1, 65))
_COMMON = frozenset({"Action", "Version"})  # parameters of every request
_CONTAINERS = frozenset({"structure", "list", "map"})


class InputParser:
    """Reads and checks the input of one operation."""

    def __init__(self, table: Table, shape_name: str, acceptors: Acceptors) -> None:
        self._table = table
        self._shape = table.shapes[shape_name] if shape_name else Shape("structure")
        self._required = frozenset(self._shape.required)
        self._scalars: dict[str, tuple[str, Callable[[str], Any] | None, Accepts | None]] = {}
        self._checks: dict[str, Accepts] = {}
        self._converters: dict[str, Callable[[str], Any]] = {}
        self._containers: dict[str, tuple[str, Read, Accepts | None]] = {}
        readers = _Readers(table)
        for name, ref in self._shape.members.items():
            shape = table.shape(ref)
            wire = ref.location_name or name
            if shape.type in _CONTAINERS:
                self._containers[wire] = (name, readers.get(ref), acceptors.get(ref.shape))
            else:
                convert = converter(shape.type, ref.timestamp_format or shape.timestamp_format)
                self._scalars[wire] = (name, convert, acceptors.get(ref.shape))
                if wire == name:
                    self._checks[name] = acceptors.get(ref.shape) or anything
                    if convert is not None:
                        self._converters[name] = convert
        if not _COMMON.isdisjoint(self._scalars.keys() | self._containers.keys()):
            raise ValueError(f"{shape_name} has a member with the name of a common parameter")
        self._names = self._checks.keys()
        self._is_converted = self._converters.__contains__

    def __call__(self, form: Mapping[str, str]) -> dict[str, Any]:
        """The parameters by model names.

        Raises:
            MalformedInput: a value cannot be read as its type.
            ValidationError: values break the model's constraints; all findings at once.
        """
        if not self._shape.members:
            return {}
        params: dict[str, Any] = dict(form)
        params.pop("Action", None)
        params.pop("Version", None)
        if not (params.keys() <= self._names and self._required <= params.keys()):
            return self._one_by_one(form)
        # Nothing but known scalars, as in most requests: the form is the parameters, but for what is not a string.
        for name in filter(self._is_converted, form):
            params[name] = self._converters[name](form[name])
        checks = self._checks
        for name, value in params.items():
            if not checks[name](value):
                raise refusal(self._table, self._shape, params)
        return params

    def _one_by_one(self, form: Mapping[str, str]) -> dict[str, Any]:
        scalars = self._scalars
        params: dict[str, Any] = {}
        sound, nested = True, False
        for wire, text in form.items():
            entry = scalars.get(wire)
            if entry is None:
                nested = nested or "." in wire or wire in self._containers
                continue
            name, convert, accepts = entry
            value = text if convert is None else convert(text)
            if accepts is not None and not accepts(value):
                sound = False
            params[name] = value
        if nested and self._containers:
            sound = self._read_containers(form, params) and sound
        if not sound or not self._required <= params.keys():
            raise refusal(self._table, self._shape, params)
        return params

    def _read_containers(self, form: Mapping[str, str], params: dict[str, Any]) -> bool:
        """Add lists, maps and structures to ``params``; whether all keep their constraints."""
        sound = True
        for head, tree in _trees(form, self._containers).items():
            name, read, accepts = self._containers[head]
            value = read(tree)
            if value is not None:
                params[name] = value
                sound = sound and (accepts is None or bool(accepts(value)))
        return sound


def _trees(form: Mapping[str, str], heads: Mapping[str, object]) -> dict[str, Tree]:
    """The parameters whose first name is one of ``heads``, as trees. Work is linear in the form."""
    trees: dict[str, Tree] = {}
    for wire, text in form.items():
        head, *steps = wire.split(".", DEPTH_LIMIT + 1)
        if head not in heads or len(steps) > DEPTH_LIMIT or "" in steps:
            continue
        node = trees.setdefault(head, {})
        for step in steps:
            branch = node.get(step)
            if branch is None:
                branch = node[step] = {}
            node = branch
        node.setdefault("", text)
    return trees


def _numbered(tree: Tree) -> list[Tree]:
    """The children under plain decimal indices, in numerical order. Gaps close up."""
    items = []
    for index in _FIRST_INDICES:  # what clients send: 1, 2, 3 and nothing else
        if index not in tree:
            break
        items.append(tree[index])
    if len(items) == len(tree):
        return items
    indices = [name for name in tree if name.isascii() and name.isdigit() and name[0] != "0" and len(name) < 10]
    return [tree[index] for index in sorted(indices, key=int)]


def _nothing_but_empty(tree: Tree) -> bool:
    """Whether the tree is the ``Name=`` of an empty list, map or structure.

    Raises:
        MalformedInput: a text stands where only names may.
    """
    if tree.get(""):
        raise MalformedInput
    return "" in tree


class _Readers:
    """Compiled readers by use of a shape; made at first use, so recursive shapes are no trouble."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._made: dict[Ref, Read] = {}

    def get(self, ref: Ref) -> Read:
        read = self._made.get(ref)
        if read is None:
            self._made[ref] = self._later(ref)
            read = self._made[ref] = self._compile(ref, self._table.shape(ref))
        return read

    def _later(self, ref: Ref) -> Read:
        """Stands in for a reader that is being made."""

        def read(tree: Tree) -> Any:
            return self._made[ref](tree)

        return read

    def _compile(self, ref: Ref, shape: Shape) -> Read:
        match shape.type:
            case "structure":
                return self._structure(shape)
            case "list":
                return self._list(ref, shape)
            case "map":
                return self._map(ref, shape)
            case _:
                return _scalar(ref, shape)

    def _structure(self, shape: Shape) -> Read:
        members = {ref.location_name or name: (name, self.get(ref)) for name, ref in shape.members.items()}

        def read(tree: Tree) -> dict[str, Any]:
            _nothing_but_empty(tree)
            values = {}
            for wire, branch in tree.items():
                if wire in members:
                    name, read_member = members[wire]
                    if (value := read_member(branch)) is not None:
                        values[name] = value
            return values

        return read

    def _list(self, ref: Ref, shape: Shape) -> Read:
        assert shape.member is not None
        element = self.get(shape.member)
        step = "" if shape.flattened or ref.flattened else shape.member.location_name or "member"

        def read(tree: Tree) -> list[Any] | None:
            empty = _nothing_but_empty(tree)
            items = _numbered(tree.get(step, {}) if step else tree)
            values = [value for item in items if (value := element(item)) is not None]
            return values if values or empty else None

        return read

    def _map(self, ref: Ref, shape: Shape) -> Read:
        assert shape.key is not None
        assert shape.value is not None
        key_name, value_name = shape.key.location_name or "key", shape.value.location_name or "value"
        key, value = self.get(shape.key), self.get(shape.value)
        step = "" if shape.flattened or ref.flattened else "entry"

        def read(tree: Tree) -> dict[Any, Any] | None:
            empty = _nothing_but_empty(tree)
            found: dict[Any, Any] = {}
            for entry in _numbered(tree.get(step, {}) if step else tree):
                name, item = key(entry.get(key_name, {})), value(entry.get(value_name, {}))
                if name is None or item is None:
                    raise MalformedInput
                found.setdefault(name, item)
            return found if found or empty else None

        return read


def _scalar(ref: Ref, shape: Shape) -> Read:
    convert = converter(shape.type, ref.timestamp_format or shape.timestamp_format)

    def read(tree: Tree) -> Any:
        text = tree.get("")
        return text if text is None or convert is None else convert(text)

    return read
