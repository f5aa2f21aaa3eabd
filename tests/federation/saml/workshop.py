"""What attacks on SAML are made in: an identity provider that a daypass believes, a thief, and what both can make.

Documents are lxml trees while they are worked on. What is forged says ``root``; who signed in is ``ada``.
"""

from __future__ import annotations

import time
from base64 import b64decode, b64encode
from collections.abc import Mapping
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree

from daypass.exchange import Response
from daypass.ports import Asking, Vouched
from daypass.services.identities import ProviderIdentities
from daypass.services.identities.builtin import NONE
from daypass.testing.identity_provider import StubIdentityProvider
from daypass.testing.local import VERSIONS, LocalDaypass, raw_request

ASSERTION_NS, PROTOCOL_NS = "urn:oasis:names:tc:SAML:2.0:assertion", "urn:oasis:names:tc:SAML:2.0:protocol"
SIGNATURE_NS = "http://www.w3.org/2000/09/xmldsig#"
SAML, SAMLP, DS = f"{{{ASSERTION_NS}}}", f"{{{PROTOCOL_NS}}}", f"{{{SIGNATURE_NS}}}"
XENC = "{http://www.w3.org/2001/04/xmlenc#}"

KINDS: Mapping[str, tuple[str, ...]] = {
    "assertion": ("assertion",),
    "response": ("response",),
    "both": ("assertion", "response"),
}
"""What is signed, by the name of the kind."""

Tree = Any  # lxml's elements have no public type


@dataclass(frozen=True, eq=False)
class Workshop:
    """``idp`` may name ``role``, whose trust policy believes ``provider``; ``thief`` has keys that nobody believes."""

    daypass: LocalDaypass
    idp: StubIdentityProvider
    thief: StubIdentityProvider
    provider: str
    role: str
    sealed_for: rsa.RSAPrivateKey
    """The private key that opens encrypted assertions."""

    # ── good documents ───────────────────────────────────────────────────────────────────────────────

    @property
    def attributes(self) -> dict[str, Any]:
        """What the provider says of who may open the role."""
        return {"Role": f"{self.role},{self.provider}", "RoleSessionName": "ada"}

    def good(self, kind: str = "assertion", attributes: Mapping[str, Any] | None = None, **changes: Any) -> Tree:
        """A good response in which ``kind`` is signed; what ``attributes`` and ``changes`` say differs.

        Without either it is one of those that were made before, and may have been used.
        """
        if not attributes and not changes:
            return etree.fromstring(self._plain(kind, int(time.time()) // 60))
        said = {**self.attributes, **(attributes or {})}
        return etree.fromstring(b64decode(self.idp.response(said, signed=KINDS[kind], **changes)))

    @cache  # noqa: B019  signing is what takes most of the time, and one document makes many attacks
    def _plain(self, kind: str, minute: int) -> bytes:
        return b64decode(self.idp.response(self.attributes, signed=KINDS[kind]))

    def unsigned(self, **changes: Any) -> Tree:
        """A good response that nobody has signed."""
        return etree.fromstring(b64decode(self.idp.response(self.attributes, signed=(), **changes)))

    @cached_property
    def sealed(self) -> rsa.RSAPublicKey:
        """For whom assertions are encrypted."""
        return self.sealed_for.public_key()

    @property
    def certificate(self) -> bytes:
        """The provider's certificate, PEM."""
        return self.idp.keys[-1][1].public_bytes(Encoding.PEM)

    @property
    def private(self) -> bytes:
        """The provider's private key, PEM."""
        return self.idp.keys[-1][0].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    # ── who judges ───────────────────────────────────────────────────────────────────────────────────

    def vouch(self, data: bytes, provider: str = "", role: str = "") -> Vouched:
        """What the provider's word is worth, as the service finds out."""
        local = self.daypass.daypass
        owner = local.storage.directory.load(self.daypass.account)
        assert owner is not None
        asking = Asking(owner, int(self.daypass.clock.now()), lambda: None)
        judge = ProviderIdentities(_NoIssuerKeys(), local.keys, local.storage.single_uses, (), nullcontext(), NONE)
        return judge.verify_assertion(encoded(data), provider or self.provider, role or self.role, asking)

    def come(self, data: bytes, **params: Any) -> Response:
        """AssumeRoleWithSAML, as anybody can call it."""
        asked = {
            "Action": "AssumeRoleWithSAML",
            "Version": VERSIONS["sts"],
            "RoleArn": self.role,
            "PrincipalArn": self.provider,
            "SAMLAssertion": encoded(data),
            **params,
        }
        headers = [("host", "127.0.0.1:7177"), ("content-type", "application/x-www-form-urlencoded")]
        return self.daypass.serve(raw_request("POST", "/", headers, urlencode(asked).encode()))


class _NoIssuerKeys:
    """No token is verified here."""


def encoded(data: bytes) -> str:
    """As ``SAMLAssertion`` holds it."""
    return b64encode(data).decode()


def written(root: Tree) -> bytes:
    """The document, as it is sent."""
    return etree.tostring(root)


def part(root: Tree, name: str, space: str = SAML) -> Tree:
    """The first element called ``name``."""
    return next(root.iter(f"{space}{name}"))


def assertion_in(root: Tree) -> Tree:
    """The first assertion."""
    return part(root, "Assertion")


def signature_of(element: Tree) -> Tree:
    """The element's own signature."""
    return element.find(f"{DS}Signature")


def forged(genuine: Tree) -> Tree:
    """A copy without signature in which somebody else signs in."""
    copy = deepcopy(genuine)
    copy.tail = None
    for signature in list(copy.iter(f"{DS}Signature")):
        signature.getparent().remove(signature)
    for name in copy.iter(f"{SAML}NameID"):
        name.text = "root"
    for value in copy.iter(f"{SAML}AttributeValue"):
        value.text = "root" if value.text == "ada" else value.text
    return copy


def made(tag: str, *children: Tree, text: str | None = None, **attributes: str) -> Tree:
    """A new element."""
    element = etree.Element(tag, attributes)
    element.text = text
    element.extend(children)
    return element
