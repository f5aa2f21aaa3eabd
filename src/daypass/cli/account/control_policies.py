"""``daypass account scp`` and ``daypass account rcp``: two groups of the same commands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from daypass.cli.account.organization import change, told, tree_of
from daypass.cli.options import data_option, example, json_option, print_json

if TYPE_CHECKING:
    from daypass.organization import Tree

_CUTS = {
    "scp": "Service control policies: the most that users, roles and root of member accounts may do.",
    "rcp": "Resource control policies: the most that anybody may do to what member accounts own.",
}


def group(kind: Literal["scp", "rcp"]) -> click.Group:
    """The commands about policies of type ``kind``."""
    made = click.Group(kind, help=_CUTS[kind], epilog=example(f"daypass account {kind} put perimeter policy.json"))
    made = data_option(made)
    for command in (_put, _show, _list, _delete, _attach, _detach, _enable, _disable):
        made.add_command(command(kind))
    return made


_to_option = click.option("--to", "target", metavar="TARGET", required=True, help="`root`, a unit or an account id.")
_from_option = click.option(
    "--from", "target", metavar="TARGET", required=True, help="`root`, a unit or an account id."
)


def _put(kind: str) -> click.Command:
    @click.command("put", epilog=example(f"daypass account {kind} put perimeter policy.json"))
    @click.argument("name")
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @click.option("--description", metavar="TEXT", help="What it is for.")
    @data_option
    @json_option
    def put(name: str, file: Path, description: str | None, as_json: bool) -> None:
        """Keep the policy of FILE under NAME, or give NAME this new text, which acts wherever it hangs."""
        content = _text(file)
        told(change("PutControlPolicy", Type=kind, Name=name, Content=content, Description=description), as_json)

    return put


def _text(file: Path) -> str:
    from daypass.adapters.policy_file import LARGEST
    from daypass.cli.problems import USAGE, CommandError

    with file.open("rb") as opened:
        content = opened.read(LARGEST + 1)
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise CommandError(f"{file} is not UTF-8 text", "write the policy as JSON in UTF-8", USAGE) from None


def _show(kind: str) -> click.Command:
    @click.command("show", epilog=example(f"daypass account {kind} show perimeter"))
    @click.argument("name")
    @data_option
    @json_option
    def show(name: str, as_json: bool) -> None:
        """Print the policy NAME."""
        from daypass.cli.problems import CommandError

        found = [row for row in _rows(kind) if name in (row["Name"], row["PolicyId"])]
        if not found:
            raise CommandError(f"there is no {kind} `{name}`", f"see daypass account {kind} list")
        print_json(found[0]) if as_json else click.echo(found[0]["Content"].rstrip("\n"))

    return show


def _list(kind: str) -> click.Command:
    @click.command("list", epilog=example(f"daypass account {kind} list --json"))
    @data_option
    @json_option
    def list_policies(as_json: bool) -> None:
        """List the policies and where each is attached."""
        rows = _rows(kind)
        if as_json:
            print_json(rows)
            return
        for row in rows:
            where = "everywhere else" if row["Everywhere"] else ", ".join(row["Targets"]) or "-"
            click.echo(f"{row['PolicyId']}  {row['Name']}  {where}")

    return list_policies


def _rows(kind: str) -> list[dict[str, Any]]:
    from daypass.cli.opened import opened

    with opened() as daypass:
        tree = tree_of(daypass)
    return _described(tree, kind)


def _described(tree: Tree, kind: str) -> list[dict[str, Any]]:
    """AWS's own policy first, which hangs wherever nothing is said; the others by name."""
    from daypass.organization import FULL_ACCESS

    attached = tree.organization.scps if kind == "scp" else tree.organization.rcps
    own = sorted((policy for policy in tree.policies.values() if policy.type == kind), key=lambda policy: policy.name)
    full = next(policy for policy in FULL_ACCESS.values() if policy.type == kind)
    return [
        {
            "PolicyId": policy.id,
            "Name": policy.name,
            "Description": policy.description,
            "Everywhere": policy == full,
            "Targets": [target for target, ids in attached if policy.id in ids],
            "Content": policy.document,
        }
        for policy in (full, *own)
    ]


def _delete(kind: str) -> click.Command:
    @click.command("delete", epilog=example(f"daypass account {kind} delete perimeter"))
    @click.argument("name")
    @data_option
    @json_option
    def delete(name: str, as_json: bool) -> None:
        """Delete the policy NAME, which must not be attached anywhere."""
        told(change("DeleteControlPolicy", Type=kind, Policy=name), as_json)

    return delete


def _attach(kind: str) -> click.Command:
    @click.command("attach", epilog=example(f"daypass account {kind} attach perimeter --to workloads"))
    @click.argument("name")
    @_to_option
    @data_option
    @json_option
    def attach(name: str, target: str, as_json: bool) -> None:
        """Let the policy NAME cut a unit, an account or all accounts; it counts from the next request on."""
        told(change("AttachPolicy", Type=kind, Policy=name, Target=target), as_json)

    return attach


def _detach(kind: str) -> click.Command:
    @click.command("detach", epilog=example(f"daypass account {kind} detach perimeter --from workloads"))
    @click.argument("name")
    @_from_option
    @data_option
    @json_option
    def detach(name: str, target: str, as_json: bool) -> None:
        """Take the policy NAME away from where it is attached."""
        told(change("DetachPolicy", Type=kind, Policy=name, Target=target), as_json)

    return detach


def _enable(kind: str) -> click.Command:
    @click.command("enable", epilog=example(f"daypass account {kind} enable"))
    @data_option
    @json_option
    def enable(as_json: bool) -> None:
        """Let policies of this type act again, as they are attached. They do from the start."""
        told(change("EnablePolicyType", Type=kind), as_json)

    return enable


def _disable(kind: str) -> click.Command:
    @click.command("disable", epilog=example(f"daypass account {kind} disable"))
    @data_option
    @json_option
    def disable(as_json: bool) -> None:
        """Let policies of this type have no effect; they stay attached."""
        told(change("DisablePolicyType", Type=kind), as_json)

    return disable
