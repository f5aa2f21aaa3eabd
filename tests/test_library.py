"""daypass as a library: a service verifies requests and decides by itself, without server and database."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from functools import partial

import pytest

import daypass
from daypass import (
    JSON_PROFILE,
    S3_PROFILE,
    Attached,
    Kind,
    PolicySet,
    Profile,
    RawRequest,
    RequestContext,
    Revocation,
    Revocations,
    Secret,
    ServiceError,
    Session,
    check_document,
    evaluate,
    is_revoked,
    open_session_token,
    sign_request,
    verify_request,
)
from daypass.principals import Principal, RoleSession, User
from daypass.sessions.keyring import first_ring
from daypass.sessions.token import seal
from tests.sigv4.crt import signed_by_crt

NOW = 1_800_000_000
SECRET = Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
ALICE = User("123456789012", "AIDARZPUZDIKAAAAAAAAA", "alice")
RING = first_ring("00c0ffee", bytes(range(32)), NOW)
ROLE = Session(
    "role", "ASIARZPUZDIKAAAAAAAA", "123456789012", "AROARZPUZDIKAAAAAAAAA", "job", NOW - 60, NOW + 900,
    region="eu-central-1", principal="role/app/reader",
)  # fmt: skip


def find_key(access_key_id: str) -> tuple[Secret, Principal] | None:
    return (SECRET, ALICE) if access_key_id == "AKIARZPUZDIKAAAAAAAA" else None


def signed(
    access_key_id: str,
    secret: Secret,
    token: str | None = None,
    body: bytes = b"{}",
    region: str = "eu-central-1",
) -> RawRequest:
    headers = sign_request(
        "POST",
        "https://orders.example.com/v1/orders?page=2",
        {"content-type": "application/json"},
        body,
        access_key_id=access_key_id,
        secret_access_key=secret.reveal(),
        session_token=token,
        region=region,
        service="orders",
        now=NOW,
    )
    return RawRequest.of("POST", "/v1/orders?page=2", headers.items(), body)


def test_a_long_term_key_is_verified() -> None:
    """A signed request yields the owner of its key."""
    request = signed("AKIARZPUZDIKAAAAAAAA", SECRET)
    caller = verify_request(request, service="orders", regions={"eu-central-1"}, now=NOW, find_key=find_key)
    assert caller.arn == "arn:aws:iam::123456789012:user/alice"


SETS = {"eu-*": True, "us-east-1,eu-central-1": True, "us-*": False}


@pytest.mark.parametrize(("region_set", "accepted"), SETS.items())
def test_a_set_of_regions_may_be_signed(region_set: str, accepted: bool) -> None:
    """SigV4a, as AWS's own signer makes it, is verified where one of the service's regions is in the set."""
    request = signed_by_crt(
        "POST",
        "https://orders.example.com/v1/orders?page=2",
        {"content-type": "application/json"},
        b"{}",
        service="orders",
        region_set=region_set,
        key_id="AKIARZPUZDIKAAAAAAAA",
        secret=SECRET.reveal(),
        moment=datetime.fromtimestamp(NOW, UTC),
    )
    regions = ["eu-west-1", "eu-central-1"]
    verify = partial(verify_request, service="orders", regions=regions, now=NOW, find_key=find_key)
    if accepted:
        assert verify(request).arn == "arn:aws:iam::123456789012:user/alice"
        request = request.replaced(body=b"{ }")
    with pytest.raises(ServiceError) as caught:
        verify(request)
    assert caught.value.code == "SignatureDoesNotMatch"


def test_a_session_is_verified_and_named_without_the_accounts() -> None:
    """A session token alone says who the caller is, path and all."""
    sealed = seal(ROLE, RING, bytes(12))
    caller = verify_request(
        signed(ROLE.access_key_id, sealed.secret, sealed.token),
        service="orders",
        regions={"eu-central-1"},
        now=NOW,
        keyring=RING,
        is_live=lambda session: True,
    )
    assert caller.arn == "arn:aws:sts::123456789012:assumed-role/reader/job"
    assert isinstance(caller.principal, RoleSession)
    assert caller.principal.principal_arn == "arn:aws:iam::123456789012:role/app/reader"
    assert open_session_token(sealed.token, ROLE.access_key_id, keyring=RING, now=NOW) == ROLE


def verified(request: RawRequest, profile: Profile | None = None) -> str:
    """The code of the refusal, empty for none."""
    verify = verify_request if profile is None else partial(verify_request, profile=profile)
    try:
        verify(request, service="orders", regions={"eu-central-1"}, now=NOW, find_key=find_key)
    except ServiceError as refused:
        return refused.code
    return ""


def test_a_service_says_how_its_clients_sign() -> None:
    """S3's clients escape a path once, not twice; a profile tells, and what is signed by one rule fails by another."""
    headers = sign_request(
        "PUT",
        "https://orders.example.com/a%20b//c",
        {},
        b"body",
        access_key_id="AKIARZPUZDIKAAAAAAAA",
        secret_access_key=SECRET.reveal(),
        region="eu-central-1",
        service="orders",
        now=NOW,
        profile=S3_PROFILE,
    )
    request = RawRequest.of("PUT", "/a%20b//c", headers.items(), b"body")
    assert [verified(request, profile) for profile in (S3_PROFILE, None, JSON_PROFILE)] == [
        "",
        "SignatureDoesNotMatch",
        "SignatureDoesNotMatch",
    ]
    assert verified(request.replaced(body=b"else"), S3_PROFILE) == "SignatureDoesNotMatch"


