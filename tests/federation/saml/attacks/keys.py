"""Whose key it is: what the signature says about keys, certificates of others, and issuers that are confused."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from itertools import product

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree

from daypass.testing.identity_provider import StubIdentityProvider
from tests.federation.saml.attacks.attack import Attack
from tests.federation.saml.workshop import (
    DS,
    KINDS,
    SAML,
    SIGNATURE_NS,
    Tree,
    Workshop,
    assertion_in,
    part,
    signature_of,
    written,
)

NOBODY = "no certificate of the provider has made this signature"


def attacks() -> Iterator[Attack]:
    """What the thief signs, with everything that a KeyInfo can say; and who is named as the issuer."""
    for kind, (name, told) in product(KINDS, KEY_INFOS.items()):
        yield Attack(f"{kind}: the thief's signature, {name}", _stolen(kind, told), f"{NOBODY}|RetrievalMethod")
    for signed, name in product(("assertion", "response"), KEY_INFOS):
        yield Attack(
            f"both, the thief's {signed}: {name}", _mixed(signed, KEY_INFOS[name]), f"{NOBODY}|RetrievalMethod"
        )
    for kind, issuer in product(KINDS, ISSUERS):
        yield Attack(
            f"{kind}: the issuer is {issuer!r}", _named(kind, issuer), "Issuer not present|is not of the provider"
        )
    for name, (make, why) in CONFUSED.items():
        yield Attack(name, make, why)


def _x509(*owners: str) -> Callable[[Workshop], str]:
    def told(shop: Workshop) -> str:
        certificates = [_certificate(getattr(shop, owner)) for owner in owners]
        data = "".join(f"<ds:X509Certificate>{each}</ds:X509Certificate>" for each in certificates)
        return f"<ds:X509Data>{data}</ds:X509Data>"

    return told


def _certificate(idp: StubIdentityProvider) -> str:
    return b64encode(idp.keys[-1][1].public_bytes(Encoding.DER)).decode()


def _key_value(shop: Workshop) -> str:
    numbers = shop.thief.keys[-1][0].public_key().public_numbers()
    modulus, exponent = (
        b64encode(each.to_bytes((each.bit_length() + 7) // 8)).decode() for each in (numbers.n, numbers.e)
    )
    return (
        f"<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>{modulus}</ds:Modulus>"
        f"<ds:Exponent>{exponent}</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>"
    )


def _der_key_value(shop: Workshop) -> str:
    public = shop.thief.keys[-1][0].public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    space = "http://www.w3.org/2009/xmldsig11#"
    return f'<e:DEREncodedKeyValue xmlns:e="{space}">{b64encode(public).decode()}</e:DEREncodedKeyValue>'


def _fixed(text: str) -> Callable[[Workshop], str]:
    return lambda shop: text


_RETRIEVED = '<ds:RetrievalMethod URI="{}" Type="http://www.w3.org/2000/09/xmldsig#X509Data"/>'
KEY_INFOS: dict[str, Callable[[Workshop], str]] = {
    "with nothing about it": _fixed(""),
    "with the thief's certificate": _x509("thief"),
    "with the provider's certificate": _x509("idp"),
    "with both certificates": _x509("idp", "thief"),
    "with both certificates, the thief's first": _x509("thief", "idp"),
    "with two sets of certificates": lambda shop: _x509("idp")(shop) + _x509("thief")(shop),
    "with the thief's key": _key_value,
    "with the thief's key and the provider's certificate": lambda shop: _key_value(shop) + _x509("idp")(shop),
    "with the thief's key in DER": _der_key_value,
    "with the name of a file": _fixed("<ds:KeyName>/etc/passwd</ds:KeyName>"),
    "with the name of the provider's key": _fixed("<ds:KeyName>CN=idp.example</ds:KeyName>"),
    "with a key to fetch": _fixed(_RETRIEVED.format("http://127.0.0.1:9/key")),
    "with a key in a file": _fixed(_RETRIEVED.format("file:///etc/passwd")),
    "with a key in the document": _fixed(_RETRIEVED.format("#key")),
    "with the issuer and number of a certificate": _fixed(
        "<ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>CN=idp.example</ds:X509IssuerName>"
        "<ds:X509SerialNumber>1</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data>"
    ),
    "with the identifier of a key": _fixed("<ds:X509Data><ds:X509SKI>AAAA</ds:X509SKI></ds:X509Data>"),
    "with the subject of a certificate": _fixed(
        "<ds:X509Data><ds:X509SubjectName>CN=idp.example</ds:X509SubjectName></ds:X509Data>"
    ),
    "with what is no certificate": _fixed("<ds:X509Data><ds:X509Certificate>AAAA</ds:X509Certificate></ds:X509Data>"),
    "with PGP": _fixed("<ds:PGPData><ds:PGPKeyID>AAAA</ds:PGPKeyID></ds:PGPData>"),
    "with an agreed key": _fixed("<ds:MgmtData>DH</ds:MgmtData>"),
    "with anything": _fixed('<x:Anything xmlns:x="urn:x"/>'),
}  # fmt: skip


def _tell(root: Tree, told: str) -> None:
    """Say ``told`` about the key of every signature."""
    for signature in root.iter(f"{DS}Signature"):
        for found in signature.findall(f"{DS}KeyInfo"):
            signature.remove(found)
        if told:
            signature.append(etree.fromstring(f'<ds:KeyInfo xmlns:ds="{SIGNATURE_NS}">{told}</ds:KeyInfo>'))


def _stolen(kind: str, told: Callable[[Workshop], str]) -> Callable[[Workshop], bytes]:
    def make(shop: Workshop) -> bytes:
        text = shop.thief.response(shop.attributes, signed=KINDS[kind])
        root = etree.fromstring(b64decode(text))
        _tell(root, told(shop))
        return written(root)

    return make


def _mixed(stolen: str, told: Callable[[Workshop], str]) -> Callable[[Workshop], bytes]:
    """One of the two is signed by the provider, the other one by the thief."""

    def make(shop: Workshop) -> bytes:
        inner, outer = (shop.thief, shop.idp) if stolen == "assertion" else (shop.idp, shop.thief)
        root = shop.unsigned()
        genuine = assertion_in(root)
        root.replace(genuine, etree.fromstring(inner.sign(etree.tostring(genuine, encoding="unicode"))))
        if stolen == "assertion":
            _tell(root, told(shop))
        root = etree.fromstring(outer.sign(etree.tostring(root, encoding="unicode")))
        if stolen == "response":
            own = signature_of(root)
            own.remove(own.find(f"{DS}KeyInfo"))
            own.append(etree.fromstring(f'<ds:KeyInfo xmlns:ds="{SIGNATURE_NS}">{told(shop)}</ds:KeyInfo>'))
        return written(root)

    return make


ISSUERS = (
    "https://other.example/metadata",
    "https://idp.example/metadata/",
    "https://IDP.example/metadata",
    "HTTPS://idp.example/metadata",
    "https://idp.example/metadat\u0430",
    "https://idp.example/metadata\u00a0",
    "https://idp.example/metadata\u200b",
    "\u3000https://idp.example/metadata",
    "https://idp.example/metadata https://idp.example/metadata",
    "https://idp.example/metadata,https://other.example",
    "https://idp.example/metad%61ta",
    "*",
    "https://idp.example/*",
)


def _named(kind: str, issuer: str) -> Callable[[Workshop], bytes]:
    """Signed by the provider's key, in the name of somebody else."""

    def make(shop: Workshop) -> bytes:
        root = shop.unsigned(issuer=issuer)
        for element in root.iter(f"{SAML}Issuer"):
            element.text = issuer
        genuine = assertion_in(root)
        if "assertion" in KINDS[kind]:
            root.replace(genuine, etree.fromstring(shop.idp.sign(etree.tostring(genuine, encoding="unicode"))))
        if "response" in KINDS[kind]:
            return shop.idp.sign(etree.tostring(root, encoding="unicode")).encode()
        return written(root)

    return make


