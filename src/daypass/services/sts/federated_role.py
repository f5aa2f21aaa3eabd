"""What AssumeRoleWithSAML and AssumeRoleWithWebIdentity share: a session of a role for whom a provider vouches.

Source: STS API reference, both operations; IAM User Guide, "Cross-account policy evaluation logic" and "Session tags".

Nobody has signed these calls. Who asks is whom the verified word of the provider names; what decides is the role's
trust policy, and the resource control policies above the role's account. A role that does not exist, one that does not
trust the provider, and one that lacks ``sts:TagSession`` look alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from daypass.entities import OidcProvider, Role, SamlProvider
from daypass.errors import InvalidIdentityToken
from daypass.operations.audit import resource, role_resource
from daypass.operations.authorize import decide, denied, tag_keys, trust_policy
from daypass.operations.call import Call, NewSession, shape
from daypass.operations.guards import control_policies, owner_keys
from daypass.policy import PolicySet
from daypass.ports import Asking, Vouched
from daypass.principals import Caller, FederatedIdentity
from daypass.services.sts.assume_role import find_target
from daypass.services.sts.session_policies import must_exist, passed_policies
from daypass.services.sts.token_size import least_size, sizes
from daypass.sessions.limits import packed_policy_size, session_tags
from daypass.snapshot import AccountSnapshot

_SAML = ":saml-provider/"
_NOT_IN_CLAIM = "The target role ARN is not present in the roles claim of the identity token"


class Asked(NamedTuple):
    """What such a call asks for, read and checked before anybody's word is verified."""

    role_arn: str
    policy: str | None
    policy_arns: tuple[str, ...]
    least_size: int | None


def read_asked(call: Call) -> Asked:
    """The parameters that both operations have.

    Raises:
        ValidationError, MalformedPolicyDocument: about the session policies.
    """
    return Asked(call.params["RoleArn"], *passed_policies(call.params), least_size(call.params))


def asking(call: Call, owner: AccountSnapshot) -> Asking:
    """What whoever verifies needs of the call."""
    return Asking(owner, call.now, call.wait_for_store, call.tell)


class Opening(NamedTuple):
    """A role that is about to be opened: everything is allowed, and only the duration is not settled."""

    session: NewSession
    longest: int
    result: dict[str, object]


# INVARIANT: 2. no role is opened on a provider's word that its trust policy does not allow.
#   tests/services/sts/test_federated_role.py::test_only_what_the_trust_policy_allows_is_opened
def authorized(call: Call, asked: Asked, vouched: Vouched, owner: AccountSnapshot) -> Opening:
    """The session that ``vouched`` may have of the role that is asked for. ``owner``: the account to which it is shown,
    as it was when it was verified.

    Raises:
        InvalidIdentityToken: the provider's word is for other roles.
        AccessDenied: in one form of words, whatever is missing.
        InvalidParameterValue, ValidationError, PackedPolicyTooLarge: tags or policies that cannot be had.
    """
    owner = _by_now(call, vouched, owner)
    call.tell("roles claim", vouched, asked.role_arn)
    if vouched.roles is not None and asked.role_arn not in vouched.roles:
        raise InvalidIdentityToken(_NOT_IN_CLAIM)
    _take_down(call, vouched, owner)
    call.tell("session tags", vouched)
    tags, transitive = session_tags(vouched.tags, vouched.transitive, None)
    call.record.request = {**(call.record.request or {}), **_wished(vouched)}
    call.tell("role", asked.role_arn)
    target = find_target(asked.role_arn, owner)
    if target is None:
        raise denied(_refusal(call))
    role, name = target.role, vouched.session_name
    _authorize(call, asked.role_arn, vouched, role, owner)
    must_exist(asked.policy_arns, owner)
    call.record.resources = [*role_resource(role, owner), *_provider_resource(vouched, owner)]
    session = NewSession(
        "role", owner, role.id, target.principal, name, asked.policy, asked.policy_arns, tags, transitive,
        vouched.source_identity, None, vouched.federation,
    )  # fmt: skip
    result = {
        "AssumedRoleUser": {"AssumedRoleId": f"{role.id}:{name}", "Arn": f"{target.session_arn}{name}"},
        "PackedPolicySize": packed_policy_size(asked.policy, asked.policy_arns, tags),
        "SourceIdentity": vouched.source_identity,
        **vouched.result,
    }
    return Opening(session, role.max_session_duration, result)


def opened(call: Call, asked: Asked, opening: Opening, duration: int) -> Mapping[str, object]:
    """The answer, credentials included."""
    credentials = call.mint(opening.session, duration, asked.least_size or 0)
    return {"Credentials": shape(credentials)} | opening.result | sizes(credentials, asked.least_size)


