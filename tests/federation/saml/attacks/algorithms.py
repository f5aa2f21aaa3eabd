"""Signatures that the provider's own key has made, in ways that are not taken: whoever takes them can be misled.

Most of them are good signatures for whoever takes such algorithms.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Callable, Iterator
from itertools import permutations, product

from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.hashes import MD5, SHA1, SHA224, SHA384, SHA512, Hash, HashAlgorithm
from cryptography.hazmat.primitives.hashes import SHA256 as SHA256_
from lxml import etree

from daypass.testing.identity_provider import StubIdentityProvider
from tests.federation.saml.attacks.attack import Attack
from tests.federation.saml.workshop import DS, SIGNATURE_NS, Tree, Workshop, assertion_in, written

_DS, _MORE, _XENC = SIGNATURE_NS, "http://www.w3.org/2001/04/xmldsig-more#", "http://www.w3.org/2001/04/xmlenc#"
_NEW = "http://www.w3.org/2007/05/xmldsig-more#"
ENVELOPED, EXCLUSIVE = f"{_DS}enveloped-signature", "http://www.w3.org/2001/10/xml-exc-c14n#"
RSA, SHA256 = f"{_MORE}rsa-sha256", f"{_XENC}sha256"

CANONICAL = {
    "inclusive": "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    "inclusive with comments": "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments",
    "inclusive 1.1": "http://www.w3.org/2006/12/xml-c14n11",
    "inclusive 1.1 with comments": "http://www.w3.org/2006/12/xml-c14n11#WithComments",
    "exclusive with comments": f"{EXCLUSIVE}WithComments",
    "exclusive without its mark": EXCLUSIVE[:-1],
    "2.0": "http://www.w3.org/2010/xml-c14n2",
    "minimal": f"{_DS}minimal",
    "none": "",
    "unknown": "urn:x",
    "a file": "file:///etc/passwd",
}
OTHER_TRANSFORMS = {
    "base64": f"{_DS}base64",
    "XPath": "http://www.w3.org/TR/1999/REC-xpath-19991116",
    "XPath filter": "http://www.w3.org/2002/06/xmldsig-filter2",
    "XSLT": "http://www.w3.org/TR/1999/REC-xslt-19991116",
    "XPointer": "http://www.w3.org/TR/2001/WD-xptr-20010108",
    "decryption": "http://www.w3.org/2002/07/decrypt#XML",
    "STR": "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#STR-Transform",
    "relationships": "http://schemas.openxmlformats.org/package/2006/RelationshipTransform",
    "XInclude": "http://www.w3.org/2001/XInclude",
    "unknown": "urn:x",
    "none": "",
} | CANONICAL
METHODS = {
    "HMAC-SHA1": f"{_DS}hmac-sha1",
    "HMAC-SHA256": f"{_MORE}hmac-sha256",
    "HMAC-SHA384": f"{_MORE}hmac-sha384",
    "HMAC-SHA512": f"{_MORE}hmac-sha512",
    "HMAC-MD5": f"{_MORE}hmac-md5",
    "RSA-SHA1": f"{_DS}rsa-sha1",
    "RSA-MD5": f"{_MORE}rsa-md5",
    "RSA-RIPEMD160": f"{_MORE}rsa-ripemd160",
    "RSA-SHA224": f"{_MORE}rsa-sha224",
    "RSA-PSS with SHA-1": f"{_NEW}sha1-rsa-MGF1",
    "RSA-PSS with SHA-224": f"{_NEW}sha224-rsa-MGF1",
    "RSA-PSS with parameters": f"{_NEW}rsa-pss",
    "DSA-SHA1": f"{_DS}dsa-sha1",
    "DSA-SHA256": "http://www.w3.org/2009/xmldsig11#dsa-sha256",
    "ECDSA-SHA1": f"{_MORE}ecdsa-sha1",
    "ECDSA-SHA256 with an RSA key": f"{_MORE}ecdsa-sha256",
    "EdDSA": "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519",
    "RSA-SHA256 in capitals": RSA.upper(),
    "RSA-SHA256 with a space": f"{RSA} ",
    "none": "",
    "an AES cipher": f"{_XENC}aes128-cbc",
}
DIGESTS = {
    "SHA-1": f"{_DS}sha1",
    "MD5": f"{_MORE}md5",
    "RIPEMD-160": f"{_XENC}ripemd160",
    "SHA-224": f"{_MORE}sha224",
    "SHA-256 in capitals": SHA256.upper(),
    "none": "",
    "unknown": "urn:x",
}
URIS = {
    "nothing": "",
    "the response": "#response",
    "another ID": "#other",
    "only a mark": "#",
    "two marks": "##{}",
    "an XPointer": "#xpointer(id('{}'))",
    "an XPointer to all": "#xpointer(/)",
    "the ID without its mark": "{}",
    "the ID with a space": "#{} ",
    "a space and the ID": " #{}",
    "an address": "http://127.0.0.1:9/signed",
    "an address and the ID": "http://127.0.0.1:9/#{}",
    "a file": "file:///etc/passwd",
    "an attachment": "cid:part",
    "the ID with an escape": "#%5f{}",
}

TRANSFORMS_WHY = "transforms that are not taken|is not of the profile|elements? Transforms"
NOBODY = "no certificate of the provider has made this signature"


def attacks() -> Iterator[Attack]:
    """Each algorithm, transform, reference and addition that is not of the profile."""
    for name, uri in CANONICAL.items():
        yield Attack(f"canonicalized: {name}", _signed(canonical=uri), "a canonicalization that is not taken")
    for name, uri in METHODS.items():
        yield Attack(f"signed with {name}", _signed(method=uri), NOBODY)
    for name, key in SECRETS.items():
        for size in ("", "0", "1", "8", "80", "256"):
            how = f" cut to {size} bits" if size else ""
            yield Attack(f"HMAC keyed with {name}{how}", _hmac(key, size), f"{NOBODY}|with parameters")
    for name, uri in DIGESTS.items():
        yield Attack(f"a digest by {name}", _signed(digest=uri), NOBODY)
    for name, uri in URIS.items():
        yield Attack(f"a reference to {name}", _signed(uri=uri), "a reference to something else")
    for name, uris in _transforms():
        yield Attack(f"transforms: {name}", _signed(transforms=uris), TRANSFORMS_WHY)
    for name, inner in INSIDE_TRANSFORMS.items():
        yield Attack(f"in the enveloped transform: {name}", _signed(inner=inner), TRANSFORMS_WHY)
    for name, change in REFERENCES.items():
        yield Attack(
            name, _edited(change), "is not of the profile|a reference to|elements? |transforms|Object|base64|" + NOBODY
        )


def _transforms() -> Iterator[tuple[str, tuple[str, ...]]]:
    yield "none", ()
    yield "only the first", (ENVELOPED,)
    yield "only the second", (EXCLUSIVE,)
    yield "in the other order", (EXCLUSIVE, ENVELOPED)
    yield "the first twice", (ENVELOPED, ENVELOPED, EXCLUSIVE)
    yield "the second twice", (ENVELOPED, EXCLUSIVE, EXCLUSIVE)
    for name, uri in OTHER_TRANSFORMS.items():
        yield f"{name} alone", (uri,)
        yield f"{name} in place of the canonical form", (ENVELOPED, uri)
        yield f"{name} in place of the first", (uri, EXCLUSIVE)
        for order in permutations((ENVELOPED, EXCLUSIVE, uri)):
            names = {ENVELOPED: "enveloped", EXCLUSIVE: "exclusive"}
            yield ", ".join(names.get(each, name) for each in order), order


SECRETS: dict[str, Callable[[Workshop], bytes]] = {
    "nothing": lambda shop: b"\0",
    "the certificate": lambda shop: shop.certificate,
    "the public key": lambda shop: _modulus(shop.idp),
    "the name of the provider": lambda shop: shop.idp.entity_id.encode(),
}


def _modulus(idp: StubIdentityProvider) -> bytes:
    number = idp.keys[-1][0].public_key().public_numbers().n
    return number.to_bytes((number.bit_length() + 7) // 8)


INSIDE_TRANSFORMS = {
    "an XPath": '<ds:XPath xmlns:ds="http://www.w3.org/2000/09/xmldsig#">not(self::*)</ds:XPath>',
    "a style sheet": '<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0"/>',
    "prefixes": f'<ec:InclusiveNamespaces xmlns:ec="{EXCLUSIVE}" PrefixList="xs"/>',
}


def template(
    uri: str, *, canonical: str = EXCLUSIVE, method: str = RSA, digest: str = SHA256,
    transforms: tuple[str, ...] = (ENVELOPED, EXCLUSIVE), inner: str = "", size: str = "",
) -> str:  # fmt: skip
    """A signature that is not filled in. ``inner``: what is in its first transform; ``size``: of an HMAC, in bits."""
    cut = f"<ds:HMACOutputLength>{size}</ds:HMACOutputLength>" if size else ""
    listed = "".join(
        f'<ds:Transform Algorithm="{each}">{inner if number == 0 else ""}</ds:Transform>'
        for number, each in enumerate(transforms)
    )
    return (
        f'<ds:Signature xmlns:ds="{SIGNATURE_NS}"><ds:SignedInfo>'
        f'<ds:CanonicalizationMethod Algorithm="{canonical}"/>'
        f'<ds:SignatureMethod Algorithm="{method}">{cut}</ds:SignatureMethod>'
        f'<ds:Reference URI="{uri}"><ds:Transforms>{listed}</ds:Transforms>'
        f'<ds:DigestMethod Algorithm="{digest}"/><ds:DigestValue>AAAA</ds:DigestValue></ds:Reference>'
        "</ds:SignedInfo><ds:SignatureValue>AAAA</ds:SignatureValue></ds:Signature>"
    )


def _signed(uri: str = "#{}", **how: object) -> Callable[[Workshop], bytes]:
    def make(shop: Workshop) -> bytes:
        root = shop.unsigned()
        root.set("ID", "response")
        genuine = assertion_in(root)
        text = template(uri.format(genuine.get("ID")), **how)
        genuine.insert(1, etree.fromstring(text))
        fill_in(root, shop)
        return written(root)

    return make


def _hmac(secret: Callable[[Workshop], bytes], size: str) -> Callable[[Workshop], bytes]:
    def make(shop: Workshop) -> bytes:
        root = shop.unsigned()
        genuine = assertion_in(root)
        genuine.insert(1, etree.fromstring(template(f"#{genuine.get('ID')}", method=f"{_MORE}hmac-sha256", size=size)))
        fill_in(root, shop, secret(shop))
        return written(root)

    return make


def fill_in(root: Tree, shop: Workshop, secret: bytes = b"") -> None:
    """Sign what the first signature of the document says, as far as its algorithms can be made.

    An unknown canonical form is made like the exclusive one, an unknown digest like SHA-256, an unknown method like
    RSA-SHA256; transforms that are neither canonical forms nor the enveloped one do nothing.
    """
    signature = next(root.iter(f"{DS}Signature"))
    holder, info = signature.getparent(), signature.find(f"{DS}SignedInfo")
    place = holder.index(signature)
    for reference in info.iter(f"{DS}Reference"):
        if (value := reference.find(f"{DS}DigestValue")) is not None and value.text == "AAAA":
            holder.remove(signature)
            forms = [each.get("Algorithm", "") for each in reference.iter(f"{DS}Transform")]
            form = next((each for each in forms if each in CANONICAL.values()), EXCLUSIVE)
            made = Hash(_hash(_algorithm(reference, "DigestMethod")))
            made.update(canonical(holder, form))
            value.text = b64encode(made.finalize()).decode()
            holder.insert(place, signature)
    value = signature.find(f"{DS}SignatureValue")
    if value is not None and value.text == "AAAA":
        text = canonical(info, _algorithm(info, "CanonicalizationMethod"))
        value.text = b64encode(_made(text, _algorithm(info, "SignatureMethod"), shop, secret)).decode()


def _algorithm(parent: Tree, name: str) -> str:
    found = parent.find(f"{DS}{name}")
    return "" if found is None else str(found.get("Algorithm", ""))


def canonical(element: Tree, form: str) -> bytes:
    """The canonical form of the element."""
    alone = etree.fromstring(etree.tostring(element, with_tail=False))
    exclusive = form not in CANONICAL.values() or "exc" in form
    return bytes(etree.tostring(alone, method="c14n", exclusive=exclusive, with_comments=form.endswith("WithComments")))


def _hash(name: str) -> HashAlgorithm:
    for word, algorithm in (("sha1", SHA1), ("md5", MD5), ("sha224", SHA224), ("sha384", SHA384), ("sha512", SHA512)):
        if word in name.rpartition("#")[2]:
            return algorithm()
    return SHA256_()


def _made(text: bytes, method: str, shop: Workshop, secret: bytes) -> bytes:
    if "hmac" in method:
        return hmac.digest(secret, text, "sha256")
    algorithm = _hash(method)
    padding = PSS(MGF1(algorithm), algorithm.digest_size) if "MGF1" in method else PKCS1v15()
    return shop.idp.keys[-1][0].sign(text, padding, algorithm)


# ── references and what is around them ───────────────────────────────────────────────────────────────

_R, _I = "<ds:Reference ", "</ds:SignedInfo>"
_SECOND = (
    '<ds:Reference URI="#response"><ds:Transforms>'
    f'<ds:Transform Algorithm="{ENVELOPED}"/><ds:Transform Algorithm="{EXCLUSIVE}"/></ds:Transforms>'
    f'<ds:DigestMethod Algorithm="{SHA256}"/><ds:DigestValue>AAAA</ds:DigestValue></ds:Reference>'
)
REFERENCES: dict[str, Callable[[str], str]] = {
    "a second reference": lambda text: text.replace(_I, _SECOND + _I),
    "a second reference before": lambda text: text.replace(_R, _SECOND + _R),
    "no reference": lambda text: text[: text.index(_R)] + text[text.index(_I) :],
    "a reference without URI": lambda text: text.replace('URI="#', 'Id="#'),
    "a reference with the URI in a namespace": lambda text: text.replace(" URI=", " ds:URI="),
    "no digest": lambda text: text.replace("<ds:DigestValue>AAAA</ds:DigestValue>", ""),
    "two digests": lambda text: text.replace("</ds:Reference>", "<ds:DigestValue>BBBB</ds:DigestValue></ds:Reference>"),
    "no digest method": lambda text: text.replace(f'<ds:DigestMethod Algorithm="{SHA256}"/>', ""),
    "no transforms": lambda text: text.replace("<ds:Transforms>", "<ds:X>").replace("</ds:Transforms>", "</ds:X>"),
    "an element of another namespace among the transforms": lambda text: text.replace(
        "<ds:Transforms>", f'<ds:Transforms><x:Transform xmlns:x="urn:x" Algorithm="{ENVELOPED}"/>'
    ).replace(f'<ds:Transform Algorithm="{ENVELOPED}"></ds:Transform>', ""),
    "no signature value": lambda text: text.replace("<ds:SignatureValue>AAAA</ds:SignatureValue>", ""),
    "two signature values": lambda text: text.replace(
        "<ds:SignatureValue>", "<ds:SignatureValue>BBBB</ds:SignatureValue><ds:SignatureValue>"
    ),
    "the value before": lambda text: text.replace("<ds:SignatureValue>AAAA</ds:SignatureValue>", "").replace(
        "<ds:SignedInfo>", "<ds:SignatureValue>AAAA</ds:SignatureValue><ds:SignedInfo>"
    ),
    "two signed infos": lambda text: text.replace(_I, f"{_I}<ds:SignedInfo/>"),
    "an empty signed info before": lambda text: text.replace("<ds:SignedInfo>", "<ds:SignedInfo/><ds:SignedInfo>"),
    "no canonicalization": lambda text: text.replace(f'<ds:CanonicalizationMethod Algorithm="{EXCLUSIVE}"/>', ""),
    "two methods": lambda text: text.replace(
        "<ds:SignatureMethod", f'<ds:SignatureMethod Algorithm="{RSA}"/><ds:SignatureMethod'
    ),
    "the method in a namespace": lambda text: text.replace(
        "<ds:SignatureMethod Algorithm", "<ds:SignatureMethod ds:Algorithm"
    ),
    "an empty value": lambda text: text.replace("<ds:SignatureValue>AAAA", "<ds:SignatureValue>"),
    "an empty digest": lambda text: text.replace("<ds:DigestValue>AAAA", "<ds:DigestValue>"),
    "zeros as value": lambda text: text.replace("<ds:SignatureValue>AAAA", f"<ds:SignatureValue>{'A' * 342}=="),
    "one as value": lambda text: text.replace(
        "<ds:SignatureValue>AAAA", f"<ds:SignatureValue>{b64encode(bytes(255) + b'1').decode()}"
    ),
    "noise in the value": lambda text: text.replace("<ds:SignatureValue>AAAA", "<ds:SignatureValue>A:AAA"),
    "no base64 as value": lambda text: text.replace("<ds:SignatureValue>AAAA", "<ds:SignatureValue>\u00e9\u00e9\u00e9"),
    "an element in the value": lambda text: text.replace("<ds:SignatureValue>AAAA", "<ds:SignatureValue><ds:X/>AAAA"),
    "an element in the digest": lambda text: text.replace("<ds:DigestValue>AAAA", "<ds:DigestValue><ds:X/>AAAA"),
    "an object": lambda text: text.replace("</ds:Signature>", "<ds:Object/></ds:Signature>"),
    "two keys": lambda text: text.replace("</ds:Signature>", "<ds:KeyInfo/><ds:KeyInfo/></ds:Signature>"),
    "anything at the end": lambda text: text.replace("</ds:Signature>", '<x:x xmlns:x="urn:x"/></ds:Signature>'),
}  # fmt: skip


def _edited(change: Callable[[str], str]) -> Callable[[Workshop], bytes]:
    def make(shop: Workshop) -> bytes:
        root = shop.unsigned()
        root.set("ID", "response")
        genuine = assertion_in(root)
        text = template(f"#{genuine.get('ID')}")
        changed = change(text)
        assert changed != text
        genuine.insert(1, etree.fromstring(changed))
        fill_in(root, shop)
        return written(root)

    return make


def controls() -> Iterator[tuple[str, Callable[[Workshop], bytes]]]:
    """What is good, made in the same way as what is not."""
    for digest, method in product(("sha256", "sha512"), ("rsa-sha256", "rsa-sha384", "rsa-sha512")):
        yield f"{method} over {digest}", _signed(method=f"{_MORE}{method}", digest=f"{_XENC}{digest}")
    yield "PSS", _signed(method=f"{_NEW}sha256-rsa-MGF1")
