"""What can be set: names, kinds, bounds, defaults and meanings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin
from urllib.parse import unquote

import msgspec
from msgspec import Meta

BuiltinProvider = Literal[
    "accounts.google.com", "cognito-identity.amazonaws.com", "www.amazon.com", "graph.facebook.com"
]
"""Identity providers that AWS knows by their host."""


class SettingsError(Exception):
    """The settings cannot be used. ``message``: what is wrong and where it stands; ``advice``: what to do about it."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(f"{message}\n{advice}")
        self.message = message
        self.advice = advice


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every setting with its default. Times are in seconds, sizes in bytes."""

    listen: Annotated[str, Meta(description="Address and port to listen on; port 0 takes any.")] = "127.0.0.1:7177"
    account_id: Annotated[
        str | None,
        Meta(description="Id of the first account, 12 digits; settled at the first start."),
    ] = None
    region: Annotated[
        str | None,
        Meta(description="The one region that requests may be signed for; without it every known region is accepted."),
    ] = None
    partition: Annotated[
        Literal["aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f"],
        Meta(description="Partition of all ARNs; settled at the first start. Follows `region` where that is set."),
    ] = "aws"
    database: Annotated[
        str | None,
        Meta(description="`postgresql://…` or `sqlite:///…`; without it SQLite in the data directory."),
    ] = None
    tls_cert: Annotated[
        str | None,
        Meta(description="PEM file with the certificate and its chain; relative to where the setting is made."),
    ] = None
    tls_key: Annotated[str | None, Meta(description="PEM file with the private key of `tls_cert`.")] = None
    endpoint_policy: Annotated[
        str | None,
        Meta(
            description="File with a policy, as of a VPC endpoint, that must allow every request to this node; read at "
            "start, relative to where the setting is made."
        ),
    ] = None
    insecure: Annotated[bool, Meta(description="Allow listening beyond loopback without TLS.")] = False
    public_url: Annotated[
        str | None,
        Meta(
            description="Where others reach this daypass, `https://HOST[:PORT][/PATH]`: issuers of web identity tokens "
            "are named below it. Without it, what `listen` says."
        ),
    ] = None
    saml_recipients: Annotated[
        tuple[str, ...],
        Meta(
            description="Further names of this daypass as recipient and audience of SAML responses, beside AWS's and "
            "`public_url` with `/saml`: URLs and URNs."
        ),
    ] = ()
    builtin_providers: Annotated[
        tuple[BuiltinProvider, ...],
        Meta(
            description="Identity providers that trust policies may name by their host, without an account's having "
            "made them. daypass asks them over the internet."
        ),
    ] = ()
    shared_issuers: Annotated[
        tuple[str, ...],
        Meta(
            description="OpenID Connect issuers that serve strangers, too, as `HOST[/PATH]=CLAIM`: trust policies must "
            "say which `CLAIM` they mean. Beside GitHub, GitLab.com and the others that AWS knows."
        ),
    ] = ()
    trusted_proxies: Annotated[
        tuple[str, ...],
        Meta(
            description="Addresses and CIDR ranges of proxies that `X-Forwarded-For` and `X-Forwarded-Proto` are "
            "believed from."
        ),
    ] = ()
    open_probes: Annotated[bool, Meta(description="Answer `/-/health` and `/-/metrics` beyond loopback.")] = False
    workers: Annotated[int, Meta(ge=1, le=256, description="Processes that serve requests.")] = 1
    threads: Annotated[
        int,
        Meta(ge=1, le=256, description="Threads of each process for requests that write or read the database."),
    ] = 8
    max_connections: Annotated[
        int,
        Meta(ge=1, le=1_000_000, description="Open connections of each process; one more is answered 503."),
    ] = 4096
    header_deadline: Annotated[
        float,
        Meta(gt=0, le=600, description="Seconds a client has to send the head of a request."),
    ] = 10.0
    throttling: Annotated[
        Literal["off", "failures", "aws"],
        Meta(
            description="Who is answered `Throttling`. `failures`: who signs wrongly too often; `aws`: also who goes "
            "beyond AWS's quotas; `off`: nobody."
        ),
    ] = "failures"
    failures_per_second: Annotated[
        int,
        Meta(
            ge=1,
            le=100_000,
            description="Failed signatures of a key, or of all unknown ones, from one address; ten times as many at "
            "once.",
        ),
    ] = 10
    sts_per_second: Annotated[
        int,
        Meta(
            ge=0,
            le=1_000_000,
            description='Signed calls of STS by one account in one region; 0: 600 with `throttling = "aws"`, else any.',
        ),
    ] = 0
    iam_reads_per_second: Annotated[
        int,
        Meta(ge=0, le=1_000_000, description="Calls of IAM by one account that change nothing; 0: any number."),
    ] = 0
    iam_writes_per_second: Annotated[
        int,
        Meta(ge=0, le=1_000_000, description="Calls of IAM by one account that change something; 0: any number."),
    ] = 0
    address_per_second: Annotated[
        int,
        Meta(ge=0, le=1_000_000, description="Calls from one address (IPv6: one /64); 0: any number."),
    ] = 0
    audit_fsync: Annotated[
        Literal["relaxed", "always"],
        Meta(description="`relaxed`: on disk before the answer for changes, within a second else; `always`: before."),
    ] = "relaxed"
    audit_verification: Annotated[
        Literal["best-effort", "required"],
        Meta(description="`required`: refuse even what neither mints nor changes when its record cannot be written."),
    ] = "best-effort"
    audit_max_bytes: Annotated[int, Meta(ge=65_536, description="Size at which an audit file is closed.")] = 64 << 20
    audit_reserve_bytes: Annotated[
        int,
        Meta(ge=0, description="Free disk space below which nothing is minted or changed."),
    ] = 64 << 20
    root_credentials: Annotated[
        bool,
        Meta(description="Allow `daypass root enable`: access keys for the root user of an account."),
    ] = False
    key_rotation_seconds: Annotated[
        int,
        Meta(ge=3_600, le=366 * 86_400, description="Age at which a sealing key gets a successor."),
    ] = 86_400
    issuer_key_seconds: Annotated[
        int,
        Meta(
            ge=86_400,
            le=3_660 * 86_400,
            description="Age at which a key that signs web identity tokens gets a successor.",
        ),
    ] = 7_776_000
    signing_key_cache: Annotated[
        int,
        Meta(ge=2, le=10_000_000, description="Signing keys, and opened session tokens, that each process remembers."),
    ] = 16_384
    max_staleness_seconds: Annotated[
        int,
        Meta(ge=5, description="How long a node answers without having heard from its database; then it refuses."),
    ] = 90_000
    snapshot_max_bytes: Annotated[
        int,
        Meta(
            ge=0,
            description="Size of the disk snapshot that a node starts from while PostgreSQL is away; 0: none is kept.",
        ),
    ] = 64 << 20
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(description="The least severe message that is logged to stderr."),
    ] = "info"

    def __repr__(self) -> str:
        """All but the database's password (it may end up in a log)."""
        values = {name: getattr(self, name) for name in self.__struct_fields__}
        if self.database:
            values["database"] = blanked(self.database)
        return f"Settings({', '.join(f'{name}={value!r}' for name, value in values.items())})"

    @property
    def address(self) -> tuple[str, int]:
        """``listen`` as host (an IPv6 address without brackets) and port."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings in force; for each one its source: ``default``, ``DAYPASS_LISTEN``, ``--listen`` or a file."""

    settings: Settings
    sources: Mapping[str, str]

    def shown(self) -> Iterator[tuple[str, object, str]]:
        """Name, value and source of each setting, in order; passwords are blanked."""
        for name in self.settings.__struct_fields__:
            value = getattr(self.settings, name)
            yield name, blanked(value) if name == "database" and value else value, self.sources[name]


