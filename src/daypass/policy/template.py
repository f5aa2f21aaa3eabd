"""Policy templates: a policy document in which ``@{Name}`` stands for what a delegation request fills in.

AWS documents that templates have parameters and not how they are written; this is daypass's own form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from daypass.errors import Malformed

_PLACE = re.compile(r"@\{([ -|~]{1,256})\}")


def filled_template(document: str, parameters: Mapping[str, tuple[str, ...]]) -> str:
    """``document`` with each ``@{Name}`` replaced, as compact JSON.

    A parameter with one value fills any text. One with several fills an element of a list, which becomes as many.

    Raises:
        Malformed: a place that no parameter fills, a parameter that fills none, or several values where one must stand.
    """
    used: set[str] = set()
    filled = _filled(json.loads(document), parameters, used)
    if idle := parameters.keys() - used:
        raise Malformed(f"the template has no parameter {min(idle)}")
    return json.dumps(filled, separators=(",", ":"), ensure_ascii=False)


def _filled(value: Any, parameters: Mapping[str, tuple[str, ...]], used: set[str]) -> Any:
    if isinstance(value, str):
        return _text(value, parameters, used)
    if isinstance(value, dict):
        return {name: _filled(item, parameters, used) for name, item in value.items()}
    if isinstance(value, list):
        return [made for item in value for made in _elements(item, parameters, used)]
    return value


def _elements(item: Any, parameters: Mapping[str, tuple[str, ...]], used: set[str]) -> list[Any]:
    """What an element of a list becomes: several where it holds a parameter of several values."""
    names = _PLACE.findall(item) if isinstance(item, str) else []
    if len(names) == 1 and len(values := _values(names[0], parameters, used)) > 1:
        return [item.replace(f"@{{{names[0]}}}", value) for value in values]
    return [_filled(item, parameters, used)]


def _text(text: str, parameters: Mapping[str, tuple[str, ...]], used: set[str]) -> str:
    def one(found: re.Match[str]) -> str:
        values = _values(found[1], parameters, used)
        if len(values) != 1:
            raise Malformed(f"the parameter {found[1]} has {len(values)} values where one must stand")
        return values[0]

    return _PLACE.sub(one, text)


def _values(name: str, parameters: Mapping[str, tuple[str, ...]], used: set[str]) -> tuple[str, ...]:
    if name not in parameters:
        raise Malformed(f"the parameter {name} of the template is not given")
    used.add(name)
    return parameters[name]
