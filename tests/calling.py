"""Signed calls to a running daypass without an SDK in between: one connection each, time and answer as they are."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from daypass.credentials import Secret
from daypass.exchange import Response
from daypass.sigv4 import sign_request
from daypass.testing.local import VERSIONS, Signer, flatten

_FORM = "application/x-www-form-urlencoded; charset=utf-8"


def call(
    url: str,
    signer: Signer,
    operation: str,
    params: Mapping[str, Any] | None = None,
    *,
    timeout: float = 10.0,
    now: float | None = None,
    unsigned: Mapping[str, str] | None = None,
) -> Response:
    """One call of ``operation`` (``sts:AssumeRole``) over a connection of its own. ``now``: the time it is signed at.

    ``unsigned``: headers that are added to it afterwards.

    Raises:
        OSError: no connection, or no answer in time.
    """
    service, action = operation.split(":")
    body = urlencode({"Action": action, "Version": VERSIONS[service], **flatten(params or {})}).encode()
    headers = sign_request(
        "POST",
        f"{url}/",
        {"Content-Type": _FORM},
        body,
        access_key_id=signer.access_key_id,
        secret_access_key=signer.secret_access_key.reveal(),
        session_token=signer.session_token,
        region="us-east-1",
        service=service,
        now=time.time() if now is None else now,
    )
    with closing(HTTPConnection(urlsplit(url).netloc, timeout=timeout)) as connection:
        connection.request("POST", "/", body, {**headers, **(unsigned or {})})
        answer = connection.getresponse()
        content = answer.read()
    given = tuple((name.lower().encode(), value.encode()) for name, value in answer.getheaders())
    return Response(answer.status, given, content)


def admin_of(data: Path) -> Signer:
    """The key of the first account's ``admin``, from the credentials file."""
    lines = (data / "credentials").read_text().splitlines()
    values = dict(line.split(" = ", 1) for line in lines if " = " in line)
    return Signer(values["aws_access_key_id"], Secret(values["aws_secret_access_key"]))


def element(answer: Response, name: str) -> str:
    """The text of the first XML element ``name``, or nothing."""
    return answer.body.decode().partition(f"<{name}>")[2].partition(f"</{name}>")[0]


def code_of(answer: Response) -> str:
    """The error code of an answer, or its status where it has none."""
    return element(answer, "Code") or str(answer.status)


def credentials_in(answer: Response) -> Signer:
    """The credentials, or the access key, that an answer holds."""
    assert answer.status == 200, answer.body
    token = element(answer, "SessionToken") or None
    return Signer(element(answer, "AccessKeyId"), Secret(element(answer, "SecretAccessKey")), token)
