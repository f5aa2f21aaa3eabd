"""Which addresses daypass connects to, as a table with every range that has been used to get inside."""

from __future__ import annotations

import pytest

from daypass.adapters.addresses import is_allowed

PUBLIC = [
    "1.1.1.1",
    "93.184.216.34",
    "223.255.255.254",
    "2606:4700::1111",
    "2a00:1450:4001::200e",
    "64:ff9b::101:101",
    "::ffff:1.1.1.1",
]
PRIVATE = [
    "127.0.0.1", "127.255.255.254", "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "::1", "fc00::1",
    "fd12:3456::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1",
]  # fmt: skip
NEVER = [
    "0.0.0.0", "0.1.2.3", "100.64.0.1", "100.100.100.200", "100.127.255.255", "168.63.129.16", "169.254.0.1", "169.254.169.254",
    "169.254.170.2", "169.254.170.23", "192.0.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1",
    "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "::", "::7f00:1", "::a9fe:a9fe",
    "::ffff:0:7f00:1", "::ffff:169.254.169.254", "::ffff:100.100.100.200", "::ffff:0.0.0.0", "64:ff9b::a9fe:a9fe",
    "64:ff9b::6440:1", "64:ff9b:1::a9fe:a9fe", "64:ff9b:1::7f00:1", "100::1", "2001::1", "2001:0:a9fe:a9fe::1", "2001:db8::1",
    "2001:10::1", "2001:20::1", "2002:7f00:1::1", "2002:a9fe:a9fe::1", "2002:101:101::1", "3fff::1", "5f00::1", "4000::1", "fd00:ec2::254", "fd00:ec2::23",
    "fd20:ce::254", "fd00:c1::a9fe:a9fe", "fe80::1", "fe80::a9fe:a9fe", "fe80::1%1", "fec0::1", "ff02::1", "ff0e::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_asked(address: str) -> None:
    """Whatever a provider allows."""
    assert is_allowed(address, private=False)
    assert is_allowed(address, private=True)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_asked_where_a_provider_may_live_there(address: str) -> None:
    """And only there."""
    assert not is_allowed(address, private=False)
    assert is_allowed(address, private=True)


@pytest.mark.parametrize("address", NEVER)
def test_all_else_is_never_asked(address: str) -> None:
    """Metadata services, link-local, reserved, and IPv6 that stands for an IPv4 address of the writer's choice."""
    assert not is_allowed(address, private=False)
    assert not is_allowed(address, private=True)
