"""A request as somebody describes it: who, what, with which context and policies; from plain texts to a decision.

The words are those of ``daypass policy test``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from daypass.arn import is_account
from daypass.errors import Malformed, MalformedPolicyDocument
from daypass.policy.attached import Attached, PolicySet
from daypass.policy.context import KeyValue, Requester
from daypass.policy.document import Kind
from daypass.policy.parse import check_document, parse_policy
from daypass.principals import Anonymous, AwsService, FederatedIdentity, FederatedUser, RoleSession, Root, User

KINDS: Mapping[str, Kind] = {
    "identity": Kind.IDENTITY_INLINE,
    "boundary": Kind.IDENTITY_INLINE,
    "session": Kind.SESSION,
    "resource-policy": Kind.RESOURCE,
    "trust": Kind.TRUST,
    "scp": Kind.SCP,
    "rcp": Kind.RCP,
    "endpoint": Kind.ENDPOINT,
}
"""The kinds of policy that bear on a request, by the word for each."""

LEVELED = frozenset({"scp", "rcp"})
"""Kinds that come in levels, from the organization's root to the account."""

_SEVERAL = LEVELED | {"identity", "session"}
_BUILT_IN = frozenset({"cognito-identity.amazonaws.com", "accounts.google.com", "www.amazon.com", "graph.facebook.com"})
_SESSION = "session"
_UNKNOWN = "?"

Documents = Mapping[str, Sequence[Sequence[tuple[str, str]]]]
"""By kind: levels (of kinds without levels there is one) of policies, each a name and its text."""

_FULL_ACCESS = Attached(
    parse_policy('{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}', Kind.RCP),
    "RCPFullAWSAccess",
)


def principal_of(text: str) -> Requester:
    """Who asks, from how he is written: an ARN, a service, an identity provider, or ``anonymous``.

    A role stands for one of its sessions. Unique ids are not known, so ARNs in policies compare as text.

    Raises:
        Malformed: it names nobody who could ask.
    """
    if text == "anonymous":
        return Anonymous()
    if ":" not in text:
        if text in _BUILT_IN:
            return FederatedIdentity(text)
        if text.endswith((".amazonaws.com", ".amazonaws.com.cn")):
            return AwsService(text)
        raise Malformed(f"`{text}` is neither an ARN, a service, an identity provider nor anonymous")
    fields = text.split(":", 5)
    if len(fields) == 6 and fields[0] == "arn" and not fields[3]:
        found = _from_arn(*fields[1:3], *fields[4:])
        if found is not None:
            return found
    raise Malformed(f"`{text}` is not the ARN of a principal that can ask")


def _from_arn(partition: str, service: str, account: str, resource: str) -> Requester | None:
    kind, _, rest = resource.partition("/")
    path, _, name = rest.rpartition("/")
    path = f"/{path}/" if path else "/"
    if service == "iam" and resource == "root":
        return Root(account, partition)
    if service == "iam" and name and kind == "user":
        return User(account, _UNKNOWN, name, path, partition)
    if service == "iam" and name and kind == "role":
        return RoleSession(account, _UNKNOWN, name, _SESSION, path, partition)
    if service == "iam" and name and kind in ("saml-provider", "oidc-provider"):
        return FederatedIdentity(f"arn:{partition}:iam::{account}:{resource}", partition=partition)
    if service == "sts" and kind == "assumed-role" and name and path != "/":
        return RoleSession(account, _UNKNOWN, path.strip("/"), name, "/", partition)
    if service == "sts" and kind == "federated-user" and name:
        return FederatedUser(account, name, partition=partition)
    return None


def with_documents(policies: PolicySet, documents: Documents) -> PolicySet:
    """``policies`` with those of ``documents``: identity-based ones come beside, all others in the place of its own.

    Raises:
        MalformedPolicyDocument: a document would be refused when it is saved; ``detail`` begins with its name.
        Malformed: a kind that does not exist, or more than one policy where there can be one.
    """
    members: dict[str, Any] = {}
    for word, levels in documents.items():
        found = tuple(tuple(_attached(word, *named) for named in level) for level in levels)
        first = found[0] if found else ()
        if word not in _SEVERAL and len(first) != 1:
            raise Malformed(f"there is one policy of the kind {word} at most")
        if word in LEVELED:
            members[f"{word}s"] = tuple((_FULL_ACCESS, *level) for level in found) if word == "rcp" else found
        elif word == "identity":
            members[word] = (*policies.identity, *first)
        elif word in ("resource-policy", "trust"):
            members |= {"resource": first[0], "resource_kind": "trust" if word == "trust" else "resource"}
        else:
            members[word] = first if word == "session" else first[0]
    return policies.replaced(**members)


def _attached(word: str, name: str, text: str) -> Attached:
    kind = KINDS.get(word)
    if kind is None:
        raise Malformed(f"`{word}` is no kind of policy: {', '.join(KINDS)}")
    try:
        return Attached(check_document(text, kind), name)
    except MalformedPolicyDocument as fault:
        detail = f": {fault.detail}" if fault.detail else ""
        raise MalformedPolicyDocument(fault.message, detail=f"{name}{detail}") from None


def resource_owner(resource: str, default: str) -> str:
    """The account that owns ``resource``: the one its ARN names, else ``default``."""
    fields = resource.split(":", 5)
    account = fields[4] if len(fields) == 6 else ""
    return account if is_account(account) else default


def context_values(values: Mapping[str, Any]) -> dict[str, KeyValue]:
    """Context keys by lower-case name; JSON numbers and truth values as their text, a list as a multivalued key.

    Raises:
        Malformed: a key twice in different case, or a value of another form.
    """
    found: dict[str, KeyValue] = {}
    for name, value in values.items():
        if name.lower() in found:
            raise Malformed(f"the context key {name} is given twice")
        found[name.lower()] = tuple(map(_scalar, value)) if isinstance(value, list | tuple) else _scalar(value)
    return found


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise Malformed(f"`{value}` is no value of a context key")