@pytest.mark.parametrize(
    ("media", "profile", "code"),
    [
        (b"application/x-www-form-urlencoded", None, ""),
        (b"application/x-www-form-urlencoded", JSON_PROFILE, "SignatureDoesNotMatch"),
        (b"application/x-amz-json-1.1", None, "SignatureDoesNotMatch"),
        (b"application/x-amz-json-1.1", JSON_PROFILE, ""),
    ],
)
def test_a_media_type_goes_without_signing_where_the_profile_says_so(
    media: bytes, profile: Profile | None, code: str
) -> None:
    """A body's type may come unsigned only if it is the one that the service reads anyway."""
    headers = sign_request(
        "POST",
        "https://orders.example.com/",
        {},
        b"{}",
        access_key_id="AKIARZPUZDIKAAAAAAAA",
        secret_access_key=SECRET.reveal(),
        region="eu-central-1",
        service="orders",
        now=NOW,
    )
    request = RawRequest.of("POST", "/", headers.items(), b"{}")
    assert verified(request.replaced(headers=(*request.headers, (b"content-type", media))), profile) == code


REFUSALS = [
    ("a changed body", lambda r: r.replaced(body=b"[]"), "SignatureDoesNotMatch"),
    ("a changed target", lambda r: r.replaced(target=b"/v1/orders?page=3"), "SignatureDoesNotMatch"),
    ("no signature", lambda r: r.replaced(headers=r.headers[:1]), "MissingAuthenticationToken"),
    (
        "an unsigned header",
        lambda r: r.replaced(headers=(*r.headers, (b"x-amz-user", b"eve"))),
        "SignatureDoesNotMatch",
    ),
]


@pytest.mark.parametrize(("what", "change", "code"), REFUSALS, ids=[row[0] for row in REFUSALS])
def test_a_tampered_request_is_refused(what: str, change: object, code: str) -> None:
    """What was not signed so is refused with AWS's code."""
    request = change(signed("AKIARZPUZDIKAAAAAAAA", SECRET))  # type: ignore[operator]
    with pytest.raises(ServiceError) as refused:
        verify_request(request, service="orders", regions={"eu-central-1"}, now=NOW, find_key=find_key)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("now", "live", "code"), [(NOW + 60, True, "ExpiredToken"), (NOW, False, "InvalidClientTokenId")]
)
def test_a_session_that_is_over_is_refused(now: int, live: bool, code: str) -> None:
    """Expiry, to the second, and a dead principal end a session, whatever its signature says."""
    sealed = seal(ROLE._replace(expires=NOW + 60), RING, bytes(12))
    with pytest.raises(ServiceError) as refused:
        verify_request(
            signed(ROLE.access_key_id, sealed.secret, sealed.token),
            service="orders",
            regions={"eu-central-1"},
            now=now,
            keyring=RING,
            is_live=lambda session: live,
        )
    assert refused.value.code == code


