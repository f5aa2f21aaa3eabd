"""The parts that ``app.py`` joins, made as the settings say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from daypass.adapters.audit import AuditSettings
from daypass.adapters.policy_file import PolicyFileError, read_policy_file
from daypass.errors import MalformedPolicyDocument
from daypass.operations.doors import Place
from daypass.operations.metered import MeteredService
from daypass.operations.pipeline import Service
from daypass.operations.registry import REGISTRY
from daypass.operations.throttling import AWS_QUOTAS, Class, Failures, Quotas, Throttle
from daypass.policy import Attached, Kind, check_document
from daypass.ports import Ports
from daypass.services.service_provider import PATH as SAML_PATH
from daypass.settings import Settings, SettingsError


def endpoint_policy(file: str | None) -> Attached | None:
    """The policy that guards this node, None when no setting names one.

    # INVARIANT: 10. a guard that cannot be read keeps the node from starting; it never falls away.
    #   tests/test_app.py::test_an_endpoint_policy_that_cannot_be_used_refuses_to_start

    Raises:
        SettingsError: the file cannot be used, or what it holds is no endpoint policy.
    """
    if file is None:
        return None
    try:
        policy = check_document(read_policy_file(Path(file)), Kind.ENDPOINT)
    except PolicyFileError as error:
        raise SettingsError(f"endpoint_policy: {error.message}", error.advice) from error
    except MalformedPolicyDocument as error:
        why = f": {error.detail}" if error.detail else ""
        advice = "`Principal` is required in each statement; every request needs an Allow"
        raise SettingsError(f"endpoint_policy: {file}: {error.message}{why}", advice) from error
    return Attached(policy, "endpoint policy")


def saml_names(settings: Settings, public_url: str | None) -> tuple[str, ...]:
    """The names under which SAML responses may be addressed to this daypass, beside AWS's own."""
    return (*((f"{public_url}{SAML_PATH}",) if public_url else ()), *settings.saml_recipients)


def shared_issuers(settings: Settings) -> dict[str, str]:
    """The operator's own list of shared issuers: by URL without scheme, the claim that tells their customers apart."""
    return dict(entry.split("=", 1) for entry in settings.shared_issuers)


def service(settings: Settings, ports: Ports, place: Place, endpoint: Attached | None, throttle: Throttle) -> Service:
    """The pipeline, metered where there is a quota."""
    return (MeteredService if throttle.quotas else Service)(
        ports,
        REGISTRY,
        place,
        strict_audit=settings.audit_verification == "required",
        signing_keys=settings.signing_key_cache,
        endpoint=endpoint,
        throttle=throttle,
    )


def throttle(settings: Settings, count: Callable[[Class], None]) -> Throttle:
    """The limits of one worker: its share of each quota; failures are limited in each worker by itself."""
    if settings.throttling == "off":
        return Throttle(count=count)
    wanted: dict[Class, int] = {
        "sts": settings.sts_per_second,
        "iam-reads": settings.iam_reads_per_second,
        "iam-writes": settings.iam_writes_per_second,
        "address": settings.address_per_second,
    }
    implied = AWS_QUOTAS if settings.throttling == "aws" else {}
    rates = {kind: given or implied.get(kind, 0) for kind, given in wanted.items()}
    # A connection stays with one worker, and workers do not tell each other of every request.
    shares = {kind: -(-rate // settings.workers) for kind, rate in rates.items() if rate}
    return Throttle(Failures(settings.failures_per_second), Quotas(shares) if shares else None, count)


def audit_settings(settings: Settings) -> AuditSettings:
    """How the audit trail is written."""
    return AuditSettings(
        always_sync=settings.audit_fsync == "always",
        reserve_bytes=settings.audit_reserve_bytes,
        rotate_bytes=settings.audit_max_bytes,
    )
