"""What identity providers are told of this daypass: its metadata as a SAML service provider.

``/static/saml-metadata.xml`` is for all of them; that of one provider of an account, below its UUID, has its own
recipient and its certificate for encryption (IAM User Guide, "Create a SAML identity provider in IAM").
"""

from __future__ import annotations

from daypass.entities import SamlProvider
from daypass.federation.saml.service_provider import service_provider_metadata
from daypass.ids import account_of
from daypass.ports import Ports
from daypass.snapshot import AccountSnapshot

PATH = "/saml"
"""Where responses are posted, below the public URL. The URL is the entity ID, too, and so the audience."""

_FAMILY = "SAMLSP"


class ServiceProviderMetadata:
    """The documents, for the HTTP surface."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def find(self, uuid: str | None, *, may_block: bool) -> bytes | None:
        """The document for the SAML provider with ``uuid``, or for all; None where there is none.

        Raises:
            NotLoaded: ask again on a thread that ``may_block``.
        """
        url = self._ports.public_url
        if url is None:
            return None
        if uuid is None:
            return document(url).encode()
        # Of an account id alone nobody finds the document: half of the UUID is random.
        account = account_of("AIDA" + uuid.removeprefix(_FAMILY)) if uuid.startswith(_FAMILY) else None
        directory = self._ports.directory
        snapshot = (directory.load if may_block else directory.find)(account) if account else None
        provider = find_provider(snapshot, uuid) if snapshot else None
        return document(url, provider).encode() if provider else None


def find_provider(snapshot: AccountSnapshot, uuid: str) -> SamlProvider | None:
    """The account's SAML provider with ``uuid``."""
    return next((one for one in snapshot.saml_providers_by_name.values() if one.id == uuid), None)


def document(url: str, provider: SamlProvider | None = None) -> str:
    """The metadata of the daypass at ``url`` for ``provider``, or for all."""
    name = f"{url}{PATH}"
    if provider is None:
        return service_provider_metadata(name, name)
    newest_first = sorted(provider.keys, key=lambda key: key.created, reverse=True)
    certificates = [key.certificate for key in newest_first if key.certificate]
    return service_provider_metadata(name, f"{name}/acs/{provider.id}", certificates[:1])
