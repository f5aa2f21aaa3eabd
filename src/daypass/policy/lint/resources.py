"""Rules on Resource and NotResource: the six fields of an ARN, and whether the service has such resources.

Source: AWS General Reference, "Amazon Resource Names"; Service Authorization Reference, "Resource types".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from daypass.arn import PARTITIONS, is_account
from daypass.policy.arns import FIELDS, arn_matcher
from daypass.policy.lint.document import Document, Entry
from daypass.policy.lint.finding import Finding
from daypass.policy.lint.knowledge import arn_services, arns_of
from daypass.policy.lint.overlap import overlap
from daypass.policy.lint.redundancy import included
from daypass.policy.lint.report import did_you_mean, found
from daypass.policy.match import Matcher, glob, has_wildcard
from daypass.regions import partition_of

_VARIABLE = re.compile(r"\$\{[^}]*\}")
_ACCOUNT_WORDS = frozenset({"", "aws", "aws-managed"})


def arns(document: Document) -> Iterator[Finding]:
    """Each entry is ``*`` or an ARN that can exist."""
    for statement in document.statements:
        for entry in statement.resources:
            if entry.text != "*":
                yield from _arn(document, entry)


def _arn(document: Document, entry: Entry) -> Iterator[Finding]:
    # What stands for something else cannot be judged: a variable counts as a wildcard.
    fields = _VARIABLE.sub("*", entry.text).split(":", FIELDS - 1)
    if fields[0] != "arn":
        yield found("INVALID_ARN_PREFIX", entry.location)
        return
    if len(fields) < FIELDS:
        yield found("MISSING_ARN_FIELD", entry.location, count=len(fields))
        return
    _, partition, service, region, account, resource = fields
    if not any(map(glob(partition), PARTITIONS)):
        yield found("INVALID_PARTITION", entry.location, partition=partition, partitions=", ".join(PARTITIONS))
    if not has_wildcard(region) and region and partition_of(region) is None:
        yield found("INVALID_ARN_REGION", entry.location, region=region)
        region = "*"
    if not (has_wildcard(account) or account in _ACCOUNT_WORDS or is_account(account)):
        yield found("INVALID_ARN_ACCOUNT", entry.location, account=account)
        account = "*"
    yield from _service(document, entry, service, (region, account, resource))


def _service(document: Document, entry: Entry, service: str, rest: tuple[str, str, str]) -> Iterator[Finding]:
    if has_wildcard(service):
        yield found("WILDCARD_IN_SERVICE_NAME", entry.location)
    elif service != service.lower():
        yield found("INVALID_ARN_SERVICE_CASE", entry.location, service=service.lower())
    elif service in document.own_services:
        return
    elif service not in arn_services():
        hint = did_you_mean(document.nearest(service, arn_services()))
        yield found("INVALID_SERVICE", entry.location, service=service, hint=hint)
    else:
        yield from _form(document, entry, service, rest)


def _form(document: Document, entry: Entry, service: str, rest: tuple[str, str, str]) -> Iterator[Finding]:
    """Region and account as the service's forms of ARNs have them, and a resource that one of them can be."""
    region, account, resource = rest
    forms = arns_of(service)
    if not forms or not document.may_compare():
        return
    meets = overlap(resource)
    fitting = [form for form in forms if meets(form[2])]
    if not fitting:
        yield from _unfitting(document, entry, service, resource)
        return
    if region and not has_wildcard(region) and not any(form[0] for form in fitting):
        yield found("ARN_REGION_NOT_ALLOWED", entry.location, service=service)
    elif not region and all(form[0] for form in fitting):
        yield found("MISSING_ARN_REGION", entry.location, service=service)
    if account and not has_wildcard(account) and not any(form[1] for form in fitting):
        yield found("ARN_ACCOUNT_NOT_ALLOWED", entry.location, service=service)
    elif not account and service in _OWN and all(form[1] for form in fitting):
        yield found("MISSING_ARN_ACCOUNT", entry.location, service=service)


_OWN = frozenset({"iam", "sts"})
"""Services whose resources are all known. Those of others may be newer than the table, or AWS's own without account."""


def _unfitting(document: Document, entry: Entry, service: str, resource: str) -> Iterator[Finding]:
    """A resource of no known form: a mistake where all are known, or where its type is spelled like a known one."""
    forms = sorted({form[2] for form in arns_of(service)})
    words = {_type_of(form) for form in forms} - {""}
    word = _type_of(resource)
    if service in _OWN or (word not in words and document.slip_of(word, words)):
        listed = ", ".join(forms[:4]) + (" …" if len(forms) > 4 else "")
        yield found("INVALID_ARN_RESOURCE", entry.location, resource=resource, service=service, forms=listed)


def _type_of(resource: str) -> str:
    """The word before the first ``/`` or ``:``; empty where there is none, or a wildcard in it."""
    word = re.split("[/:]", resource, maxsplit=1)[0]
    return "" if word == resource or has_wildcard(word) else word


def redundant(document: Document) -> Iterator[Finding]:
    """Resources that another one of the same statement includes."""
    for statement in document.statements:
        for element in ("Resource", "NotResource"):
            entries = [(entry.text, entry) for entry in statement.texts(element)]
            yield from included(entries, "REDUNDANT_RESOURCE", _includes)


def _includes(pattern: str) -> Matcher:
    if pattern == "*":
        return lambda text: True
    if "${" in pattern:
        return lambda text: False
    matches = arn_matcher(pattern)
    if "?" in pattern:
        return lambda text: "*" not in text and "${" not in text and matches(text)
    return lambda text: "${" not in text and matches(text)
