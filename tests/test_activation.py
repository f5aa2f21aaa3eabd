"""Where accounts issue credentials: the list of regions, and what an account may change about it."""

from __future__ import annotations

import botocore.loaders
import pytest
from botocore.endpoint_provider import EndpointProvider

from daypass.activation import ALL_REGIONS, ALWAYS, BY_DEFAULT, is_active, is_good_in, usual_regions
from daypass.entities import Account
from daypass.regions import GLOBAL_REGION, REGIONS

PLAIN = Account("123456789012", "main", 0)
# AWS Account Management Reference Guide, "Enable or disable AWS Regions": the regions that are off by default.
OPT_IN = """
    af-south-1 ap-east-1 ap-east-2 ap-south-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6
    ap-southeast-7 ca-west-1 eu-central-2 eu-south-1 eu-south-2 il-central-1 me-central-1 me-south-1 mx-central-1
"""


def test_regions_that_must_be_opted_into_are_not_active_by_default() -> None:
    """Those that AWS lists are known, and none is active by default; newer ones are not either."""
    assert {*OPT_IN.split()} <= {*REGIONS["aws"]} - BY_DEFAULT
    assert len(BY_DEFAULT & {*REGIONS["aws"]}) == 17


def test_regions_that_old_clients_reach_through_the_global_endpoint_are_active_by_default() -> None:
    """Clients of that kind know only regions that are older than opting in."""
    rules = botocore.loaders.Loader().load_service_model("sts", "endpoint-rule-set-1")
    provider = EndpointProvider(rules, botocore.loaders.Loader().load_data("partitions"))
    asked = {"UseFIPS": False, "UseDualStack": False, "UseGlobalEndpoint": True}
    hosts = {region: provider.resolve_endpoint(Region=region, **asked).url for region in REGIONS["aws"]}
    reached = {region for region, url in hosts.items() if url == "https://sts.amazonaws.com"}
    assert {"us-east-1", "sa-east-1"} <= reached <= BY_DEFAULT


@pytest.mark.parametrize("partition", [name for name in REGIONS if name != "aws"])
def test_other_partitions_have_no_regions_to_opt_into(partition: str) -> None:
    """All their regions are active from the start."""
    assert {*REGIONS[partition]} <= BY_DEFAULT


def test_one_region_of_each_partition_cannot_be_deactivated() -> None:
    """It is the one behind the global endpoint: in China the northern one."""
    assert {*GLOBAL_REGION.values()} == ALWAYS <= BY_DEFAULT
    assert {"us-east-1", "cn-north-1", "us-gov-west-1"} <= ALWAYS


def test_an_account_that_changed_nothing_costs_nothing() -> None:
    """All such accounts share one set."""
    assert usual_regions(PLAIN) is BY_DEFAULT


def test_an_account_deactivates_what_is_active_and_opts_into_what_is_not() -> None:
    """Both lists matter for their own kind of region alone."""
    changed = Account("123456789012", "main", 0, None, ("eu-west-3",), ("me-south-1",))
    assert usual_regions(changed) == BY_DEFAULT - {"eu-west-3"}
    for region, plain, then in (
        ("eu-west-1", True, True),
        ("eu-west-3", True, False),
        ("me-south-1", False, True),
        ("af-south-1", False, False),
        ("us-newer-9", False, False),
    ):
        assert (is_active(PLAIN, region), is_active(changed, region)) == (plain, then)


def test_a_token_of_an_unknown_version_is_good_for_no_more_than_the_oldest() -> None:
    """Only the version that is good everywhere is good in regions that must be opted into."""
    assert is_good_in(ALL_REGIONS, "me-south-1")
    for version in (0, 1, 3):
        assert not is_good_in(version, "me-south-1")
        assert is_good_in(version, "eu-west-3")
