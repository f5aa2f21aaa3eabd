"""A whole daypass inside the test's process: real store, real keys, real audit, in a temporary directory.

    with LocalDaypass() as daypass:
        sts = daypass.client("sts")                        # boto3, wired to the service without a socket
        answer = daypass.call("sts", "AssumeRole", {"RoleArn": …}, credentials)
        daypass.clock.advance(3600)                        # only ``call`` signs with this clock; boto3 does not

``call`` needs nothing but daypass; ``client`` needs boto3.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

from daypass.adapters.machine import SystemEntropy
from daypass.app import Daypass, hold, open_daypass
from daypass.credentials import Secret, TemporaryCredentials
from daypass.exchange import RawRequest, Response
from daypass.ports import Entropy, NotLoaded
from daypass.settings import Settings
from daypass.sigv4 import sign_request

ENDPOINT = "http://127.0.0.1:7177/"
VERSIONS = {"sts": "2011-06-15", "iam": "2010-05-08"}


class MovableClock:
    """The machine's clock plus what a test advanced it by; ``freeze`` stops it."""

    def __init__(self) -> None:
        self._offset = 0.0
        self._frozen: float | None = None

    def now(self) -> float:
        return (time.time() if self._frozen is None else self._frozen) + self._offset

    def advance(self, seconds: float) -> None:
        """Move by ``seconds``, forward or back."""
        self._offset += seconds

    def freeze(self, at: float) -> None:
        """Stand still at ``at`` (epoch seconds)."""
        self._frozen, self._offset = at, 0.0


@dataclass(frozen=True, slots=True)
class Signer:
    """Credentials to sign with."""

    access_key_id: str
    secret_access_key: Secret
    session_token: str | None = None

    @classmethod
    def of(cls, given: Mapping[str, Any] | TemporaryCredentials) -> Signer:
        """From a ``Credentials`` or ``AccessKey`` member of an answer, or from minted credentials."""
        if isinstance(given, TemporaryCredentials):
            return cls(given.access_key_id, given.secret_access_key, given.session_token)
        return cls(given["AccessKeyId"], Secret(given["SecretAccessKey"]), given.get("SessionToken"))


