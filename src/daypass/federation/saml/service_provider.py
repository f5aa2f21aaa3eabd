"""What an identity provider must know of this service: its metadata as one (SAML Metadata, section 2.4.4).

The shape is that of AWS's own document, in this service's name. Nothing is asked of identity providers, so there is no
key for signatures; there is one for encryption where the provider has a private key.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from xml.sax.saxutils import quoteattr

from daypass.federation.saml.condition_keys import EDUCATION
from daypass.federation.saml.names import PROTOCOL

_ATTRIBUTES = "https://aws.amazon.com/SAML/Attributes/"
_FORMATS = (
    "2.0:nameid-format:transient",
    "2.0:nameid-format:persistent",
    "1.1:nameid-format:emailAddress",
    "1.1:nameid-format:unspecified",
    "1.1:nameid-format:X509SubjectName",
    "1.1:nameid-format:WindowsDomainQualifiedName",
    "2.0:nameid-format:kerberos",
    "2.0:nameid-format:entity",
)


def service_provider_metadata(name: str, recipient: str, certificates: Iterable[bytes] = ()) -> str:
    """The document of the service that is called ``name`` (entity ID, audience) and takes responses at ``recipient``.

    ``certificates`` (DER) are of the keys that open encrypted assertions, the best first.
    """
    keys = "".join(
        '<md:KeyDescriptor use="encryption"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>'
        f"{b64encode(certificate).decode('ascii')}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
        for certificate in certificates
    )
    formats = "".join(f"<md:NameIDFormat>urn:oasis:names:tc:SAML:{each}</md:NameIDFormat>" for each in _FORMATS)
    asked = _attribute(f"{_ATTRIBUTES}Role", "RoleEntitlement", is_required=True)
    asked += _attribute(f"{_ATTRIBUTES}RoleSessionName", "RoleSessionName", is_required=True)
    asked += "".join(_attribute(uri, key, is_required=False) for key, uri in EDUCATION)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" '
        f'xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID={quoteattr(name)}>'
        f'<md:SPSSODescriptor WantAssertionsSigned="true" protocolSupportEnumeration="{PROTOCOL}">{keys}{formats}'
        '<md:AssertionConsumerService index="1" isDefault="true" '
        f'Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location={quoteattr(recipient)}/>'
        f'<md:AttributeConsumingService index="1"><md:ServiceName xml:lang="en">daypass</md:ServiceName>{asked}'
        "</md:AttributeConsumingService></md:SPSSODescriptor></md:EntityDescriptor>\n"
    )


def _attribute(name: str, friendly: str, *, is_required: bool) -> str:
    required = "true" if is_required else "false"
    form = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
    return (
        f'<md:RequestedAttribute isRequired="{required}" Name={quoteattr(name)} FriendlyName={quoteattr(friendly)} '
        f'NameFormat="{form}"/>'
    )
