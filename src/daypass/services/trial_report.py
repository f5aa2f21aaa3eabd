"""The report of a trial in plain JSON values: a row for each step, with numbers and names instead of secrets.

A row has ``name``, ``passed`` and ``facts``. If the trial ended in a refusal, the last row is the step that refused.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from daypass.entities import OidcProvider, SamlProvider
from daypass.errors import ServiceError
from daypass.federation.compact import UnverifiedToken
from daypass.federation.saml.assertion import Assertion
from daypass.federation.saml.attributes import Wish
from daypass.federation.saml.response import Proved
from daypass.federation.saml.response import Terms as SamlTerms
from daypass.federation.saml.rules import REDEEMABLE
from daypass.federation.saml.rules import TOLERANCE as SAML_TOLERANCE
from daypass.federation.session_claims import NAMESPACE
from daypass.federation.web_identity import OLDEST, TOLERANCE, WebIdentity
from daypass.operations.call import NewSession
from daypass.operations.facts import iso8601
from daypass.operations.trial import Outcome, Step
from daypass.policy import Decision
from daypass.ports import IssuerKey, Vouched
from daypass.snapshot import AccountSnapshot

Facts = dict[str, object]

_LONGEST = 512
"""Characters of a value that are shown."""


def report(action: str, outcome: Outcome) -> dict[str, object]:
    """The report of one trial. ``Error`` has what the caller would read and, as ``Detail``, what he would not."""
    refusal = outcome.refusal
    rows = [_row(step) for step in _last_of_each(outcome.steps)]
    if rows and refusal is not None:
        rows[-1]["passed"] = False
    return {
        "Action": action,
        "Accepted": refusal is None,
        "Error": None if refusal is None else _error(refusal),
        "Steps": rows,
    }


def _error(refusal: ServiceError) -> Facts:
    return {"Code": refusal.code, "Message": refusal.message, "Detail": refusal.detail or None}


def _last_of_each(steps: Sequence[Step]) -> list[Step]:
    """The steps in order, one that was told twice in a row once; the trust policy is asked for each action."""
    kept: list[Step] = []
    for step in steps:
        if kept and kept[-1].name == step.name != "trust policy":
            kept.pop()
        kept.append(step)
    return kept


def _row(step: Step) -> dict[str, object]:
    return {"name": step.name, "passed": True, "facts": FACTS[step.name](*step.seen)}


# ── tokens ───────────────────────────────────────────────────────────────────────────────────────────


def _text(text: str) -> Facts:
    return {"characters": len(text)}


def _issuer(token: UnverifiedToken, owner: AccountSnapshot) -> Facts:
    issuer = token.claims.get("iss")
    found = owner.oidc_providers_by_url.get(str(issuer).removeprefix("https://"))
    known = [f"https://{url}" for url in sorted(owner.oidc_providers_by_url)]
    return {
        "algorithm": token.algorithm,
        "keyId": token.key_id,
        "issuer": _short(issuer),
        "provider": owner.arn(found) if found else None,
    } | ({} if found else {"issuersOfTheAccount": known})


def _claims(claims: Mapping[str, Any], required: Collection[str]) -> Facts:
    missing = [name for name in required if claims.get(name) in (None, "", [])]
    return {"subject": _short(claims.get("sub")), "present": sorted(claims), "missing": missing}


def _lifetime(claims: Mapping[str, Any], now: int) -> Facts:
    times = {"issued": claims.get("iat"), "notBefore": claims.get("nbf"), "expires": claims.get("exp")}
    return _times(times, now) | {"toleranceSeconds": TOLERANCE, "oldestSeconds": OLDEST}


def _audience(claims: Mapping[str, Any], client_ids: Collection[str] | None) -> Facts:
    told = {"azp": _short(claims["azp"])} if claims.get("azp") is not None else {}
    expected = "what the trust policy asks for" if client_ids is None else list(client_ids)
    return {"aud": _short(claims.get("aud")), **told, "expected": expected}


def _key(token: UnverifiedToken, provider: OidcProvider) -> Facts:
    return {"keyId": token.key_id, "algorithm": token.algorithm, "of": f"https://{provider.url}"}


def _signature(key: IssuerKey) -> Facts:
    by = "a thumbprint" if key.trust == "Thumbprint" else "an authority"
    return {"key": key.key.key_type, "trustedBy": by, "inRecords": key.trust}


def _session_claims(identity: WebIdentity) -> Facts:
    return {
        "audience": identity.audience,
        **{name: _short(value) for name, value in identity.claims.items() if name.startswith(NAMESPACE)},
    }


# ── assertions ───────────────────────────────────────────────────────────────────────────────────────


def _provider(arn: str, owner: AccountSnapshot) -> Facts:
    known = [owner.arn(each) for each in owner.saml_providers_by_name.values()]
    return {"provider": arn, "known": arn in known} | ({} if arn in known else {"providersOfTheAccount": known})


def _shape(data: bytes) -> Facts:
    return {"bytes": len(data)}


def _saml_signature(issuer: str | None, terms: SamlTerms) -> Facts:
    fitting = [each for each in terms.issuers if issuer in (None, each.entity_id)]
    return {
        "issuer": _short(issuer),
        "issuersOfTheProvider": [each.entity_id for each in terms.issuers],
        "certificates": sum(len(each.certificates) for each in fitting),
    }


def _encryption(was_encrypted: bool, terms: SamlTerms) -> Facts:  # noqa: FBT001  as it is told
    return {"encrypted": was_encrypted, "required": terms.must_be_encrypted, "keysOfTheProvider": len(terms.keys)}


def _signer(signers: Sequence[str], issuer: str | None) -> Facts:
    return {"signatures": len(signers), "signedBy": list(signers), "issuer": _short(issuer)}


def _assertion(proved: Proved) -> Facts:
    return {"issuer": proved.issuer}


def _time_limits(assertion: Assertion, now: int) -> Facts:
    times = {"issued": assertion.issued, "notBefore": assertion.begins, "ends": assertion.ends}
    return _times(times, now) | {"redeemableSeconds": REDEEMABLE, "toleranceSeconds": SAML_TOLERANCE}


def _recipient(assertion: Assertion, places: Collection[str]) -> Facts:
    return {"recipient": _short(assertion.recipient), "expected": sorted(places)}


def _audience_restriction(assertion: Assertion, names: Collection[str]) -> Facts:
    return {"audiences": _short([list(each) for each in assertion.audiences]), "expected": sorted(names)}


def _attributes(assertion: Assertion) -> Facts:
    said = {name: [value for given in values for value in given] for name, values in assertion.attributes.items()}
    return {"subject": assertion.subject, **{name: _short(values) for name, values in said.items()}}


def _role_pair(wanted: tuple[str, str], wish: Wish) -> Facts:
    return {"wanted": list(wanted), "named": [list(pair) for pair in wish.roles]}


def _replay(assertion: Assertion, provider: SamlProvider) -> Facts:
    return {"assertionId": _short(assertion.id), "countsOnce": not provider.is_lax}


# ── both ─────────────────────────────────────────────────────────────────────────────────────────────


def _account(account: str, *providers: str) -> Facts:
    return {"account": account, **({"accountOfTheProvider": providers[0]} if providers else {})}


def _roles_claim(vouched: Vouched, wanted: str) -> Facts:
    return {"wanted": wanted, "limitedTo": None if vouched.roles is None else list(vouched.roles)}


def _tags(vouched: Vouched) -> Facts:
    return {
        "tags": dict(vouched.tags),
        "transitive": list(vouched.transitive),
        "sourceIdentity": vouched.source_identity,
    }


def _role(arn: str) -> Facts:
    return {"role": arn}


def _trust(decision: Decision, keys: Mapping[str, object]) -> Facts:
    return {
        "action": decision.context.action,
        "effect": decision.effect,
        "reason": decision.reason() or None,
        "conditionKeys": {name: _short(value) for name, value in sorted(keys.items())},
        "explanation": decision.explain().splitlines(),
    }


def _duration(requested: int | None, longest: int, not_after: int | None) -> Facts:
    ends = None if not_after is None else iso8601(not_after)
    return {"requested": requested, "longest": longest, "assertionEnds": ends}


def _session(wanted: NewSession, duration: int) -> Facts:
    account, role = wanted.owner.id, wanted.principal.rpartition("/")[2]
    return {
        "arn": f"arn:{wanted.owner.partition}:sts::{account}:assumed-role/{role}/{wanted.name}",
        "durationSeconds": duration,
        "tags": dict(wanted.tags),
        "transitive": list(wanted.transitive),
        "sourceIdentity": wanted.source_identity,
        "keysOfTheSession": [f"{name}={_short(value)}" for name, value in wanted.federation],
    }


FACTS: Mapping[str, Callable[..., Facts]] = {
    "account": _account,
    "assertion": _assertion,
    "assertion signature": _saml_signature,
    "attributes": _attributes,
    "audience": _audience,
    "audience restriction": _audience_restriction,
    "claims": _claims,
    "duration": _duration,
    "encryption": _encryption,
    "issuer": _issuer,
    "key": _key,
    "lifetime": _lifetime,
    "provider": _provider,
    "recipient": _recipient,
    "replay": _replay,
    "response": _text,
    "response signature": _saml_signature,
    "role": _role,
    "role pair": _role_pair,
    "roles claim": _roles_claim,
    "session": _session,
    "session claims": _session_claims,
    "session tags": _tags,
    "shape": _shape,
    "signature": _signature,
    "signer": _signer,
    "time limits": _time_limits,
    "token": _text,
    "trust policy": _trust,
}
"""By name of the step, what is reported of the values that it looked at. Every step has a row here."""


def _times(times: Mapping[str, object], now: int) -> Facts:
    """Times with how far they are from now; what is no time stays as it is."""
    return {"now": iso8601(now)} | {name: _time(value, now) for name, value in times.items() if value is not None}


def _time(value: object, now: int) -> object:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 253_402_300_800:
        return _short(value)
    distance = value - now
    return f"{iso8601(value)} ({abs(distance)} s {'ahead' if distance > 0 else 'ago'})"


def _short(value: object) -> object:
    """A value as it was said, its beginning where it is long."""
    if isinstance(value, str):
        return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"
    if isinstance(value, list | tuple):
        return [_short(one) for one in value[:50]]
    if isinstance(value, dict):
        return {str(name): _short(one) for name, one in list(value.items())[:50]}
    return value
