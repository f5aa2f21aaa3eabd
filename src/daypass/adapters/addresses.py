"""The addresses that daypass may connect to on its own account. What is not known to be public is denied.

An address is checked after the name was resolved, and the connection goes to that very address: a name that resolves to
another address a moment later changes nothing.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address

_PUBLIC = (IPv4Network("0.0.0.0/0"), IPv6Network("2000::/3"))
"""Where public addresses are. The other IPv6 ranges are unassigned, or stand for IPv4 in ways nobody uses."""

_PRIVATE = (
    IPv4Network("10.0.0.0/8"),
    IPv4Network("127.0.0.0/8"),
    IPv4Network("172.16.0.0/12"),
    IPv4Network("192.168.0.0/16"),
    IPv6Network("::1/128"),
    IPv6Network("fc00::/7"),
)
"""Allowed only for providers that may be on a private address."""

_NEVER = (
    IPv4Network("0.0.0.0/8"),
    IPv4Network("100.64.0.0/10"),  # behind carriers, and Alibaba's metadata service
    IPv4Network("168.63.129.16/32"),  # Azure's platform, which every machine of it trusts
    IPv4Network("169.254.0.0/16"),  # link-local, and the metadata service of every cloud
    IPv4Network("192.0.0.0/24"),  # Oracle's metadata service among others
    IPv4Network("192.88.99.0/24"),
    IPv4Network("224.0.0.0/3"),  # multicast, reserved, broadcast
    IPv6Network("2001::/23"),  # Teredo among others
    IPv6Network("2002::/16"),  # 6to4: an IPv4 address of the writer's choice
    IPv6Network("3fff::/20"),  # for examples
    IPv6Network("fd00:c1::/32"),  # the metadata services of Oracle,
    IPv6Network("fd00:ec2::/32"),  # of AWS,
    IPv6Network("fd20:ce::/32"),  # and of Google
)
"""Denied in any case."""

_EMBEDDED = IPv6Network("64:ff9b::/96")
"""IPv4 behind a translator (RFC 6052)."""


def is_allowed(text: str, *, private: bool) -> bool:
    """Whether daypass may connect to the address ``text``. ``private``: also to private networks and loopback.

    An IPv6 address that stands for an IPv4 address is checked as that one.
    """
    address = _meant(ip_address(text))
    if _is_in(address, _NEVER):
        return False
    if _is_in(address, _PRIVATE):
        return private
    return address.is_global and _is_in(address, _PUBLIC)


def _is_in(address: Address, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    return any(address in network for network in networks if network.version == address.version)


def _meant(address: Address) -> Address:
    """The IPv4 address inside a mapped or translated one."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _EMBEDDED:
            return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address
