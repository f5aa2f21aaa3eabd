"""What identity providers say, and the keys that prove it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple, Protocol

from daypass.entities import OidcProvider
from daypass.federation.key_set import Key
from daypass.federation.steps import Tell, untold
from daypass.principals import Tags
from daypass.snapshot import AccountSnapshot


class Vouched(NamedTuple):
    """What an identity provider's word proves about somebody, once its signature, times and audience are verified.

    ``provider`` is the provider's ARN, or the domain of a built-in one; ``subject`` is who it is. ``not_after`` ends
    any session that is opened on it (epoch seconds). ``roles`` are the only ones it may open, None: any that trust it.
    ``keys`` are the condition keys of the call, names lower-case; ``federation`` those that stay with the session, and
    ``result`` the members of the answer that repeat what was said. ``evidence`` is for the record: who has signed, with
    which key; ``additional`` becomes its ``additionalEventData``.
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


class IssuerKey(NamedTuple):
    """A key of an issuer. ``trust``: what its connection was trusted for, in the words of AWS's records."""

    key: Key
    trust: Literal["IAMTrustStore", "Thumbprint"]


class IssuerKeys(Protocol):
    """The keys of OpenID Connect issuers: fetched, kept, and fetched again when an unknown one is asked for."""

    def find(self, provider: OidcProvider, algorithm: str, key_id: str | None, wait: Callable[[], None]) -> IssuerKey:
        """The key of ``provider`` that can have made a signature. ``wait`` is called before anything is fetched.

        Raises:
            KeysUnavailable: the issuer has no such key, or could not be asked; nobody's signature counts.
            NotLoaded: from ``wait``.
        """
        ...


class KeysUnavailable(Exception):
    """A signature of this issuer cannot be verified. The text says why, for the record.

    ``wrong_certificate``: nobody vouches for who answered in its name. ``is_busy``: ask again in a moment.
    """

    def __init__(self, why: str, *, wrong_certificate: bool = False, is_busy: bool = False) -> None:
        super().__init__(why)
        self.wrong_certificate, self.is_busy = wrong_certificate, is_busy


class TokenOwner(NamedTuple):
    """Whose an access token is: the application that it was made for, and its user."""

    application: str
    user: str


class AccessTokens(Protocol):
    """Access tokens of OAuth 2.0 providers, which nobody but the provider can judge."""

    def owner(self, provider: str, token: str) -> TokenOwner:
        """Whose ``token`` is, by the word of ``provider`` (a host name). Asks it, and blocks.

        Raises:
            IDPRejectedClaim: the provider does not stand by it.
            IDPCommunicationError: it could not be asked, or was not understood.
        """
        ...


class Asking(NamedTuple):
    """In what call somebody's word is judged. ``now``: epoch seconds. ``wait`` goes on only where waiting is allowed.
    ``tell`` hears each step (``federation.steps``).

    ``wait`` raises ``NotLoaded`` on the event loop, and is called before a fetch, a write, or a long computation.
    """

    owner: AccountSnapshot
    now: int
    wait: Callable[[], None]
    tell: Tell = untold


class Identities(Protocol):
    """Verifies what identity providers of an account say. Every refusal is raised; what comes back is proved."""

    def verify_token(self, token: str, session_name: str, asking: Asking) -> Vouched:
        """Whom a web identity token proves to the account ``asking.owner``.

        Raises:
            InvalidIdentityToken, ServiceError: it proves nobody, or no provider of the account has issued it.
            NotLoaded: from ``asking.wait``.
        """
        ...

    def verify_access_token(self, token: str, provider: str, session_name: str, asking: Asking) -> Vouched:
        """Whom an access token of the OAuth 2.0 ``provider`` proves.

        Raises:
            AccessDenied, ServiceError: nobody, or no such provider is asked here.
            NotLoaded: from ``asking.wait``.
        """
        ...

    def verify_assertion(self, assertion: str, provider_arn: str, role_arn: str, asking: Asking) -> Vouched:
        """Whom a SAML response (base64) proves to the account ``asking.owner``, as one who may open ``role_arn``.

        It is used up with that.

        Raises:
            InvalidIdentityToken, ServiceError: it proves nobody, or the provider is not one of the account.
            NotLoaded: from ``asking.wait``.
            StoreUnavailable: whether it is unused could not be learnt.
        """
        ...

    def for_trial(self) -> Identities:
        """The same judgement, with nothing used up: whoever tries a SAML response can still come with it."""
        ...
