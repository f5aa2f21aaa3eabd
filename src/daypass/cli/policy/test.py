"""``daypass policy test``: what policies decide, asked one request at a time or by files of cases.

Policies come from files, and with --as from the daypass that lives in the data directory; the engine is the one that
decides every request.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from daypass.cli.options import account_option, data_option, example, json_option, print_json
from daypass.cli.policy.cases import EXPECTATIONS, Case, documents_of, read_cases
from daypass.cli.problems import USAGE, CommandError

if TYPE_CHECKING:
    from daypass.app import Daypass

_KINDS = ("identity", "boundary", "session", "resource-policy", "trust", "scp", "rcp", "endpoint")
_SEVERAL = {"identity", "session", "scp", "rcp"}
_HELP = {
    "identity": "An identity-based policy. May be repeated.",
    "boundary": "The permissions boundary.",
    "session": "A session policy. May be repeated.",
    "resource-policy": "The policy of the resource.",
    "trust": "The trust policy of the role that is asked for.",
    "scp": "A service control policy; each is a level of its own, from the root down. May be repeated.",
    "rcp": "A resource control policy; likewise.",
    "endpoint": "The policy of the VPC endpoint.",
}


class Verdict(NamedTuple):
    """A case and what was decided: the decision's report, and its text."""

    case: Case
    decision: Mapping[str, Any]
    text: str

    @property
    def is_met(self) -> bool:
        """Whether it is as expected."""
        return self.case.is_met(self.decision["effect"], self.decision["layer"])


def _policy_options(command: Any) -> Any:
    for kind in reversed(_KINDS):
        option = click.option(f"--{kind}", metavar="FILE", multiple=kind in _SEVERAL, help=_HELP[kind])
        command = option(command)
    return command


@click.command(
    "test",
    epilog=example(
        "daypass policy test cases/*.json",
        "daypass policy test --action s3:GetObject --resource arn:aws:s3:::lake/x --identity policy.json",
        "daypass policy test --as user/alice --action iam:ListUsers",
    ),
)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--action", metavar="SERVICE:ACTION", help="What is asked for.")
@click.option("--resource", metavar="ARN", default="*", help="On what. Default: *.")
@click.option("--principal", metavar="ARN", help="Who asks: an ARN, a service, an identity provider, anonymous.")
@click.option(
    "--as", "as_", metavar="user/NAME", help="A user or role of the daypass in --data, with all its policies."
)
@click.option("--owner", metavar="ID", help="The account that owns the resource. Default: the one that its ARN names.")
@click.option("--context", metavar="KEY=VALUE", multiple=True, help="A context key. Repeated: a multivalued one.")
@_policy_options
@click.option("--expect", type=click.Choice(EXPECTATIONS), default="allowed", help="Default: allowed.")
@account_option
@data_option
@json_option
def command(files: Sequence[Path], account: str | None, as_json: bool, **asked: Any) -> int:
    """Decide requests without making them: those of the cases in FILES, or the one that the options describe.

    Exit code 1: a decision is not the expected one.
    """
    if bool(files) == bool(asked["action"]):
        raise click.UsageError("name files of cases, or a request by --action, and not both")
    cases = [case for path in files for case in read_cases(path)] if files else [_asked(**asked)]
    verdicts = list(_decided(cases, account))
    if as_json:
        print_json([_shape(verdict) for verdict in verdicts] if files else _shape(verdicts[0]))
    else:
        click.echo("\n".join(_told(verdicts) if files else [verdicts[0].text]))
    return 0 if all(verdict.is_met for verdict in verdicts) else 1


def _asked(**asked: Any) -> Case:
    """The request that the options describe."""
    documents = {}
    for kind in _KINDS:
        value = asked[kind.replace("-", "_")]
        if value:
            named = list(value) if isinstance(value, tuple) else value
            documents[kind] = documents_of(kind, named, f"--{kind}", Path())
    return Case(
        asked["action"],
        asked["action"],
        asked["resource"],
        asked["principal"],
        asked["as_"],
        asked["owner"],
        _context(asked["context"]),
        documents,
        asked["expect"],
    )