@pytest.mark.parametrize("key", [ROLE.access_key_id, "ASIARZPUZDIKAAAAAAAB"])
def test_a_revoked_session_reads_as_expired(key: str) -> None:
    """The rules of all accounts that have a say end a session by itself, or by what it descends from."""
    ours = ROLE._replace(lineage=("ASIARZPUZDIKAAAAAAAB",))
    sealed = seal(ours, RING, bytes(12))
    held = {ROLE.account: Revocations(ROLE.account, [Revocation("rv-1", NOW, NOW + 10**6, access_key=key)])}
    with pytest.raises(ServiceError) as refused:
        verify_request(
            signed(ours.access_key_id, sealed.secret, sealed.token),
            service="orders",
            regions={"eu-central-1"},
            now=NOW,
            keyring=RING,
            is_live=lambda session: True,
            is_revoked=lambda session: is_revoked(session, held.get),
        )
    assert refused.value.code == "ExpiredToken"


def test_a_ring_without_is_live_is_refused() -> None:
    """Forgetting to ask whether the principal still exists is an error, not a pass."""
    with pytest.raises(TypeError):
        verify_request(signed("AKIARZPUZDIKAAAAAAAA", SECRET), service="orders", regions=(), now=NOW, keyring=RING)


def test_a_decision_says_why() -> None:
    """``evaluate`` answers with a reason that a person can read."""
    document = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"orders:Read","Resource":"*"}}'
    policies = PolicySet(identity=(Attached(check_document(document, Kind.IDENTITY_MANAGED), "readers"),))
    read = RequestContext("orders:Read", "*", ALICE, ALICE.account, {})
    write = RequestContext("orders:Write", "*", ALICE, ALICE.account, {})
    assert evaluate(read, policies).allowed
    assert evaluate(write, policies).reason() == "because no identity-based policy allows the orders:Write action"


def test_the_public_names_are_these() -> None:
    """Every public name loads, the list is sorted, and nothing else is offered."""
    assert list(daypass.__all__) == sorted(daypass.__all__, key=lambda name: (not name.isupper(), name))
    assert dir(daypass) == sorted(daypass.__all__)
    for name in daypass.__all__:
        assert getattr(daypass, name) is not None
    with pytest.raises(AttributeError):
        daypass.whatever  # noqa: B018


def test_the_library_needs_no_server_and_no_database() -> None:
    """Using every public name loads neither a database driver nor an HTTP server, nor opens a socket."""
    program = (
        "import sys, daypass\n"
        "[getattr(daypass, name) for name in daypass.__all__]\n"
        "print([m for m in ('sqlalchemy', 'psycopg', 'sqlite3', 'uvicorn', 'asyncio', 'botocore') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("version", "region", "code"),
    [(1, "eu-central-1", ""), (1, "af-south-1", "InvalidClientTokenId"), (2, "af-south-1", "")],
)
def test_a_version_1_token_is_no_good_where_one_must_opt_in(version: int, region: str, code: str) -> None:
    """A service in a region that must be opted into takes tokens that are good everywhere, and no others."""
    sealed = seal(ROLE._replace(token_version=version), RING, bytes(12))
    request = signed(ROLE.access_key_id, sealed.secret, sealed.token, region=region)
    facts = {"service": "orders", "regions": {region}, "now": NOW, "keyring": RING}
    if not code:
        assert verify_request(request, **facts, is_live=lambda session: True).session is not None
        return
    with pytest.raises(ServiceError) as refused:
        verify_request(request, **facts, is_live=lambda session: True)
    assert refused.value.code == code
