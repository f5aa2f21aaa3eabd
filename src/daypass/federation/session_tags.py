r"""Session tags as identity providers write them: what the ``Tags`` of a signed call may hold, and nothing else.

Source: STS API reference, Tag (``[\p{L}\p{Z}\p{N}_.:/=+\-@]``). Line ends and tabs are no separators (``\p{Z}``).
"""

from __future__ import annotations

import re

_SEPARATORS = " \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_CHARACTER = rf"[\w.:/=+\-@{_SEPARATORS}]"
_KEY, _VALUE = re.compile(f"{_CHARACTER}{{1,128}}"), re.compile(f"{_CHARACTER}{{0,256}}")


def is_tag(key: str, value: str) -> bool:
    """Whether a tag can be called and say this."""
    return _KEY.fullmatch(key) is not None and _VALUE.fullmatch(value) is not None
