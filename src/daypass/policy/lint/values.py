"""Rules on condition values: do they have the type of their operator, and does the operator have the type of its key.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators", "AWS global condition context keys".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from daypass.policy.conditions.values import read_instant, read_network, read_number, read_truth
from daypass.policy.lint.conditions import lines
from daypass.policy.lint.document import Document, Line
from daypass.policy.lint.finding import Finding
from daypass.policy.lint.global_keys import SENSITIVE
from daypass.policy.lint.knowledge import key_type
from daypass.policy.lint.report import found
from daypass.policy.match import has_wildcard
from daypass.regions import partition_of

_VARIABLE = re.compile(r"\$\{[^}]*\}")
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", re.ASCII)
_EPOCH = re.compile(r"-?[0-9]+", re.ASCII)
_NETWORK_ID = re.compile(r"vpce?-(?:[0-9a-zA-Z]{8}|[0-9a-zA-Z]{17})", re.ASCII)
_KMS_KEY = re.compile(r"arn:[^:]+:kms:[^:]+:[^:]+:key/.+", re.ASCII)
_KMS_KEYS = frozenset({"s3:x-amz-server-side-encryption-aws-kms-key-id", "dynamodb:kmskeyarn"})

_READERS: dict[str, tuple[Callable[[str], object], str]] = {
    "Numeric": (read_number, "TYPE_MISMATCH_NUMBER"),
    "Date": (read_instant, "TYPE_MISMATCH_DATE"),
    "Bool": (read_truth, "TYPE_MISMATCH_BOOLEAN"),
    "Null": (read_truth, "TYPE_MISMATCH_BOOLEAN"),
    "Binary": (_BASE64.fullmatch, "TYPE_MISMATCH_STRING"),
    "IpAddress": (read_network, "TYPE_MISMATCH_IP_RANGE"),
}
"""By the family of operators: what reads a value, and what is said of one that cannot be read."""

_SAFE = SENSITIVE | {"*", "?", "$"}
"""What a variable may name where the value decides who gets in: nobody chooses his own account or organization."""

_FAMILIES = ("String", "Numeric", "Date", "Bool", "Binary", "IpAddress", "Arn", "Null")
_COMPARES = {
    "String": ("String",),
    "ARN": ("Arn", "String"),
    "Bool": ("Bool", "String"),
    "Numeric": ("Numeric",),
    "Date": ("Date",),
    "IPAddress": ("IpAddress",),
    "Date or Numeric": ("Date", "Numeric"),
    "String or ARN": ("String", "Arn"),
}
"""By the type of a key: the families that compare it; the first one is what to use."""


def family(line: Line) -> str:
    """The family of a condition's operator; empty when there is no such operator."""
    return next((name for name in _FAMILIES if name in line.name), "")


def readable(document: Document) -> Iterator[Finding]:
    """Values that the operator cannot read match nothing."""
    for line in lines(document):
        read, code = _READERS.get(family(line), (None, ""))
        if read is None:
            continue
        for value in line.values:
            if "${" not in value.text and read(value.text) is None:
                yield found(code, value.location, value=value.text)


def dates(document: Document) -> Iterator[Finding]:
    """Seconds since 1970 are read by machines only. aws:EpochTime counts them."""
    for line in lines(document):
        if family(line) == "Date" and line.folded != "aws:epochtime":
            for value in line.values:
                if _EPOCH.fullmatch(value.text) and read_instant(value.text) is not None:
                    yield found("INVALID_DATE_VALUE", value.location, value=value.text)


def several_truths(document: Document) -> Iterator[Finding]:
    """A truth value is one of two: both of them is no condition."""
    for line in lines(document):
        if family(line) in {"Bool", "Null"} and len(line.values) > 1:
            yield found("INVALID_CONDITION_MULTIPLE_BOOLEAN", line.value.location)


