"""Document types, entities and encodings: what a parser does before anybody has looked at the document."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

from tests.federation.saml.attacks.attack import Attack
from tests.federation.saml.workshop import Workshop, written

_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))

TYPES = {
    "a bare type": "<!DOCTYPE r>",
    "an internal entity": '<!DOCTYPE r [<!ENTITY e "root">]>',
    "a file": '<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
    "an address": '<!DOCTYPE r [<!ENTITY e SYSTEM "http://127.0.0.1:9/e">]>',
    "an external type": '<!DOCTYPE r SYSTEM "http://127.0.0.1:9/r.dtd">',
    "a public type": '<!DOCTYPE r PUBLIC "-//X//Y" "file:///etc/passwd">',
    "a parameter entity": '<!DOCTYPE r [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p"> %p;]>',
    "a billion laughs": f'<!DOCTYPE r [<!ENTITY l0 "ha">{_LAUGHS}]>',
    "a quadratic entity": f'<!DOCTYPE r [<!ENTITY e "{"e" * 5_000}">]>',
    "a default attribute": '<!DOCTYPE r [<!ATTLIST r ID CDATA "_x">]>',
    "an ID attribute": "<!DOCTYPE r [<!ATTLIST NameID Format ID #IMPLIED>]>",
    "a notation": '<!DOCTYPE r [<!NOTATION n SYSTEM "file:///etc/passwd">]>',
}
REFERENCES = {"a billion laughs": "&l9;" * 5, "a quadratic entity": "&e;" * 500}

ENCODINGS = {
    "UTF-8": ("utf-8", b""),
    "UTF-8 with a mark": ("utf-8", b"\xef\xbb\xbf"),
    "UTF-16LE": ("utf-16-le", b""),
    "UTF-16LE with a mark": ("utf-16-le", b"\xff\xfe"),
    "UTF-16BE": ("utf-16-be", b""),
    "UTF-16BE with a mark": ("utf-16-be", b"\xfe\xff"),
    "UTF-32": ("utf-32-le", b"\xff\xfe\0\0"),
    "UTF-7": ("utf-7", b""),
    "EBCDIC": ("cp037", b""),
    "ISO-8859-1": ("latin-1", b""),
    "windows-1252": ("cp1252", b""),
    "Shift_JIS": ("shift_jis", b""),
    "ISO-2022-JP": ("iso2022_jp", b""),
    "HZ-GB-2312": ("hz", b""),
}
_DECLARED = {"UTF-16LE": "UTF-16", "UTF-16BE": "UTF-16", "UTF-32": "UTF-32", "EBCDIC": "IBM037", "UTF-8": "UTF-8"}
SILENT = {name for name in ENCODINGS if name.startswith("UTF-8")}
"""In which a document without a type is good."""

WHY = "a document type, or an encoding that is not taken|not XML"


def attacks() -> Iterator[Attack]:
    """Each type in each encoding, each encoding without a type, and declarations that lie."""
    for (kind, text), encoding in product(TYPES.items(), ENCODINGS):
        yield Attack(f"{kind} in {encoding}", _typed(text, REFERENCES.get(kind, ""), encoding), WHY)
    for encoding in (each for each in ENCODINGS if each not in SILENT):
        yield Attack(f"a good document in {encoding}", _typed("", "", encoding), WHY)
    for said in ("UTF-16", "UTF-7", "IBM037", "ISO-8859-1", "utf8", "x-user-defined", "none", "UTF-8-X"):
        yield Attack(f"UTF-8 that says {said}", _declared(said), WHY)
    for name, data in NO_DOCUMENTS.items():
        yield Attack(name, lambda shop, data=data: data, WHY)
    for name, change in BROKEN.items():
        yield Attack(name, lambda shop, change=change: change(written(shop.good())), WHY)


def _typed(text: str, references: str, encoding: str) -> Callable[[Workshop], bytes]:
    codec, mark = ENCODINGS[encoding]
    declared = _DECLARED.get(encoding.removesuffix(" with a mark"), encoding)

    def make(shop: Workshop) -> bytes:
        document = written(shop.good()).decode()
        if references:
            document = document.replace("<saml:Issuer>", f'<saml:Issuer Format="{references}">{references}', 1)
        return mark + f'<?xml version="1.0" encoding="{declared}"?>{text}{document}'.encode(codec)

    return make


def _declared(said: str) -> Callable[[Workshop], bytes]:
    return lambda shop: f'<?xml version="1.0" encoding="{said}"?>'.encode() + written(shop.good())


NO_DOCUMENTS = {
    "nothing": b"",
    "white space": b" \n ",
    "one zero": b"\0",
    "text": b"SAMLResponse",
    "a bare mark": b"\xef\xbb\xbf",
    "JSON": b"{}",
    "a deflated document": b"x\x9c\xb3\xb1\xaf\xc8\xcdQ(K-*\xce\xcc\xcf\xb3U2",
    "only a declaration": b'<?xml version="1.0"?>',
    "XML 2.0": b'<?xml version="2.0"?><a',
    "text after the root": b"<a/>b",
    "two roots": b"<a/><a/>",
}
BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "cut off": lambda data: data[:-20],
    "a zero inside": lambda data: data.replace(b">ada<", b">a\0da<"),
    "a zero by reference": lambda data: data.replace(b">ada<", b">a&#0;da<"),
    "a surrogate by reference": lambda data: data.replace(b">ada<", b">a&#xD800;da<"),
    "an overlong byte": lambda data: data.replace(b">ada<", b">a\xc0\xa1da<"),
    "half a character": lambda data: data.replace(b">ada<", b">a\xe2\x82da<"),
    "an unknown entity": lambda data: data.replace(b">ada<", b">a&e;da<"),
    "an HTML entity": lambda data: data.replace(b">ada<", b">a&nbsp;da<"),
    "a bare ampersand": lambda data: data.replace(b">ada<", b">a&da<"),
    "an attribute twice": lambda data: data.replace(b'Version="2.0"', b'Version="2.0" Version="2.0"', 1),
    "an attribute twice by prefixes": lambda data: data.replace(
        b'Version="2.0"', b'xmlns:p="urn:p" xmlns:q="urn:p" p:a="1" q:a="2" Version="2.0"', 1
    ),
    "a prefix that nobody declared": lambda data: data.replace(b"<saml:Issuer>", b"<saml:Issuer x:y='1'>", 1),
    "an element of a prefix that nobody declared": lambda data: data.replace(
        b"<samlp:Status>", b"<y:z/><samlp:Status>", 1
    ),
    "a prefix declared as nothing": lambda data: data.replace(b"<saml:Issuer>", b'<saml:Issuer xmlns:x="">', 1),
    "the prefix xml declared otherwise": lambda data: data.replace(
        b"<saml:Issuer>", b'<saml:Issuer xmlns:xml="urn:x">', 1
    ),
    "tags that cross": lambda data: data.replace(b"</saml:NameID>", b"</saml:Subject></saml:NameID>"),
    "CDATA that does not end": lambda data: data.replace(b">ada<", b"><![CDATA[ada<"),
    "a comment that does not end": lambda data: data.replace(b">ada<", b"><!-- ada<"),
}
