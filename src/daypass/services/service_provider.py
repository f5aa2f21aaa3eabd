"""The SAML metadata of this daypass as a service provider: what identity providers need to know of it.

There is one document for all of them, and one for each provider of an account, below the provider's UUID, with a
recipient and an encryption certificate of its own (IAM User Guide, "Create a SAML identity provider in IAM").
"""

from __future__ import annotations

from daypass.entities import SamlProvider
from daypass.federation.saml.service_provider import service_provider_metadata
from daypass.ids import account_of_saml_provider
from daypass.ports import Ports

PATH = "/saml"
"""The path below the public URL to which responses are posted. The whole URL is also the entity id and audience."""


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
