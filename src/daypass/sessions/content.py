"""The byte format inside a session token, version 1: the facts of a ``Session``, packed as small as is cheap.

A MessagePack array of the facts in the order of ``_Facts``. Session policies and tags are packed apart: as one
MessagePack array (policy, policy ARNs, tags), deflated (RFC 1951) with a preset dictionary when that is shorter. The
size of that part is what PackedPolicySize measures.

The format outlives the code: fields are only ever appended, with a default; order, kinds and dictionary never change
within a version. A fact this code does not know is refused, since it might restrict.

A session comes back as it was, but for white space between the tokens of its inline policy.
The access key id is not in the content. It is the token's associated data, so it comes back verified all the same.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import lru_cache

import msgspec

from daypass.errors import Malformed
from daypass.principals import Session, SessionKind, Tags

KINDS: tuple[SessionKind, ...] = ("role", "user", "root", "federated", "assumed-root")
"""Session kinds by their number in the format."""

LARGEST_BULK = 131_072
"""Bytes of inflated policies and tags: above 50 tags of the greatest length in four-byte characters, and a policy."""

_PLAIN, _DEFLATED = b"\x00", b"\x01"
_WINDOW_BITS, _MEMORY_LEVEL, _LEVEL = -12, 5, 6  # raw deflate; a small window makes the set-up five times cheaper

_DICTIONARY = (
    b"eks-cluster-arn kubernetes-namespace kubernetes-service-account kubernetes-pod-name environment department "
    b"CostCenter cost-center Department Project project tenant_id tenantId tenant TenantID owner Owner team Team Name "
    b'"NotAction":["NotResource":["Principal":{"AWS":"Federated":"Service":"Sid":"arn:aws:dynamodb:arn:aws:sqs:'
    b'arn:aws:sns:arn:aws:kms:arn:aws:secretsmanager:arn:aws:lambda:function:table/key/secret:"dynamodb:GetItem",'
    b'"dynamodb:PutItem","dynamodb:Query","dynamodb:LeadingKeys":["kms:Decrypt","kms:GenerateDataKey","sqs:SendMessage",'
    b'"sqs:ReceiveMessage","sns:Publish","secretsmanager:GetSecretValue","ecr:GetAuthorizationToken","iam:PassRole",'
    b'"ec2:Describe*","logs:CreateLogStream","logs:PutLogEvents","lambda:InvokeFunction","sts:AssumeRole",'
    b'"sts:TagSession","sts:GetCallerIdentity","glue:GetTable","cloudwatch:PutMetricData","aws:SourceIp":"'
    b'"aws:PrincipalTag/${aws:PrincipalTag/"aws:ResourceTag/"aws:RequestTag/"aws:SecureTransport":"false"'
    b'"aws:SourceVpce":"aws:RequestedRegion":["us-east-1","eu-west-1"]"Null":{"Bool":{"ArnLike":{"IpAddress":{'
    b'"DateLessThan":{"StringNotEquals":{"ForAllValues:StringEquals":{"StringEquals":{"StringEqualsIfExists":{'
    b"arn:aws:iam::aws:policy/ReadOnlyAccess arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess arn:aws:iam::aws:policy/"
    b'arn:aws:iam::"s3:GetObjectVersion","s3:GetBucketLocation","s3:ListBucketMultipartUploads",'
    b'"s3:ListMultipartUploadParts","s3:AbortMultipartUpload","s3:ListAllMyBuckets","s3:*"],"Effect":"Deny","Action":"*",'
    b'"Resource":"*"}]}"Action":["s3:GetObject","s3:PutObject","s3:DeleteObject"],"Resource":["arn:aws:s3:::'
    b'/*"]},{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::","Condition":{"StringLike":{"s3:prefix":["'
    b'/*"]}}}]}{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:'
)


class _Facts(msgspec.Struct, array_like=True, forbid_unknown_fields=True, gc=False):
    """Version 1, field by field."""

    kind: int
    account: str
    principal_id: str
    principal: str
    name: str
    issued: int
    expires: int
    region: str
    token_version: int
    issuer_key: str
    source_identity: str | None
    mfa_at: int | None
    lineage: tuple[str, ...]
    bulk: bytes
    transitive: tuple[int, ...]
    federation: tuple[tuple[str, str], ...]


class _Descended(_Facts, array_like=True, forbid_unknown_fields=True, gc=False):
    """The same and who came before. Sessions that descend from nobody leave the field out."""

    ancestors: tuple[tuple[str, int], ...] = ()


class _Filled(_Descended, array_like=True, forbid_unknown_fields=True, gc=False):
    """The same and zeros that make a token longer (MinimumSessionTokenSize). Tokens without any leave the field out.

    A further field of version 1 comes after this one.
    """

    filling: bytes = b""


_Bulk = tuple[str | None, tuple[str, ...], tuple[tuple[str, str], ...]]

_encode = msgspec.msgpack.Encoder().encode
_decode_facts = msgspec.msgpack.Decoder(_Filled).decode
_decode_bulk: Callable[[bytes], _Bulk] = msgspec.msgpack.Decoder(_Bulk).decode


def encode(session: Session) -> bytes:
    """The content of a token for ``session``.

    Raises:
        ValueError: a transitive key is not among the tags, or the kind is unknown.
    """
    # Taken apart at once: reading the fields of a tuple one by one takes four times as long.
    (kind, _, account, principal_id, name, issued, expires, region, version, policy, policy_arns, tags, transitive,
     source_identity, mfa_at, federation, lineage, issuer_key, principal, ancestors) = session  # fmt: skip
    facts = (
        KINDS.index(kind),
        account,
        principal_id,
        principal,
        name,
        issued,
        expires,
        region,
        version,
        issuer_key,
        source_identity,
        mfa_at,
        lineage,
        pack(policy, policy_arns, tags),
        _positions(transitive, tags) if transitive else (),
        federation,
    )
    return _encode((*facts, ancestors) if ancestors else facts)  # a tuple and a struct have one form


def filled(content: bytes, size: int) -> bytes:
    """``content`` with zeros behind its facts, so that it has ``size`` bytes, or up to three more where it must."""
    if len(content) >= size:
        return content
    facts = _decode_facts(content)
    missing = size - len(_encode(facts))
    # MessagePack puts two bytes before up to 255 others, which are there already, and three before more.
    zeros = max(0, missing) if missing <= 255 else max(256, missing - 1)
    return _encode(msgspec.structs.replace(facts, filling=bytes(zeros)))


def decode(content: bytes, access_key_id: str) -> Session:
    """The session that ``content`` describes, for the access key it was sealed with.

    Raises:
        Malformed: not version 1 as this code knows it.
    """
    try:
        facts = _decode_facts(content)
        policy, policy_arns, tags = _unpack(facts.bulk) if facts.bulk else (None, (), ())
        transitive = tuple([tags[position][0] for position in facts.transitive])
        kind = KINDS[facts.kind]
    except (msgspec.DecodeError, UnicodeDecodeError, zlib.error, IndexError) as error:
        raise Malformed("not the content of a session token") from error
    return Session(
        kind,
        access_key_id,
        facts.account,
        facts.principal_id,
        facts.name,
        facts.issued,
        facts.expires,
        facts.region,
        facts.token_version,
        policy,
        policy_arns,
        tags,
        transitive,
        facts.source_identity,
        facts.mfa_at,
        facts.federation,
        facts.lineage,
        facts.issuer_key,
        facts.principal,
        facts.ancestors,
    )


@lru_cache(maxsize=64)
def pack(policy: str | None, policy_arns: tuple[str, ...], tags: Tags) -> bytes:
    """Session policies and tags as they lie in a token; empty when there are none.

    The policy loses the white space between its tokens. Cached because one request asks twice: for PackedPolicySize,
    then to seal.
    """
    if policy is None and not policy_arns and not tags:
        return b""
    plain = _encode((policy and _minified(policy), policy_arns, tags))
    deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW_BITS, _MEMORY_LEVEL, zlib.Z_DEFAULT_STRATEGY, _DICTIONARY)
    deflated = deflate.compress(plain) + deflate.flush()
    return _DEFLATED + deflated if len(deflated) < len(plain) else _PLAIN + plain


def _unpack(bulk: bytes) -> _Bulk:
    if bulk[:1] == _PLAIN:
        return _decode_bulk(bulk[1:])
    if bulk[:1] != _DEFLATED:
        raise Malformed("not the content of a session token")
    inflate = zlib.decompressobj(_WINDOW_BITS, _DICTIONARY)
    plain = inflate.decompress(bulk[1:], LARGEST_BULK)
    if not inflate.eof or inflate.unused_data:
        raise Malformed("not the content of a session token")
    return _decode_bulk(plain)


def _minified(policy: str) -> str:
    try:
        return msgspec.json.format(policy, indent=-1)
    except (msgspec.DecodeError, RecursionError):
        return policy  # whether it is a policy at all is judged elsewhere


def _positions(keys: tuple[str, ...], tags: Tags) -> tuple[int, ...]:
    names = [key for key, _ in tags]
    return tuple([names.index(key) for key in keys])