def types(document: Document) -> Iterator[Finding]:
    """The operator compares what the key is."""
    for line in lines(document):
        kind = (key_type(line.folded) or "").removeprefix("ArrayOf")
        fitting, used = _COMPARES.get(kind, ()), family(line)
        if not fitting or not used or used == "Null":
            continue
        if used not in fitting:
            facts = {"key": line.key, "type": kind, "operator": line.operator, "instead": _like(line, used, fitting[0])}
            yield found("TYPE_MISMATCH", line.operator_at, line.key_at, **facts)
        elif kind == "ARN" and line.name in {"StringLike", "StringNotLike"}:
            facts = {"key": line.key, "operator": line.operator, "instead": line.operator.replace("String", "Arn")}
            yield found("STRING_LIKE_OPERATOR_WITH_ARN_CONDITION_KEYS", line.operator_at, line.key_at, **facts)


def _like(line: Line, used: str, wanted: str) -> str:
    """The operator of the other family that says the same, or the family's name where there is none."""
    name = line.name.replace(used, wanted)
    if wanted in {"Bool", "IpAddress"}:
        return wanted
    return name if used in {"Numeric", "Date"} and wanted in {"Numeric", "Date"} else f"{wanted}Equals"


def wildcards(document: Document) -> Iterator[Finding]:
    """Wildcards where they are plain characters, and where they let in too many."""
    for line in lines(document):
        for value in line.values:
            text = _VARIABLE.sub("", value.text)
            if has_wildcard(text) and line.name.startswith("String") and "Like" not in line.name:
                like = line.operator.replace("EqualsIgnoreCase", "Equals").replace("Equals", "Like")
                yield found("WILDCARD_WITHOUT_LIKE_OPERATOR", value.location, operator=line.operator, like=like)
            if family(line) not in {"String", "Arn"} or line.use is None or line.use.operator.negated:
                continue
            if has_wildcard(text) and "Equals" not in line.name and _is_too_wide(line.folded, text):
                yield found("WILDCARD_USAGE_TOO_PERMISSIVE", value.location, key=line.key)
            variables = [name for name in _VARIABLE.findall(value.text) if name[2:-1].lower() not in _SAFE]
            if variables and document.has_variables and _is_too_wide(line.folded, _VARIABLE.sub("*", value.text)):
                yield found("VARIABLE_USAGE_TOO_PERMISSIVE", value.location, key=line.key)


def _is_too_wide(key: str, text: str) -> bool:
    """Whether a pattern lets in others by a similar name."""
    if key == "aws:userid":
        before, colon, _ = text.partition(":")
        return not colon or (has_wildcard(before) and before != "*")
    return key in SENSITIVE


def numbers(document: Document) -> Iterator[Finding]:
    """Of several numbers under less-than or greater-than one counts."""
    for line in lines(document):
        meant = [(read_number(value.text), value) for value in line.values]
        known = [(number, value.text) for number, value in meant if number is not None]
        if len(known) < 2 or "Than" not in line.name or family(line) != "Numeric":
            continue
        _, counts = max(known) if "Less" in line.name else min(known)
        yield found("REDUNDANT_CONDITION_VALUE_NUM", line.value.location, operator=line.operator, value=counts)


def names(document: Document) -> Iterator[Finding]:
    """Values of keys whose form is known: regions, networks, KMS keys."""
    for line in lines(document):
        for value in line.values:
            text = value.text
            if family(line) not in {"String", "Arn"} or has_wildcard(text) or "${" in text:
                continue
            if line.folded == "aws:requestedregion" and partition_of(text) is None:
                yield found("INVALID_REGION", value.location, value=text)
            elif line.folded in {"aws:sourcevpc", "aws:sourcevpce"} and not _is_network(line.folded, text):
                code = "INVALID_VPCE_FORMAT" if line.folded.endswith("e") else "INVALID_VPC_FORMAT"
                yield found(code, value.location)
            elif line.folded in _KMS_KEYS and not _KMS_KEY.fullmatch(text):
                yield found("INVALID_KMS_KEY_VALUE", value.location, key=line.key)


def _is_network(key: str, text: str) -> bool:
    word = "vpce-" if key.endswith("e") else "vpc-"
    return text.startswith(word) and _NETWORK_ID.fullmatch(text) is not None