def _without_issuer(kind: str) -> Callable[[Workshop], bytes]:
    def make(shop: Workshop) -> bytes:
        root = shop.unsigned()
        holder = root if kind == "response" else assertion_in(root)
        holder.remove(holder.find(f"{SAML}Issuer"))
        if kind == "response":
            return shop.idp.sign(etree.tostring(root, encoding="unicode")).encode()
        root.replace(holder, etree.fromstring(shop.idp.sign(etree.tostring(holder, encoding="unicode"))))
        return written(root)

    return make


def _response_of_another(shop: Workshop) -> bytes:
    """The response is signed and names its signer; the assertion in it names somebody else."""
    root = shop.unsigned()
    assertion_in(root).find(f"{SAML}Issuer").text = "https://other.example/metadata"
    return shop.idp.sign(etree.tostring(root, encoding="unicode")).encode()


def _nested_issuer(shop: Workshop) -> bytes:
    root = shop.unsigned()
    genuine = assertion_in(root)
    issuer = part(genuine, "Issuer")
    inner = etree.SubElement(issuer, f"{SAML}Issuer")
    issuer.text, inner.text = None, shop.idp.entity_id
    root.replace(genuine, etree.fromstring(shop.idp.sign(etree.tostring(genuine, encoding="unicode"))))
    return written(root)


CONFUSED: dict[str, tuple[Callable[[Workshop], bytes], str]] = {
    "an assertion that names no issuer": (
        _without_issuer("assertion"),
        "not signed by the issuer that it names|issuer",
    ),
    "a signed response that names no issuer": (_without_issuer("response"), "issuer"),
    "a signed response around the assertion of another issuer": (_response_of_another, "not signed by the issuer"),
    "an issuer inside of the issuer": (_nested_issuer, "elements where a text belongs"),
}
