"""What every client is asked to do against one daypass, and how it is known that it did.

A client is a program in a folder beside this file. It is called ``PROGRAM TASK SCENARIO...``, does the scenarios in the
order given, and prints one JSON object a line for each: ``{"scenario": NAME, ...}`` with the members that ``SCENARIOS``
names, or ``{"scenario": NAME, "error": TEXT}``. It uses the client as a reader of its manual would, and finds

- in its environment: the user's keys, ``AWS_REGION`` and ``AWS_DEFAULT_REGION``, ``AWS_CONFIG_FILE`` with the profiles
  below, a ``HOME`` of its own, the certificate authority under the names that clients know (``AWS_CA_BUNDLE``,
  ``SSL_CERT_FILE``, ``NODE_EXTRA_CA_CERTS``), and the endpoint setting unless names are redirected;
- in ``TASK``, a JSON file, the members of ``Task``.

``by name``: the client is given no endpoint. The names of AWS's STS lead to daypass inside its mount namespace, as they
would on a network with a DNS of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Said = Mapping[str, Any]
"""What a program printed for one scenario."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a program needs to know beyond its environment."""

    region: str
    """Of the client, unless a scenario says otherwise."""
    other_region: str
    account: str
    user: str
    """ARN of the user whose keys are in the environment."""
    roles: Mapping[str, str]
    """``first`` trusts the user, ``second`` trusts ``first``, ``guarded`` trusts the user with MFA, ``federated`` the
    tokens of an OIDC provider."""
    profiles: Mapping[str, str]
    """``user``: the keys. ``role``: ``role_arn`` of ``first`` with ``source_profile``, sessions named ``profile``.
    ``short``: the same with sessions of 900 s. ``process``: a ``credential_process`` that knows the user's keys.
    ``web``: ``role_arn`` of ``federated`` with ``web_identity_token_file``."""
    mfa: tuple[Mapping[str, str], Mapping[str, str]]
    """Two devices of the user, ``serial`` and ``code`` of each; a code is good once."""
    web_identity_token_file: str
    revoke: tuple[str, ...]
    """The command that ends a session when its access key id is appended; it leaves a moved clock to the program."""
    clock: str | None
    """A file; what is written to it moves the program's clock: ``+660`` is eleven minutes. None: it has no such clock,
    and makes its client regard credentials as old in another way."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One thing that clients do. ``does`` is told to readers; ``prints`` names the members; ``holds`` judges them."""

    does: str
    prints: str
    holds: Callable[[Said, Task], bool]
    host: str | None = None
    """The host that must have been asked, as the audit trail tells, where that matters."""


def _assumed(role: str, name: str) -> Callable[[Said, Task], bool]:
    def holds(said: Said, task: Task) -> bool:
        role_name = task.roles[role].rpartition("/")[2]
        return bool(said["arn"] == f"arn:aws:sts::{task.account}:assumed-role/{role_name}/{name}")

    return holds


def _renewed(said: Said, _: Task) -> bool:
    return said["first"].startswith("ASIA") and said["second"].startswith("ASIA") and said["first"] != said["second"]


def _as_user(said: Said, task: Task) -> bool:
    return bool(said["arn"] == task.user)


def _ended(said: Said, task: Task) -> bool:
    return _renewed(said, task) and said["refused"] in {"ExpiredToken", None}


SCENARIOS: Mapping[str, Scenario] = {
    "caller-identity": Scenario(
        "GetCallerIdentity with the keys of a user",
        "arn",
        _as_user,
    ),
    "mfa-role": Scenario(
        "AssumeRole of `guarded` with serial number and code of the first device, session name `mfa`; who am I",
        "arn",
        _assumed("guarded", "mfa"),
    ),
    "mfa-session": Scenario(
        "GetSessionToken with serial number and code of the second device; with it AssumeRole of `guarded`, session"
        " name `session`; who am I",
        "arn",
        _assumed("guarded", "session"),
    ),
    "assume-role": Scenario(
        "AssumeRole of `first`, session name `assumed`, by the client's own provider where it has one; who am I",
        "arn",
        _assumed("first", "assumed"),
    ),
    "chained-role": Scenario(
        "AssumeRole of `first`, with it of `second`, session name `chained`; who am I",
        "arn",
        _assumed("second", "chained"),
    ),
    "session-token": Scenario(
        "GetSessionToken; who am I, and the access key id",
        "arn, key",
        lambda said, task: _as_user(said, task) and said["key"].startswith("ASIA"),
    ),
    "federation-token": Scenario(
        "GetFederationToken, name `guest`; who am I",
        "arn",
        lambda said, task: said["arn"] == f"arn:aws:sts::{task.account}:federated-user/guest",
    ),
    "presigned": Scenario(
        "GetCallerIdentity as a presigned URL, fetched without AWS's client",
        "arn",
        _as_user,
    ),
    "web-identity": Scenario(
        "the profile `web`, or the client's token file provider: AssumeRoleWithWebIdentity; who am I",
        "arn",
        _assumed("federated", "web"),
    ),
    "profile": Scenario(
        "the profile `role`: `role_arn` with `source_profile`; who am I",
        "arn",
        _assumed("first", "profile"),
    ),
    "credential-process": Scenario(
        "the profile `process`; who am I",
        "arn",
        _as_user,
    ),
    "refreshed": Scenario(
        "one client over a session of 900 s (profile `short`, or a provider): who am I, then the clock moved by 660 s,"
        " then who am I; the access key ids behind both",
        "first, second",
        _renewed,
    ),
    "revoked": Scenario(
        "one client over a session of `first`: who am I, then the revoke command, then who am I; the code of the"
        " refusal, null where the client fetched new credentials by itself; then who am I with new credentials; the"
        " access key ids of the first and the last call",
        "first, refused, second",
        _ended,
    ),
    "regional-endpoint": Scenario(
        "GetCallerIdentity by name in the other region",
        "arn",
        _as_user,
        host="sts.eu-west-1.amazonaws.com",
    ),
    "global-endpoint": Scenario(
        "GetCallerIdentity by name at the global endpoint",
        "arn",
        _as_user,
        host="sts.amazonaws.com",
    ),
}

BY_NAME = frozenset({"regional-endpoint", "global-endpoint"})
"""What every client does without an endpoint setting; older ones do all of it so."""
