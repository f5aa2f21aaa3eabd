"""Host names: every endpoint that botocore's rules can make is read back, and no other name is mistaken for one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import botocore.loaders
import botocore.regions
import pytest
from botocore.endpoint_provider import EndpointProvider

from daypass.wire import Endpoint, endpoint_of

LOADER = botocore.loaders.Loader()
PARTITIONS = LOADER.load_data("partitions")
REGIONS = [
    (partition["id"], region)
    for partition in PARTITIONS["partitions"]
    for region in partition["regions"]
    if not region.endswith("-global")
]


def made(service: str, region: str, **variant: Any) -> tuple[str, str]:
    """The host that botocore calls for a service in a region, and the region it signs for."""
    ruleset = LOADER.load_service_model(service, "endpoint-rule-set-1")
    provider = EndpointProvider(ruleset, PARTITIONS)
    endpoint = provider.resolve_endpoint(Region=region, **{"UseFIPS": False, "UseDualStack": False, **variant})
    schemes = endpoint.properties.get("authSchemes", [{}])
    return urlsplit(endpoint.url).netloc, schemes[0].get("signingRegion", region)


@pytest.mark.parametrize(("partition", "region"), REGIONS)
@pytest.mark.parametrize("service", ["sts", "iam"])
@pytest.mark.parametrize("variant", [{}, {"UseFIPS": True}, {"UseDualStack": True}])
def test_every_endpoint_of_botocore_is_recognized(
    service: str, partition: str, region: str, variant: dict[str, bool]
) -> None:
    """Service, signing region and partition of each endpoint, plain, FIPS and dual-stack, are read from its name."""
    try:
        host, signing_region = made(service, region, **variant)
    except Exception as unsupported:
        if "does not support" not in str(unsupported):
            raise
        pytest.skip(str(unsupported))
    endpoint = endpoint_of(host.encode())

    assert endpoint == Endpoint(service, signing_region, service == "iam", partition)


CASES = json.loads((Path(__file__).parent / "cases" / "hosts.json").read_text())


@pytest.mark.parametrize("host", CASES)
def test_host_cases(host: str) -> None:
    """Each host of ``cases/hosts.json`` reads as it says there; null is no AWS name."""
    expected = CASES[host]

    assert endpoint_of(host.encode("latin-1")) == (None if expected is None else Endpoint(*expected))


def test_a_very_long_name_is_no_endpoint() -> None:
    """A name longer than DNS allows is not looked at."""
    assert endpoint_of(b"sts." + b"a" * 100_000 + b".amazonaws.com") is None
