"""Identity providers that serve everybody: whom they vouch for may be a customer of theirs and a stranger to you.

A role that trusts one of them must say which customer it means, by the claim that tells them apart. AWS asks for that
when a trust policy is saved; its literal answer is not documented, the text here is ours.

Source: IAM User Guide, "Identity-provider controls for shared OIDC providers".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from daypass.policy.conditions import USES
from daypass.policy.parse.shape import ConditionLine, Entries

CLAIMS = {
    "agent.buildkite.com": "sub",
    "api.pulumi.com/oidc": "aud",
    "app.terraform.io": "sub",
    "gitlab.com": "sub",
    "oidc-configuration.audit-log.githubusercontent.com": "sub",
    "oidc.codefresh.io": "sub",
    "oidc.vercel.com": "aud",
    "proidc.upbound.io": "sub",
    "sandboxes.cloud": "aud",
    "scalr.io": "sub",
    "sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d": "sts:RoleSessionName",  # Azure Sentinel
    "studio.datachain.ai/api": "sub",
    "token.actions.githubusercontent.com": "sub",
    "tokens.cloud.shisho.dev": "sub",
    "vstoken.actions.githubusercontent.com": "sub",
}
"""By the provider's URL without scheme: the claim that names its customer, or the key of STS that does."""

_COMPARES = frozenset({"StringEquals", "StringEqualsIgnoreCase", "StringLike"})


def tenancy_fault(
    entries: Entries, conditions: Iterable[ConditionLine], claims: Mapping[str, str] = CLAIMS
) -> str | None:
    """What to answer to an Allow that trusts all customers of a shared provider; None when it does not."""
    lines = tuple(conditions)
    for kind, value in entries:
        _, is_provider, host = value.partition(":oidc-provider/")
        claim = claims.get(host) if kind == "Federated" and is_provider else None
        wanted = claim if claim and claim.startswith("sts:") else f"{host}:{claim}"
        if claim and not any(_narrows(line, wanted.lower()) for line in lines):
            return f"A condition on {wanted} must be present for the shared provider {host}"
    return None


# INVARIANT: 10. Nothing that holds for everybody, or without the claim, counts as a condition on it.
# tests/policy/test_tenancy.py::test_what_holds_for_strangers_is_no_condition.
def _narrows(line: ConditionLine, wanted: str) -> bool:
    operator, key, values = line
    use = USES[operator]
    if key.lower() != wanted or use.operator.name not in _COMPARES:
        return False
    if use.if_exists or use.quantifier == "ForAllValues":
        return False
    return bool(values) and all(value.strip("*?") for value in values)
