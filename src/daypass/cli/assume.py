"""Calling AssumeRoleWithWebIdentity over the network, as any client does. The token is the proof; nothing is signed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from daypass.adapters.credentials_file import is_value
from daypass.cli.options import data_directory
from daypass.cli.problems import CANNOT, CommandError
from daypass.credentials import Secret, TemporaryCredentials

ENDPOINTS = ("AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL")
"""The variables that clients read (AWS SDKs and Tools Reference Guide, "Service-specific endpoints")."""

_VERSION = "2011-06-15"
_TIMEOUT = 30.0
_LARGEST = 1_048_576
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def endpoint_url(given: str | None) -> str:
    """The URL of STS: the given one, the environment's, or that of the daypass that runs on the data directory.

    # INVARIANT: 7. a token does not leave this machine in clear.
    #   tests/cli/test_login.py::test_a_token_is_not_sent_in_clear

    Raises:
        CommandError: nowhere, or without TLS beyond this machine.
    """
    from daypass.cli import endpoint

    url = given or next((os.environ[name] for name in ENDPOINTS if os.environ.get(name)), None)
    if url is None:
        running = endpoint.running(data_directory())
        if running is None:
            raise CommandError("there is no daypass to ask", "give --endpoint URL, or set AWS_ENDPOINT_URL_STS")
        url = running.reachable
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise CommandError(f"`{url}` would be sent a token in clear", "use https beyond this machine")
    return url


def assume_role(url: str, token: Secret, role: str, session_name: str, duration: int | None) -> TemporaryCredentials:
    """The credentials of a session of ``role``.

    Raises:
        CommandError: refused, or nobody answers.
    """
    import msgspec
    import urllib3

    form: dict[str, object] = {
        "Action": "AssumeRoleWithWebIdentity",
        "Version": _VERSION,
        "RoleArn": role,
        "RoleSessionName": session_name,
        "WebIdentityToken": token.reveal(),
    }
    if duration is not None:
        form["DurationSeconds"] = duration
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    try:
        with urllib3.PoolManager(ca_certs=_authorities(), timeout=_TIMEOUT, retries=False) as pool:
            answer = pool.request(
                "POST", url, body=urlencode(form), headers=headers, redirect=False, preload_content=False
            )
            said = msgspec.json.decode(answer.read(_LARGEST))
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise CommandError(f"{url} does not answer: {type(error).__name__}", _ADVICE, CANNOT) from None
    except msgspec.DecodeError:
        raise CommandError(f"{url} answers what is not understood", "is it the endpoint of STS?", CANNOT) from None
    return _credentials(url, said)


_YEAR_10000 = 253_402_300_800
_ADVICE = "see that it runs; for a certificate of your own set AWS_CA_BUNDLE"


def _credentials(url: str, said: Mapping[str, Any]) -> TemporaryCredentials:
    try:
        error = said.get("Error")
        if error:
            advice = "see what is wrong with the token: daypass federation test FILE --role ARN"
            raise CommandError(f"{error['Code']}: {error['Message']}", advice)
        made = said["AssumeRoleWithWebIdentityResponse"]["AssumeRoleWithWebIdentityResult"]["Credentials"]
        key, secret, token = (made[name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken"))
        ends = int(made["Expiration"])
        if not all(map(is_value, (key, secret, token))) or not 0 < ends < _YEAR_10000:
            raise ValueError("these are no credentials")
        return TemporaryCredentials(key, Secret(secret), token, ends)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise CommandError(f"{url} answers what is not understood", "is it the endpoint of STS?", CANNOT) from None


def _authorities() -> str | None:
    """The file of trusted authorities: AWS_CA_BUNDLE, else the data directory's own; None: the system's."""
    bundle = os.environ.get("AWS_CA_BUNDLE")
    if bundle:
        return bundle
    from daypass.adapters import development_ca
    from daypass.settings import SettingsError

    try:
        own: Path = development_ca.Files.of(data_directory()).authority
    except SettingsError:
        return None
    return str(own) if own.exists() else None
