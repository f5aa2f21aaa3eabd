"""Parameters that AWS knows and daypass does not act on yet: refused, since silence would be taken for consent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from daypass.errors import OperationNotImplemented


def refuse_unsupported(params: Mapping[str, Any]) -> None:
    """Refuse what would change the credentials if it were understood.

    Raises:
        OperationNotImplemented: naming the parameter.
    """
    if params.get("ProvidedContexts"):
        raise OperationNotImplemented("The parameter ProvidedContexts is not implemented by this version of daypass.")
