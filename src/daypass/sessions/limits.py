"""What a session may carry and how long it may live, with the texts that AWS answers.

The ranges that the service model states (900 to 43,200 seconds, 50 tags, lengths and characters) are checked before, by
the wire. Here stand the rules that need more than one parameter. Source: STS API reference, and IAM User Guide, "Pass
session tags in AWS STS", "Request temporary security credentials", "Session policies".
"""

from __future__ import annotations

from collections.abc import Sequence

from daypass.errors import InvalidParameterValue, PackedPolicyTooLarge, ValidationError
from daypass.principals import Session, Tags
from daypass.sessions.content import pack

ROLE_DEFAULT = 3_600
"""Seconds a role session lasts when nothing is asked; never above a role's maximum, which is at least this."""

CHAINED_MAXIMUM = 3_600
"""Seconds a session lasts at most when a role session opened it (IAM User Guide, "Role chaining")."""

USER_DEFAULT = 43_200
"""Seconds of GetSessionToken and GetFederationToken for a user when nothing is asked."""

ROOT_MAXIMUM = 3_600
"""Seconds of the same for the root user: default and maximum; more is silently reduced."""

MOST_TAGS = 50
MOST_POLICY_ARNS = 10

LONGEST_POLICIES = 2_048
"""Characters of the inline session policy and the ARNs of the managed ones together."""

PACKED_BUDGET = 1_400
"""Bytes that session policies and tags may take in a token, packed. AWS does not tell its own; this one keeps a token
with names of ordinary length and no long federation context under 2,500 URL-encoded characters."""


def role_session_duration(requested: int | None, maximum: int, *, chained: bool) -> int:
    """Seconds that a role session lasts. ``maximum`` is the role's MaxSessionDuration.

    Raises:
        ValidationError: above the role's maximum, then above the hour that role chaining allows.
    """
    if requested is None:
        return ROLE_DEFAULT
    if requested > maximum:
        raise ValidationError("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
    if chained and requested > CHAINED_MAXIMUM:
        raise ValidationError(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
        )
    return requested


def session_token_duration(requested: int | None, *, is_root: bool) -> int:
    """Seconds that GetSessionToken and GetFederationToken credentials last."""
    if is_root:
        return ROOT_MAXIMUM if requested is None else min(requested, ROOT_MAXIMUM)
    return USER_DEFAULT if requested is None else requested


def source_identity(requested: str | None, inherited: Session | None) -> str | None:
    """The source identity of a session that the session ``inherited`` (None: a long-term key) opens.

    # INVARIANT: 2. a source identity cannot be shed. tests/sessions/test_limits.py::test_a_source_identity_stays.

    Raises:
        ValidationError: another one than the caller's session already has.
    """
    present = inherited.source_identity if inherited else None
    if present is None:
        return requested
    if requested is not None and requested != present:
        raise ValidationError("The source identity is already set for this assume role session")
    return present


def session_tags(passed: Tags, transitive: Sequence[str], inherited: Session | None) -> tuple[Tags, tuple[str, ...]]:
    """The tags of a new session and which of them go on along a chain: inherited ones first, then the passed ones.

    Tag keys compare without case and keep theirs.

    # INVARIANT: 2. transitive tags cannot be shed or changed.
    # tests/sessions/test_limits.py::test_inherited_transitive_tags_stay.

    Raises:
        InvalidParameterValue: a key twice, a transitive key that is not passed, a passed key that is inherited.
        ValidationError: a key of AWS's own, or more than 50 tags with the inherited ones.
    """
    if not passed and not transitive and not inherited:
        return (), ()
    spelled = {key.lower(): key for key, _ in passed}
    if len(spelled) < len(passed):
        raise InvalidParameterValue("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    marked = dict.fromkeys(key.lower() for key in transitive)
    if not marked.keys() <= spelled.keys():
        raise InvalidParameterValue("The specified transitive tag key must be included in the requested tags.")
    kept = inherited_tags(inherited)
    if any(key.lower() in spelled for key, _ in kept):
        raise InvalidParameterValue(
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from "
            "the calling session."
        )
    _refuse_reserved(spelled)
    if len(kept) + len(passed) > MOST_TAGS:
        listed = ", ".join(f"{{key={key}, value={value}}}" for key, value in passed)
        raise ValidationError(_too_long("tags", MOST_TAGS, f"[{listed}]"))
    return kept + passed, tuple(key for key, _ in kept) + tuple(spelled[key] for key in marked)


def inherited_tags(session: Session | None) -> Tags:
    """The tags that every session opened by ``session`` gets: its transitive ones."""
    if session is None or not session.transitive:
        return ()
    return tuple(tag for tag in session.tags if tag[0] in session.transitive)


def effective_tags(entity: Tags, session: Tags) -> Tags:
    """The principal tags in force: the entity's own, each replaced by a session tag of the same key without case."""
    if not session:
        return entity
    if not entity:
        return session
    overridden = {key.lower() for key, _ in session}
    return tuple([tag for tag in entity if tag[0].lower() not in overridden]) + session


def check_session_policies(policy: str | None, policy_arns: Sequence[str]) -> None:
    """Number and plain length of session policies.

    Raises:
        ValidationError: more than 10 ARNs, or more than 2,048 characters in all.
    """
    if len(policy_arns) > MOST_POLICY_ARNS:
        listed = ", ".join(f"{{arn={arn}}}" for arn in policy_arns)
        raise ValidationError(_too_long("policyArns", MOST_POLICY_ARNS, f"[{listed}]"))
    if len(policy or "") + sum(map(len, policy_arns)) > LONGEST_POLICIES:
        raise ValidationError(_too_long("policy", LONGEST_POLICIES, policy or ", ".join(policy_arns)))


def packed_policy_size(policy: str | None = None, policy_arns: tuple[str, ...] = (), tags: Tags = ()) -> int | None:
    """PackedPolicySize: percent of the packed budget that policies and tags (with the inherited ones) take.

    None when there are none, else at least 1.

    Raises:
        PackedPolicyTooLarge: more than 100. AWS's sentence; where several parts make up the size, ours after it names
            the one that takes most.
    """
    size = len(pack(policy, policy_arns, tags))
    if not size:
        return None
    percent = -(-100 * size // PACKED_BUDGET)
    if percent <= 100:
        return percent
    if policy is None and not policy_arns:
        raise PackedPolicyTooLarge(f"Packed size of session tags consumes {percent}% of allotted space.")
    most = _dearest(policy, policy_arns, tags)
    raise PackedPolicyTooLarge(f"Packed policy consumes {percent}% of allotted space, please use smaller policy.{most}")


def _dearest(policy: str | None, policy_arns: tuple[str, ...], tags: Tags) -> str:
    """A sentence about the part that takes most, each packed alone; empty where there is only one part."""
    costs = {
        "inline session policy": len(pack(policy, (), ())),
        "list of policy ARNs": len(pack(None, policy_arns, ())),
        "set of session tags": len(pack(None, (), tags)),
    }
    if sum(map(bool, costs.values())) == 1:
        return ""
    dearest = max(costs, key=costs.__getitem__)
    return f" The {dearest} takes most of it: {-(-100 * costs[dearest] // PACKED_BUDGET)}% alone."


def _refuse_reserved(keys: dict[str, str]) -> None:
    for folded, key in keys.items():
        if folded.startswith("aws:"):
            raise ValidationError(f"The tag key {key} is reserved: tag keys must not start with aws:")


def _too_long(member: str, most: int, value: str) -> str:
    return (
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: "
        f"Member must have length less than or equal to {most}"
    )
