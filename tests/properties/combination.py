"""How the engine combines what each layer says, found by asking it every row, and as a formula of z3.

No rule stands here: ``enumerate_engine`` asks the engine about each row of what each layer may say, and ``Formula``
turns the answers into one expression. ``row_of`` finds the row of any request and any policies by asking the engine
about each layer alone; that rows are all that matters is tested, not assumed.
"""

from __future__ import annotations

from itertools import product
from typing import Any, NamedTuple

import z3

from daypass.policy import Attached, Kind, PolicySet, RequestContext, evaluate, parse_policy
from daypass.policy.context import Requester
from daypass.principals import FederatedUser, RoleSession, User
from tests.policy.world import ACCOUNT, ALICE, FOREIGN, WORKER, document

NONE, ALLOWS, SILENT, DENIES = "none", "allows", "silent", "denies"
SAYS = (NONE, ALLOWS, SILENT, DENIES)
CALLERS: dict[str, Requester] = {
    "user": ALICE,
    "role session": WORKER,
    "federated user": FederatedUser(ACCOUNT, "fred", ALICE),
}
BEHIND = {"user": None, "role session": WORKER.principal_arn, "federated user": ALICE.arn}
"""Who a session comes from, as a resource's policy names him."""
GRANTS = (NONE, "account", "behind", "self", "everyone", DENIES)
KINDS = ("resource", "trust", "key")


class Row(NamedTuple):
    """What is asked, and what each layer says."""

    caller: str
    kind: str
    account: str
    grant: str
    identity: str
    boundary: str
    session: str
    scp: str
    rcp: str
    endpoint: str


VALUES: dict[str, tuple[str, ...]] = {
    "caller": tuple(CALLERS),
    "kind": KINDS,
    "account": ("same", "other"),
    "grant": GRANTS,
    "identity": (ALLOWS, SILENT, DENIES),
    "boundary": SAYS,
    "session": SAYS,
    "scp": SAYS,
    "rcp": SAYS,
    "endpoint": SAYS,
}


# ── every row ────────────────────────────────────────────────────────────────────────────────────────


def _hang(statement: dict[str, Any], kind: Kind) -> Attached:
    return Attached(parse_policy(document(statement), kind), "policy")


def _policy(says: str, kind: Kind, **principal: Any) -> Attached | None:
    wanted = {
        ALLOWS: {"Effect": "Allow", "Action": "*"},
        SILENT: {"Effect": "Allow", "Action": "nothing:AtAll"},
        DENIES: {"Effect": "Deny", "Action": "*"},
    }
    return None if says == NONE else _hang({**wanted[says], "Resource": "*", **principal}, kind)


OWN = {says: _policy(says, Kind.IDENTITY_INLINE) for says in SAYS}
GUARDS = {says: _policy(says, Kind.ENDPOINT, Principal="*") for says in SAYS}


def _granting(caller: str, grant: str) -> Attached | None:
    if grant == DENIES:
        return _policy(DENIES, Kind.RESOURCE, Principal="*")
    named = {"account": ACCOUNT, "behind": BEHIND[caller], "self": CALLERS[caller].arn, "everyone": "*"}.get(grant)
    return None if named is None else _policy(ALLOWS, Kind.RESOURCE, Principal={"AWS": named})


def enumerate_engine() -> dict[Row, bool]:
    """Whether the engine allows each row."""
    contexts = {
        (name, account): RequestContext("s3:GetObject", "arn:aws:s3:::data/key", caller, owner, {})
        for name, caller in CALLERS.items()
        for account, owner in (("same", ACCOUNT), ("other", FOREIGN))
    }
    granting = {(caller, grant): _granting(caller, grant) for caller, grant in product(CALLERS, GRANTS)}
    found = {}
    for row in map(Row._make, product(*VALUES.values())):
        policies = PolicySet(
            _group(OWN[row.identity]) or (),
            OWN[row.boundary],
            _group(OWN[row.session]),
            granting[row.caller, row.grant],
            row.kind,  # type: ignore[arg-type]
            _levels(OWN[row.scp]),
            _levels(OWN[row.rcp]),
            GUARDS[row.endpoint],
        )
        found[row] = evaluate(contexts[row.caller, row.account], policies).allowed
    return found


def _group(policy: Attached | None) -> tuple[Attached, ...] | None:
    return None if policy is None else (policy,)


def _levels(policy: Attached | None) -> tuple[tuple[Attached, ...], ...]:
    return () if policy is None else ((policy,),)


# ── as a formula ─────────────────────────────────────────────────────────────────────────────────────


