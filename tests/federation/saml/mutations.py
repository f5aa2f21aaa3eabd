"""Small changes to documents, drawn at random: of bytes, elements, attributes, texts and namespaces."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from random import Random

from lxml import etree

from tests.federation.saml.workshop import ASSERTION_NS, PROTOCOL_NS, SAML, SIGNATURE_NS, Tree

_PIECES = (
    b"<", b">", b"/", b"&", b"'", b'"', b"=", b"#", b":", b" ", b"\n", b"\0", b"<!---->", b"<?x?>", b"<![CDATA[",
    b"]]>", b"&amp;", b"&#0;", b"&#65;", b"&e;", b"\xc3", b"\xff", b"xmlns", b"xml:id", b"ID", b"<!DOCTYPE a>",
)  # fmt: skip
_SPACES = (ASSERTION_NS, PROTOCOL_NS, SIGNATURE_NS, "urn:x", "", "http://www.w3.org/2001/04/xmlenc#")
_NAMES = ("ID", "Id", "id", "URI", "Algorithm", "Version", "Value", "Name", "Recipient", "NotOnOrAfter", "Method")
_TEXTS = ("", "root", " ", "ada", "-", "2.0", "\u00e9", "x" * 3_000)


def mutant(data: bytes, random: Random) -> bytes:
    """``data`` with one to three changes."""
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        change = random.choice(_BYTES) if random.random() < 0.3 else _changed_tree
        data = change(data, random)
    return data


def _changed_tree(data: bytes, random: Random) -> bytes:
    try:
        root = etree.fromstring(data)
    except (etree.XMLSyntaxError, ValueError):  # by a change before
        return data
    random.choice(_TREES)(root, random)
    return etree.tostring(root)


# ── bytes ────────────────────────────────────────────────────────────────────────────────────────────


def _flip(data: bytes, random: Random) -> bytes:
    at = random.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]


def _insert(data: bytes, random: Random) -> bytes:
    at = random.randrange(len(data))
    return data[:at] + random.choice(_PIECES) + data[at:]


def _cut(data: bytes, random: Random) -> bytes:
    at = random.randrange(len(data))
    return data[:at] + data[at + random.randrange(1, 40) :]


def _repeat(data: bytes, random: Random) -> bytes:
    start, to = sorted(random.randrange(len(data)) for _ in range(2))
    at = random.randrange(len(data))
    return data[:at] + data[start:to] + data[at:]


def _exchange(data: bytes, random: Random) -> bytes:
    """Write another namespace, or another of the document's own words, in one place."""
    words = data.replace(b"<", b" ").replace(b">", b" ").split()
    old, new = random.choice(words), random.choice(words)
    pieces = data.split(old)
    at = random.randrange(1, len(pieces)) if len(pieces) > 1 else 0
    return old.join(pieces[:at]) + new + old.join(pieces[at:]) if at else data


_BYTES: tuple[Callable[[bytes, Random], bytes], ...] = (_flip, _insert, _cut, _repeat, _exchange)

# ── trees ────────────────────────────────────────────────────────────────────────────────────────────


def _any(root: Tree, random: Random) -> Tree:
    return random.choice(list(root.iter("*")))


def _inner(root: Tree, random: Random) -> Tree:
    return random.choice(list(root.iterdescendants("*")))


def _remove(root: Tree, random: Random) -> None:
    found = _inner(root, random)
    found.getparent().remove(found)


def _double(root: Tree, random: Random) -> None:
    found = _inner(root, random)
    copy = deepcopy(found)
    copy.tail = None
    found.getparent().insert(found.getparent().index(found) + random.randrange(2), copy)


def _plant(root: Tree, random: Random) -> None:
    """A copy of an element somewhere else."""
    copy, place = deepcopy(_inner(root, random)), _any(root, random)
    copy.tail = None
    place.insert(random.randrange(len(place) + 1), copy)


def _move(root: Tree, random: Random) -> None:
    found, place = _inner(root, random), _any(root, random)
    if found not in place.iterancestors() and found is not place:
        place.insert(random.randrange(len(place) + 1), found)


def _wrap(root: Tree, random: Random) -> None:
    found = _inner(root, random)
    parent, at = found.getparent(), found.getparent().index(found)
    box = etree.Element(random.choice(list(root.iter("*"))).tag)
    parent.insert(at, box)
    box.append(found)


def _unwrap(root: Tree, random: Random) -> None:
    found = _inner(root, random)
    parent, at = found.getparent(), found.getparent().index(found)
    for child in reversed(list(found)):
        parent.insert(at, child)
    parent.remove(found)


def _rename(root: Tree, random: Random) -> None:
    found = _any(root, random)
    name = etree.QName(random.choice(list(root.iter("*")))).localname
    space = random.choice(_SPACES)
    found.tag = f"{{{space}}}{name}" if space else name


def _reword(root: Tree, random: Random) -> None:
    found = _any(root, random)
    where = random.choice(("text", "tail")) if found is not root else "text"
    setattr(found, where, random.choice((*_TEXTS, _any(root, random).text or "")))


def _attribute(root: Tree, random: Random) -> None:
    """Set, borrow or remove an attribute."""
    found, other = _any(root, random), _any(root, random)
    names = list(found.attrib)
    if names and random.random() < 0.5:
        name = random.choice(names)
        if random.random() < 0.5:
            del found.attrib[name]
        else:
            found.set(name, random.choice((*_TEXTS[:6], *other.attrib.values())))
    else:
        name, space = random.choice(_NAMES), random.choice(_SPACES)
        value = random.choice((*_TEXTS[:6], *other.attrib.values()))
        found.set(f"{{{space}}}{name}" if space else name, value)


def _forge(root: Tree, random: Random) -> None:
    """Another name, here and there."""
    for name in root.iter(f"{SAML}NameID", f"{SAML}AttributeValue"):
        if random.random() < 0.7:
            name.text = "root"


_TREES: tuple[Callable[[Tree, Random], None], ...] = (
    _remove, _double, _plant, _plant, _move, _wrap, _unwrap, _rename, _reword, _attribute, _attribute, _forge,
)  # fmt: skip
