"""The host names under which this daypass is reached, and the credential scopes that each of them accepts.

Global and regional endpoints are names for the same door (STS API reference, "Regions and endpoints").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from daypass import sigv4, wire
from daypass.errors import SignatureDoesNotMatch
from daypass.exchange import RawRequest
from daypass.operations.authenticate import Scope
from daypass.regions import GLOBAL_REGION, partition_of


@dataclass(frozen=True, slots=True)
class Place:
    """Where this daypass stands: its partition, and the region it is pinned to (None: every known region is served)."""

    partition: str = "aws"
    region: str | None = None

    @property
    def home(self) -> str:
        """The region of calls that name none."""
        return self.region or GLOBAL_REGION[self.partition]


class Doors:
    """The host names of a daypass at ``place``. ``anywhere``: by service, the scope where the host is no AWS name."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self.anywhere = {name: Scope(name, self._regions_of(name)) for name in wire.SERVICES}

    def scope(self, route: wire.Route) -> Scope:
        """The credential scopes that are accepted at the endpoint of ``route``."""
        endpoint = route.endpoint
        if endpoint is None or route.service == "iam":
            return self.anywhere[route.service]
        return Scope(route.service, endpoint.region.__eq__ if self.serves(endpoint) else _nowhere)

    def serves(self, endpoint: wire.Endpoint) -> bool:
        """Whether an AWS endpoint belongs to this daypass: a global one of its partition, or one of its regions."""
        return self._is_ours(endpoint.region) and (endpoint.is_global or self._place.region in (None, endpoint.region))

    def settled(
        self, raw: RawRequest, signature: sigv4.UnverifiedSignature, route: wire.Route
    ) -> sigv4.UnverifiedSignature:
        """The claim with its one region: of a SigV4a region set, the endpoint's, or the one this daypass calls home.

        Raises:
            IncompleteSignature, MalformedQueryString: the set cannot be read.
        """
        here = self._place.home if route.endpoint is None else route.endpoint.region
        return sigv4.settle_region(raw, signature, (here,))

    def refuse_scope(
        self, raw: RawRequest, signature: sigv4.UnverifiedSignature, route: wire.Route, now: float
    ) -> None:
        """Refuse a request that was signed for an unknown service, as it would be for a known one with a wrong scope:
        first for its time, then for all that is wrong with the scope, in one message.

        Raises:
            SignatureDoesNotMatch, IncompleteSignature, MalformedQueryString: as ``Authenticator.verify``.
        """
        settled = self.settled(raw, signature, route)
        if isinstance(route.refusal, SignatureDoesNotMatch):
            sigv4.check_time(settled, now)
            sigv4.check_scope(settled, service=route.service, regions=self.scope(route).regions)

    def _regions_of(self, service: str) -> Callable[[str], bool]:
        """The regions in which this daypass serves ``service`` under a host name of its own."""
        place = self._place
        if place.region is None:
            return self._is_ours
        allowed = {place.region, GLOBAL_REGION[place.partition]} if service == "iam" else {place.region}
        return allowed.__contains__

    def _is_ours(self, region: str) -> bool:
        return partition_of(region) == self._place.partition


def _nowhere(_: str) -> bool:
    return False
