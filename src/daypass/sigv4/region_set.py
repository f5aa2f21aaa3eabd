"""The one region that a SigV4a request is for. SigV4a signs a set of regions, in a header or parameter of its own.

A set is a list of names and beginnings of names: ``us-east-1``, ``us-west-2,eu-*``, ``*``. A request is served in one
region all the same, which is chosen from the set before the scope is checked.
Source: IAM User Guide, "AWS Signature Version 4 for API requests", "SigV4a".
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from daypass.errors import IncompleteSignature
from daypass.exchange import RawRequest
from daypass.sigv4.authorization import REGION_SET_HEADER, query_parameters
from daypass.sigv4.percent import unescape
from daypass.sigv4.scope import ASYMMETRIC, UnverifiedSignature

LONGEST = 1024
"""Characters of a region set. All regions there are would fit."""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}\*?|\*").fullmatch


def settle_region(raw: RawRequest, unverified: UnverifiedSignature, served: Iterable[str]) -> UnverifiedSignature:
    """``unverified`` with its one region, if it is a SigV4a signature; any other is returned unchanged.

    The region is the first of ``served``, the regions of the endpoint, that the set covers; else the only region of a
    set that is a single name, which ``check_scope`` may still refuse. Where there is neither, the region stays empty,
    and ``check_scope`` refuses that.

    Raises:
        IncompleteSignature: there is no region set, or it is too long, or has something in it that is no region.
        MalformedQueryString: it has a broken escape.
    """
    if unverified.algorithm != ASYMMETRIC:
        return unverified
    names = _names(_region_set(raw, unverified))
    for region in served:
        if any(_names_it(name, region) for name in names):
            return unverified._replace(region=region)
    if len(names) == 1 and not names[0].endswith("*"):
        return unverified._replace(region=names[0])
    return unverified


def _region_set(raw: RawRequest, unverified: UnverifiedSignature) -> bytes:
    """The set as claimed. Each form brings its own; the header, like all of its kind, counts only when it is signed."""
    if unverified.presigned:
        found = (query_parameters(raw.query) or {}).get(b"X-Amz-Region-Set")
        if found is None:
            raise IncompleteSignature(
                "AWS query-string parameters must include 'X-Amz-Region-Set'. Re-examine the query-string parameters."
            )
        if raw.header(REGION_SET_HEADER) is not None:
            raise IncompleteSignature("Request must not have a region set in both header and query string.")
        return unescape(found)
    found = raw.header(REGION_SET_HEADER)
    if found is None:
        raise IncompleteSignature(
            f"Authorization header requires existence of a 'X-Amz-Region-Set' header. Authorization={ASYMMETRIC}"
        )
    return found


def _names(region_set: bytes) -> list[str]:
    # INVARIANT: 9. bounded before it is parsed. tests/sigv4/test_region_set.py::test_a_set_that_is_none_is_refused
    if len(region_set) <= LONGEST:
        names = [name.strip(" \t") for name in region_set.decode("latin-1").split(",")]
        if all(map(_NAME, names)):
            return names
    raise IncompleteSignature("X-Amz-Region-Set must be a list of regions, such as 'us-east-1,eu-*' or '*'.")


def _names_it(name: str, region: str) -> bool:
    return region.startswith(name[:-1]) if name.endswith("*") else region == name
