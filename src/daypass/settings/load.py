"""Gathering the settings in force from the command line, the environment, the file and the data directory."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from ipaddress import IPv6Network, ip_network
from pathlib import Path
from typing import Any

import msgspec

from daypass.regions import partition_of
from daypass.settings.schema import Loaded, Settings, SettingsError, blanked, describe

FILE = "daypass.toml"
DATABASE_FILE = "database"
"""Names the database that the directory belongs to, so that every later command speaks of the same daypass."""

_EMBEDDED = "sqlite"  # what DATABASE_FILE says when the database is the directory's own

_PREFIX = "DAYPASS_"
_NOT_SETTINGS = frozenset({"DAYPASS_DATA"})
# Kubernetes sets these in every pod of a namespace that has a Service called `daypass` (Kubernetes, "Service",
# "Environment variables"); they say nothing about this daypass.
_SERVICE_LINK = re.compile(
    r"DAYPASS_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)"
)
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
_FILES = frozenset({"tls_cert", "tls_key", "endpoint_policy"})
_UNREADABLE = "make it readable for the user that runs daypass"
_IPV4_IN_IPV6 = IPv6Network("::ffff:0:0/96")
_ACCOUNT = re.compile(r"[0-9]{12}")


def load(data: Path, environ: Mapping[str, str], options: Mapping[str, str | bool | None]) -> Loaded:
    """Gather the settings of the daypass in ``data``.

    Args:
        data: the data directory; it need not exist yet.
        environ: the process environment.
        options: what the command line gave, by setting name; None where it gave nothing.

    Raises:
        SettingsError: a name or a value is not understood, or two settings contradict each other.
    """
    values: dict[str, object] = {}
    sources = dict.fromkeys(Settings.__struct_fields__, "default")
    for layer in (_remembered(data), _from_file(data), _from_environment(environ), _from_options(options)):
        for name, (value, source) in layer.items():
            values[name] = value
            sources[name] = source
    _check_same_database(data, values.get("database"), sources["database"])
    return _consistent(Settings(**values), sources)  # type: ignore[arg-type]  # each was converted


def remember_database(data: Path, settings: Settings) -> None:
    """Note in the data directory which database it belongs to, for every command that comes after.

    Raises:
        OSError: the note cannot be written.
    """
    text = settings.database or _EMBEDDED
    if _held_database(data) == text:
        return
    fresh = data / f".{DATABASE_FILE}.new"
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(data / DATABASE_FILE)


def data_directory(environ: Mapping[str, str]) -> Path:
    """Where the data is when no ``--data`` says so: ``DAYPASS_DATA``, else the user data directory.

    Source: XDG Base Directory Specification.

    Raises:
        SettingsError: ``DAYPASS_DATA`` is empty, or there is no home directory either.
    """
    if "DAYPASS_DATA" in environ:
        if not environ["DAYPASS_DATA"]:
            raise SettingsError("DAYPASS_DATA is empty", "set it to a directory or unset it")
        return Path(environ["DAYPASS_DATA"]).absolute()
    # The specification has relative values ignored.
    base = environ.get("XDG_DATA_HOME", "")
    if base.startswith("/"):
        return Path(base) / "daypass"
    if not environ.get("HOME"):
        raise SettingsError("there is no HOME to keep the data in", "say where: --data DIR, or DAYPASS_DATA=DIR")
    return Path(environ["HOME"]).absolute() / ".local/share/daypass"


_Layer = dict[str, tuple[object, str]]


def _held_database(data: Path) -> str | None:
    path = data / DATABASE_FILE
    try:
        return path.read_text(encoding="utf-8").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"`{path}` cannot be read: {error}", _UNREADABLE) from error


def _remembered(data: Path) -> _Layer:
    held = _held_database(data)
    if held is None or held == _EMBEDDED:
        return {}
    source = str(data / DATABASE_FILE)
    return {"database": (_converted("database", held, source), source)}


def _check_same_database(data: Path, wanted: object, source: str) -> None:
    """A directory's master key and audit trail belong to one database; another one by mistake must not be begun."""
    held = _held_database(data)
    if held is None or not source.startswith(("--", _PREFIX)) or blanked(str(wanted)) == blanked(held):
        return
    raise SettingsError(
        f"{source}: `{data}` belongs to the database `{blanked(held)}`, not `{blanked(str(wanted))}`",
        f"leave it out, or use another --data DIR; if the database has moved, say so in {data / DATABASE_FILE}",
    )


