"""Encrypted assertions: anybody can encrypt for a public key, and whoever can change a ciphertext may ask for more."""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, AsymmetricPadding, PKCS1v15
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from lxml import etree

from tests.federation.saml.attacks.attack import Attack
from tests.federation.saml.workshop import DS, SAML, SAMLP, XENC, Tree, Workshop, assertion_in, forged, made, written

_XENC, _XENC11 = "http://www.w3.org/2001/04/xmlenc#", "http://www.w3.org/2009/xmlenc11#"
_SHA = {"sha1": "http://www.w3.org/2000/09/xmldsig#sha1", "sha256": f"{_XENC}sha256"}
_HASH: dict[str, Callable[[], hashes.HashAlgorithm]] = {"sha1": hashes.SHA1, "sha256": hashes.SHA256}

CANNOT = "the assertion cannot be decrypted"
GCM, CBC_NAME = f"{_XENC11}aes256-gcm", f"{_XENC}aes256-cbc"


def sealed(
    shop: Workshop, plain: bytes, *, method: str = GCM, transport: str = f"{_XENC11}rsa-oaep", digest: str = "sha256",
    mask: str = "sha256", told_digest: str = "sha256", told_mask: str | None = "sha256", more: str = "",
    size: int = 32, label: bytes | None = None, padding: AsymmetricPadding | None = None, beside: bool = False,
) -> Tree:  # fmt: skip
    """An EncryptedAssertion. What is told of the algorithms can differ from what was done."""
    key = os.urandom(size)
    how = padding or OAEP(MGF1(_HASH[mask]()), _HASH[digest](), label)
    wrapped = b64encode(shop.sealed.encrypt(key, how)).decode()
    content = b64encode(_gcm(key, plain) if "gcm" in method else _cbc(key, plain)).decode()
    masked = "" if told_mask is None else f'<e11:MGF xmlns:e11="{_XENC11}" Algorithm="{_XENC11}mgf1{told_mask}"/>'
    told = f'<ds:DigestMethod Algorithm="{_SHA.get(told_digest, told_digest)}"/>' if told_digest else ""
    wrapping = (
        f'<xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="{transport}">{told}{masked}{more}'
        "</xenc:EncryptionMethod>"
        f"<xenc:CipherData><xenc:CipherValue>{wrapped}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>"
    )
    return etree.fromstring(
        f'<saml:EncryptedAssertion xmlns:saml="{SAML[1:-1]}" xmlns:xenc="{_XENC}" xmlns:ds="{DS[1:-1]}">'
        f'<xenc:EncryptedData><xenc:EncryptionMethod Algorithm="{method}"/>'
        f"<ds:KeyInfo>{'' if beside else wrapping}</ds:KeyInfo>"
        f"<xenc:CipherData><xenc:CipherValue>{content}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>"
        f"{wrapping if beside else ''}</saml:EncryptedAssertion>"
    )


def _gcm(key: bytes, plain: bytes) -> bytes:
    nonce = os.urandom(12)
    return nonce + AESGCM(key).encrypt(nonce, plain, None)


def _cbc(key: bytes, plain: bytes) -> bytes:
    start, short = os.urandom(16), 16 - len(plain) % 16
    encryptor = Cipher(AES(key), CBC(start)).encryptor()
    return start + encryptor.update(plain + bytes(short - 1) + bytes([short])) + encryptor.finalize()


def holding(shop: Workshop, held: Tree, *, signed: bool = False) -> bytes:
    """A response around an encrypted assertion."""
    root = shop.unsigned()
    root.replace(assertion_in(root), held)
    return shop.idp.sign(etree.tostring(root, encoding="unicode")).encode() if signed else written(root)


def genuine(shop: Workshop, kind: str = "assertion") -> bytes:
    """An assertion that the provider has signed."""
    return etree.tostring(assertion_in(shop.good(kind, subject="ada")), with_tail=False)


def _false(shop: Workshop) -> bytes:
    return etree.tostring(forged(assertion_in(shop.good())))


Make = Callable[[Workshop], bytes]


def _odd(**how: object) -> Make:
    return lambda shop: holding(shop, sealed(shop, genuine(shop), **how))


def _plain(make: Make) -> Make:
    return lambda shop: holding(shop, sealed(shop, make(shop)))


def _edited(change: Callable[[Tree], None], *, signed: bool = False) -> Make:
    def make(shop: Workshop) -> bytes:
        held = sealed(shop, genuine(shop))
        change(held)
        return holding(shop, held, signed=signed)

    return make


def _flip(which: int, at: int) -> Callable[[Tree], None]:
    """Change a bit of the ``which``-th ciphertext: that of the key, or that of the contents."""

    def change(held: Tree) -> None:
        value = list(held.iter(f"{XENC}CipherValue"))[which]
        data = bytearray(b64decode(value.text))
        data[at] ^= 1
        value.text = b64encode(bytes(data)).decode()

    return change