class Formula:
    """The rows as one expression over finite sorts: ``formula(row)`` is true when the row is allowed."""

    def __init__(self, rows: dict[Row, bool]) -> None:
        context = z3.Context()
        self.context = context
        texts = sorted({text for values in VALUES.values() for text in values})
        self.sort, constants = z3.EnumSort("Says", texts, context)
        self.of = dict(zip(texts, constants, strict=True))
        self._answers = bytes(rows[row] for row in map(Row._make, product(*VALUES.values())))
        self._known: dict[tuple[int, bytes], z3.BoolRef] = {}
        self._variables = [z3.Const(f"_{name}", self.sort) for name in VALUES]
        self._expression = self._tree(0, self._answers)

    def _tree(self, depth: int, answers: bytes) -> z3.BoolRef:
        """A decision tree over the members from ``depth`` on; equal parts are one."""
        if len(set(answers)) == 1:
            return z3.BoolVal(bool(answers[0]), self.context)
        if (depth, answers) not in self._known:
            values = list(VALUES.values())[depth]
            size = len(answers) // len(values)
            parts = [self._tree(depth + 1, answers[at * size : (at + 1) * size]) for at in range(len(values))]
            tree = parts[-1]
            for value, part in zip(values[:-1], parts[:-1], strict=True):
                tree = z3.If(self._variables[depth] == self.of[value], part, tree)
            self._known[depth, answers] = tree
        return self._known[depth, answers]

    def __call__(self, row: Row) -> z3.BoolRef:
        """Whether a row, of variables or values, is allowed."""
        members = [self.of[member] if isinstance(member, str) else member for member in row]
        return z3.substitute(self._expression, *zip(self._variables, members, strict=True))

    def row(self, **fixed: str) -> Row:
        """A row of variables, but for what is fixed."""
        return Row(**{name: fixed.get(name, z3.Const(name, self.sort)) for name in VALUES})  # type: ignore[arg-type]

    def one_of(self, member: Any, *values: str) -> z3.BoolRef:
        """Whether a member has one of these values."""
        return z3.Or([member == self.of[value] for value in values])

    def counterexample(self, claim: z3.BoolRef) -> dict[str, str] | None:
        """Values for which ``claim`` does not hold; None: it holds for all, which is a proof."""
        solver = z3.Solver(ctx=self.context)
        variables = self.row()
        solver.add([self.one_of(getattr(variables, name), *values) for name, values in VALUES.items()])
        solver.add(z3.Not(claim))
        if solver.check() == z3.unsat:
            return None
        model = solver.model()
        return {name: str(model.eval(getattr(variables, name), model_completion=True)) for name in VALUES}


# ── the row of any request ───────────────────────────────────────────────────────────────────────────

_EFFECT = {"allowed": ALLOWS, "implicitDeny": SILENT, "explicitDeny": DENIES}


def row_of(context: RequestContext, policies: PolicySet) -> Row:
    """What each layer says of the request, each asked alone as if the resource were in the caller's own account."""
    caller = context.principal
    assert isinstance(caller, User | RoleSession | FederatedUser)
    at_home = RequestContext(
        context.action, context.resource, caller, caller.account, dict(context.values), context.values.lazy
    )
    names = {User: "user", RoleSession: "role session", FederatedUser: "federated user"}
    return Row(
        names[type(caller)],
        policies.resource_kind,
        "same" if caller.account == context.resource_account else "other",
        _grant_of(at_home, policies),
        _says(at_home, policies.identity),
        NONE if policies.boundary is None else _says(at_home, (policies.boundary,)),
        NONE if policies.session is None else _says(at_home, policies.session),
        _says_of_levels(at_home, policies.scps),
        _says_of_levels(at_home, policies.rcps),
        NONE if policies.endpoint is None else _ask(at_home, policies, OWN[ALLOWS], endpoint=policies.endpoint),
    )


def _says(context: RequestContext, group: tuple[Attached, ...]) -> str:
    return _EFFECT[evaluate(context, PolicySet(group, session=_group(OWN[ALLOWS]))).effect]


def _says_of_levels(context: RequestContext, levels: tuple[tuple[Attached, ...], ...]) -> str:
    said = {_says(context, level) for level in levels}
    return NONE if not said else DENIES if DENIES in said else SILENT if SILENT in said else ALLOWS


def _ask(
    context: RequestContext, policies: PolicySet, identity: Attached | None, session: str = ALLOWS, **more: Any
) -> str:
    """With this much else allowed. A boundary is there if there is one: NotPrincipal asks for it."""
    boundary = None if policies.boundary is None else OWN[ALLOWS]
    given = PolicySet(_group(identity) or (), boundary, _group(OWN[session]), **more)
    return _EFFECT[evaluate(context, given).effect]


def _grant_of(context: RequestContext, policies: PolicySet) -> str:
    """What the resource's policy says, by what else has to be allowed."""

    def ask(kind: str, identity: Attached | None, session: str = ALLOWS) -> str:
        return _ask(context, policies, identity, session, resource=policies.resource, resource_kind=kind)

    if policies.resource is None:
        return NONE
    if ask("resource", None) == DENIES:
        return DENIES
    if ask("trust", None, SILENT) == ALLOWS:
        return "self"
    if ask("resource", None, SILENT) == ALLOWS:
        return "everyone"
    if ask("trust", None) == ALLOWS:
        return "behind"
    return "account" if ask("trust", OWN[ALLOWS]) == ALLOWS else NONE
