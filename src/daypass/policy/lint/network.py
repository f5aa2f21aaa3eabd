"""Rules on addresses.

Source: IAM User Guide, "AWS global condition context keys", aws:SourceIp, aws:VpcSourceIp.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network

from daypass.policy.conditions.values import read_network
from daypass.policy.lint.conditions import lines
from daypass.policy.lint.document import Document, Line
from daypass.policy.lint.finding import Finding
from daypass.policy.lint.report import found

_PRIVATE = [ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")]


def private(document: Document) -> Iterator[Finding]:
    """At AWS aws:SourceIp is a public address. daypass is called from private ones as well, and says nothing."""
    if not document.for_aws:
        return
    for line in lines(document):
        if line.folded != "aws:sourceip" or "IpAddress" not in line.name:
            continue
        networks = [(_network(value.text), value.text) for value in line.values]
        inside = [text for network, text in networks if network is not None and _is_private(network)]
        if not inside:
            continue
        what = "PRIVATE_NOT_IP_ADDRESS" if line.name == "NotIpAddress" else "PRIVATE_IP_ADDRESS"
        if len(inside) == len(networks):
            yield found(what, line.value.location)
        else:
            yield found(f"{what}_SUBSET", line.value.location, values=", ".join(inside))


def _is_private(network: IPv4Network | IPv6Network) -> bool:
    return any(
        network.version == one.version and network.subnet_of(one)  # type: ignore[arg-type] # same version, as asked before
        for one in _PRIVATE
    )


def _network(text: str) -> IPv4Network | IPv6Network | None:
    """The range as the standard library has it; None for what the engine does not read."""
    if read_network(text) is None:
        return None
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def exact(document: Document) -> Iterator[Finding]:
    """Ranges are written with the address that they begin with."""
    for line in lines(document):
        if "IpAddress" not in line.name:
            continue
        yield from _ranges(line)


def _ranges(line: Line) -> Iterator[Finding]:
    for value in line.values:
        network = _network(value.text)
        written, slash, _ = value.text.partition("/")
        if network is None or not slash:
            continue
        address = _network(written)
        if address is not None and address.network_address != network.network_address:
            yield found("IMPROVE_IP_RANGE", value.location, range=str(network))
