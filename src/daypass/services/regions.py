"""The operator's commands to switch regions of an account on and off.

AWS activates STS in a region on a page of its console, and opts into regions by an API of another service (Account
Management). Here both are a matter for whoever holds the data directory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from daypass.activation import ALWAYS, BY_DEFAULT, is_active
from daypass.entities import Account
from daypass.errors import ValidationError
from daypass.operations.call import Call
from daypass.operations.registry import operation
from daypass.regions import partition_of
from daypass.services.accounts import require_operator


@operation("daypass:EnableRegion", "changes")
def enable_region(call: Call) -> Mapping[str, object]:
    """Let the account issue credentials in ``Region``; one that needs it is opted into. Result: ``Changed``.

    Raises:
        ValidationError: the account's partition has no such region.
    """
    account, region = _asked(call)
    if is_active(account, region):
        return {"Changed": False}
    if region in BY_DEFAULT:
        call.put(replace(account, deactivated=_without(account.deactivated, region)))
    else:
        call.put(replace(account, opted_in=tuple(sorted((*account.opted_in, region)))))
    return {"Changed": True}


@operation("daypass:DisableRegion", "changes")
def disable_region(call: Call) -> Mapping[str, object]:
    """Issue no more credentials of the account in ``Region``. Those that are out stay good. Result: ``Changed``.

    Raises:
        ValidationError: the account's partition has no such region, or the region cannot be switched off.
    """
    account, region = _asked(call)
    if region in ALWAYS or region == call.region:
        raise ValidationError(f"{region} is always active here.")
    if not is_active(account, region):
        return {"Changed": False}
    if region in BY_DEFAULT:
        call.put(replace(account, deactivated=tuple(sorted((*account.deactivated, region)))))
    else:
        call.put(replace(account, opted_in=_without(account.opted_in, region)))
    return {"Changed": True}


def _asked(call: Call) -> tuple[Account, str]:
    """The account of the call, and the region that it names.

    Raises:
        ValidationError: the account's partition has no such region.
    """
    require_operator(call)
    region, partition = str(call.params["Region"]), call.account.partition
    if partition_of(region) != partition:
        raise ValidationError(f"There is no region {region} in the partition {partition}.")
    return call.account.account, region


def _without(regions: tuple[str, ...], region: str) -> tuple[str, ...]:
    return tuple(each for each in regions if each != region)
