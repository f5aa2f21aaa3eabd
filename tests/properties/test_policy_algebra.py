"""What holds for all policies and requests: denies win, limits limit, and order means nothing."""

from __future__ import annotations

import itertools
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from daypass.policy import Attached, Decision, Kind, PolicySet, RequestContext, evaluate, parse_policy
from tests.policy.world import ACCOUNT, CALLERS, FOREIGN, NAMES, document

# Small pools, so that statements nearly always nearly match.
ACTIONS = ["s3:GetObject", "s3:PutObject", "sts:AssumeRole"]
ACTION_PATTERNS = ["*", "s3:*", "s3:Get*", "S3:getobject", "sts:*", "*:*", "s3:???Object", "s3:PutObject"]
RESOURCES = ["*", "arn:aws:s3:::data/key", "arn:aws:s3:::data/alice/x"]
RESOURCE_PATTERNS = ["*", "arn:aws:s3:::*", "arn:aws:s3:::data/*", "arn:aws:s3:::data/${aws:username}/*", "arn:aws:s3"]
KEYS = {
    "aws:username": ["alice", "bob"],
    "aws:tagkeys": ["a", ["a"], ["a", "b"], []],
    "aws:sourceip": ["10.0.0.1", "x"],
}
CONDITIONS = [
    {"StringEquals": {"aws:username": "alice"}},
    {"StringNotEquals": {"aws:username": ["alice", "bob"]}},
    {"StringLikeIfExists": {"aws:username": "a*"}},
    {"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}},
    {"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["a"]}},
    {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
    {"Null": {"aws:username": "true"}},
    {"StringEquals": {"aws:TagKeys": "a"}, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
]
PRINCIPALS = [
    "*", {"AWS": "ROOT"}, {"AWS": "USER"}, {"AWS": "ROLE"}, {"AWS": "SESSION"}, {"AWS": "FEDERATED"},
    {"AWS": FOREIGN}, {"AWS": "FOREIGN-USER"}, {"Service": "ec2.amazonaws.com"},
    {"Federated": "arn:aws:iam::111122223333:saml-provider/corp"},
]  # fmt: skip


def elements(name: str, patterns: list[str]) -> list[dict[str, list[str]]]:
    """Every one and two of ``patterns``, five times as often listed as excluded: one draw instead of eight."""
    listed = [list(some) for size in (1, 2) for some in itertools.permutations(patterns, size)]
    return [{name: one} for one in listed] * 5 + [{f"Not{name}": one} for one in listed]


ACTION_ELEMENTS = st.sampled_from(elements("Action", ACTION_PATTERNS))
RESOURCE_ELEMENTS = st.sampled_from(elements("Resource", RESOURCE_PATTERNS))
BLOCKS = st.sampled_from([{"Condition": one} for one in CONDITIONS] + [{}] * len(CONDITIONS))
EFFECTS = st.sampled_from(["Allow", "Allow", "Deny"])
WHO = st.sampled_from(PRINCIPALS)


@st.composite
def statements(draw: st.DrawFn, *, principals: bool = False, effect: str | None = None) -> dict[str, Any]:
    """One statement that has a good chance to match."""
    statement: dict[str, Any] = {"Effect": effect or draw(EFFECTS)}
    statement |= draw(ACTION_ELEMENTS) | draw(RESOURCE_ELEMENTS) | draw(BLOCKS)
    if principals:
        statement["Principal"] = draw(WHO)
    return statement


def documents(*, principals: bool = False) -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(statements(principals=principals), min_size=1, max_size=4)


@st.composite
def contexts(draw: st.DrawFn) -> RequestContext:
    keys: dict[str, Any] = {}
    for key, values in KEYS.items():
        if draw(st.booleans()):
            value = draw(st.sampled_from(values))
            keys[key] = tuple(value) if isinstance(value, list) else value
    caller = CALLERS[draw(st.sampled_from(sorted(CALLERS)))]
    return RequestContext(draw(st.sampled_from(ACTIONS)), draw(st.sampled_from(RESOURCES)), caller, ACCOUNT, keys)


def hang(content: list[dict[str, Any]], kind: Kind | None = None) -> Attached:
    return Attached(parse_policy(document(content), kind), "policy")


def with_principals(content: list[dict[str, Any]]) -> Attached:
    return hang(content, Kind.RESOURCE)


def of_everyone(content: list[dict[str, Any]]) -> Attached:
    return hang([{**one, "Principal": "*"} for one in content], Kind.RCP)


@st.composite
def policy_sets(draw: st.DrawFn) -> dict[str, Any]:
    """The arguments of a PolicySet."""
    sets = st.lists(documents(), max_size=2)
    return {
        "identity": tuple(map(hang, draw(sets))),
        "boundary": draw(st.none() | documents().map(hang)),
        "session": draw(st.none() | sets.map(lambda some: tuple(map(hang, some)))),
        "resource": draw(st.none() | documents(principals=True).map(with_principals)),
        "resource_kind": draw(st.sampled_from(["resource", "trust", "key"])),
        "scps": tuple((hang(one),) for one in draw(sets)),
        "rcps": tuple((of_everyone(one),) for one in draw(st.lists(documents(), max_size=1))),
        "endpoint": draw(st.none() | documents(principals=True).map(with_principals)),
        "root": draw(st.booleans()),
    }


def decide(context: RequestContext, arguments: dict[str, Any], **changes: Any) -> Decision:
    return evaluate(context, PolicySet(**{**arguments, **changes}))


PLACES = st.sampled_from(["identity", "boundary", "session", "resource", "scps", "rcps", "endpoint"])


@given(contexts(), policy_sets(), PLACES, statements(effect="Deny"), st.sampled_from(PRINCIPALS))
def test_adding_a_deny_never_allows(
    context: RequestContext, arguments: dict[str, Any], place: str, deny: dict[str, Any], principal: Any
) -> None:
    """Whatever is denied stays denied when a Deny is added to any policy that is there."""
    changed = add(arguments, place, {**deny, **({"Principal": principal} if place in ("resource", "endpoint") else {})})
    if decide(context, changed).allowed:
        assert decide(context, arguments).allowed


@given(contexts(), policy_sets(), PLACES, statements(effect="Allow"), st.sampled_from(PRINCIPALS))
def test_adding_an_allow_never_denies(
    context: RequestContext, arguments: dict[str, Any], place: str, allow: dict[str, Any], principal: Any
) -> None:
    """Whatever is allowed stays allowed when an Allow is added to any policy that is there."""
    changed = add(
        arguments, place, {**allow, **({"Principal": principal} if place in ("resource", "endpoint") else {})}
    )
    if decide(context, arguments).allowed:
        assert decide(context, changed).allowed


def add(arguments: dict[str, Any], place: str, statement: dict[str, Any]) -> dict[str, Any]:
    """The arguments with ``statement`` in a policy at ``place``; unchanged where there is none."""
    found = arguments[place]
    if place == "identity":
        return {**arguments, place: (*found, hang([statement]))}
    if found is None or found == ():
        return arguments
    if place == "session":
        return {**arguments, place: (*found, hang([statement]))}
    if place in ("scps", "rcps"):
        made = hang([statement]) if place == "scps" else of_everyone([statement])
        return {**arguments, place: (*found[:-1], (*found[-1], made))}
    return {**arguments, place: extended(found, statement)}


def extended(attached: Attached, statement: dict[str, Any]) -> Attached:
    content = json.loads(attached.policy.text)["Statement"]
    return hang([*content, statement], attached.policy.kind)


@given(contexts(), policy_sets(), documents())
def test_adding_a_session_policy_never_widens(
    context: RequestContext, arguments: dict[str, Any], content: list[dict[str, Any]]
) -> None:
    """A session with a session policy may do nothing that it could not do without; federated users need one."""
    if context.principal.type == "FederatedUser":
        return
    if decide(context, arguments, session=(hang(content),)).allowed:
        assert decide(context, arguments, session=None).allowed


@given(contexts(), policy_sets(), documents())
def test_adding_a_boundary_never_widens(
    context: RequestContext, arguments: dict[str, Any], content: list[dict[str, Any]]
) -> None:
    """A principal with a permissions boundary may do nothing that it could not do without."""
    if decide(context, arguments, boundary=hang(content)).allowed:
        assert decide(context, arguments, boundary=None).allowed


@given(contexts(), policy_sets(), documents(), st.sampled_from(["scps", "rcps", "endpoint"]))
def test_adding_a_guard_never_widens(
    context: RequestContext, arguments: dict[str, Any], content: list[dict[str, Any]], guard: str
) -> None:
    """A further level of SCPs or RCPs, or an endpoint policy, lets nothing more through."""
    if guard in ("scps", "rcps"):
        added: Any = (*arguments[guard], (hang(content) if guard == "scps" else of_everyone(content),))
    else:
        arguments["endpoint"] = None
        added = with_principals([{**one, "Principal": "*"} for one in content])
    if decide(context, arguments, **{guard: added}).allowed:
        assert decide(context, arguments).allowed


@given(contexts(), policy_sets())
def test_a_session_is_never_more_than_its_role_path(context: RequestContext, arguments: dict[str, Any]) -> None:
    """Without a resource policy, what a session may do its identity policies allow and no policy denies."""
    decision = decide(context, arguments, resource=None, root=False)
    if decision.allowed:
        assert decision.layer == "identity"
        assert decide(context, {"identity": arguments["identity"]}).allowed


@given(contexts(), documents(), st.randoms())
def test_order_splitting_and_repetition_change_nothing(
    context: RequestContext, content: list[dict[str, Any]], random: Any
) -> None:
    """Shuffled statements, one action or resource a statement, repeated and renamed statements decide alike."""
    expected = decide(context, {"identity": (hang(content),)}).effect
    shuffled = random.sample(content, len(content))
    repeated = [{**one, "Sid": f"S{index}"} for index, one in enumerate(content + content)]
    for variant in (shuffled, repeated, list(split(content))):
        assert decide(context, {"identity": (hang(variant),)}).effect == expected
    apart = tuple(hang([one]) for one in shuffled)
    assert decide(context, {"identity": apart}).effect == expected


def split(content: list[dict[str, Any]]) -> Any:
    """Each statement with many actions or resources as many statements with one each."""
    for one in content:
        for action, resource in itertools.product(one.get("Action", [None]), one.get("Resource", [None])):
            part = dict(one)
            part.update({"Action": action} if action else {})
            part.update({"Resource": resource} if resource else {})
            yield part


@given(contexts(), documents(), st.integers(0, 4))
def test_layout_and_order_of_members_change_nothing(
    context: RequestContext, content: list[dict[str, Any]], indent: int
) -> None:
    """The same JSON, written with other white space and order, decides alike."""
    policy = {"Statement": [dict(reversed(one.items())) for one in content], "Version": "2012-10-17"}
    written = Attached(parse_policy(json.dumps(policy, indent=indent)), "policy")
    expected = decide(context, {"identity": (hang(content),)})
    assert decide(context, {"identity": (written,)}).effect == expected.effect


@given(contexts(), policy_sets())
def test_any_explicit_deny_wins_and_every_decision_explains_itself(
    context: RequestContext, arguments: dict[str, Any]
) -> None:
    """The effect is explicitDeny exactly when some layer, looked at alone, denies; JSON and text are always there."""
    decision = decide(context, arguments)
    report = decision.to_dict()
    denies = [one for one in report["layers"] if one["verdict"] == "denies"]  # type: ignore[attr-defined]
    assert bool(denies) == (decision.effect == "explicitDeny")
    assert json.loads(json.dumps(report)) == report
    assert decision.effect in decision.explain()
    assert bool(decision.reason()) != decision.allowed


# ── the combination, against the reference algorithm of the documentation ────────────────────────────

ALLOW, SILENT, DENY = "allow", "silent", "deny"
GRANTS = {"none": None, "account": "ROOT", "user": "USER", "role": "ROLE", "session": "SESSION",
          "federated": "FEDERATED", "star": "*"}  # fmt: skip
BYPASSES = {"user": {"user", "star"}, "role session": {"session", "star"}, "federated user": {"federated", "star"}}
REPLACES_IDENTITY = {"user": set(), "role session": {"role"}, "federated user": {"user"}}


def reference(caller: str, kind: str, grant: str, identity: str, boundary: str | None, session: str | None) -> bool:
    """Policy evaluation logic for one account, as the documentation states it; where it is silent, what gives less.

    It is silent on a role whose trust policy names everyone: that stands for an identity-based Allow and no more.
    """
    if DENY in (identity, boundary, session):
        return False
    applies = grant == "account" or grant in BYPASSES[caller] | REPLACES_IDENTITY[caller]
    if kind == "trust" and not applies:
        return False
    everyone_trusted = kind == "trust" and grant == "star"
    if grant in BYPASSES[caller] and not everyone_trusted:
        return True
    if session is None and caller == "federated user":
        return False
    own = identity == ALLOW or everyone_trusted or grant in REPLACES_IDENTITY[caller]
    return own and boundary in (None, ALLOW) and session in (None, ALLOW)


def stock(name: str | None) -> Attached | None:
    return None if name is None else Attached(parse_policy(document(name)), name)


def test_the_combination_is_the_documented_one_in_every_case() -> None:
    """All callers × grants × identity × boundary × session × kind of resource: 1,134 rows, no difference."""
    rows = itertools.product(
        BYPASSES, ["resource", "trust"], GRANTS, [ALLOW, SILENT, DENY], [None, ALLOW, SILENT], [None, ALLOW, SILENT]
    )
    count = 0
    for caller, kind, grant, identity, boundary, session in rows:
        named = GRANTS[grant]
        trust = [{"Effect": "Allow", "Principal": {"AWS": NAMES.get(named, named)}, "Action": "*"}] if named else None
        context = RequestContext(
            "sts:AssumeRole", "arn:aws:iam::111122223333:role/target", CALLERS[caller], ACCOUNT, {}
        )
        cut = stock(session)
        decision = evaluate(
            context,
            PolicySet(
                (Attached(parse_policy(document(identity)), "identity"),),
                stock(boundary),
                None if cut is None else (cut,),
                with_principals(trust) if trust else None,
                kind,  # type: ignore[arg-type]
            ),
        )
        row = (caller, kind, grant, identity, boundary, session)
        assert decision.allowed == reference(*row), row
        count += 1
    assert count == 3 * 2 * 7 * 27