@dataclass(frozen=True, slots=True)
class Described:
    """One setting for a reader: its name, kind (``whole number from 1``), default and meaning."""

    name: str
    kind: str
    default: object
    meaning: str


def describe() -> tuple[Described, ...]:
    """All settings, explained, in order."""
    return tuple(
        Described(field.name, _kind(field.type), field.default, _meta(field.type).description or "")
        for field in msgspec.structs.fields(Settings)
    )


def listened_url(settings: Settings) -> str | None:
    """The address that is listened on as others could be told it: not all addresses, nor a port that is to be found."""
    host, port = settings.address
    if port == 0 or host in ("", "0.0.0.0", "::"):  # noqa: S104 - recognised, not listened on
        return None
    name = f"[{host}]" if ":" in host else host
    return f"{'https' if settings.tls_cert else 'http'}://{name}:{port}"


def blanked(database: str) -> str:
    """A database URL with every password in it replaced by ``…``."""
    place, mark, query = database.partition("?")
    pairs = (pair.partition("=") for pair in query.split("&"))
    shown = "&".join(f"{key}=…" if "pass" in unquote(key).lower() else key + eq + value for key, eq, value in pairs)
    # Over the whole text: a password may hold a bare `?`, though it should not.
    return re.sub(r"^([^/]*//[^/:@?]*:).*@", r"\1…@", place + mark + shown)


def _meta(annotation: Any) -> Meta:
    return next(meta for meta in annotation.__metadata__ if isinstance(meta, Meta))


def _kind(annotation: Any) -> str:
    """The values a setting takes, in words: ```relaxed` or `always```, ``text``, ``whole number from 1 to 256``."""
    plain = get_args(annotation)[0]
    if get_origin(plain) is Literal:
        return " or ".join(f"`{choice}`" for choice in get_args(plain))
    if get_origin(plain) is tuple:
        return "list; with commas between in the environment"
    kind = {bool: "true or false", int: "whole number", float: "number"}.get(plain, "text")
    meta = _meta(annotation)
    bounds = (("above", meta.gt), ("from", meta.ge), ("to", meta.le))
    return " ".join([kind, *(f"{word} {bound}" for word, bound in bounds if bound is not None)])