class LocalDaypass:
    """A daypass without a socket. ``settings`` overlay the defaults; ``data`` keeps a directory across instances."""

    def __init__(self, data: Path | None = None, **settings: Any) -> None:
        self._undo = ExitStack()
        self.clock = MovableClock()
        self.entropy: Entropy = SystemEntropy()  # replaced before the start by who needs the same ids in every run
        self.data = data or Path(self._undo.enter_context(tempfile.TemporaryDirectory())) / "data"
        # Tests sign wrongly on purpose, and stop the clock: nobody would get another try.
        self._settings = Settings(**{"audit_reserve_bytes": 0, "throttling": "off", **settings})
        self.daypass: Daypass
        self.admin: Signer

    def __enter__(self) -> Self:
        self._undo.enter_context(hold(self.data))
        self.daypass = self._undo.enter_context(
            open_daypass(self._settings, self.data, create=True, clock=self.clock, entropy=self.entropy)
        )
        self.admin = self._read_admin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._undo.__exit__(kind, error, trace)

    @property
    def account(self) -> str:
        """The first account's id."""
        return self.daypass.default_account

    def account_named(self, name: str) -> tuple[str, Signer]:
        """Make a further account; its id, and its ``admin`` user's key."""
        made = self.daypass.create_account(name)
        return made["AccountId"], Signer.of(made)

    def serve(self, raw: RawRequest) -> Response:
        """What the surface does: inline, else on a thread that may block."""
        try:
            return self.daypass.service.serve(raw)
        except NotLoaded:
            return self.daypass.service.serve_blocking(raw)

    def call(
        self,
        service: str,
        action: str,
        params: Mapping[str, Any] | None = None,
        signer: Signer | None = None,
        *,
        region: str = "us-east-1",
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """One signed POST, at the movable clock's time. ``signer``: default the first account's ``admin``."""
        form = {"Action": action, "Version": VERSIONS[service], **flatten(params or {})}
        body = urlencode(form).encode()
        given = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8", **(headers or {})}
        who = signer or self.admin
        signed = sign_request(
            "POST",
            ENDPOINT,
            given,
            body,
            access_key_id=who.access_key_id,
            secret_access_key=who.secret_access_key.reveal(),
            session_token=who.session_token,
            region=region,
            service=service,
            now=self.clock.now(),
        )
        return self.serve(raw_request("POST", "/", signed.items(), body))

    def client(self, service: str, signer: Signer | Mapping[str, Any] | None = None, region: str = "us-east-1") -> Any:
        """A boto3 client of ``service`` whose requests are answered here, without a socket."""
        import boto3  # noqa: PLC0415  only who asks for it needs it
        import botocore.session  # noqa: PLC0415  likewise
        from botocore.config import Config  # noqa: PLC0415  likewise

        core = botocore.session.Session()
        core.register_component("data_loader", _service_models())
        who = self.admin if signer is None else signer if isinstance(signer, Signer) else Signer.of(signer)
        client = boto3.session.Session(
            who.access_key_id, who.secret_access_key.reveal(), who.session_token, region, botocore_session=core
        ).client(service, endpoint_url=ENDPOINT, config=Config(retries={"total_max_attempts": 1}))
        client.meta.events.register("before-send", self._answer_botocore)
        return client

    def _answer_botocore(self, request: Any, **_: Any) -> Any:
        from botocore.awsrequest import AWSResponse  # noqa: PLC0415  likewise

        target = urlsplit(request.url)
        path = (target.path or "/") + (f"?{target.query}" if target.query else "")
        headers = [
            (name, value if isinstance(value, str) else value.decode()) for name, value in request.headers.items()
        ]
        if "host" not in {name.lower() for name, _ in headers}:
            headers.append(("Host", target.netloc))
        body = request.body or b""
        answer = self.serve(
            raw_request(request.method, path, headers, body if isinstance(body, bytes) else body.encode())
        )
        given = {name.decode(): value.decode() for name, value in answer.headers}
        return AWSResponse(request.url, answer.status, given, _Body(answer.body))

    def _read_admin(self) -> Signer:
        lines = (self.data / "credentials").read_text().splitlines()
        values = dict(line.split(" = ", 1) for line in lines if " = " in line)
        return Signer(values["aws_access_key_id"], Secret(values["aws_secret_access_key"]))


@cache
def _service_models() -> Any:
    """botocore's service models, read once a process: reading them takes ten times as long as making a client."""
    from botocore.loaders import Loader  # noqa: PLC0415  likewise

    return Loader()


class _Body:
    """As much of an urllib3 response as botocore reads."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, amount: int = 0, **_: Any) -> Any:
        yield self._content

    def read(self, amount: int | None = None, **_: Any) -> bytes:
        content, self._content = self._content, b""
        return content


def raw_request(method: str, target: str, headers: Any, body: bytes, peer: str = "127.0.0.1") -> RawRequest:
    """A request as the surface hands it over, from texts. ``headers``: (name, value) pairs."""
    pairs = tuple((name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers)
    return RawRequest(method, target.encode("ascii"), pairs, body, peer)


def flatten(params: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Parameters in the form of the Query protocol: ``Tags.member.1.Key=…`` (an empty list is an empty text)."""
    flat: dict[str, str] = {}
    for name, value in params.items():
        flat.update(_flat(f"{prefix}{name}", value))
    return flat


def _flat(name: str, value: Any) -> dict[str, str]:
    if isinstance(value, Mapping):
        return flatten(value, f"{name}.")
    if isinstance(value, list | tuple):
        flat: dict[str, str] = {}
        for number, item in enumerate(value, 1):
            flat.update(_flat(f"{name}.member.{number}", item))
        return flat or {name: ""}
    return {name: str(value).lower() if isinstance(value, bool) else str(value)}
