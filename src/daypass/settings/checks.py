"""What the type of a setting cannot say: the form of its text, and which settings exclude one another."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv6Network, ip_network

from daypass.settings.schema import Settings, SettingsError

QUOTA_SETTINGS = ("sts_per_second", "iam_reads_per_second", "iam_writes_per_second", "address_per_second")

_LISTEN = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[^\s:/@\[\]]+):[0-9]{1,5}")
_DATABASE = re.compile(r"(?:postgresql|postgres|sqlite)://.+")
_PUBLIC_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?"
    r"(?:/[A-Za-z0-9._~-]{1,64}){0,8}"
)
_RECIPIENT = re.compile(r"(?:https?://[!-~]{1,1000}|urn:[!-~]{1,1000})")
_SHARED_ISSUER = re.compile(
    r"([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~!$&'()*+,;:@%-]+)*/?)=([!-~]{1,128})"
)
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_IPV4_IN_IPV6 = IPv6Network("::ffff:0:0/96")
_ACCOUNT = re.compile(r"[0-9]{12}")


def check_forms(settings: Settings, sources: Mapping[str, str]) -> None:
    """Refuse settings that cannot be meant. ``sources`` says of each where it was made.

    Raises:
        SettingsError: naming the first of them, where it was made, and what to do.
    """
    if not _LISTEN.fullmatch(settings.listen):
        raise wrong("listen", sources, f"`{settings.listen}` is no HOST:PORT", "for example 127.0.0.1:7177")
    if settings.address[1] > 65_535:
        raise wrong("listen", sources, f"there is no port {settings.address[1]}", "ports go up to 65535")
    if settings.account_id is not None and not _ACCOUNT.fullmatch(settings.account_id):
        raise wrong("account_id", sources, f"`{settings.account_id}` is no account id", "an account id has 12 digits")
    if settings.database is not None and not _DATABASE.fullmatch(settings.database):
        raise wrong("database", sources, "not a database daypass knows", "use `postgresql://…` or `sqlite:///…`")
    _check_public_url(settings, sources)
    _check_proxies(settings.trusted_proxies, sources)
    _check_federation(settings, sources)
    _check_throttling(settings, sources)
    if (settings.tls_cert is None) != (settings.tls_key is None):
        alone = "tls_cert" if settings.tls_cert else "tls_key"
        raise wrong(alone, sources, "stands alone", "give both --tls-cert and --tls-key")


def _check_public_url(settings: Settings, sources: Mapping[str, str]) -> None:
    """Verifiers of our tokens compare it letter by letter, and fetch keys from it: only TLS says who answers there.

    # INVARIANT: 10. keys that others are to trust are not fetched from whoever stands between, unless that is insisted.
    #   tests/settings/test_load.py::test_a_public_url_without_tls_is_refused_beyond_loopback
    """
    url = settings.public_url
    if url is None:
        return
    found = _PUBLIC_URL.fullmatch(url)
    if not found:
        advice = "write https://HOST, with a port or path if need be, and no slash at the end"
        raise wrong("public_url", sources, f"`{url}` cannot be the beginning of an issuer", advice)
    if found["scheme"] == "http" and not settings.insecure and found["host"] not in _LOOPBACK:
        raise wrong("public_url", sources, f"`{url}` is without TLS", "use https, or insist with `insecure`")


def _check_proxies(proxies: tuple[str, ...], sources: Mapping[str, str]) -> None:
    """Each must be an address or a range: a slip of the pen must neither trust everybody nor match nobody.

    # INVARIANT: 10. what was mistyped is not read as something wider.
    #   tests/settings/test_load.py::test_a_proxy_that_cannot_be_meant_is_refused
    """
    for entry in proxies:
        try:
            network = ip_network(entry)
        except ValueError as error:
            raise wrong("trusted_proxies", sources, str(error), "for example 10.1.2.3 or 10.1.0.0/16") from error
        if network.prefixlen == 0:
            raise wrong("trusted_proxies", sources, f"`{entry}` is everybody", "name the proxies alone")
        if network.version == 6 and network.overlaps(_IPV4_IN_IPV6):
            raise wrong("trusted_proxies", sources, f"`{entry}` holds IPv4 addresses", "write those as IPv4")


def _check_federation(settings: Settings, sources: Mapping[str, str]) -> None:
    """Recipients and issuers are compared letter by letter: one that nothing can be equal to is a mistake.

    # INVARIANT: 10. what was mistyped does not leave strangers unasked.
    #   tests/settings/test_load.py::test_shared_issuers_that_cannot_be_meant_are_refused
    """
    for name in settings.saml_recipients:
        if not _RECIPIENT.fullmatch(name):
            advice = "for example https://sso.example.com/saml or urn:example:daypass"
            raise wrong("saml_recipients", sources, f"`{name}` is neither a URL nor a URN", advice)
    seen = set()
    for entry in settings.shared_issuers:
        found = _SHARED_ISSUER.fullmatch(entry)
        if not found or found[1] in seen:
            why = "is there twice" if found else "is no HOST[/PATH]=CLAIM"
            raise wrong("shared_issuers", sources, f"`{entry}` {why}", "for example sso.example.com/realms/all=sub")
        seen.add(found[1])


def _check_throttling(settings: Settings, sources: Mapping[str, str]) -> None:
    limited = [name for name in QUOTA_SETTINGS if getattr(settings, name)]
    if settings.throttling == "off" and limited:
        raise wrong(limited[0], sources, "is set, and `throttling` is off", "leave one of them out")


def wrong(name: str, sources: Mapping[str, str], message: str, advice: str) -> SettingsError:
    """The refusal of the setting ``name``, with where it was made."""
    return SettingsError(f"{sources[name]}: `{name}`: {message}", advice)
