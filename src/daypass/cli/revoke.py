"""``daypass revoke``: end sessions before their time, which AWS cannot do."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from daypass.cli.options import (
    data_option,
    example,
    json_option,
    optional_account_option,
    print_facts,
    print_json,
    time_text,
)

if TYPE_CHECKING:
    from daypass.app import Daypass
    from daypass.cli.problems import CommandError
    from daypass.entities import Revocation


def _time(_context: click.Context, _: click.Parameter, value: str | None) -> int | None:
    if value is None:
        return None
    if value == "now":
        return math.ceil(time.time())
    try:
        return math.ceil(float(value)) if value.replace(".", "", 1).isdigit() else math.ceil(_moment(value))
    except (ValueError, OverflowError):
        raise click.BadParameter(f"`{value}`: an ISO 8601 time, epoch seconds, or `now`") from None


def _moment(text: str) -> float:
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


@click.command(
    "revoke",
    epilog=example(
        "daypass revoke ASIAIOSFODNN7EXAMPLE",
        "daypass revoke --principal arn:aws:iam::111122223333:role/deploy",
        "daypass revoke --issued-before 2026-01-31T12:00:00Z --account 111122223333",
    ),
)
@click.argument("access_key_id", required=False)
@click.option("--only", is_flag=True, help="Spare what descends from it.")
@click.option("--principal", metavar="ARN", help="All sessions of this user, role or role session (ARN or unique id).")
@click.option("--provider", metavar="ARN", help="All sessions of whom this identity provider vouched for.")
@click.option(
    "--issued-before", metavar="TIME", callback=_time, help="Only what is older: ISO 8601, epoch seconds, or `now`."
)
@click.option("--unseen", is_flag=True, help="Also a session that this host's audit trail does not know.")
@optional_account_option
@data_option
@json_option
def command(
    access_key_id: str | None,
    only: bool,
    principal: str | None,
    provider: str | None,
    issued_before: int | None,
    unseen: bool,
    account: str | None,
    as_json: bool,
) -> None:
    """End the session ACCESS_KEY_ID and all that descend from it, or the sessions that the options name.

    When it returns, every worker of this host refuses them with ExpiredToken; other hosts follow within a second.
    Programs report that error and need a new session or a new start. What is opened from then on is not affected. With
    --issued-before alone it ends all older sessions of the account. Nothing is asked.
    """
    from daypass.cli.opened import opened

    named = [name for name in (access_key_id, principal, provider) if name]
    if len(named) > 1 or not (named or issued_before is not None):
        raise click.UsageError("name one: ACCESS_KEY_ID, --principal, --provider, or --issued-before")
    if access_key_id and issued_before is not None:
        raise click.UsageError("--issued-before goes with --principal and --provider, or stands alone")
    params: dict[str, Any] = {"AccessKeyId": access_key_id, "Principal": principal, "Provider": provider}
    params |= {"IssuedBefore": issued_before, "Only": only}
    with opened() as daypass:
        home = _home(daypass, account, named)
        if access_key_id and not unseen:
            _must_be_known(access_key_id)
        said = {name: value for name, value in params.items() if value not in (None, False)}
        rule: Revocation = daypass.operator("daypass:RevokeSessions", said, home)["Revocation"]
    # What is issued in the present second is revoked, too: who opens a session after this returns shall not meet that.
    time.sleep(max(0.0, min(2.0, rule.issued_before - time.time())))
    print_json(shown(rule)) if as_json else print_facts(shown(rule))


def shown(rule: Revocation) -> dict[str, object]:
    """A rule as commands print it."""
    facts: dict[str, object] = {"Id": rule.id, "Revoked": rule.shown or "all sessions of the account"}
    if not rule.access_key:
        facts["IssuedBefore"] = time_text(rule.issued_before)
    return facts | {
        "Descendants": not rule.only,
        "Created": time_text(rule.created),
        "KeptUntil": time_text(rule.until),
    }


def _home(daypass: Daypass, account: str | None, named: list[str]) -> str:
    """The account that what is named belongs to; its id is in it, except in the names of public providers."""
    from daypass.cli.opened import hosted

    if not named:
        return hosted(daypass, account)
    name = named[0]
    if name.startswith("AKIA"):
        raise _long_term(name)
    found = _account_in(name) or (account if "." in name else None)
    if found is None or daypass.storage.directory.load(found) is None or account not in (None, found):
        raise _unknown(name)
    return found


def _account_in(name: str) -> str | None:
    from daypass.arn import Arn
    from daypass.errors import Malformed
    from daypass.ids import account_of

    if not name.startswith("arn:"):
        return account_of(name.partition(":")[0]) if name[:4] in ("ASIA", "AROA", "AIDA") else None
    try:
        return Arn.parse(name).account or None
    except Malformed:
        return None


def _must_be_known(access_key_id: str) -> None:
    """Refuse an id that nobody was given while its session, or one that descends from it, may still live or be opened.

    Raises:
        CommandError: this host's trail does not know it.
    """
    from daypass.adapters.audit import IssuedSessions
    from daypass.cli.audit import trail_folder
    from daypass.services.revocations import LASTS

    if not IssuedSessions(trail_folder(), int(time.time()) - LASTS).mentions(access_key_id):
        raise _unknown(access_key_id)


def _unknown(name: str) -> CommandError:
    from daypass.cli.problems import CommandError

    return CommandError(
        f"nothing was revoked: `{name}` is unknown here, or was over long ago",
        "see daypass sessions; what another host has issued: --unseen",
    )


def _long_term(name: str) -> CommandError:
    from daypass.cli.problems import CommandError

    return CommandError(
        f"nothing was revoked: {name} is a long-term key",
        "switch it off with aws iam update-access-key --status Inactive, or daypass key delete; "
        "end the sessions it has opened with --principal and its user's ARN",
    )
