"""What the attributes of a proved assertion ask for (IAM User Guide, "Configure SAML assertions for the authentication
response"). Names are exact and full: a provider's own attribute called ``Role`` is another one.
"""

from __future__ import annotations

from typing import NamedTuple

from daypass.errors import InvalidIdentityToken
from daypass.federation.saml.assertion import Attributes
from daypass.federation.saml.xml import trimmed
from daypass.federation.session_values import NAME, is_name, is_tag, source_identity
from daypass.principals import Tags

_PREFIXES = {"aws-cn": "https://www.amazonaws.cn/SAML/Attributes/"}
_PREFIX = "https://aws.amazon.com/SAML/Attributes/"

_TAG = "PrincipalTag:"


class Wish(NamedTuple):
    """The session that the provider describes. ``roles`` pairs a role's ARN with the provider's, as each was given."""

    session_name: str
    roles: tuple[tuple[str, str], ...]
    source_identity: str | None
    tags: Tags
    transitive: tuple[str, ...]
    duration: int | None


def read_wish(attributes: Attributes, partition: str) -> Wish:
    """What the provider asks for.

    Raises:
        InvalidIdentityToken: an attribute that is needed is missing, or one does not have its form.
    """
    prefix = _PREFIXES.get(partition, _PREFIX)
    said = {name.removeprefix(prefix): given for name, given in attributes.items() if name.startswith(prefix)}
    return Wish(
        _session_name(said), _roles(said), _source_identity(said), _tags(said), _transitive(said), _duration(said)
    )


def _session_name(said: Attributes) -> str:
    name = _single(said, "RoleSessionName")
    if name is None:
        raise InvalidIdentityToken("RoleSessionName is required in AuthnResponse")
    if not is_name(name):
        raise InvalidIdentityToken(f"RoleSessionName in AuthnResponse must match {NAME}")
    return name


def _roles(said: Attributes) -> tuple[tuple[str, str], ...]:
    """Pairs in either order, white space around each passed over; given at once or one by one."""
    pairs = []
    for value in (value for given in said.get("Role", ()) for value in given):
        items = [trimmed(item) for item in value.split(",")]
        if len(items) != 2:
            continue  # names nothing that can be asked for
        role, provider = items if ":role/" in items[0] else reversed(items)
        pairs.append((role, provider))
    return tuple(pairs)


def _source_identity(said: Attributes) -> str | None:
    found = _single(said, "SourceIdentity")
    return None if found is None else source_identity(found)


def _tags(said: Attributes) -> Tags:
    tags = []
    for name in said:
        if name.startswith(_TAG):
            key, value = name.removeprefix(_TAG), _single(said, name)
            if value is None or not is_tag(key, value):
                raise InvalidIdentityToken("The session tags of the assertion are not in a supported format")
            tags.append((key, value))
    return tuple(tags)


def _transitive(said: Attributes) -> tuple[str, ...]:
    given = said.get("TransitiveTagKeys", ())
    if len(given) > 1 or any(not value for values in given for value in values) or () in given:
        raise InvalidIdentityToken("The transitive tag keys of the assertion are not in a supported format")
    return given[0] if given else ()


def _duration(said: Attributes) -> int | None:
    """Seconds; the console's sessions last so long, and no session of the API lasts longer."""
    found = _single(said, "SessionDuration")
    if found is None:
        return None
    seconds = int(found) if found.isascii() and found.isdigit() and len(found) < 10 else 0
    if not 900 <= seconds <= 43_200:
        raise InvalidIdentityToken("SessionDuration in AuthnResponse must be between 900 and 43200")
    return seconds


# INVARIANT: 1. of two values for what can be only one, none is taken.
#   tests/federation/saml/test_attributes.py::test_what_can_be_only_one_is_not_taken_twice
def _single(said: Attributes, name: str) -> str | None:
    """The one value of an attribute, None when it is not there."""
    given = said.get(name)
    if given is None:
        return None
    if len(given) != 1 or len(given[0]) != 1:
        raise InvalidIdentityToken(f"{name} in AuthnResponse must have exactly one value")
    return given[0][0]
