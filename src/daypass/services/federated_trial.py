"""Whether a token or an assertion would open a role, and if not, at which step and why. Only for the operator.

The operations themselves, AssumeRoleWithWebIdentity and AssumeRoleWithSAML, run as a trial (``operations.trial``).
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from daypass import wire
from daypass.errors import Malformed, ServiceError, ValidationError
from daypass.federation.saml.response import unverified_issuers
from daypass.operations.call import Call
from daypass.operations.registry import REGISTRY, operation
from daypass.operations.trial import TriedCall, try_out
from daypass.services.accounts import require_operator
from daypass.services.trial_report import report
from daypass.snapshot import AccountSnapshot

_WEB, _SAML = "AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"


@operation("daypass:TryFederatedRole", "reads", reads_store=True)
def try_federated_role(call: Call) -> Mapping[str, object]:
    """Try to open the role ``RoleArn`` with ``Proof``: a web identity token, or a SAML response in base64 (``Secret``).

    ``PrincipalArn``: the SAML provider; by default the one of the account's that the response names.
    ``RoleSessionName``: for a token. ``DurationSeconds``: as in the real call.

    # INVARIANT: 7. what is tried is a credential, and stands neither in the record nor in what is told of it.
    #   tests/services/test_federated_trial.py::test_what_is_tried_is_not_recorded

    Raises:
        ValidationError: parameters that no such call could have.
    """
    require_operator(call)
    proof = call.params["Proof"].reveal()
    action = _WEB if proof.count(".") == 2 else _SAML
    params = _params(call, action, proof)
    tried, model = REGISTRY.find(f"sts:{action}"), wire.service_model("sts").operation(action)
    assert tried is not None
    assert model is not None
    model.check(params)
    outcome = try_out(TriedCall(call, tried, params))
    call.record.ours["trial"] = {"action": action, "refused": _code(outcome.refusal)}
    return report(action, outcome)


def _code(refusal: ServiceError | None) -> str | None:
    return refusal.code if refusal else None


def _params(call: Call, action: str, proof: str) -> dict[str, Any]:
    """The parameters of the call that is tried."""
    given = call.params
    params = {name: given[name] for name in ("RoleArn", "DurationSeconds") if given.get(name) is not None}
    if action == _WEB:
        return params | {"WebIdentityToken": proof, "RoleSessionName": given.get("RoleSessionName") or "trial"}
    provider = given.get("PrincipalArn") or _provider(call.account, proof)
    return params | {"SAMLAssertion": proof, "PrincipalArn": provider}


def _provider(account: AccountSnapshot, proof: str) -> str:
    """The account's SAML provider that the response names, or the only one that the account has.

    Raises:
        ValidationError: several, or none.
    """
    try:
        named = unverified_issuers(b64decode("".join(proof.split()), validate=True))
    except (Malformed, ValueError):
        named = frozenset()
    providers = list(account.saml_providers_by_name.values())
    meant = [one for one in providers if named & {issuer.entity_id for issuer in one.issuers}] or providers
    if len(meant) != 1:
        raise ValidationError(f"{len(meant)} SAML providers of {account.id} could be meant; name one.")
    return account.arn(meant[0])