def _cut(which: int, length: int) -> Callable[[Tree], None]:
    def change(held: Tree) -> None:
        value = list(held.iter(f"{XENC}CipherValue"))[which]
        value.text = b64encode(b64decode(value.text)[:length]).decode()

    return change


def _twice(tag: str) -> Callable[[Tree], None]:
    def change(held: Tree) -> None:
        found = next(held.iter(tag))
        found.getparent().append(etree.fromstring(etree.tostring(found)))

    return change


def _without(tag: str) -> Callable[[Tree], None]:
    def change(held: Tree) -> None:
        found = next(held.iter(tag))
        found.getparent().remove(found)

    return change


def _referred(held: Tree) -> None:
    """The ciphertext is somewhere else."""
    data = next(held.iter(f"{XENC}CipherData"))
    data.clear()
    data.append(made(f"{XENC}CipherReference", URI="file:///etc/passwd"))


def _retrieved(held: Tree) -> None:
    info = next(held.iter(f"{DS}KeyInfo"))
    info.clear()
    info.append(made(f"{DS}RetrievalMethod", URI="http://127.0.0.1:9/key"))


def _swapped(shop: Workshop) -> bytes:
    """A response that was signed around another assertion."""
    root = etree.fromstring(holding(shop, sealed(shop, genuine(shop)), signed=True))
    root.replace(root.find(f"{SAML}EncryptedAssertion"), sealed(shop, _false(shop)))
    return written(root)


def _tampered(shop: Workshop) -> bytes:
    root = etree.fromstring(holding(shop, sealed(shop, genuine(shop), method=CBC_NAME), signed=True))
    _flip(1, -17)(root)
    return written(root)


def _beside(inner: str) -> Make:
    def make(shop: Workshop) -> bytes:
        root = shop.good()
        root.append(sealed(shop, _false(shop)) if inner == "forged" else sealed(shop, genuine(shop)))
        if inner == "genuine":
            root.replace(assertion_in(root), forged(assertion_in(root)))
        return written(root)

    return make


def _guess(shop: Workshop, last: int) -> bytes:
    """One question to a padding oracle: the last byte of the block before is changed."""
    held = sealed(shop, genuine(shop), method=CBC_NAME)
    value = list(held.iter(f"{XENC}CipherValue"))[1]
    data = bytearray(b64decode(value.text))
    data[-17] ^= last
    value.text = b64encode(bytes(data)).decode()
    return holding(shop, held)


NOBODY = "no certificate of the provider has made this signature"
_WHOLE = f"{DS}KeyInfo"

