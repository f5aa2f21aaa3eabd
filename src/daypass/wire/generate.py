"""Functions from source that is generated here, out of the compiled tables.

What is the same for every request of an operation (which members there are, what they are called on the wire) is
walked once, into Python source that is one straight run. It pays where a walk would be most of the work: in the server,
time goes with the bytecodes that are executed, and of the wire's share of AssumeRole generated functions saved half.

Rules for callers: source is made of fixed text, numbered variables, and names and literals of the tables, the latter
through ``repr``; nothing that came with a request or a result is ever part of it. There is always a plain form, which
does all that is unusual, and a test that both agree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any


def generated(label: str, parameters: str, lines: Sequence[str], names: dict[str, Any]) -> Callable[..., Any]:
    """The function with the body ``lines``, which may use ``names``. ``label`` is what a traceback shows for it."""
    source = "\n    ".join([f"def made({parameters}):", *lines])
    exec(compile(source, f"<daypass/wire/{label}>", "exec"), names)  # noqa: S102  the source is ours alone, see above
    made: Callable[..., Any] = names["made"]
    return made
