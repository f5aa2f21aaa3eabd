"""``daypass delegation``: what the account that has made a delegation request gets when somebody has accepted it."""

from __future__ import annotations

import click

from daypass.cli.options import data_option, example, json_option, print_json, time_text


@click.group("delegation", epilog=example("daypass delegation token 3950c252-007e-8496-8811-123456789012"))
@data_option
def command() -> None:
    """Fetch the token of a delegation request that was sent."""


@command.command("token", epilog=example("daypass delegation token 3950c252-007e-8496-8811-123456789012"))
@click.argument("request_id", metavar="ID")
@click.option("--owner", metavar="ID", help="The account that took it up, of a request that names none.")
@data_option
@json_option
def token(request_id: str, owner: str | None, as_json: bool) -> None:
    """Print the trade-in token of a request, once the account that was asked has sent it.

    Only the account that has made the request can exchange it: `aws sts get-delegated-access-token`.
    """
    from daypass.cli.opened import hosted, opened
    from daypass.services.delegations import requestor_of

    with opened() as daypass:
        params = {"DelegationRequestId": request_id, "Owner": owner}
        made = daypass.operator("daypass:GetTradeInToken", params, hosted(daypass, requestor_of(request_id)))
    if not as_json:
        click.echo(made["TradeInToken"])
        return
    print_json({"TradeInToken": made["TradeInToken"], "Expiration": time_text(made["Expiration"])})
