"""A reference of AssumeRoleWithSAML: a bare uvicorn application that verifies a response by signxml and answers 1 kB.

What any server in Python pays that verifies by this library, on a thread, as it must not hold up others: no form of a
response is refused, nothing is read of it, nothing is remembered, nobody is asked for permission.
"""

from __future__ import annotations

import asyncio
import os
from base64 import b64decode
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from cryptography.x509 import Certificate, load_pem_x509_certificate
from signxml.verifier import SignatureConfiguration, XMLVerifier

from benchmarks import empty
from daypass.federation.saml.names import ASSERTION

CERTIFICATE = "BENCHMARK_CERTIFICATE"
"""The environment variable that names the provider's certificate, a PEM file."""

_EXPECTED = SignatureConfiguration(location=f"./{ASSERTION}/")


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Read the form, verify, answer as the empty one does."""
    body = b""

    async def told() -> dict[str, Any]:
        nonlocal body
        message: dict[str, Any] = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            await asyncio.to_thread(_verify, body)
        return message

    await empty.application(scope, told, send)


def _verify(body: bytes) -> None:
    document = b64decode(parse_qs(body)[b"SAMLAssertion"][0])
    XMLVerifier().verify(document, x509_cert=_certificate(), id_attribute="ID", expect_config=_EXPECTED)


@cache
def _certificate() -> Certificate:
    return load_pem_x509_certificate(Path(os.environ[CERTIFICATE]).read_bytes())
