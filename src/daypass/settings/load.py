"""Gathering the settings in force from the command line, the environment, the file and the data directory."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec

from daypass.regions import partition_of
from daypass.settings.checks import check_forms, wrong
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
_FILES = frozenset({"tls_cert", "tls_key", "endpoint_policy"})
_UNREADABLE = "make it readable for the user that runs daypass"


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
        raise SettingsError(f"`{path}` cannot be read: {error}", _UNREADABLE) from error
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


def _consistent(settings: Settings, sources: dict[str, str]) -> Loaded:
    check_forms(settings, sources)
    if settings.region is None:
        return Loaded(settings, sources)
    partition = partition_of(settings.region)
    if partition is None:
        raise wrong("region", sources, f"`{settings.region}` is no AWS region", "for example us-east-1")
    if sources["partition"] == "default":
        sources["partition"] = sources["region"]
        settings = msgspec.structs.replace(settings, partition=partition)
    if settings.partition != partition:
        raise wrong("partition", sources, f"`{settings.region}` lies in `{partition}`", "leave `partition` out")
    return Loaded(settings, sources)