# INVARIANT: 5. who has waited for an issuer's keys, or for his turn, is judged by the account as it is by then.
#   tests/security/test_federated_races.py::test_a_provider_that_is_gone_by_the_time_its_word_is_proved_opens_nothing
def _by_now(call: Call, vouched: Vouched, owner: AccountSnapshot) -> AccountSnapshot:
    """The account as it is now: verifying takes as long as others like.

    Raises:
        AccessDenied: the provider is no longer what it was.
    """
    now = call.find_account(owner.id)
    if now is not owner and (now is None or _provider(now, vouched) != _provider(owner, vouched)):
        raise denied(_refusal(call))
    return now


def _provider(owner: AccountSnapshot, vouched: Vouched) -> OidcProvider | SamlProvider | None:
    """The provider as the account has it; None for a built-in one."""
    return owner.find_oidc_provider(vouched.provider) or owner.find_saml_provider(vouched.provider)


def _take_down(call: Call, vouched: Vouched, owner: AccountSnapshot) -> None:
    """From here on it is known who asks: conditions see it, and the record is written where the others are."""
    identity = FederatedIdentity(
        vouched.provider, vouched.subject, partition=owner.partition, qualifier=vouched.qualifier
    )
    call.caller = Caller(identity, "")
    call.facts = call.facts._replace(caller=call.caller)
    call.record.caller, call.record.account = call.caller, owner.id
    if vouched.evidence:
        call.record.ours["identity"] = vouched.evidence
    authorized_by_idp = {"RoleAuthorizedByIdp": True} if vouched.roles is not None else {}
    call.record.additional = {**vouched.additional, **authorized_by_idp} or None


def _wished(vouched: Vouched) -> dict[str, object]:
    """What the provider wishes for its user, which CloudTrail shows as parameters of the request."""
    told: dict[str, object] = {"roleSessionName": vouched.session_name}
    if "assertionId" in vouched.evidence:
        told["sAMLAssertionID"] = vouched.evidence["assertionId"]
    if vouched.tags:
        told["principalTags"] = dict(vouched.tags)
    if vouched.transitive:
        told["transitiveTagKeys"] = list(vouched.transitive)
    if vouched.source_identity:
        told["sourceIdentity"] = vouched.source_identity
    return told


def _provider_resource(vouched: Vouched, owner: AccountSnapshot) -> list[dict[str, str]]:
    """A SAML provider is named in the request, and so is a resource of it."""
    return [resource("AWS::IAM::SAMLProvider", vouched.provider, owner)] if _SAML in vouched.provider else []


def _authorize(call: Call, arn: str, vouched: Vouched, role: Role, owner: AccountSnapshot) -> None:
    trust = PolicySet(
        resource=trust_policy(role, owner),
        resource_kind="trust",
        rcps=control_policies(call.caller, owner, owner)[1],
    )
    keys = _condition_keys(vouched, owner) | tag_keys(role.tags, "aws:ResourceTag", "iam:ResourceTag")
    tagging = ("sts:TagSession",) if vouched.tags else ()
    naming = ("sts:SetSourceIdentity",) if vouched.source_identity is not None else ()
    for action in (call.operation.name, *tagging, *naming):
        decision = decide(call.facts, trust, action, arn, resource_account=owner.id, keys=keys)
        call.tell("trust policy", decision, keys)
        if not decision.allowed:
            raise denied(_refusal(call), decision)


def _refusal(call: Call) -> str:
    return f"Not authorized to perform {call.operation.name}"


def _condition_keys(vouched: Vouched, owner: AccountSnapshot) -> dict[str, str | tuple[str, ...]]:
    """The condition keys of such a call (Service Authorization Reference, AWS STS)."""
    keys = dict(vouched.keys)
    keys |= {"sts:rolesessionname": vouched.session_name, "aws:resourceaccount": owner.id}
    if owner.membership is not None:
        keys |= owner_keys(owner.membership)
    if vouched.source_identity is not None:
        keys["sts:sourceidentity"] = vouched.source_identity
    if _SAML not in vouched.provider:
        keys["sts:roleauthorizedbyidp"] = "false" if vouched.roles is None else "true"
    if vouched.tags:
        keys |= tag_keys(vouched.tags, "aws:RequestTag") | {"aws:tagkeys": tuple(key for key, _ in vouched.tags)}
    if vouched.transitive:
        keys["sts:transitivetagkeys"] = vouched.transitive
    return keys