CASES: dict[str, tuple[Make, str]] = {
    # who has signed it
    "an assertion that nobody has signed": (_plain(_false), "not signed by"),
    "an assertion that the thief has signed": (
        _plain(lambda shop: shop.thief.sign(_false(shop).decode()).encode()), NOBODY),
    "a signed response around another assertion": (_swapped, NOBODY),
    "a signed response around a changed ciphertext": (_tampered, NOBODY),
    "a forged one beside a signed one": (_beside("forged"), "not exactly one assertion"),
    "a genuine one beside a forged one": (_beside("genuine"), "not exactly one assertion"),
    # what is inside
    "a response inside": (_plain(lambda shop: written(shop.good())), "not a SAML 2.0 assertion"),
    "an encrypted assertion inside": (
        _plain(lambda shop: etree.tostring(sealed(shop, genuine(shop)))), "not a SAML 2.0 assertion"),
    "two assertions inside": (_plain(lambda shop: genuine(shop) * 2), "not XML"),
    "an assertion inside the assertion": (
        _plain(lambda shop: genuine(shop).replace(b"</saml:Subject>", _false(shop) + b"</saml:Subject>")),
        "an ID repeats|not exactly one"),
    "a document type inside": (_plain(lambda shop: b"<!DOCTYPE a>" + genuine(shop)), "a document type"),
    "an entity inside": (
        _plain(lambda shop: b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + genuine(shop)),
        "a document type"),
    "UTF-16 inside": (_plain(lambda shop: genuine(shop).decode().encode("utf-16")), "an encoding"),
    "a comment inside": (_plain(lambda shop: genuine(shop).replace(b">ada<", b">a<!-- -->da<")), "comments"),
    "nothing inside": (_plain(lambda shop: b""), "not XML"),
    "a text inside": (_plain(lambda shop: b"ada"), "not XML"),
    "part of an element inside": (_plain(lambda shop: genuine(shop)[:-9]), "not XML"),
    "an assertion with white space before its declaration": (
        _plain(lambda shop: b" <?xml version='1.0'?>" + genuine(shop)), "not XML"),
    # how it was encrypted
    "AES-CBC that no signature covers": (_odd(method=CBC_NAME), CANNOT),
    "RSA PKCS 1 v1.5": (_odd(transport=f"{_XENC}rsa-1_5", padding=PKCS1v15()), CANNOT),
    "RSA PKCS 1 v1.5 that is called OAEP": (_odd(padding=PKCS1v15()), CANNOT),
    "another mask than it says": (_odd(mask="sha1"), CANNOT),
    "another digest than it says": (_odd(digest="sha1"), CANNOT),
    "a mask with the old name": (_odd(transport=f"{_XENC}rsa-oaep-mgf1p"), CANNOT),
    "an unknown mask": (_odd(told_mask="md5"), CANNOT),
    "an unknown digest": (_odd(told_digest="urn:x"), CANNOT),
    "an empty digest": (_odd(told_digest=" "), CANNOT),
    "a label": (_odd(label=b"label", more="<xenc:OAEPparams>bGFiZWw=</xenc:OAEPparams>"), CANNOT),
    "a label that is not told": (_odd(label=b"label"), CANNOT),
    "a key that is too short": (_odd(size=16), CANNOT),
    "a key that is too short for GCM, called so": (_odd(size=24, method=f"{_XENC11}aes128-gcm"), CANNOT),
    "Triple DES": (_odd(method=f"{_XENC}tripledes-cbc"), CANNOT),
    "no cipher": (_odd(method=""), CANNOT),
    "an unknown cipher": (_odd(method="urn:gcm"), CANNOT),
    "a key wrapped with AES": (_odd(transport=f"{_XENC}kw-aes256"), CANNOT),
    "a key that was agreed on": (_odd(transport=f"{_XENC11}ECDH-ES"), CANNOT),
    # what is changed about it
    "a bit of the key": (_edited(_flip(0, 7)), CANNOT),
    "a bit of the nonce": (_edited(_flip(1, 0)), CANNOT),
    "a bit of the contents": (_edited(_flip(1, 40)), CANNOT),
    "a bit of the tag": (_edited(_flip(1, -1)), CANNOT),
    "a shorter tag": (_edited(_cut(1, -4)), CANNOT),
    "only a nonce": (_edited(_cut(1, 12)), CANNOT),
    "half a nonce": (_edited(_cut(1, 6)), CANNOT),
    "no contents": (_edited(_cut(1, 0)), CANNOT),
    "no key": (_edited(_cut(0, 0)), CANNOT),
    "half a key": (_edited(_cut(0, 128)), CANNOT),
    "two keys": (_edited(_twice(f"{XENC}EncryptedKey")), CANNOT),
    "two contents": (_edited(_twice(f"{XENC}EncryptedData")), "2 elements EncryptedData|not"),
    "two methods": (_edited(_twice(f"{XENC}EncryptionMethod")), "EncryptionMethod"),
    "no method": (_edited(_without(f"{XENC}EncryptionMethod")), "EncryptionMethod"),
    "no key info": (_edited(_without(_WHOLE)), CANNOT),
    "two key infos": (_edited(_twice(_WHOLE)), CANNOT),
    "contents that are somewhere else": (_edited(_referred), "CipherValue"),
    "a key that is somewhere else": (_edited(_retrieved), "RetrievalMethod"),
    "no base64": (_edited(lambda held: setattr(next(held.iter(f"{XENC}CipherValue")), "text", "!")), "no base64"),
    "an assertion under another name": (
        _edited(lambda held: setattr(held, "tag", f"{SAML}EncryptedID")), "not exactly one|not taken|does not belong"),
    "an encrypted assertion of the protocol": (
        _edited(lambda held: setattr(held, "tag", f"{SAMLP}EncryptedAssertion")), "does not belong"),
}  # fmt: skip


def attacks() -> Iterator[Attack]:
    """All of them, and every question to a padding oracle: they read alike."""
    for name, (make, why) in CASES.items():
        yield Attack(name, make, why)
    for last in range(1, 256, 5):
        yield Attack(
            f"a question to a padding oracle, {last}", lambda shop, last=last: _guess(shop, last), f"^{CANNOT}$"
        )


def controls() -> Iterator[tuple[str, Make]]:
    """What is good, made in the same way as what is not."""
    yield "GCM", _odd()
    yield "the key beside the contents", _odd(beside=True)
    yield (
        "OAEP by its old name",
        _odd(transport=f"{_XENC}rsa-oaep-mgf1p", digest="sha1", mask="sha1", told_digest="sha1", told_mask=None),
    )
    yield "CBC under a signature", lambda shop: holding(shop, sealed(shop, genuine(shop), method=CBC_NAME), signed=True)
    yield (
        "only the response signed",
        lambda shop: holding(shop, sealed(shop, etree.tostring(assertion_in(shop.unsigned()))), signed=True),
    )
