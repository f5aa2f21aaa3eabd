"""Rules on what an Allow lets slip through: roles that can be passed, service-linked roles, tags that are never there.

Source: IAM User Guide, "Grant a user permissions to pass a role to an AWS service"; "IAM policy validation check
reference".
"""

from __future__ import annotations

from collections.abc import Iterator

from daypass.policy.actions import ActionElement
from daypass.policy.document import Kind
from daypass.policy.lint.document import Document, StatementView
from daypass.policy.lint.finding import Finding
from daypass.policy.lint.knowledge import service
from daypass.policy.lint.report import found
from daypass.policy.match import has_wildcard

_IDENTITY = frozenset({Kind.IDENTITY_MANAGED, Kind.IDENTITY_INLINE})
_SLIPS = (("PASS_ROLE", "iam:PassRole", "iam:passedtoservice"), ("CREATE_SLR", "iam:CreateServiceLinkedRole", ""))
_TAG = "aws:resourcetag/"


def roles(document: Document) -> Iterator[Finding]:
    """Who may pass every role to every service, or make every service-linked role, may do much more than it seems."""
    if document.kind not in _IDENTITY:
        return
    for statement in document.statements:
        if not statement.allows:
            continue
        for family, action, key in _SLIPS:
            ending = _ending(statement, action)
            if ending and not (key and key in statement.keys and "NOT_RESOURCE" not in ending):
                where = statement.where("Action", "NotAction"), statement.where("Resource", "NotResource")
                yield found(f"{family}_WITH_{ending}", *where)


def _ending(statement: StatementView, action: str) -> str | None:
    """The end of the code: how the statement comes to all roles; None: it does not."""
    patterns = tuple(entry.text for entry in statement.actions)
    by_not_action = statement.has("NotAction")
    if not ActionElement(patterns, negated=by_not_action).matches(action.lower()):
        return None
    by_star = not by_not_action and action.lower() not in {pattern.lower() for pattern in patterns}
    if statement.has("NotResource"):
        how = "NOT_ACTION_AND_" if by_not_action else "STAR_IN_ACTION_AND_" if by_star else ""
        return f"{how}NOT_RESOURCE"
    if not any(_is_every_role(entry.text) for entry in statement.resources):
        return None
    if by_not_action:
        return "STAR_IN_RESOURCE_AND_NOT_ACTION"
    return "STAR_IN_ACTION_AND_RESOURCE" if by_star else "STAR_IN_RESOURCE"


def _is_every_role(resource: str) -> bool:
    """Whether a pattern leaves the name of a role open from its first character."""
    fields = resource.split(":", 5)
    if resource == "*" or len(fields) < 6:
        return resource.startswith("*") or len(fields) > 2
    name = fields[5].removeprefix("role/").removeprefix("aws-service-role/")
    return has_wildcard(name[:1])


def tags(document: Document) -> Iterator[Finding]:
    """A condition on the resource's tag, for services whose resources show none."""
    for statement in document.statements:
        for line in statement.lines:
            use = line.use
            if not line.folded.startswith(_TAG) or use is None or use.operator.negated or use.if_exists:
                continue
            if line.name == "Null" or not statement.effect:
                continue
            effect = "DENY" if statement.denies else "ALLOW"
            ending = "UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE"
            if statement.has("NotAction"):
                where = statement.where("NotAction"), line.key_at
                yield found(f"{effect}_NOTACTION_WITH_{ending}", *where, key=line.key)
                continue
            services = _without_tags(statement)
            if services:
                where = statement.where("Action"), line.key_at
                yield found(f"{effect}_WITH_{ending}", *where, key=line.key, services=", ".join(services))


def _without_tags(statement: StatementView) -> list[str]:
    """Services of the listed actions that never show a resource's tags."""
    named = dict.fromkeys(entry.text.lower().partition(":")[0] for entry in statement.actions)
    known = ((name, service(name)) for name in named)
    return [name for name, facts in known if facts is not None and not facts.knows_resource_tags]
