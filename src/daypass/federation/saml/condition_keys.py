"""The condition keys of AssumeRoleWithSAML (IAM User Guide, "Available keys for SAML-based AWS STS federation")."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha1

from daypass.errors import InvalidIdentityToken
from daypass.federation.saml.assertion import Assertion, Attributes
from daypass.federation.saml.names import NAME_ID_FORMAT
from daypass.federation.session_values import MOST_VALUES

Value = str | tuple[str, ...]

_PERSON, _ORGANIZATION = "urn:oid:1.3.6.1.4.1.5923.1.1.1.", "urn:oid:1.3.6.1.4.1.5923.1.2.1."
_CLAIMS, _X500 = "http://schemas.xmlsoap.org/claims/", "urn:oid:"
_MICROSOFT = "http://schemas.microsoft.com/ws/2008/06/identity/claims/"

_SOURCES: dict[str, tuple[str, ...]] = {
    "cn": (f"{_X500}2.5.4.3",),
    "edupersonaffiliation": (f"{_PERSON}1",),
    "edupersonnickname": (f"{_PERSON}2",),
    "edupersonorgdn": (f"{_PERSON}3",),
    "edupersonorgunitdn": (f"{_PERSON}4",),
    "edupersonprimaryaffiliation": (f"{_PERSON}5",),
    "edupersonprincipalname": (f"{_PERSON}6",),
    "edupersonentitlement": (f"{_PERSON}7",),
    "edupersonprimaryorgunitdn": (f"{_PERSON}8",),
    "edupersonscopedaffiliation": (f"{_PERSON}9",),
    "edupersontargetedid": (f"{_PERSON}10",),
    "edupersonassurance": (f"{_PERSON}11",),
    "eduorghomepageuri": (f"{_ORGANIZATION}2",),
    "eduorgidentityauthnpolicyuri": (f"{_ORGANIZATION}3",),
    "eduorglegalname": (f"{_ORGANIZATION}4",),
    "eduorgsuperioruri": (f"{_ORGANIZATION}5",),
    "eduorgwhitepagesuri": (f"{_ORGANIZATION}6",),
    "name": ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",),
    "commonname": (f"{_CLAIMS}CommonName", f"{_X500}2.5.4.3"),
    "givenname": (f"{_CLAIMS}givenname", f"{_X500}2.4.5.42", f"{_X500}2.5.4.42"),
    "surname": (f"{_CLAIMS}surname", f"{_X500}2.5.4.4"),
    "mail": (f"{_CLAIMS}emailaddress", f"{_X500}0.9.2342.19200300100.1.3", f"{_X500}0.9.2342.19200300.100.1.3"),
    "uid": (f"{_X500}0.9.2342.19200300100.1.1", f"{_X500}0.9.2342.19200300.100.1.1"),
    "primarygroupsid": (f"{_MICROSOFT}primarygroupsid",),
    "organizationstatus": (f"{_X500}0.9.2342.19200300.100.1.45", f"{_X500}0.9.2342.19200300100.1.45"),
    "x500uniqueidentifier": (f"{_X500}2.5.4.45",),
}
"""Attributes that become a key, the first that is there. AWS's page misprints some of the identifiers (a dot is
missing, digits are swapped), and people copy them: both spellings are taken. One of them is the source of two keys."""

EDUCATION = tuple((name, sources[0]) for name, sources in _SOURCES.items() if name.startswith("edu") or name == "cn")
"""Keys and attributes of universities and schools, which metadata may ask for."""

_SCALAR = frozenset(
    {"edupersonorgdn", "edupersonprimaryaffiliation", "edupersonprincipalname", "edupersonprimaryorgunitdn"}
)


def subject_type(name_format: str) -> str:
    """What AWS calls the format of a NameID: short for those of SAML 2.0, others unchanged."""
    return name_format.removeprefix(NAME_ID_FORMAT)


def name_qualifier(issuer: str, account: str, provider: str) -> str:
    """What makes a persistent NameID unique: the issuer and the provider that vouches for it."""
    return b64encode(sha1(f"{issuer}{account}/{provider}".encode(), usedforsecurity=False).digest()).decode("ascii")


def condition_keys(assertion: Assertion, issuer: str, account: str, provider: str) -> dict[str, Value]:
    """The keys of the call, names in lower case.

    # INVARIANT: 9. what an identity provider says costs no decision more than a policy may.
    #   tests/services/sts/test_saml_keys.py::test_a_key_has_a_thousand_values_at_most

    Raises:
        InvalidIdentityToken: one has more values than are taken.
    """
    keys: dict[str, Value] = {
        "saml:aud": assertion.recipient,
        "saml:iss": issuer,
        "saml:doc": f"{account}/{provider}",
        "saml:sub": assertion.subject,
        "saml:sub_type": subject_type(assertion.subject_format),
        "saml:namequalifier": name_qualifier(issuer, account, provider),
    }
    return keys | _attribute_keys(assertion.attributes)


def _attribute_keys(attributes: Attributes) -> dict[str, Value]:
    keys: dict[str, Value] = {}
    for name, sources in _SOURCES.items():
        source = next((each for each in sources if each in attributes), None)
        if source is None:
            continue
        values = tuple(value for given in attributes[source] for value in given)
        if len(values) > MOST_VALUES:
            raise InvalidIdentityToken(f"{source} in AuthnResponse has more than {MOST_VALUES} values")
        if values and name not in _SCALAR:
            keys[f"saml:{name}"] = values
        elif len(values) == 1:
            keys[f"saml:{name}"] = values[0]
    return keys
