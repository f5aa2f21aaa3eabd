"""What an attack is."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tests.federation.saml.workshop import Workshop


class Attack(NamedTuple):
    """``make`` gives the document that is sent; ``why`` is a pattern of what it is refused for, as the record says it.

    ``provider`` and ``role`` are named in the call, where they are not the ones of the workshop.
    """

    name: str
    make: Callable[[Workshop], bytes]
    why: str
    provider: str = ""
    role: str = ""
