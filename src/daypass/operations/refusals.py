"""What the client is told when something fails: what is no refusal of ours is a defect, or a part that is away."""

from __future__ import annotations

import traceback

from daypass.errors import EntityAlreadyExists, InternalFailure, ServiceError, ServiceUnavailable
from daypass.ports import AlreadyExists, OutcomeUnknown, StoreUnavailable


def as_refusal(error: Exception) -> ServiceError:
    """What the client is told about ``error``. A defect becomes InternalFailure: an id for them, the cause for us."""
    if isinstance(error, ServiceError):
        return error
    if isinstance(error, AlreadyExists):
        return EntityAlreadyExists(f"The {error.args[0]} already exists.")
    if isinstance(error, OutcomeUnknown):
        return ServiceUnavailable(
            "The connection to the database was lost. Whether this was done is not known: look before you try again.",
            detail=f"outcome unknown: {error}",
        )
    if isinstance(error, StoreUnavailable):
        return ServiceUnavailable(
            "The service is temporarily unable to do this. Nothing was changed.", detail=str(error)
        )
    where = traceback.extract_tb(error.__traceback__)[-1]
    detail = f"{type(error).__name__} at {where.filename.rsplit('/', 1)[-1]}:{where.lineno}"
    return InternalFailure("The request processing has failed because of an unknown error.", detail=detail)
