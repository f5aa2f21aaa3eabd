"""Comments, instructions and elements in texts, of which readers take the first piece, the last, or all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

from tests.federation.saml.attacks.attack import Attack
from tests.federation.saml.workshop import Workshop, written

FIELDS = {
    "the name": (">ada</saml:NameID>", "ada"),
    "the role": (":role/staff,", "staff"),
    "the session name": (">ada</saml:AttributeValue>", "ada"),
    "the issuer": ("/metadata</saml:Issuer>", "metadata"),
    "the audience": ("urn:amazon:webservices<", "amazon"),
}
"""A part of the document, and the word in it that is cut."""

PIECES = {
    "a comment": "<!-- -->",
    "an empty comment": "<!---->",
    "an instruction": "<?cut here?>",
    "an element": "<saml:X/>",
    "a foreign element": '<x:b xmlns:x="urn:x"/>',
}
INVISIBLE = {"a comment", "an empty comment"}
"""What no signature covers."""

BETWEEN = ("<saml:Subject>", "</saml:Subject>", "<saml:AttributeStatement>", "<samlp:Status>", "</samlp:Status>")


def attacks() -> Iterator[Attack]:
    """Each piece in each field, before and after signing; and around elements."""
    for (field, (text, word)), (piece, cut), half in product(FIELDS.items(), PIECES.items(), (0, 1, 2)):
        place = ("at the start of", "inside", "at the end of")[half]
        at = (0, len(word) // 2, len(word))[half]
        new = text.replace(word, word[:at] + cut + word[at:])
        why = "comments, instructions" if piece != "an element" and "element" not in piece else ".+"
        yield Attack(f"{piece} {place} {field}, put there later", _later(text, new), why)
        yield Attack(f"{piece} {place} {field}, signed", _signed(text, new), why)
    for text, (piece, cut) in product(BETWEEN, PIECES.items()):
        if "element" not in piece:
            yield Attack(f"{piece} after {text}", _later(text, text + cut), "comments, instructions")
    for name, cut in (("before", "<!-- -->{}"), ("after", "{}<?x y?>")):
        yield Attack(f"something {name} the document", _around(cut), "comments or instructions")


def _later(old: str, new: str) -> Callable[[Workshop], bytes]:
    def make(shop: Workshop) -> bytes:
        document = written(shop.good()).decode()
        assert old in document
        return document.replace(old, new).encode()

    return make


def _signed(old: str, new: str) -> Callable[[Workshop], bytes]:
    """A provider that lets its users put such pieces into its assertions."""

    def make(shop: Workshop) -> bytes:
        document = written(shop.unsigned()).decode()
        assert old in document
        return shop.idp.sign(document.replace(old, new)).encode()

    return make


def _around(cut: str) -> Callable[[Workshop], bytes]:
    return lambda shop: cut.format(written(shop.good()).decode()).encode()
