"""IDs that repeat, in every spelling that some reader takes for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

from tests.federation.saml.attacks.attack import Attack
from tests.federation.saml.workshop import SAML, SAMLP, Tree, Workshop, assertion_in, part, written

NAMES = {
    "ID": "ID",
    "Id": "Id",
    "id": "id",
    "iD": "iD",
    "AssertionID": "AssertionID",
    "assertionId": "assertionId",
    "xml:id": "{http://www.w3.org/XML/1998/namespace}id",
    "wsu:Id": "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}Id",
    "samlp:ID": f"{SAMLP}ID",
    "saml:ID": f"{SAML}ID",
    "x:id": "{urn:x}id",
}
PLACES: dict[str, Callable[[Tree], Tree]] = {
    "the response": lambda root: root,
    "its issuer": lambda root: part(root, "Issuer"),
    "its status": lambda root: part(root, "Status", SAMLP),
    "its status code": lambda root: part(root, "StatusCode", SAMLP),
}


def attacks() -> Iterator[Attack]:
    """The ID of the signed assertion, once more in what nobody has signed."""
    for (name, attribute), (where, place) in product(NAMES.items(), PLACES.items()):
        yield Attack(f"{name} of {where}", _repeated(attribute, place), "an ID repeats")
    for name in ("", " ", "#", "a b", "'", "\u00e9", "x" * 2_000, "_1\n"):
        yield Attack(
            f"the assertion is called {name[:9]!r}", _called(name), "no certificate|something else|an ID repeats"
        )


def _repeated(attribute: str, place: Callable[[Tree], Tree]) -> Callable[[Workshop], bytes]:
    def make(shop: Workshop) -> bytes:
        root = shop.good()
        place(root).set(attribute, assertion_in(root).get("ID"))
        return written(root)

    return make


def _called(name: str) -> Callable[[Workshop], bytes]:
    """With the reference to what it was called before."""

    def make(shop: Workshop) -> bytes:
        root = shop.good()
        assertion_in(root).set("ID", name)
        return written(root)

    return make
