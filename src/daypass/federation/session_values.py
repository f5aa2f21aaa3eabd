r"""What may stand in a session that an identity provider asks for: tags, names, a source identity.

They are held to what a signed call of AssumeRole may pass, and to nothing else.
Sources: STS API reference, Tag (``[\p{L}\p{Z}\p{N}_.:/=+\-@]``; line ends and tabs are no separators, ``\p{Z}``),
AssumeRole, RoleSessionName and SourceIdentity.
"""

from __future__ import annotations

import re

from daypass.errors import InvalidIdentityToken

NAME = "[a-zA-Z_0-9+=,.@-]{2,64}"
"""The pattern of the name of a role session, and of a source identity."""

MOST_VALUES = 1_000
"""Values of one condition key. A condition may compare each with each of its own three hundred."""

_NAME = re.compile(NAME, re.ASCII)
_SEPARATORS = " \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_CHARACTER = rf"[\w.:/=+\-@{_SEPARATORS}]"
_KEY, _VALUE = re.compile(f"{_CHARACTER}{{1,128}}"), re.compile(f"{_CHARACTER}{{0,256}}")


def is_tag(key: str, value: str) -> bool:
    """Whether these can be the key and the value of a session tag."""
    return _KEY.fullmatch(key) is not None and _VALUE.fullmatch(value) is not None


def is_name(text: str) -> bool:
    """Whether ``text`` can be the name of a role session."""
    return _NAME.fullmatch(text) is not None


def source_identity(said: object) -> str:
    """``said`` as a source identity.

    Raises:
        InvalidIdentityToken: it cannot be one.
    """
    if not isinstance(said, str) or not is_name(said) or said.startswith("aws:"):
        raise InvalidIdentityToken(f'Source Identity must match {NAME} and not begin with "aws:"')
    return said