def _context(pairs: Iterable[str]) -> dict[str, str | list[str]]:
    found: dict[str, str | list[str]] = {}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        if not (key and sign):
            raise click.BadParameter(f"`{pair}` is not KEY=VALUE", param_hint="--context")
        before = found.get(key)
        found[key] = value if before is None else [*(before if isinstance(before, list) else [before]), value]
    return found


# ── deciding ─────────────────────────────────────────────────────────────────────────────────────────


def _decided(cases: Sequence[Case], account: str | None) -> Iterator[Verdict]:
    """The decision of each case; the data directory is opened only for those that name somebody in it."""
    from daypass.errors import Malformed, MalformedPolicyDocument

    with ExitStack() as undo:
        daypass: Daypass | None = None
        for case in cases:
            if case.as_ is not None and case.principal is not None:
                raise _not_understood(case, "it names both a principal and `as`")
            if case.as_ is not None and daypass is None:
                from daypass.cli.opened import hosted, opened

                daypass = undo.enter_context(opened())
                account = hosted(daypass, account)
            try:
                yield _by_files(case) if daypass is None or case.as_ is None else _by_store(daypass, account, case)
            except MalformedPolicyDocument as fault:
                raise _not_understood(case, f"{fault.message} ({fault.detail})") from None
            except Malformed as fault:
                raise _not_understood(case, str(fault)) from None


def _not_understood(case: Case, fault: str) -> CommandError:
    return CommandError(f"{case.name}: {fault}", "see daypass policy check, and docs/how-to/test-policies.md", USAGE)


def _by_files(case: Case) -> Verdict:
    """Decide by nothing but the policies that the case brings."""
    from daypass.errors import Malformed
    from daypass.operations.hypothetical import known_of
    from daypass.policy import PolicySet, RequestContext, evaluate
    from daypass.policy.simulate import context_values, principal_of, resource_owner, with_documents
    from daypass.principals import Root, User

    named = {"resource-policy", "trust", "endpoint"} & case.documents.keys()
    if case.principal is None and named:
        raise Malformed(f"a {min(named)} names principals: say who asks, by `principal` or --principal")
    owner = case.owner or resource_owner(case.resource, _NOBODYS)
    who = principal_of(case.principal) if case.principal is not None else User(owner, "?", "?")
    owner = case.owner or resource_owner(case.resource, who.account or _NOBODYS)
    policies = with_documents(PolicySet(root=isinstance(who, Root)), case.documents)
    keys = {"aws:resourceaccount": owner, **context_values(case.context)}
    known = known_of(who) if case.principal is not None else None
    decision = evaluate(RequestContext(case.action, case.resource, who, owner, keys, known), policies)
    return Verdict(case, decision.to_dict(), decision.explain())


_NOBODYS = "000000000000"
"""Stands for the account where nothing says which one it is."""


def _by_store(daypass: Daypass, account: str | None, case: Case) -> Verdict:
    """Decide by what the store holds, through an operation like any other; audited."""
    from daypass.policy import PolicySet
    from daypass.policy.simulate import with_documents

    with_documents(PolicySet(), case.documents)  # what cannot be read is told by its name
    request = {
        "As": case.as_,
        "Action": case.action,
        "Resource": case.resource,
        "Context": dict(case.context),
        "Documents": dict(case.documents),
        "Owner": case.owner,
    }
    said = daypass.operator("daypass:DecideRequest", request, account)
    return Verdict(case, said["Decision"], said["Explanation"])


# ── telling ──────────────────────────────────────────────────────────────────────────────────────────


def _told(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """A line a case, the explanation of each that is not as expected, and how many there are of which."""
    for verdict in verdicts:
        case, decision = verdict.case, verdict.decision
        if verdict.is_met:
            yield f"ok    {case.name}"
            continue
        wanted = case.expect + (f" by layer {case.layer}" if case.layer else "")
        yield f"FAIL  {case.name}: expected {wanted}, is {decision['effect']} by layer {decision['layer']}"
        yield indent(verdict.text, "      ")
    failed = sum(not verdict.is_met for verdict in verdicts)
    yield f"{len(verdicts) - failed} as expected, {failed} not"


def _shape(verdict: Verdict) -> dict[str, Any]:
    case = verdict.case
    expected = {"effect": case.expect} | ({"layer": case.layer} if case.layer else {})
    return {"name": case.name, "ok": verdict.is_met, "expected": expected, "decision": verdict.decision}
