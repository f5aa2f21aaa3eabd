"""Identity providers that the account trusts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from daypass.entities.keyed import Keyed
from daypass.principals import Tags


@dataclass(frozen=True, slots=True)
class OidcProvider(Keyed):
    """An OpenID Connect identity provider that the account trusts. ``url`` is its issuer without ``https://``.

    ``client_ids`` are the audiences that its tokens may have; ``thumbprints`` are SHA-1 digests (hex, lower case) of
    certificates that are trusted for its server. Beyond AWS: ``authorities`` (PEM) replace the system's for this
    issuer; ``allow_private``: its server may have a private or loopback address; ``claims`` are further claims that
    become condition keys.
    """

    kind: ClassVar[str] = "oidc-provider"
    id: str
    url: str
    created: int
    client_ids: tuple[str, ...] = ()
    thumbprints: tuple[str, ...] = ()
    tags: Tags = ()
    authorities: str = ""
    allow_private: bool = False
    claims: tuple[str, ...] = ()

    @property
    def resource(self) -> str:
        """The last part of its ARN."""
        return f"{self.kind}/{self.url}"


@dataclass(frozen=True, slots=True)
class SamlIssuer:
    """One identity provider of a metadata document: its entity id, and its signing certificates (DER), in order."""

    entity_id: str
    certificates: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class DecryptionKey:
    """A private key for encrypted assertions: PKCS 8 DER under the master key, ``id`` as associated data.

    ``certificate`` (DER), signed by the key itself, hands the public key to identity providers.
    """

    id: str
    sealed: bytes = field(repr=False)
    created: int
    certificate: bytes = b""


@dataclass(frozen=True, slots=True)
class SamlProvider(Keyed):
    """A SAML identity provider that the account trusts. ``id`` is its UUID (``SAMLSP…``).

    ``metadata`` is the document as it was sent, compressed (RFC 1950); ``issuers`` is what was read from it.
    ``valid_until`` (epoch seconds) is shown to clients and has no effect. ``is_lax``: assertions are verified as AWS
    does it, without the checks that daypass adds (docs/differences.md).
    """

    kind: ClassVar[str] = "saml-provider"
    id: str
    name: str
    created: int
    metadata: bytes = field(repr=False)
    issuers: tuple[SamlIssuer, ...]
    valid_until: int
    encryption: Literal["Allowed", "Required"] = "Allowed"
    keys: tuple[DecryptionKey, ...] = ()
    tags: Tags = ()
    is_lax: bool = False

    @property
    def resource(self) -> str:
        """The last part of its ARN."""
        return f"{self.kind}/{self.name}"
