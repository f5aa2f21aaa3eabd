"""IP addresses in the one form that policies and records know them by."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address


def plain_address(address: str) -> str:
    """A peer's address without its zone; an IPv4 peer of a dual-stack socket in IPv4's own form."""
    address = address.partition("%")[0]
    return address[7:] if address.startswith("::ffff:") and "." in address else address


def written_address(text: str) -> str:
    """An address that somebody wrote, in its shortest form, IPv4 inside IPv6 as IPv4.

    Raises:
        ValueError: no address, or one with a zone or a port.
    """
    address = ip_address(text)
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            raise ValueError("an address with a zone")
        return str(address.ipv4_mapped or address)
    return str(address)
