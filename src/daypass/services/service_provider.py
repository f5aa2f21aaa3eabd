"""What identity providers are told of this daypass: its metadata as a SAML service provider.

``/static/saml-metadata.xml`` is for all of them; that of one provider of an account, below its UUID, has its own
recipient and its certificate for encryption (IAM User Guide, "Create a SAML identity provider in IAM").
"""

from __future__ import annotations

from daypass.entities import SamlProvider
from daypass.federation.saml.service_provider import service_provider_metadata
from daypass.ids import account_of_saml_provider
from daypass.ports import Ports

PATH = "/saml"
"""Where responses are posted, below the public URL. The URL is the entity ID, too, and so the audience."""


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
        # Half of a UUID is random: nobody finds a document, or learns of an account, by guessing.
        account = account_of_saml_provider(uuid)
        directory = self._ports.directory
        snapshot = (directory.load if may_block else directory.find)(account) if account else None
        provider = snapshot.saml_providers.get(uuid) if snapshot else None
        return document(url, provider).encode() if provider else None


def document(url: str, provider: SamlProvider | None = None) -> str:
    """The metadata of the daypass at ``url`` for ``provider``, or for all."""
    name = f"{url}{PATH}"
    if provider is None:
        return service_provider_metadata(name, name)
    newest_first = sorted(provider.keys, key=lambda key: key.created, reverse=True)
    certificates = [key.certificate for key in newest_first if key.certificate]
    return service_provider_metadata(name, f"{name}/acs/{provider.id}", certificates[:1])
