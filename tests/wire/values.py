"""Values of any shape, made from given randomness: for parsers, writers and the audit record."""

from __future__ import annotations

from random import Random
from typing import Any

from daypass.wire.model import Ref, Shape, Table

ALPHABETS = (
    "abcXYZ019-_.~",
    "+=,@:/ &%#?;",
    "\"'<>[]{}|\\",
    "äß€Ωя中\u00a0\u2028",
    "😀𝒳\U0010ffff",
    "\t\n\r",
)


class Values:
    """Makes values. ``valid``: within length and number bounds and enums, though not within patterns."""

    def __init__(self, table: Table, random: Random, *, depth: int = 6) -> None:
        self._table = table
        self._random = random
        self._depth = depth

    def structure(self, name: str, *, likely: float = 0.7) -> dict[str, Any]:
        """A value of structure ``name``; required members always, others often."""
        return self._structure(self._table.shapes[name], 0, likely)

    def _structure(self, shape: Shape, depth: int, likely: float = 0.7) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, ref in shape.members.items():
            recursive = depth >= self._depth and self._table.shape(ref).type in ("structure", "list", "map")
            if not recursive and (name in shape.required or self._random.random() < likely):
                found[name] = self.value(ref, depth + 1)
        return found

    def value(self, ref: Ref, depth: int = 0) -> Any:
        """A value of the shape that ``ref`` uses."""
        shape = self._table.shape(ref)
        match shape.type:
            case "structure":
                return self._structure(shape, depth)
            case "list":
                assert shape.member is not None
                return [self.value(shape.member, depth + 1) for _ in range(self._random.randrange(4))]
            case "map":
                assert shape.key is not None
                assert shape.value is not None
                count = self._random.randrange(4)
                return {self.value(shape.key): self.value(shape.value, depth + 1) for _ in range(count)}
            case _:
                return self._scalar(shape)

    def _scalar(self, shape: Shape) -> Any:
        random = self._random
        match shape.type:
            case "string" if shape.enum and random.random() < 0.8:
                return random.choice(shape.enum)
            case "string":
                return self.text(shape)
            case "integer":
                near = [shape.min or 0, shape.max or 0]
                return random.choice([-(2**31), 2**31 - 1, 0, *near, random.choice(near) + random.choice((-1, 1))])
            case "boolean":
                return random.random() < 0.5
            case "timestamp":
                return random.randrange(-(10**9), 4 * 10**9)
            case "blob":
                return random.randbytes(random.randrange(9))
            case other:
                raise AssertionError(other)

    def text(self, shape: Shape) -> str:
        """A text, often of a length at the shape's bounds, mostly of one alphabet."""
        random = self._random
        bounds = [bound for bound in (shape.min, shape.max) if bound is not None and bound < 5000]
        length = random.choice([0, 1, random.randrange(20), *(b + d for b in bounds for d in (-1, 0, 1))])
        alphabet = "abcXYZ019+/=<&>" if shape.plain else random.choice([*ALPHABETS, "".join(ALPHABETS)])
        return "".join(random.choices(alphabet, k=max(length, 0)))
