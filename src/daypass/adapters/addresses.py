"""Which addresses daypass connects to by itself. What is not known to be somebody's public address is none.

An address is judged after it was resolved, and the connection goes to that very address: a name that resolves to
something else a moment later changes nothing.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address

_NEVER = (
    IPv4Network("0.0.0.0/8"),
    IPv4Network("169.254.0.0/16"),  # link-local, and the metadata service of every cloud
    IPv4Network("192.0.0.0/24"),
    IPv4Network("192.88.99.0/24"),
    IPv4Network("224.0.0.0/3"),  # multicast, reserved, broadcast
    IPv6Network("::/128"),
    IPv6Network("fe80::/10"),
    IPv6Network("fec0::/10"),
    IPv6Network("ff00::/8"),
    IPv6Network("fd00:ec2::/32"),  # the metadata service of AWS
)
"""Refused whatever a provider allows."""

_EMBEDDED = IPv6Network("64:ff9b::/96")
"""IPv4 behind a translator (RFC 6052)."""


def is_allowed(text: str, *, private: bool) -> bool:
    """Whether to connect to the address ``text``. ``private``: ranges of private networks and loopback may be.

    An IPv6 address that stands for an IPv4 address is judged as that.
    """
    address = _meant(ip_address(text))
    if any(address in network for network in _NEVER if network.version == address.version):
        return False
    if address.is_global and not _is_transition(address):
        return True
    return private and (address.is_loopback or address.is_private)


def _meant(address: Address) -> Address:
    """The IPv4 address inside a mapped or translated one."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _EMBEDDED:
            return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def _is_transition(address: Address) -> bool:
    """6to4 and Teredo lead to an IPv4 address of the writer's choice, and nobody serves keys there."""
    return isinstance(address, IPv6Address) and (address.sixtofour is not None or address.teredo is not None)
