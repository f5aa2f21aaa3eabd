"""Federated identities: tokens and assertions to be verified, and the keys that verify them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple, Protocol

from daypass.entities import OidcProvider
from daypass.federation.key_set import Key
from daypass.federation.steps import Tell, untold
from daypass.principals import Tags
from daypass.snapshot import AccountSnapshot


class Vouched(NamedTuple):
    """A federated identity: what a token or an assertion proves, once signature, times and audience are verified.

    ``provider`` is the provider's ARN, or the domain of a built-in one; ``subject`` is the person or workload, and
    ``qualifier`` makes him unique in audit records: provider and client of a token, the name qualifier of an assertion.
    ``not_after`` (epoch seconds) ends every session that is opened on it. ``roles`` are the only ones it may open;
    None: any role that trusts it. ``keys`` are the condition keys of the call, names in lower case; ``federation``
    those of them that stay with the session; ``result`` the members of the answer that repeat what the provider said.
    ``evidence`` is for the audit record: who signed, with which key. ``additional``: its ``additionalEventData``.
    """

    provider: str
    subject: str
    session_name: str
    not_after: int | None = None
    tags: Tags = ()
    transitive: tuple[str, ...] = ()
    source_identity: str | None = None
    roles: tuple[str, ...] | None = None
    keys: Mapping[str, str | tuple[str, ...]] = {}
    federation: Tags = ()
    result: Mapping[str, object] = {}
    evidence: Mapping[str, object] = {}
    additional: Mapping[str, object] = {}
    qualifier: str = ""


class IssuerKey(NamedTuple):
    """A key of an issuer. ``trust``: why the server it was fetched from was trusted, as AWS's audit records say it."""

    key: Key
    trust: Literal["IAMTrustStore", "Thumbprint"]


class IssuerKeys(Protocol):
    """The keys of OpenID Connect issuers: fetched, kept, and fetched again when an unknown one is asked for."""

    def find(self, provider: OidcProvider, algorithm: str, key_id: str | None, wait: Callable[[], None]) -> IssuerKey:
        """The key of ``provider`` that can have made a signature. ``wait`` is called before anything is fetched.

        Raises:
            KeysUnavailable: the issuer has no such key, or could not be asked: the signature cannot be verified.
            NotLoaded: from ``wait``.
        """
        ...


class KeysUnavailable(Exception):
    """A signature of this issuer cannot be verified. The text says why, for the audit record.

    ``wrong_certificate``: the server that answered in its name is not trusted. ``is_busy``: ask again in a moment.
    """

    def __init__(self, why: str, *, wrong_certificate: bool = False, is_busy: bool = False) -> None:
        super().__init__(why)
        self.wrong_certificate, self.is_busy = wrong_certificate, is_busy


class TokenOwner(NamedTuple):
    """The application that an access token was made for, and its user, both as the provider numbers them."""

    application: str
    user: str


class AccessTokens(Protocol):
    """Access tokens of OAuth 2.0 providers. They are opaque: only the provider can say what one is worth."""

    def owner(self, provider: str, token: str) -> TokenOwner:
        """The owner of ``token``. Asks ``provider`` (a host name), and blocks until it has answered.

        Raises:
            IDPRejectedClaim: the provider says that the token is not valid.
            IDPCommunicationError: it could not be asked, or its answer was not understood.
        """
        ...


class Asking(NamedTuple):
    """The circumstances in which a token or an assertion is verified.

    ``owner`` is the account whose providers are trusted, ``now`` the time in epoch seconds. ``wait`` is called before a
    fetch, a write or a long computation: on the event loop it raises ``NotLoaded``. ``tell`` is given each step
    (``federation.steps``).
    """

    owner: AccountSnapshot
    now: int
    wait: Callable[[], None]
    tell: Tell = untold


class Identities(Protocol):
    """Verifies tokens and assertions of identity providers. Every refusal is raised; what is returned is proved."""

    def verify_token(self, token: str, session_name: str, asking: Asking) -> Vouched:
        """The identity that a web identity token proves to the account ``asking.owner``.

        Raises:
            InvalidIdentityToken, ServiceError: it proves none, or no provider of the account has issued it.
            NotLoaded: from ``asking.wait``.
        """
        ...

    def verify_access_token(self, token: str, provider: str, session_name: str, asking: Asking) -> Vouched:
        """The identity that an access token of the OAuth 2.0 ``provider`` proves.

        Raises:
            AccessDenied, ServiceError: none, or this provider is not asked here.
            NotLoaded: from ``asking.wait``.
        """
        ...

    def verify_assertion(self, assertion: str, provider_arn: str, role_arn: str, asking: Asking) -> Vouched:
        """The identity that a SAML response (base64) proves to the account ``asking.owner``, for the role ``role_arn``.

        The response is used up by this: it cannot be verified a second time.

        Raises:
            InvalidIdentityToken, ServiceError: it proves none, or the provider is not one of the account.
            NotLoaded: from ``asking.wait``.
            StoreUnavailable: whether it is unused could not be learnt.
        """
        ...

    def for_trial(self) -> Identities:
        """The same verification without using up anything: a SAML response that was tried can still be redeemed."""
        ...
