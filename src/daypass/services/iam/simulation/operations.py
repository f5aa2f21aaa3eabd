"""The policy simulator: what would be decided, without asking anybody for anything.

Source: IAM API reference, SimulateCustomPolicy, SimulatePrincipalPolicy, GetContextKeysForCustomPolicy,
GetContextKeysForPrincipalPolicy. It decides by the same ``evaluate`` as every request.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from daypass.errors import InvalidInput
from daypass.operations.call import Call
from daypass.operations.paging import DEFAULT_ITEMS, Listing, page
from daypass.operations.registry import operation
from daypass.policy.decision import Effect
from daypass.policy.simulate import Matched, Outcome, Scene, Simulation, context_keys
from daypass.services.iam.simulation.scenes import (
    check_sizes,
    custom_scene,
    given_policies,
    principal_scene,
    source_of,
)

Result = dict[str, object]

MOST_WORK = 4_000_000_000
"""Characters of policies times characters of what they are compared with, over all requests of one page: a second or
two. Comparing is linear in each at worst."""

_WORDS = 64
"""Characters that every request is taken to have beside its resource and context keys."""

_STATEMENT = 16_000
"""What looking at one statement once is counted as, however short it is."""

_EC2_SCENARIOS: Mapping[str, tuple[str, ...]] = {
    "EC2-VPC-InstanceStore": ("instance", "image", "security-group", "network-interface"),
    "EC2-VPC-InstanceStore-Subnet": ("instance", "image", "security-group", "network-interface", "subnet"),
    "EC2-VPC-EBS": ("instance", "image", "security-group", "network-interface", "volume"),
    "EC2-VPC-EBS-Subnet": ("instance", "image", "security-group", "network-interface", "volume", "subnet"),
}
"""What ``ResourceHandlingOption`` may be, and the resources that must be there then."""


@operation("iam:SimulateCustomPolicy", "reads", is_long=True)
def simulate_custom_policy(call: Call) -> Result:
    """Decide made-up requests by policies that the call brings."""
    call.authorize()
    return _simulated(call, custom_scene(call))


@operation("iam:SimulatePrincipalPolicy", "reads", is_long=True)
def simulate_principal_policy(call: Call) -> Result:
    """Decide made-up requests by the policies of a user, group or role, and what the call brings beside them."""
    source = source_of(call)
    return _simulated(call, principal_scene(call, source))


@operation("iam:GetContextKeysForCustomPolicy", "reads", is_long=True)
def get_context_keys_for_custom_policy(call: Call) -> Result:
    """List the context keys that policies ask about."""
    call.authorize()
    check_sizes(call.params)
    return {"ContextKeyNames": context_keys(one.policy for one in given_policies(call.params))}


@operation("iam:GetContextKeysForPrincipalPolicy", "reads", is_long=True)
def get_context_keys_for_principal_policy(call: Call) -> Result:
    """List the context keys that the policies of a user, group or role ask about, and those that the call brings."""
    scene = principal_scene(call, source_of(call))
    return {"ContextKeyNames": context_keys(one.policy for one in scene.policies.identity)}


def _simulated(call: Call, scene: Scene) -> Result:
    actions = call.params["ActionNames"]
    resources = call.params.get("ResourceArns") or ["*"]
    _check_actions(actions)
    _check_resources(resources, call.params.get("ResourceHandlingOption"))
    _check_work(scene, min(len(actions), call.params.get("MaxItems", DEFAULT_ITEMS)), resources)
    simulation = Simulation(scene)

    def played(numbered: tuple[int, str]) -> Result:
        action = numbered[1]
        return _result(action, resources, [simulation.outcome(action, resource) for resource in resources])

    items = list(enumerate(actions))
    return page(call, Listing("EvaluationResults", items, lambda item: f"{item[0]:06}", played))


# ── what is refused ──────────────────────────────────────────────────────────────────────────────────


def _check_actions(actions: Sequence[str]) -> None:
    for action in actions:
        service, colon, name = action.partition(":")
        if not (service and colon and name) or ":" in name or "*" in action or "?" in action:
            raise InvalidInput(f"ActionNames are not in a valid format: {action}.")


def _check_resources(resources: Sequence[str], option: str | None) -> None:
    for resource in resources:
        fields = resource.split(":", 5)
        if resource != "*" and not (len(fields) == 6 and fields[0] == "arn" and fields[1] and fields[2] and fields[5]):
            raise InvalidInput(f"ResourceNames are not in a valid ARN format: {resource}.")
    if option is None:
        return
    needed = _EC2_SCENARIOS.get(option)
    if needed is None:
        raise InvalidInput(f"{option} is not a valid ResourceHandlingOption.")
    present = {resource.split(":", 5)[5].partition("/")[0] for resource in resources if ":ec2:" in resource}
    missing = [word for word in needed if word not in present]
    if missing:
        raise InvalidInput(f"{option} requires resources of these types too: {', '.join(missing)}.")


# INVARIANT: 9. a simulation is refused before it is begun when it would take long.
# tests/services/iam/test_simulation.py::test_more_work_than_a_second_or_two_is_refused_at_once
def _check_work(scene: Scene, actions: int, resources: Sequence[str]) -> None:
    policies = scene.policies
    attached = [*policies.identity, *(one for level in (*policies.scps, *policies.rcps) for one in level)]
    attached += [one for one in (policies.boundary, scene.resource_policy) if one is not None]
    text = sum(len(one.policy.text) for one in attached)
    context = sum(len(value) if isinstance(value, str) else sum(map(len, value)) for value in scene.keys.values())
    compared = sum(len(resource) + context + _WORDS for resource in resources)
    looks = sum(len(one.policy.statements) for one in attached) * len(resources) * _STATEMENT
    if (text * compared + looks) * actions > MOST_WORK:
        raise InvalidInput("This simulation is too large: ask for fewer actions or resources at a time (MaxItems).")


# ── what is answered ─────────────────────────────────────────────────────────────────────────────────


def _result(action: str, resources: Sequence[str], outcomes: Sequence[Outcome]) -> Result:
    """One EvaluationResult. Of several resources the top level has what holds for all of them together."""
    effect = _together(outcomes)
    deciding = [outcome for outcome in outcomes if outcome.decision.effect == effect]
    result: Result = {"EvalActionName": action, "EvalDecision": effect}
    if len(resources) == 1:
        result["EvalResourceName"] = resources[0]
    result["MatchedStatements"] = _statements(matched for outcome in deciding for matched in outcome.matched)
    everywhere = resources == ["*"]
    result["MissingContextValues"] = outcomes[0].missing if everywhere else ()
    if not everywhere:
        result["EvalDecisionDetails"] = outcomes[0].sides if len(outcomes) == 1 else {}
        result["ResourceSpecificResults"] = list(map(_specific, resources, outcomes))
    organization = [one.organization for one in outcomes if one.organization is not None]
    if organization:
        result["OrganizationsDecisionDetail"] = {"AllowedByOrganizations": all(organization)}
    return result | _boundary(outcomes)


def _specific(resource: str, outcome: Outcome) -> Result:
    result: Result = {
        "EvalResourceName": resource,
        "EvalResourceDecision": outcome.decision.effect,
        "MatchedStatements": _statements(outcome.matched),
        "MissingContextValues": outcome.missing,
    }
    details: Result = {"EvalDecisionDetails": outcome.sides} if outcome.sides else {}
    return result | details | _boundary([outcome])


def _together(outcomes: Sequence[Outcome]) -> Effect:
    """A request for several resources is allowed when each is."""
    effects = {outcome.decision.effect for outcome in outcomes}
    if "explicitDeny" in effects:
        return "explicitDeny"
    return "implicitDeny" if "implicitDeny" in effects else "allowed"


def _boundary(outcomes: Sequence[Outcome]) -> Result:
    found = [one.boundary for one in outcomes if one.boundary is not None]
    return {"PermissionsBoundaryDecisionDetail": {"AllowedByPermissionsBoundary": all(found)}} if found else {}


def _statements(matched: Iterable[Matched]) -> list[Result]:
    """Each statement once, with the words that AWS's simulator was seen to use."""
    found = dict.fromkeys(matched)
    return [
        {
            "SourcePolicyId": one.attached.name,
            "SourcePolicyType": "Resource Policy" if one.attached.policy.asks_who else "IAM Policy",
            "StartPosition": {"Line": one.start[0], "Column": one.start[1]},
            "EndPosition": {"Line": one.end[0], "Column": one.end[1]},
        }
        for one in found
    ]
