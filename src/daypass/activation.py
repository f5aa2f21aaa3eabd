"""In which regions an account issues credentials, and where session tokens of version 1 are valid.

Regions that AWS opened until March 2019 are active in every account, and an account may deactivate them; all later ones
must be opted into first. Source: IAM User Guide, "Manage AWS STS in an AWS Region"; AWS Account Management Reference
Guide, "Enable or disable AWS Regions in your account".
"""

from __future__ import annotations

from daypass.entities import Account
from daypass.regions import GLOBAL_REGION, REGIONS

# The list is closed: what AWS opens in this partition must be opted into. Other partitions have no such regions.
_AWS = (
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
)

BY_DEFAULT = frozenset((*_AWS, *(region for name, known in REGIONS.items() if name != "aws" for region in known)))
"""Regions of all partitions that are active unless an account has deactivated them. Any other must be opted into."""

ALWAYS = frozenset(GLOBAL_REGION.values())
"""Regions that no account can deactivate: one of each partition, the one behind its global endpoint."""

ALL_REGIONS = 2
"""The version of session tokens that are valid in every region; older ones are valid in ``BY_DEFAULT`` alone."""


def usual_regions(account: Account) -> frozenset[str]:
    """The regions that are active by default and not deactivated in ``account``. Most accounts share one object."""
    return BY_DEFAULT.difference(account.deactivated) if account.deactivated else BY_DEFAULT


def is_active(account: Account, region: str) -> bool:
    """Whether ``account`` issues credentials in ``region``, a region of its partition."""
    return region not in account.deactivated if region in BY_DEFAULT else region in account.opted_in


def is_good_in(token_version: int, region: str) -> bool:
    """Whether a session token of this version is accepted in ``region``.

    # INVARIANT: 10. a version that nobody knows is good for no more than the oldest.
    #   tests/test_activation.py::test_a_token_of_an_unknown_version_is_good_for_no_more_than_the_oldest
    """
    return token_version == ALL_REGIONS or region in BY_DEFAULT