def _from_file(data: Path) -> _Layer:
    path = data / FILE
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise SettingsError(
            f"`{path}` cannot be read: {error}", "make it readable for the user that runs daypass"
        ) from error
    except ValueError as error:
        raise SettingsError(f"`{path}` is not TOML: {error}", "mend the line, or move the file away") from error
    layer: _Layer = {}
    for name, value in table.items():
        _check_known(name, name, str(path))
        layer[name] = (_anchored(name, _converted(name, value, str(path), strict=True), path.parent), str(path))
    return layer


def _from_environment(environ: Mapping[str, str]) -> _Layer:
    layer: _Layer = {}
    for variable in sorted(environ):
        if not variable.startswith(_PREFIX) or variable in _NOT_SETTINGS or _SERVICE_LINK.fullmatch(variable):
            continue
        name = variable.removeprefix(_PREFIX).lower()
        _check_known(name, variable, "the environment")
        value = _converted(name, environ[variable], variable)
        layer[name] = (_anchored(name, value, Path.cwd()), variable)
    return layer


def _from_options(options: Mapping[str, str | bool | None]) -> _Layer:
    layer: _Layer = {}
    for name, value in options.items():
        if value is not None:
            option = "--" + name.replace("_", "-")
            layer[name] = (_anchored(name, _converted(name, value, option), Path.cwd()), option)
    return layer


def _check_known(name: str, written: str, where: str) -> None:
    if name in Settings.__struct_fields__ and written in {name, _PREFIX + name.upper()}:
        return
    near = get_close_matches(name, Settings.__struct_fields__, n=1)
    advice = f"did you mean `{near[0]}`? " if near else ""
    raise SettingsError(f"unknown setting `{written}` in {where}", advice + "`daypass config --explain` names them all")


def _converted(name: str, value: object, source: str, *, strict: bool = False) -> Any:
    if value == "":
        raise SettingsError(f"{source}: `{name}` is empty", "give it a value or leave it out")
    field = next(field for field in msgspec.structs.fields(Settings) if field.name == name)
    if isinstance(field.default, tuple) and isinstance(value, str) and not strict:
        value = [item.strip() for item in value.split(",")]
    try:
        return msgspec.convert(value, field.type, strict=strict)
    except msgspec.ValidationError as error:
        described = next(setting for setting in describe() if setting.name == name)
        shown = "" if name == "database" else f" does not take `{value}`"
        advice = f"`{name}` takes {described.kind}: {described.meaning}"
        raise SettingsError(f"{source}: `{name}`{shown}", advice) from error


def _anchored(name: str, value: Any, folder: Path) -> Any:
    """File names are relative to where the setting was made, and absolute from here on."""
    return str((folder / value).absolute()) if name in _FILES and value else value


def _check_forms(settings: Settings, sources: Mapping[str, str]) -> None:
    if not _LISTEN.fullmatch(settings.listen):
        raise _wrong("listen", sources, f"`{settings.listen}` is no HOST:PORT", "for example 127.0.0.1:7177")
    if settings.address[1] > 65_535:
        raise _wrong("listen", sources, f"there is no port {settings.address[1]}", "ports go up to 65535")
    if settings.account_id is not None and not _ACCOUNT.fullmatch(settings.account_id):
        raise _wrong("account_id", sources, f"`{settings.account_id}` is no account id", "an account id has 12 digits")
    if settings.database is not None and not _DATABASE.fullmatch(settings.database):
        raise _wrong("database", sources, "not a database daypass knows", "use `postgresql://…` or `sqlite:///…`")
    _check_public_url(settings, sources)
    _check_proxies(settings.trusted_proxies, sources)
    _check_federation(settings, sources)
    _check_throttling(settings, sources)
    if (settings.tls_cert is None) != (settings.tls_key is None):
        alone = "tls_cert" if settings.tls_cert else "tls_key"
        raise _wrong(alone, sources, "stands alone", "give both --tls-cert and --tls-key")


