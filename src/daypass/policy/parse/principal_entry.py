"""The form of one principal in a policy. Whether it exists is for the services to find out.

Source: AWS JSON policy elements: Principal.
"""

from __future__ import annotations

from daypass.arn import PARTITIONS, is_account
from daypass.policy.match import has_wildcard

_SERVICE_SUFFIXES = (
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".amazonaws.eu",
    ".c2s.ic.gov",
    ".sc2s.sgov.gov",
    ".cloud.adc-e.uk",
    ".csp.hci.ic.gov",
)
_LABEL = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
_UNIQUE_ID = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
_NAMED = {"iam": ("user", "role"), "sts": ("assumed-role", "federated-user")}


def principal_fault(kind: str, value: str) -> str | None:
    """AWS's message for a principal whose form is wrong; None when it is right.

    ``kind`` is the type: ``AWS``, ``Service`` or ``Federated``; ``value`` one of its values.
    """
    if kind == "AWS":
        return None if is_aws_principal(value) else f'Invalid principal in policy: "AWS":"{value}"'
    if kind == "Service":
        return None if is_service(value) else f'Invalid principal in policy: "SERVICE":"{value}"'
    return None if is_provider(value) else "Federated principals must be valid domain names or SAML metadata ARNs"


def is_aws_principal(value: str) -> bool:
    """Whether ``value`` is ``*``, an account, a unique id, or the ARN of a root, user, role or session."""
    if value == "*" or is_account(value):
        return True
    if value[:4] in {"AIDA", "AROA"}:
        return 16 <= len(value) <= 128 and _UNIQUE_ID.issuperset(value)
    fields = value.split(":", 5)
    if not _is_account_arn(fields) or has_wildcard(value):
        return False
    service, resource = fields[2], fields[5]
    if service == "iam" and resource == "root":
        return True
    word, *names = resource.split("/")
    if word not in _NAMED.get(service, ()) or not names or not names[-1]:
        return False
    return word != "assumed-role" or (len(names) == 2 and all(names))


def _is_account_arn(fields: list[str]) -> bool:
    if len(fields) != 6 or fields[0] != "arn" or fields[3]:
        return False
    return fields[1] in PARTITIONS and is_account(fields[4])


def is_service(value: str) -> bool:
    """Whether ``value`` has the form of a service principal: ``ec2.amazonaws.com``."""
    return _is_domain(value) and value.endswith(_SERVICE_SUFFIXES)


def _is_domain(value: str) -> bool:
    labels = value.split(".")
    return len(value) <= 255 and len(labels) > 1 and all(label and _LABEL.issuperset(label.lower()) for label in labels)


def is_provider(value: str) -> bool:
    """Whether ``value`` is a domain name, or the ARN of an identity provider."""
    return _is_domain(value) or _is_provider_arn(value)


def _is_provider_arn(value: str) -> bool:
    fields = value.split(":", 5)
    if not _is_account_arn(fields) or fields[2] != "iam" or has_wildcard(value):
        return False
    word, _, name = fields[5].partition("/")
    return word in {"saml-provider", "oidc-provider"} and bool(name)
