"""OpenID Connect identity providers of an account (IAM API reference, CreateOpenIDConnectProvider and its neighbours).

Nothing is fetched when a provider is made. AWS looks up a thumbprint then; daypass trusts the system's authorities when
it fetches keys, and thumbprints only for servers that no authority vouches for (docs/differences.md).
"""

from __future__ import annotations

import re
from dataclasses import replace

from daypass.entities import OidcProvider
from daypass.errors import EntityAlreadyExists, InvalidInput, NoSuchEntity, ValidationError
from daypass.operations.call import Call
from daypass.operations.registry import operation
from daypass.services.iam import quotas
from daypass.services.iam.arns import authorize_tagged
from daypass.services.iam.providers.targets import oidc_provider
from daypass.services.iam.tags import EXACT, as_sent, merged, request_tags
from daypass.services.token_issuers import PATH

Members = dict[str, object]

MOST_THUMBPRINTS = 5

_ID_BYTES = 16
_URL = re.compile(
    r"https://(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?P<port>:[1-9][0-9]{0,4})?"
    r"(?P<path>(?:/[A-Za-z0-9._~!$&'()+,;=:@%-]+)*/?)",  # no `*`: it would be a pattern in policies
    re.ASCII,
)
_THUMBPRINT = re.compile(r"[0-9A-Fa-f]{40}", re.ASCII)
_OWN_ISSUER = (
    "Creating an OIDC provider with an STS issuer URL from the same partition is not supported. "
    "Within a partition, use AssumeRole instead of web identity federation."
)


@operation("iam:CreateOpenIDConnectProvider", "changes")
def create_oidc_provider(call: Call) -> Members:
    """Trust the tokens of an issuer."""
    params, tags = call.params, request_tags(call)
    url = _issuer(call, params["Url"])
    arn = _arn(call, url)
    authorize_tagged(call, arn, arn, tags=tags)
    if tags:
        authorize_tagged(call, arn, arn, action="iam:TagOpenIDConnectProvider", tags=tags)
    if url in call.account.oidc_providers_by_url:
        raise EntityAlreadyExists(f"Provider with url https://{url} already exists.")
    quotas.OIDC_PROVIDERS.require(1 + len(call.account.oidc_providers))
    clients = _client_ids(params.get("ClientIDList", ()))
    thumbprints = _thumbprints(params.get("ThumbprintList", ()))
    provider = OidcProvider(
        call.ports.entropy.bytes(_ID_BYTES).hex(), url, call.now, clients, thumbprints, merged((), tags, EXACT)
    )
    call.put(provider)
    return {"OpenIDConnectProviderArn": arn} | ({"Tags": as_sent(provider.tags)} if provider.tags else {})


@operation("iam:GetOpenIDConnectProvider", "reads")
def get_oidc_provider(call: Call) -> Members:
    """All of a provider; its URL comes without the scheme."""
    provider = oidc_provider(call)
    return {
        "Url": provider.url,
        "ClientIDList": provider.client_ids,
        "ThumbprintList": provider.thumbprints,
        "CreateDate": provider.created,
        "Tags": as_sent(provider.tags),
    }


@operation("iam:ListOpenIDConnectProviders", "reads")
def list_oidc_providers(call: Call) -> Members:
    """The ARNs of all providers."""
    call.authorize(_arn(call, "*"))
    found = sorted(call.account.oidc_providers_by_url)
    return {"OpenIDConnectProviderList": [{"Arn": _arn(call, url)} for url in found]}


@operation("iam:DeleteOpenIDConnectProvider", "changes")
def delete_oidc_provider(call: Call) -> None:
    """Stop trusting the issuer. Trust policies that name the provider stay as they are and let nobody in any more."""
    arn = call.params["OpenIDConnectProviderArn"]
    call.delete(oidc_provider(call, missing=NoSuchEntity(f"OpenId connect Provider {arn} cannot be found.")))


@operation("iam:AddClientIDToOpenIDConnectProvider", "changes")
def add_client_id(call: Call) -> None:
    """Accept tokens for one more client; a client that is in the list already changes nothing."""
    provider, client = oidc_provider(call), call.params["ClientID"]
    call.put(replace(provider, client_ids=_client_ids((*provider.client_ids, client))))


@operation("iam:RemoveClientIDFromOpenIDConnectProvider", "changes")
def remove_client_id(call: Call) -> None:
    """Stop accepting tokens for a client; a client that is not in the list changes nothing."""
    provider, client = oidc_provider(call), call.params["ClientID"]
    call.put(replace(provider, client_ids=tuple(one for one in provider.client_ids if one != client)))


@operation("iam:UpdateOpenIDConnectProviderThumbprint", "changes")
def update_thumbprints(call: Call) -> None:
    """Replace all thumbprints."""
    provider = oidc_provider(call)
    call.put(replace(provider, thumbprints=_thumbprints(call.params["ThumbprintList"])))


def _arn(call: Call, url: str) -> str:
    return f"arn:{call.account.partition}:iam::{call.account.id}:oidc-provider/{url}"


# INVARIANT: 1. no issuer speaks in the name of another namespace: its condition keys begin with its host, and a host
# that is one word without a path could be `aws` or `saml`.
#   tests/services/iam/test_oidc_providers.py::test_no_issuer_can_be_called_like_a_namespace_of_condition_keys
def _issuer(call: Call, url: str) -> str:
    """The issuer called ``url``, without its scheme. Ports are taken, which AWS does not.

    Raises:
        ValidationError: it can be none.
        InvalidInput: it is this daypass.
    """
    form = _URL.fullmatch(url)
    plain = form is not None and ("." in form["host"] or form["port"] or form["path"].strip("/"))
    if form is None or not plain or ".." in form["host"] or int((form["port"] or ":443")[1:]) > 65_535:
        raise ValidationError("Invalid Open ID Connect Provider URL")
    own = call.ports.public_url
    if own is not None and url.startswith(f"{own}{PATH}"):
        raise InvalidInput(_OWN_ISSUER)
    return url.removeprefix("https://")


def _client_ids(listed: tuple[str, ...]) -> tuple[str, ...]:
    clients = tuple(dict.fromkeys(listed))
    quotas.CLIENT_IDS.require(len(clients))
    return clients


def _thumbprints(listed: tuple[str, ...]) -> tuple[str, ...]:
    if len(listed) > MOST_THUMBPRINTS:
        raise InvalidInput("Thumbprint list must contain fewer than 5 entries.")
    if not all(_THUMBPRINT.fullmatch(one) for one in listed):
        raise InvalidInput("A thumbprint has 40 hexadecimal digits.")
    return tuple(dict.fromkeys(one.lower() for one in listed))
