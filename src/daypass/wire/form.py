"""Form data (``application/x-www-form-urlencoded``) to names and values.

Own code because the usual parsers are lenient (broken escapes pass through, bad UTF-8 becomes U+FFFD), keep every
duplicate, and cost several times as much. Here the first value of a name wins, as AWS's front end has it (STS API
reference, common parameters; duplicates observed), and what cannot be decoded is refused.
"""

from __future__ import annotations

import re
from binascii import a2b_qp
from operator import methodcaller

from daypass.errors import MalformedQueryString

PARAMETER_LIMIT = 20_000
"""Most ``&`` in one body or query. AWS counts only bytes; this bounds the time that a stranger's 10 MB can take."""

_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})").search
_AWKWARD = re.compile(r"%(?![0-9A-Fa-f]{2})|%26|%3[Dd]").search
_HALVES = methodcaller("split", "=", 1)


class TooManyParameters(Exception):
    """More parameters than ``PARAMETER_LIMIT``; answered like a body that is too large."""


def parse_form(data: bytes, form: dict[str, str]) -> None:
    """Add the parameters of ``data`` to ``form``; names already there keep their value.

    Raises:
        MalformedQueryString: a broken percent escape, or octets that are not UTF-8.
        TooManyParameters: more than ``PARAMETER_LIMIT``.
    """
    # INVARIANT: 9. Count before splitting: work is bounded by size.
    #   tests/wire/test_form.py::test_too_many_parameters_are_refused_before_they_are_split.
    ampersands = data.count(b"&")
    if ampersands >= PARAMETER_LIMIT:
        raise TooManyParameters
    if not form and (found := _at_once(data)) is not None and len(found) > ampersands:
        form.update(found)
    else:
        _one_by_one(data, form)


def _at_once(data: bytes) -> dict[str, str] | None:
    """What clients send, without a step of Python for each parameter; None where each must be looked at alone.

    Escapes are undone before the pairs are split, so there may be none of ``&`` and ``=``, nor may they complete an
    octet that came unescaped. Of a repeated name this would keep the last value, so the caller counts.
    """
    try:
        text = data.decode()
        if "%" in text or "+" in text:
            if not text.isascii() or _AWKWARD(text):
                return None
            text = a2b_qp(text.replace("=", "=3D").replace("%", "=").replace("+", " ")).decode()
        return dict(map(_HALVES, text.split("&")))
    except ValueError:  # a pair without ``=``, or no UTF-8
        return None


def _one_by_one(data: bytes, form: dict[str, str]) -> None:
    if b"%" in data and (broken := _BROKEN_ESCAPE(data)):
        raise MalformedQueryString(_broken_text(data[broken.start() : broken.start() + 3]))
    try:
        text = data.decode()
        encoded = "%" in text or "+" in text
        for pair in text.split("&"):
            name, _, value = pair.partition("=")
            if encoded and ("%" in pair or "+" in pair):
                name, value = _decoded(name), _decoded(value)
            if name not in form:
                form[name] = value
    except UnicodeDecodeError:
        raise MalformedQueryString("Request parameters are not valid UTF-8") from None


def well_formed_escapes(data: bytes) -> bool:
    """Whether every ``%`` in ``data`` begins a percent escape."""
    return b"%" not in data or _BROKEN_ESCAPE(data) is None


def _decoded(text: str) -> str:
    """Undo form encoding. All escapes are known to be well formed.

    ``%41`` is quoted-printable's ``=41``, and the standard library decodes that in C; so a literal ``=`` is escaped
    first and each ``%`` becomes ``=``. Soft line breaks cannot arise, because two hex digits follow every ``=``.
    """
    if "+" in text:
        text = text.replace("+", " ")
    if "%" in text:
        return a2b_qp(text.replace("=", "=3D").replace("%", "=").encode()).decode()
    return text


def _broken_text(place: bytes) -> str:
    """AWS's two texts: an escape cut short by the end, and one with a digit that is none."""
    if len(place) < 3:
        return "Incomplete trailing escape % sequence"
    return f"Illegal hex character in escape % pattern: {place.decode('ascii', 'replace')}"
