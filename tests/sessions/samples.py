"""Sessions, rings and strategies that the tests of this folder share."""

from __future__ import annotations

from hashlib import sha256

from hypothesis import strategies as st

from daypass.principals import Session
from daypass.sessions.content import KINDS
from daypass.sessions.keyring import Keyring, SealingKey, activate, announce, first_ring

NOW = 1_800_000_000

ROLE = Session(
    kind="role",
    access_key_id="ASIARZPUZDIKAAAAAAAA",
    account="123456789012",
    principal_id="AROARZPUZDIKAAAAAAAAA",
    name="my-session",
    issued=NOW,
    expires=NOW + 3_600,
    region="eu-central-1",
    issuer_key="AKIARZPUZDIKAAAAAAAA",
    principal="role/reader",
)

TABLE_POLICY = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],'
    '"Resource":"arn:aws:s3:::warehouse/db/table-8f7a6b5c/*"},{"Effect":"Allow","Action":"s3:ListBucket",'
    '"Resource":"arn:aws:s3:::warehouse","Condition":{"StringLike":{"s3:prefix":["db/table-8f7a6b5c/*"]}}}]}'
)


def material(name: str) -> bytes:
    """32 bytes that only ``name`` decides."""
    return sha256(name.encode()).digest()


def ring_of_three(name: str = "here") -> Keyring:
    """A ring with a retired, an active and an announced key."""
    ring = first_ring("00000001", material(f"{name} 1"), NOW - 90_000)
    ring = announce(ring, "00000002", material(f"{name} 2"), NOW - 3_600)
    ring = activate(ring, NOW - 3_000)
    return announce(ring, "00000003", material(f"{name} 3"), NOW - 60)


def with_active(ring: Keyring, key_id: str) -> Keyring:
    """The same keys, of which only ``key_id`` seals."""
    return Keyring(
        tuple(
            SealingKey(key.id, "active", key.material, key.created, key.active_from)
            if key.id == key_id
            else SealingKey(key.id, "retired", key.material, key.created, key.active_from, NOW + 10**6)
            for key in ring.keys
        )
    )


words = st.text(st.characters(blacklist_categories=("Cs",)), max_size=24)
tags = st.lists(st.tuples(words, words), max_size=6, unique_by=lambda tag: tag[0]).map(tuple)


@st.composite
def sessions(draw: st.DrawFn) -> Session:
    """Sessions of every kind, with and without each fact."""
    given = draw(tags)
    issued = draw(st.integers(0, 2**40))
    return Session(
        kind=draw(st.sampled_from(KINDS)),
        access_key_id=draw(st.from_regex(r"ASIA[A-Z2-7]{16}", fullmatch=True)),
        account=draw(st.from_regex(r"[0-9]{12}", fullmatch=True)),
        principal_id=draw(words),
        name=draw(words),
        issued=issued,
        expires=issued + draw(st.integers(1, 129_600)),
        region=draw(words),
        token_version=draw(st.sampled_from((1, 2))),
        policy=draw(st.none() | words),
        policy_arns=draw(st.lists(words, max_size=3).map(tuple)),
        tags=given,
        transitive=tuple(draw(st.lists(st.sampled_from([key for key, _ in given]), unique=True))) if given else (),
        source_identity=draw(st.none() | words),
        mfa_at=draw(st.none() | st.integers(0, 2**40)),
        federation=draw(tags),
        lineage=draw(st.lists(words, max_size=4).map(tuple)),
        issuer_key=draw(words),
        principal=draw(words),
        ancestors=draw(st.lists(st.tuples(words, st.integers(0, 2**40)), max_size=4).map(tuple)),
    )


def facts(session: Session) -> dict[str, object]:
    """A session as plain data, to compare with what a vector says."""
    return {field: _plain(value) for field, value in session._asdict().items()}


def _plain(value: object) -> object:
    return [_plain(part) for part in value] if isinstance(value, tuple) else value
