"""Who holds a session now: for listing sessions, and for accepting one that comes without a request."""

from __future__ import annotations

from daypass.errors import ExpiredToken
from daypass.operations.authenticate import FindAccount, refuse_revoked, session_caller
from daypass.principals import Caller, Session


def holder(session: Session, find_account: FindAccount, now: float) -> Caller | None:
    """Whom a request of ``session`` would be accepted as; None: it is over or revoked, or its principal is gone.

    Raises:
        NotLoaded, StoreUnavailable: from ``find_account``.
    """
    account = find_account(session.account) if now < session.expires else None
    caller = session_caller(session, account) if account is not None else None
    if account is None or caller is None:
        return None
    try:
        refuse_revoked(caller, account, find_account)
    except ExpiredToken:
        return None
    return caller
