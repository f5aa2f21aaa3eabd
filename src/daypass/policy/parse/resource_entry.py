"""The form of one Resource entry of an identity-based policy, with the messages of IAM CreatePolicy."""

from __future__ import annotations

from daypass.arn import PARTITIONS
from daypass.policy.match import glob, has_wildcard

_IAM_TYPES = (
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
)
_REGIONAL_S3 = ("accesspoint", "job/", "storage-lens", "access-grants")
"""S3 resources that live in a region, unlike buckets and objects."""


def resource_fault(entry: str) -> str | None:
    """AWS's message for a Resource entry that cannot be; None when it can. Unknown services are not its business."""
    if entry == "*":
        return None
    if ":" not in entry:
        return f'Resource {entry} must be in ARN format or "*".'
    fields = entry.split(":", 5)
    if not _is_partition(fields[1]):
        shown = ":".join(["arn", *fields[1:], *["*"] * (6 - len(fields))])
        return f'Partition "{fields[1]}" is not valid for resource "{shown}".'
    if len(fields) < 3:
        return "Resource vendor must be fully qualified and cannot contain regexes."
    service, region = fields[2], fields[3] if len(fields) > 3 else ""
    rest = fields[5] if len(fields) > 5 else "*"
    has_region = bool(region) and not has_wildcard(region)
    if service == "iam":
        return _iam_fault(entry, rest, has_region=has_region)
    if service == "s3" and has_region and not rest.startswith(_REGIONAL_S3):
        return f"Resource {entry} can not contain region information."
    return None


def _is_partition(text: str) -> bool:
    return text in PARTITIONS or (has_wildcard(text) and any(map(glob(text), PARTITIONS)))


def _iam_fault(entry: str, rest: str, *, has_region: bool) -> str | None:
    if has_region:
        return f"IAM resource {entry} cannot contain region information."
    if rest in {"*", "root"} or rest.startswith(_IAM_TYPES):
        return None
    types = ", ".join(_IAM_TYPES)
    return f'IAM resource path must either be "*", root, or start with {types}.'
