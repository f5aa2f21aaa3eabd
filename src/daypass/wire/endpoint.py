"""What a Host header says when it is one of AWS's endpoint names: service, region, partition.

Names follow the AWS service endpoints reference and the endpoint rule sets of STS and IAM: regional, global, FIPS,
dual-stack, China and the isolated partitions, interface VPC endpoints. Any other name is None, not an error: a
self-hosted service may be called anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A parsed AWS host name. For a global endpoint ``region`` is the one its signatures are scoped to."""

    service: str
    region: str
    is_global: bool
    partition: str


# Suffix → partition and the region that the partition's global services sign for. No suffix ends another one.
_SUFFIXES = {
    "amazonaws.com": ("aws", "us-east-1"),
    "api.aws": ("aws", "us-east-1"),
    "amazonaws.com.cn": ("aws-cn", "cn-north-1"),
    "api.amazonwebservices.com.cn": ("aws-cn", "cn-north-1"),
    "amazonaws.eu": ("aws-eusc", "eusc-de-east-1"),
    "api.amazonwebservices.eu": ("aws-eusc", "eusc-de-east-1"),
    "c2s.ic.gov": ("aws-iso", "us-iso-east-1"),
    "api.aws.ic.gov": ("aws-iso", "us-iso-east-1"),
    "sc2s.sgov.gov": ("aws-iso-b", "us-isob-east-1"),
    "api.aws.scloud": ("aws-iso-b", "us-isob-east-1"),
    "cloud.adc-e.uk": ("aws-iso-e", "eu-isoe-west-1"),
    "api.cloud-aws.adc-e.uk": ("aws-iso-e", "eu-isoe-west-1"),
    "csp.hci.ic.gov": ("aws-iso-f", "us-isof-south-1"),
    "api.aws.hci.ic.gov": ("aws-iso-f", "us-isof-south-1"),
}
_GOV = ("aws-us-gov", "us-gov-west-1")
_GLOBAL_SERVICES = frozenset({"iam"})
_NAME_LIMIT = 255  # octets of a DNS name

_is_region = re.compile(r"[a-z]{2,5}(?:-[a-z]+)+-[0-9]{1,2}").fullmatch
_is_service = re.compile(r"[a-z][a-z0-9-]{0,62}").fullmatch


def endpoint_of(host: bytes) -> Endpoint | None:
    """The endpoint that ``host`` (value of a Host header, port allowed) names, or None when it is no AWS name."""
    return _found(host) if len(host) <= _NAME_LIMIT + 6 else None


@lru_cache(maxsize=1024)
def _found(host: bytes) -> Endpoint | None:
    if not host.isascii():
        return None
    name = host.decode().strip().lower()
    stem, colon, port = name.rpartition(":")
    if colon and port.isdigit():
        name = stem
    name = name.removesuffix(".")
    for suffix, (partition, home) in _SUFFIXES.items():
        if name.endswith("." + suffix):
            return _endpoint(name[: -len(suffix) - 1].split("."), partition, home)
    return None


def _endpoint(labels: list[str], partition: str, home: str) -> Endpoint | None:
    """Read what stands before the partition's suffix: ``sts``, ``sts.eu-west-1``, ``vpce-….sts.eu-west-1.vpce``."""
    if labels[-1] == "vpce" and labels[0].startswith("vpce-"):
        labels = labels[1:-1]
    if len(labels) > 2 or not labels or not _is_service(labels[0]):
        return None
    service, place = labels[0].removesuffix("-fips"), labels[1] if len(labels) == 2 else "global"
    if partition == "aws" and place.startswith("us-gov"):
        partition, home = _GOV
    if service == "sts-global":  # what CloudTrail shows for the global endpoint served from ``place``
        return Endpoint("sts", home, True, partition)
    if place in ("global", "us-gov"):
        return Endpoint(service, home, True, partition)
    if not _is_region(place):
        return None
    return Endpoint(service, place, service in _GLOBAL_SERVICES, partition)
