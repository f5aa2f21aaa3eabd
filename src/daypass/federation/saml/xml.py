"""XML from strangers, parsed once and bounded.

No document type, so no entities and nothing to fetch; no comments and processing instructions, which readers of text
pass over in different ways; bounded in size, depth and number of nodes.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode

from lxml import etree

from daypass.errors import Malformed

DEEPEST = 64
MOST_NODES = 4_000
"""Elements and attributes. A response of usual size has a hundred, one that is full of roles three thousand."""

Element = etree._Element  # noqa: SLF001  lxml has no public name for the type


def hardened_parser(*, drops_comments: bool = False) -> etree.XMLParser:
    """A parser that resolves and fetches nothing. One for each document: parsers keep state."""
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        remove_blank_text=False,
        recover=False,
        ns_clean=False,
        strip_cdata=True,
        remove_comments=drops_comments,
        remove_pis=drops_comments,
        encoding="UTF-8",  # whatever the document says: it is not to be read by others' rules before it is looked at
    )


# INVARIANT: 9. what a document is not to have is looked for before anything walks it.
#   tests/federation/saml/test_xml.py::test_no_document_type_is_parsed
def parse(data: bytes, *, most_nodes: int = MOST_NODES, drops_comments: bool = False) -> Element:
    """The root of the document ``data``, of bounded size.

    ``drops_comments``: comments and instructions are passed over, where nothing depends on a signature.

    Raises:
        Malformed: it is no XML, or has what is not taken.
    """
    # In UTF-8 a document type can be spelled in one way only; other encodings are not taken.
    declared = _DECLARED.match(data)
    is_other = declared is not None and declared[1].upper() not in _ENCODINGS
    if is_other or b"<!DOCTYPE" in data or b"<!ENTITY" in data or b"\0" in data:
        raise Malformed("a document type, or an encoding that is not taken")
    if data.count(b"xmlns") > most_nodes // 4:  # canonicalizing takes the square of their number
        raise Malformed("more namespaces than are taken")
    try:
        root = etree.fromstring(data, hardened_parser(drops_comments=drops_comments))
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Malformed(f"not XML: {error}") from None
    check_nodes(root, most_nodes)
    return root


def check_nodes(root: Element, most_nodes: int = MOST_NODES) -> None:
    """Refuse a document, parsed from whatever bytes, that has what is not taken. It is walked outside the interpreter.

    Raises:
        Malformed: it has.
    """
    if root.getroottree().docinfo.internalDTD is not None:
        raise Malformed("a document type, or an encoding that is not taken")
    if root.getprevious() is not None or root.getnext() is not None:
        raise Malformed("comments or instructions beside the document")
    if next(root.iter(etree.Comment, etree.ProcessingInstruction, etree.Entity), None) is not None:
        raise Malformed("comments, instructions or entities")
    try:
        is_large = _TOO_LARGE(root, most=most_nodes) or _TOO_DEEP(root)
    except etree.XPathError:  # beyond the library's own bounds
        is_large = True
    if is_large:
        raise Malformed("more nodes than are taken")


_DECLARED = re.compile(rb"""(?:\xef\xbb\xbf)?<\?xml[^>]*?encoding\s*=\s*["']([^"']*)""")
_ENCODINGS = frozenset({b"UTF-8", b"US-ASCII", b"ASCII"})
_TOO_DEEP = etree.XPath("boolean(" + "/*" * (DEEPEST + 1) + ")")
_TOO_LARGE = etree.XPath("count(//*) + count(//@*) > $most")


def trimmed(text: str) -> str:
    """``text`` without the white space of XML around it. Other white space is part of a text, such as a name."""
    return text.strip(" \t\r\n")


def text_of(element: Element) -> str:
    """The text of an element that has no children.

    Raises:
        Malformed: it has some.
    """
    if len(element):
        raise Malformed(f"{etree.QName(element).localname} has elements where a text belongs")
    return element.text or ""


def bytes_of(element: Element) -> bytes:
    """The bytes that an element has in base64, white space passed over.

    Raises:
        Malformed: it has something else. Some readers pass over that too, so that others read other bytes.
    """
    text = "".join(text_of(element).split())
    try:
        found = b64decode(text, validate=True)
    except ValueError:
        found = b""
    if b64encode(found).decode("ascii") != text:
        raise Malformed(f"{etree.QName(element).localname} is no base64")
    return found


def the_only(parent: Element, tag: str) -> Element:
    """The one child called ``tag``.

    Raises:
        Malformed: there is none, or another.
    """
    found = list(parent.iterchildren(tag))
    if len(found) != 1:
        raise Malformed(f"{len(found)} elements {etree.QName(tag).localname} where one belongs")
    return found[0]


def optional(parent: Element, tag: str) -> Element | None:
    """The child called ``tag``, None when there is none.

    Raises:
        Malformed: there are several.
    """
    return the_only(parent, tag) if next(parent.iterchildren(tag), None) is not None else None
