"""Each of AWS's partitions is a world of its own: names, regions and hosts of one mean nothing in another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from daypass.exchange import Response
from daypass.regions import GLOBAL_REGION, REGIONS, SUFFIXES
from daypass.testing.local import LocalDaypass
from daypass.wire import endpoint_of
from tests.calling import code_of, credentials_in, element


@dataclass(frozen=True)
class Partition:
    """What is so in a partition, as AWS's endpoint rules for STS and IAM have it."""

    name: str
    iam_host: str
    iam_region: str
    sts_hosts: tuple[str, ...]
    foreign: str


TABLE = (
    Partition(
        "aws", "iam.amazonaws.com", "us-east-1",
        (
            "sts.us-east-1.amazonaws.com", "sts-fips.us-east-2.amazonaws.com", "sts.eu-west-1.api.aws",
            "sts-fips.us-west-2.api.aws", "vpce-0a-b.sts.eu-west-1.vpce.amazonaws.com",
        ),
        "sts.us-gov-west-1.amazonaws.com",
    ),
    Partition(
        "aws-cn", "iam.cn-north-1.amazonaws.com.cn", "cn-north-1",
        (
            "sts.cn-north-1.amazonaws.com.cn", "sts.cn-northwest-1.amazonaws.com.cn",
            "sts.cn-north-1.api.amazonwebservices.com.cn", "sts-fips.cn-north-1.amazonaws.com.cn",
        ),
        "sts.us-east-1.amazonaws.com",
    ),
    Partition(
        "aws-us-gov", "iam.us-gov.amazonaws.com", "us-gov-west-1",
        ("sts.us-gov-west-1.amazonaws.com", "sts.us-gov-east-1.amazonaws.com", "sts.us-gov-east-1.api.aws"),
        "sts.us-east-1.amazonaws.com",
    ),
    Partition(
        "aws-eusc", "iam.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1",
        ("sts.eusc-de-east-1.amazonaws.eu", "sts.eusc-de-east-1.api.amazonwebservices.eu"),
        "sts.eu-central-1.amazonaws.com",
    ),
    Partition(
        "aws-iso", "iam.us-iso-east-1.c2s.ic.gov", "us-iso-east-1",
        ("sts.us-iso-east-1.c2s.ic.gov", "sts-fips.us-iso-west-1.c2s.ic.gov", "sts.us-iso-east-1.api.aws.ic.gov"),
        "sts.us-isob-east-1.sc2s.sgov.gov",
    ),
    Partition(
        "aws-iso-b", "iam.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1",
        ("sts.us-isob-east-1.sc2s.sgov.gov", "sts.us-isob-east-1.api.aws.scloud"),
        "sts.us-iso-east-1.c2s.ic.gov",
    ),
    Partition(
        "aws-iso-e", "iam.eu-isoe-west-1.cloud.adc-e.uk", "eu-isoe-west-1",
        ("sts.eu-isoe-west-1.cloud.adc-e.uk", "sts.eu-isoe-west-1.api.cloud-aws.adc-e.uk"),
        "sts.eu-west-1.amazonaws.com",
    ),
    Partition(
        "aws-iso-f", "iam.us-isof-south-1.csp.hci.ic.gov", "us-isof-south-1",
        ("sts.us-isof-south-1.csp.hci.ic.gov", "sts.us-isof-east-1.api.aws.hci.ic.gov"),
        "sts.us-iso-east-1.c2s.ic.gov",
    ),
)  # fmt: skip


@pytest.fixture(scope="module", params=TABLE, ids=lambda partition: partition.name)
def partition(request: pytest.FixtureRequest) -> Partition:
    found: Partition = request.param
    return found


@pytest.fixture(scope="module")
def daypass(partition: Partition) -> Iterator[LocalDaypass]:
    """One that stands in the partition and serves all of its regions."""
    with LocalDaypass(partition=partition.name) as local:
        yield local


def who(daypass: LocalDaypass, region: str, host: str | None = None) -> Response:
    return daypass.call("sts", "GetCallerIdentity", region=region, headers={"Host": host} if host else None)


