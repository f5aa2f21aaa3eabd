"""A SAML response before an account: its provider, its signature, its rules, its single use, and what is vouched for.

Source: STS API reference, AssumeRoleWithSAML; the refusals come in the order that is known of AWS. All that concerns
the proof reads alike to whoever sends it; the record says which of it was wrong.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Collection
from contextlib import AbstractContextManager
from hashlib import sha256

from daypass.entities import SamlProvider
from daypass.errors import InvalidIdentityToken, Malformed
from daypass.federation.saml.assertion import Assertion, Unconfirmed, read_assertion
from daypass.federation.saml.attributes import Wish, read_wish
from daypass.federation.saml.condition_keys import condition_keys, name_qualifier, subject_type
from daypass.federation.saml.response import Proved, Terms, UnknownIssuer, verify_response
from daypass.federation.saml.rules import REDEEMABLE, check_rules
from daypass.ports import Asking, Keys, SingleUses, Vouched
from daypass.revocation import SAML_PROVIDER

CLOCKS_DIFFER = 3_600
"""Seconds by which the clocks of two nodes may differ without one's taking what the other has forgotten to be used."""

_KEPT = ("saml:namequalifier", "saml:sub", "saml:sub_type")


class SamlProof:
    """Verifies responses. ``own`` are the names of this service as recipient and audience, beside AWS's.

    ``turn`` is held while one is verified.
    """

    def __init__(
        self, keys: Keys, uses: SingleUses, own: Collection[str], turn: AbstractContextManager[object]
    ) -> None:
        self._keys, self._uses, self._own, self._turn = keys, uses, own, turn

    def vouch(self, text: str, provider_arn: str, role_arn: str, asking: Asking) -> Vouched:
        """What the response proves to the account. It is used up when this returns.

        Raises:
            InvalidIdentityToken, ExpiredIdentityToken: nothing.
            NotLoaded: this is the event loop, where nothing is verified.
            StoreUnavailable: whether it was used before could not be learnt.
        """
        provider, tell = _provider(provider_arn, asking), asking.tell
        tell("response", text)
        data = _decoded(text)
        asking.wait()
        proved = self._proved(data, provider, asking)
        tell("assertion", proved)
        assertion = _read(proved)
        self._check(assertion, provider, asking)
        tell("attributes", assertion)
        wish = read_wish(assertion.attributes, asking.owner.partition)
        tell("role pair", (role_arn, provider_arn), wish)
        _refuse_other_roles(wish, role_arn, provider_arn)
        tell("replay", assertion, provider)
        self._use_up(assertion, proved, asking.owner.id, provider, asking.now)
        vouched = _vouched(assertion, wish, proved, provider, provider_arn, asking.owner.id)
        return vouched._replace(not_after=_end(assertion, wish, asking.now))

    def _check(self, assertion: Assertion, provider: SamlProvider, asking: Asking) -> None:
        check_rules(
            assertion,
            now=asking.now,
            partition=asking.owner.partition,
            provider=provider.id,
            own=self._own,
            is_lax=provider.is_lax,
            tell=asking.tell,
        )

    def _proved(self, data: bytes, provider: SamlProvider, asking: Asking) -> Proved:
        name = f"{asking.owner.id}/{provider.id}"
        newest_first = sorted(provider.keys, key=lambda key: key.created, reverse=True)
        keys = [self._keys.open_private_key(f"{name}/{key.id}", key.sealed) for key in newest_first]
        terms = Terms(provider.issuers, keys, provider.encryption == "Required")
        # INVARIANT: 9. strangers' documents are read one at a time: each thread that computes slows all others down.
        #   tests/services/sts/test_saml.py::test_documents_are_read_one_at_a_time
        try:
            with self._turn:
                return verify_response(data, terms, asking.tell)
        except UnknownIssuer as error:
            raise InvalidIdentityToken("Issuer not present in specified provider", detail=str(error)) from None
        except Malformed as error:
            raise InvalidIdentityToken("Response signature invalid", detail=str(error)) from None

    # INVARIANT: 1. an assertion opens one session in the whole cluster.
    #   tests/faults/test_one_assertion.py::test_an_assertion_that_is_shown_everywhere_at_once_opens_one_session
    def _use_up(self, assertion: Assertion, proved: Proved, account: str, provider: SamlProvider, now: int) -> None:
        """Mark the assertion as used. Ids are unique to their issuer; accounts do not know of each other's."""
        if provider.is_lax:
            return
        name = f"{account}\0{proved.issuer}\0{assertion.id}"
        over = assertion.issued + REDEEMABLE + CLOCKS_DIFFER
        if not self._uses.use("assertion", sha256(name.encode()).digest(), over, now):
            raise InvalidIdentityToken("The assertion has been used before.")


def _provider(arn: str, asking: Asking) -> SamlProvider:
    asking.tell("provider", arn, asking.owner)
    provider = asking.owner.find_saml_provider(arn)
    if provider is None:
        raise InvalidIdentityToken("Specified provider doesn't exist.")
    return provider


def _decoded(text: str) -> bytes:
    try:
        return b64decode("".join(text.split()), validate=True)
    except ValueError:
        raise InvalidIdentityToken("Invalid base64 SAMLResponse") from None


def _read(proved: Proved) -> Assertion:
    try:
        assertion = read_assertion(proved.assertion)
    except Unconfirmed as error:
        text = "Responses must contain SubjectConfirmatonData with a Recipient and NotOnOrAfter"  # AWS's spelling
        raise InvalidIdentityToken(text, detail=str(error)) from None
    except Malformed as error:
        raise InvalidIdentityToken("Invalid SAML assertion", detail=str(error)) from None
    if not assertion.id:
        raise InvalidIdentityToken("Invalid SAML assertion", detail="it has no ID")
    return assertion


# INVARIANT: 1. a role is opened only if the provider names it together with itself.
#   tests/services/sts/test_saml.py::test_a_role_that_the_assertion_does_not_name_is_not_opened
def _refuse_other_roles(wish: Wish, role_arn: str, provider_arn: str) -> None:
    if (role_arn, provider_arn) not in wish.roles:
        raise InvalidIdentityToken("SAML Assertion doesn't contain the requested Role and Metadata in the attributes")


def _end(assertion: Assertion, wish: Wish, now: int) -> int | None:
    """When sessions end at the latest, if the provider says so in either way; it makes none last longer."""
    ends = [] if assertion.session_ends is None else [assertion.session_ends]
    if wish.duration is not None:
        ends.append(now + wish.duration)
    return min(ends, default=None)


def _vouched(
    assertion: Assertion, wish: Wish, proved: Proved, provider: SamlProvider, provider_arn: str, account: str
) -> Vouched:
    keys = condition_keys(assertion, proved.issuer, account, provider.name)
    qualifier = name_qualifier(proved.issuer, account, provider.name)
    return Vouched(
        provider=provider_arn,
        subject=assertion.subject,
        session_name=wish.session_name,
        tags=wish.tags,
        transitive=wish.transitive,
        source_identity=wish.source_identity,
        keys=keys,
        federation=((SAML_PROVIDER, provider_arn), *((name, str(keys[name])) for name in _KEPT)),
        result={
            "Subject": assertion.subject,
            "SubjectType": subject_type(assertion.subject_format),
            "Issuer": proved.issuer,
            "Audience": assertion.recipient,
            "NameQualifier": qualifier,
        },
        evidence={"issuer": proved.issuer, "subject": assertion.subject, "assertionId": assertion.id},
        qualifier=qualifier,
    )
