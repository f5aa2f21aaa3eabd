"""``daypass sessions``: who holds what, from the audit trail, as a tree of descent."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from daypass.cli.options import data_option, example, json_option, json_text, optional_account_option, plain, time_text

if TYPE_CHECKING:
    from daypass.adapters.audit import Issued
    from daypass.principals import Caller
    from daypass.snapshot import AccountSnapshot

MOST_SHOWN = 100_000
"""Sessions in a tree, which is kept in memory as a whole; ``--json`` has no bound."""


@click.command("sessions", epilog=example("daypass sessions", "daypass sessions --json | jq -r '.[].accessKeyId'"))
@optional_account_option
@click.option("--principal", metavar="ARN", help="Only those of this user, role, or role session.")
@data_option
@json_option
def command(account: str | None, principal: str | None, as_json: bool) -> None:
    """Show the live sessions, each below the one that opened it; those of all accounts by default.

    They are found in this host's audit trail, which sees what this host has issued. With --json one object a session,
    newest first: accessKeyId, principal, sessionName, parent, issued, expires, and more.
    """
    from daypass.adapters.audit import IssuedSessions
    from daypass.cli.audit import trail_folder
    from daypass.cli.opened import opened
    from daypass.sessions.keyring import LONGEST_SESSION

    now = time.time()
    issued = IssuedSessions(trail_folder(), int(now) - LONGEST_SESSION - _SLACK)
    with opened() as daypass:
        living = _living(issued, daypass.storage.directory.load, now)
        wanted = (one for one in living if _is_wanted(one, account, principal))
        _print_json(wanted) if as_json else _print_tree(wanted)
    for gap in issued.gaps:
        click.echo(f"daypass: the trail has a gap, and what was opened there is not shown: {gap}", err=True)


_SLACK = 3_600  # clocks that were set back


class Living(NamedTuple):
    """A live session and who holds it."""

    issued: Issued
    caller: Caller

    @property
    def parent(self) -> str | None:
        """The session that opened it; None: a long-term key, or somebody who signed in."""
        lineage = self.issued.session.lineage
        return lineage[-1] if lineage else None

    def shown(self) -> dict[str, Any]:
        """The object of ``--json``."""
        session = self.issued.session
        return {
            "accessKeyId": session.access_key_id,
            "principal": getattr(self.caller.principal, "principal_arn", self.caller.arn),
            "sessionName": session.name or None,
            "parent": self.parent,
            "issued": time_text(session.issued),
            "expires": time_text(session.expires),
            "account": session.account,
            "arn": self.caller.arn,
            "kind": session.kind,
            "operation": self.issued.operation,
            "openedBy": self.issued.opener or None,
            "issuerKey": session.issuer_key or None,
            "sourceIdentity": session.source_identity,
            "lineage": list(session.lineage),
        }


def _living(
    issued: Iterable[Issued], find_account: Callable[[str], AccountSnapshot | None], now: float
) -> Iterator[Living]:
    from daypass.operations.holders import holder

    for one in issued:
        caller = holder(one.session, find_account, now)
        if caller is not None:
            yield Living(one, caller)


def _is_wanted(one: Living, account: str | None, principal: str | None) -> bool:
    session, who = one.issued.session, one.caller.principal
    if account is not None and session.account != account:
        return False
    names = (who.arn, who.principal_arn, who.user_id, session.principal_id)
    return principal is None or principal in names


def _print_json(living: Iterable[Living]) -> None:
    """One array, written as it is found: any number of sessions takes the same memory."""
    comma, out = "[", sys.stdout
    for one in living:
        out.write(f"{comma}\n{json_text(one.shown())}")  # `echo` would flush each
        comma = ","
    click.echo("\n]" if comma == "," else "[]")


def _print_tree(living: Iterator[Living]) -> None:
    by_key: dict[str, Living] = {}
    for one in living:
        if len(by_key) == MOST_SHOWN:
            click.echo(f"daypass: the newest {MOST_SHOWN} sessions are shown; --json gives all", err=True)
            break
        by_key[one.issued.session.access_key_id] = one
    below: dict[str | None, list[Living]] = {}
    for one in reversed(by_key.values()):
        below.setdefault(one.parent if one.parent in by_key else None, []).append(one)
    waiting = [(one, 0) for one in reversed(below.get(None, []))]
    out = sys.stdout
    while waiting:  # no recursion: a chain may be longer than the stack
        one, depth = waiting.pop()
        out.write(f"{_line(one, depth)}\n")
        key = one.issued.session.access_key_id
        waiting += [(child, depth + 1) for child in reversed(below.get(key, []))]
    if not by_key:
        click.echo("no live sessions")
    out.flush()


def _line(one: Living, depth: int) -> str:
    session = one.issued.session
    text = f"{'  ' * depth}{session.access_key_id}  {one.caller.arn}  until {time_text(session.expires)}"
    if depth == 0:
        text += f"  by {one.issued.opener}" + (f" in session {one.parent}" if one.parent else "")
    return plain(text)
