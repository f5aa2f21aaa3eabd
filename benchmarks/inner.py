"""Figures of the engines, in this process. Each is the best of many short batches: the rest is other people's work."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from cryptography.hazmat.primitives.hashes import SHA256

from benchmarks.figures import Figures
from daypass.entities import Revocation
from daypass.exchange import RawRequest
from daypass.ids import access_key_id
from daypass.principals import Session
from daypass.sessions.keyring import first_ring
from daypass.sessions.token import NONCE_BYTES, open_token, seal
from daypass.sigv4.canonical import SignedHeaders, canonical_request, payload_hash, string_to_sign
from daypass.sigv4.keys import private_value, verifying_key
from daypass.sigv4.scope import ASYMMETRIC, format_timestamp
from daypass.testing.local import LocalDaypass, Signer

NOW = 1_800_000_000
SESSION = Session(
    "role",
    "ASIARZPUZDIKAAAAAAAA",
    "123456789012",
    "AROARZPUZDIKAAAAAAAAA",
    "bench",
    NOW,
    NOW + 3600,
    "eu-central-1",
    principal="role/reader",
)


def microseconds(work: Callable[[], object], count: int = 200, batches: int = 60) -> float:
    """CPU time of one ``work()``: the best of ``batches`` batches of ``count``."""
    best = float("inf")
    for _ in range(batches):
        start = time.thread_time()
        for _ in range(count):
            work()
        best = min(best, time.thread_time() - start)
    return best / count * 1e6


def tokens(figures: Figures) -> None:
    """Seal and open, beside the raw cipher on as many bytes."""
    ring = first_ring("00c0ffee", bytes(range(32)), NOW)
    nonce = bytes(NONCE_BYTES)
    sealed = seal(SESSION, ring, nonce)
    cipher, plain = AESGCMSIV(bytes(32)), bytes(len(sealed.token) * 3 // 4 - 33)
    raw = ("raw AES-256-GCM-SIV", microseconds(lambda: cipher.encrypt(nonce, plain, b"")))
    figures.add("raw AES-256-GCM-SIV", raw[1], "us")
    figures.add("session token, characters", len(sealed.token), "characters")
    figures.add("seal a session", microseconds(lambda: seal(SESSION, ring, nonce)), "us", raw)
    opening = microseconds(lambda: open_token(sealed.token, SESSION.access_key_id, ring))
    figures.add("open a session token", opening, "us", raw)


def requests(figures: Figures) -> None:
    """Whole requests without HTTP; and verifying with a decision, beside the HMACs they cannot do without."""
    key, body = os.urandom(32), os.urandom(400)
    floor = microseconds(lambda: hmac.digest(key, hashlib.sha256(body).digest(), "sha256"))
    over = ("SHA-256 and HMAC of 400 bytes", floor)
    figures.add(over[0], floor, "us")
    with LocalDaypass() as local:
        service = local.daypass.service
        role = make_role(local)
        signer = Signer.of(local.client("sts").assume_role(RoleArn=role, RoleSessionName="bench")["Credentials"])
        calls: dict[str, tuple[str, Mapping[str, Any], Signer | None]] = {
            "GetCallerIdentity, long-term key, in process": ("GetCallerIdentity", {}, None),
            "GetCallerIdentity, session, in process": ("GetCallerIdentity", {}, signer),
            "AssumeRole, in process": ("AssumeRole", {"RoleArn": role, "RoleSessionName": "bench"}, None),
        }
        for name, (action, params, who) in calls.items():
            raw = captured(local, "sts", action, params, who)
            assert service.serve(raw).status == 200
            figures.add(name, microseconds(partial(service.serve, raw)), "us", over)
        revoke_others(local)
        raw = captured(local, "sts", "GetCallerIdentity", {}, signer)
        many = f"GetCallerIdentity, session, {MANY_RULES:,} revocations, in process"
        figures.add(many, microseconds(lambda: service.serve(raw)), "us", over)
        raw = captured(local, "sts", "GetAccessKeyInfo", {"AccessKeyId": signer.access_key_id}, None)
        figures.add("verify and decide, in process", microseconds(lambda: service.serve(raw)), "us", over)


def asymmetric(figures: Figures) -> None:
    """A request signed with SigV4a, beside the raw check of a signature on the curve."""
    with LocalDaypass() as local:
        service, who = local.daypass.service, local.admin
        secret = who.secret_access_key.reveal()
        private = ec.derive_private_key(private_value(secret, who.access_key_id), ec.SECP256R1())
        public, algorithm, text = private.public_key(), ec.ECDSA(SHA256()), os.urandom(140)
        signature = private.sign(text, algorithm)
        raw = ("raw ECDSA verification", microseconds(lambda: public.verify(signature, text, algorithm)))
        figures.add(raw[0], raw[1], "us")
        deriving = microseconds(lambda: verifying_key(secret, who.access_key_id))
        figures.add("derive a SigV4a key", deriving, "us", raw)
        call = signed_for_all_regions(local, private)
        assert service.serve(call).status == 200
        name = "GetCallerIdentity, long-term key, SigV4a, in process"
        figures.add(name, microseconds(lambda: service.serve(call)), "us", raw)


def signed_for_all_regions(local: LocalDaypass, key: ec.EllipticCurvePrivateKey) -> RawRequest:
    """GetCallerIdentity, signed with SigV4a."""
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    stamp = format_timestamp(int(local.clock.now()))
    scope = f"{stamp[:8]}/sts/aws4_request"
    headers = {
        b"content-type": b"application/x-www-form-urlencoded; charset=utf-8",
        b"host": b"127.0.0.1:7177",
        b"x-amz-date": stamp.encode(),
        b"x-amz-region-set": b"*",
    }
    names = SignedHeaders(b";".join(headers))
    request = canonical_request("POST", b"/", b"", headers, names, payload_hash(headers, body))
    signature = key.sign(string_to_sign(ASYMMETRIC, stamp, scope, request), ec.ECDSA(SHA256())).hex()
    credential = f"Credential={local.admin.access_key_id}/{scope}"
    claim = f"{ASYMMETRIC} {credential}, SignedHeaders={names.text.decode()}, Signature={signature}"
    return RawRequest("POST", b"/", (*headers.items(), (b"authorization", claim.encode())), body)


MANY_RULES = 10_000


def revoke_others(local: LocalDaypass) -> None:
    """As many revocations as an account may have, none of them of a session that is measured."""
    with local.daypass.storage.store.transaction(local.account) as change:
        for number in range(MANY_RULES):
            key = access_key_id("ASIA", local.account, number.to_bytes(5, "little") + b"0")
            change.put(Revocation(f"rv-{number}", 0, 2**40, access_key=key))


def make_role(local: LocalDaypass) -> str:
    """The ARN of a new role that the local administrator may assume."""
    arn = local.client("sts").get_caller_identity()["Arn"]
    statement = {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return str(local.client("iam").create_role(RoleName="bench", AssumeRolePolicyDocument=document)["Role"]["Arn"])


def captured(
    local: LocalDaypass, service: str, action: str, params: Mapping[str, Any], signer: Signer | None = None
) -> RawRequest:
    """The raw request that a call sends."""
    seen: list[RawRequest] = []
    serve = local.serve

    def catch(raw: RawRequest) -> Any:
        seen.append(raw)
        return serve(raw)

    local.serve = catch  # type: ignore[method-assign]
    local.call(service, action, params, signer)
    local.serve = serve  # type: ignore[method-assign]
    return seen[0]