def test_the_table_has_every_partition() -> None:
    """A partition that botocore learns of fails here until its row is written; so does a name that changes."""
    assert {row.name for row in TABLE} == {*REGIONS}
    assert {row.name: row.iam_region for row in TABLE} == GLOBAL_REGION
    for row in TABLE:
        assert row.iam_host.endswith(SUFFIXES[row.name][0])
        assert any(host.endswith(SUFFIXES[row.name][1]) for host in row.sts_hosts)


def test_all_arns_are_of_the_partition(partition: Partition, daypass: LocalDaypass) -> None:
    """Users, roles, their sessions and AWS's own policies; a role of the same name elsewhere is none."""
    home, account = partition.iam_region, daypass.account
    arn = f"arn:{partition.name}:iam::{account}"
    assert element(who(daypass, home), "Arn") == f"{arn}:user/admin"
    trust = {"Statement": {"Effect": "Allow", "Principal": {"AWS": f"{arn}:root"}, "Action": "sts:AssumeRole"}}
    wish = {"RoleName": "job", "AssumeRolePolicyDocument": json.dumps(trust)}
    assert element(daypass.call("iam", "CreateRole", wish, region=home), "Arn") == f"{arn}:role/job"
    attach = {"RoleName": "job", "PolicyArn": f"arn:{partition.name}:iam::aws:policy/ReadOnlyAccess"}
    assert daypass.call("iam", "AttachRolePolicy", attach, region=home).status == 200

    assume = {"RoleArn": f"{arn}:role/job", "RoleSessionName": "session"}
    answer = daypass.call("sts", "AssumeRole", assume, region=home)
    assert element(answer, "Arn") == f"arn:{partition.name}:sts::{account}:assumed-role/job/session"
    other = "aws-cn" if partition.name == "aws" else "aws"
    foreign = assume | {"RoleArn": f"arn:{other}:iam::{account}:role/job"}
    assert code_of(daypass.call("sts", "AssumeRole", foreign, region=home)) == "AccessDenied"


def test_its_regions_are_served_and_no_others(partition: Partition, daypass: LocalDaypass) -> None:
    """A signature for a region of another partition is for no region at all."""
    for name, regions in REGIONS.items():
        for region in regions:
            assert code_of(who(daypass, region)) == ("200" if name == partition.name else "SignatureDoesNotMatch")


def test_its_endpoints_are_served_and_no_others(partition: Partition, daypass: LocalDaypass) -> None:
    """Regional, FIPS and dual-stack names are endpoints of their region; those of other partitions are none here."""
    for host in (*partition.sts_hosts, partition.foreign):
        endpoint = endpoint_of(host.encode())
        assert endpoint is not None
        code = "SignatureDoesNotMatch" if host == partition.foreign else "200"
        assert code_of(who(daypass, endpoint.region, host)) == code, host


def test_iam_is_reached_where_the_partition_has_it(partition: Partition, daypass: LocalDaypass) -> None:
    """Under its global name, signed for its region."""
    headers = {"Host": partition.iam_host}
    assert code_of(daypass.call("iam", "ListUsers", region=partition.iam_region, headers=headers)) == "200"


def test_every_known_region_issues_credentials_outside_the_commercial_partition(
    partition: Partition, daypass: LocalDaypass
) -> None:
    """Opting in is a matter of the commercial partition alone."""
    codes = {
        region: code_of(daypass.call("sts", "GetSessionToken", region=region)) for region in REGIONS[partition.name]
    }
    refused = {region for region, code in codes.items() if code == "RegionDisabledException"}
    assert bool(refused) == (partition.name == "aws")
    assert {code for region, code in codes.items() if region not in refused} == {"200"}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_one_that_is_pinned_serves_its_region_and_iams(row: Partition) -> None:
    """STS is there in that region only; IAM also where the partition has it, for it is one for all regions."""
    region, *others = reversed(REGIONS[row.name])
    with LocalDaypass(partition=row.name, region=region) as pinned:
        assert code_of(who(pinned, region)) == "200"
        for other in others:
            assert code_of(who(pinned, other)) == "SignatureDoesNotMatch"
        made = credentials_in(pinned.call("sts", "GetSessionToken", region=region))
        assert code_of(pinned.call("sts", "GetCallerIdentity", {}, made, region=region)) == "200"
        headers = {"Host": row.iam_host}
        assert code_of(pinned.call("iam", "ListUsers", region=row.iam_region, headers=headers)) == "200"