def _check_public_url(settings: Settings, sources: Mapping[str, str]) -> None:
    """Others compare it letter by letter, and trust whoever answers there: only TLS says who that is.

    # INVARIANT: 10. keys that others are to trust are not fetched from whoever stands between, unless that is insisted.
    #   tests/settings/test_load.py::test_a_public_url_without_tls_is_refused_beyond_loopback
    """
    url = settings.public_url
    if url is None:
        return
    found = _PUBLIC_URL.fullmatch(url)
    if not found:
        advice = "write https://HOST, with a port or path if need be, and no slash at the end"
        raise _wrong("public_url", sources, f"`{url}` cannot be the beginning of an issuer", advice)
    if found["scheme"] == "http" and not settings.insecure and found["host"] not in _LOOPBACK:
        raise _wrong("public_url", sources, f"`{url}` is without TLS", "use https, or insist with `insecure`")


def _check_proxies(proxies: tuple[str, ...], sources: Mapping[str, str]) -> None:
    """Each must be an address or range as requests are compared with it: a mistake must not trust more, or nobody.

    # INVARIANT: 10. what was mistyped is not read as something wider.
    #   tests/settings/test_load.py::test_a_proxy_that_cannot_be_meant_is_refused
    """
    for entry in proxies:
        try:
            network = ip_network(entry)
        except ValueError as error:
            raise _wrong("trusted_proxies", sources, str(error), "for example 10.1.2.3 or 10.1.0.0/16") from error
        if network.prefixlen == 0:
            raise _wrong("trusted_proxies", sources, f"`{entry}` is everybody", "name the proxies alone")
        if network.version == 6 and network.overlaps(_IPV4_IN_IPV6):
            raise _wrong("trusted_proxies", sources, f"`{entry}` holds IPv4 addresses", "write those as IPv4")


def _check_federation(settings: Settings, sources: Mapping[str, str]) -> None:
    """Names are compared letter by letter, so what can match nothing is a mistake; a table of claims has each once.

    # INVARIANT: 10. what was mistyped does not leave strangers unasked.
    #   tests/settings/test_load.py::test_shared_issuers_that_cannot_be_meant_are_refused
    """
    for name in settings.saml_recipients:
        if not _RECIPIENT.fullmatch(name):
            advice = "for example https://sso.example.com/saml or urn:example:daypass"
            raise _wrong("saml_recipients", sources, f"`{name}` is neither a URL nor a URN", advice)
    seen = set()
    for entry in settings.shared_issuers:
        found = _SHARED_ISSUER.fullmatch(entry)
        if not found or found[1] in seen:
            why = "is there twice" if found else "is no HOST[/PATH]=CLAIM"
            raise _wrong("shared_issuers", sources, f"`{entry}` {why}", "for example sso.example.com/realms/all=sub")
        seen.add(found[1])


def _check_throttling(settings: Settings, sources: Mapping[str, str]) -> None:
    limited = [name for name in QUOTA_SETTINGS if getattr(settings, name)]
    if settings.throttling == "off" and limited:
        raise _wrong(limited[0], sources, "is set, and `throttling` is off", "leave one of them out")


def _consistent(settings: Settings, sources: dict[str, str]) -> Loaded:
    _check_forms(settings, sources)
    if settings.region is None:
        return Loaded(settings, sources)
    partition = partition_of(settings.region)
    if partition is None:
        raise _wrong("region", sources, f"`{settings.region}` is no AWS region", "for example us-east-1")
    if sources["partition"] == "default":
        sources["partition"] = sources["region"]
        settings = msgspec.structs.replace(settings, partition=partition)
    if settings.partition != partition:
        raise _wrong("partition", sources, f"`{settings.region}` lies in `{partition}`", "leave `partition` out")
    return Loaded(settings, sources)


def _wrong(name: str, sources: Mapping[str, str], message: str, advice: str) -> SettingsError:
    return SettingsError(f"{sources[name]}: `{name}`: {message}", advice)
