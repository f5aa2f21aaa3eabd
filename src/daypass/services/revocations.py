"""Ending sessions before their time, which AWS cannot do. Not an AWS API: only the operator can."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256

from daypass.arn import Arn
from daypass.entities import Revocation, Role, User
from daypass.errors import LimitExceeded, Malformed, NoSuchEntity, ValidationError
from daypass.ids import account_of
from daypass.operations.call import Call
from daypass.operations.registry import operation
from daypass.services.accounts import require_operator
from daypass.services.delegations import LIFETIME
from daypass.sessions.keyring import RETENTION
from daypass.snapshot import AccountSnapshot

MOST_RULES = 10_000
"""Rules of one account at a time. Whoever would need more names principals, or a time, instead of single sessions."""

# INVARIANT: 5. a rule outlives every session it ends: the longest one, opened by a node that had not heard of the rule,
#   and one for a delegation request that was accepted before and is sent at the last moment.
#   tests/services/test_revocations.py::test_a_rule_stays_as_long_as_a_session_that_it_ends,
#   tests/services/test_delegations.py::test_what_a_revoked_session_has_accepted_never_opens_anything
LASTS = LIFETIME + RETENTION
"""Seconds that a rule is kept: as long as a sealing key, for the same reasons, after the last acceptance is sent."""


@operation("daypass:RevokeSessions", "changes")
def revoke_sessions(call: Call) -> Mapping[str, object]:
    """End the sessions of the account that ``AccessKeyId``, ``Principal`` (ARN or unique id) or ``Provider`` names.

    With none of them all that were issued before ``IssuedBefore`` (epoch seconds; default: up to and with this second).
    What descends from them ends too, unless ``Only`` is set. Result: the ``Revocation``.

    Raises:
        NoSuchEntity: there is no such principal, or what is named belongs to another account.
        ValidationError: more than one is named, or a time to come.
        LimitExceeded: too many rules are in force.
    """
    require_operator(call)
    params = call.params
    if sum(bool(params.get(name)) for name in ("AccessKeyId", "Principal", "Provider")) > 1:
        raise ValidationError("AccessKeyId, Principal and Provider exclude one another.")
    key, provider = str(params.get("AccessKeyId") or ""), str(params.get("Provider") or "")
    shown = str(params.get("Principal") or "")
    principal = _bearer(shown, call.account) if shown else ""
    _must_be_ours(key, provider, call.account)
    _drop_expired(call)
    rule = Revocation(
        _id(key, principal, provider, only=bool(params.get("Only"))),
        call.now,
        call.now + LASTS,
        0 if key else _issued_before(call),
        key,
        principal,
        provider,
        bool(params.get("Only")),
        key or shown or provider,
    )
    rule = _joined(rule, call.account)
    call.put(rule)
    return {"Revocation": rule}


@operation("daypass:LiftRevocation", "changes")
def lift_revocation(call: Call) -> Mapping[str, object]:
    """Take back the rule ``Id``: what it ended and is not over yet lives again.

    Raises:
        NoSuchEntity: there is no such rule.
    """
    require_operator(call)
    rule = call.account.revocations.get(str(call.params["Id"]))
    if rule is None:
        raise NoSuchEntity(f"The revocation {call.params['Id']} cannot be found.")
    call.delete(rule)
    return {"Revocation": rule}


def _issued_before(call: Call) -> int:
    """The time that is asked for, or the end of the present second: what was issued a moment ago is included."""
    now, asked = call.now + 1, call.params.get("IssuedBefore")
    if asked is None:
        return now
    if int(asked) > now:
        raise ValidationError("Sessions that will be issued later cannot be revoked: the time is yet to come.")
    return int(asked)


def _must_be_ours(key: str, provider: str, account: AccountSnapshot) -> None:
    if key and (not key.startswith("ASIA") or account_of(key) != account.id):
        raise NoSuchEntity(f"The session {key} cannot be found.")
    if provider.startswith("arn:") and _parsed(provider).account != account.id:
        raise NoSuchEntity(f"The provider {provider} cannot be found.")


def _bearer(text: str, account: AccountSnapshot) -> str:
    """What ``Revocation.principal`` holds for a principal's ARN, or for the unique id that even a deleted one has."""
    if not text.startswith("arn:"):
        if text[:4] in ("AROA", "AIDA") and account_of(text.partition(":")[0]) == account.id:
            return text
        raise _no_principal(text)
    arn = _parsed(text)
    kind, _, rest = arn.resource.partition("/")
    if arn.account != account.id:
        raise _no_principal(text)
    if arn.service == "iam" and kind == "root" and not rest:
        return account.id
    if arn.service == "sts" and kind == "federated-user" and rest:
        return f"{account.id}:{rest}"
    name, _, session = rest.rpartition("/") if arn.service == "sts" else (arn.resource_name, "", "")
    role, user = account.roles_by_name.get(name), account.users_by_name.get(name)
    if arn.service == "sts" and kind == "assumed-role" and role is not None and session:
        return f"{role.id}:{session}"
    found: Role | User | None = {"role": role, "user": user}.get(kind) if arn.service == "iam" else None
    if found is None or account.arn(found) != text:
        raise _no_principal(text)
    return found.id


def _no_principal(text: str) -> NoSuchEntity:
    return NoSuchEntity(f"The principal {text} cannot be found. One that was deleted has its unique id, AROA or AIDA.")


def _parsed(text: str) -> Arn:
    try:
        return Arn.parse(text)
    except Malformed:
        raise NoSuchEntity(f"{text} cannot be found: it is no ARN.") from None


def _id(*named: str, only: bool) -> str:
    """One id for what is named: saying it again renews the rule."""
    return "rv-" + sha256("\n".join((*named, str(only))).encode()).hexdigest()[:17]


def _joined(rule: Revocation, account: AccountSnapshot) -> Revocation:
    """``rule``, reaching as far as the one whose place it takes."""
    before = account.revocations.get(rule.id)
    if before is None:
        if len(account.revocations) >= MOST_RULES:
            raise LimitExceeded(f"Cannot exceed quota for RevocationsPerAccount: {MOST_RULES}")
        return rule
    return replace(rule, issued_before=max(rule.issued_before, before.issued_before))


def _drop_expired(call: Call) -> None:
    for rule in call.account.revoked:
        if rule.until <= call.now:
            call.delete(rule)
