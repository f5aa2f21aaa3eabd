"""A mutator of whole requests: each kind of mutation makes one random mutant of a real, signed request.

A mutant may still mean what its original meant (an escape spelled otherwise, two parameters swapped). The judge of that
is ``meaning`` of ``tests.sigv4.mutants``, written apart from the engine; here nothing is left out for being alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random
from urllib.parse import quote

from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from daypass.exchange import Header, RawRequest
from daypass.testing.local import Signer
from tests.security.world import ON_THE_WIRE, World, form_of
from tests.sigv4.mutants import SCOPES, byte_mutants, random_change, random_mutant, with_header_at
from tests.sigv4.samples import raw_request

HOSTS = {"sts": "sts.us-east-1.amazonaws.com", "iam": "iam.amazonaws.com"}
OTHER_HOSTS = ("sts.eu-west-1.amazonaws.com", "iam.amazonaws.com", "sts.amazonaws.com", "127.0.0.1:7177", "localhost")
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8", "User-Agent": "Boto3/1.44"}
TOKEN = b"x-amz-security-token"
BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="


@dataclass(frozen=True)
class Original:
    """A request that is accepted. ``signer`` made it; ``presigned``: its signature stands in the query."""

    operation: str
    signer: Signer
    presigned: bool
    raw: RawRequest

    @property
    def service(self) -> str:
        return self.operation.partition(":")[0]


@dataclass
class Stock:
    """What a mutation may take parts from: all originals, and credentials that are not the original's."""

    originals: list[Original]
    others: list[Signer]


def signed(operation: str, body: str, signer: Signer, *, presigned: bool) -> RawRequest:
    """What botocore sends for a call: a POST with its form, or a presigned GET."""
    service = operation.partition(":")[0]
    url = f"https://{HOSTS[service]}/"
    secret = signer.secret_access_key.reveal()
    credentials = Credentials(signer.access_key_id, secret, signer.session_token)
    if presigned:
        request = AWSRequest(method="GET", url=f"{url}?{body}")
        SigV4QueryAuth(credentials, service, "us-east-1", expires=60).add_auth(request)
        return raw_request("GET", request.url, request.headers.items())
    request = AWSRequest(method="POST", url=url, headers=dict(FORM), data=body.encode())
    SigV4Auth(credentials, service, "us-east-1").add_auth(request)
    return raw_request("POST", url, request.headers.items(), body.encode())


def originals(world: World, signers: list[Signer]) -> Iterator[Original]:
    """Every operation by every signer, in both forms."""
    for operation in ON_THE_WIRE:
        body = form_of(operation, world.params(operation))
        for signer in signers:
            for presigned in (False, True):
                yield Original(operation, signer, presigned, signed(operation, body, signer, presigned=presigned))


# ── Where things stand ───────────────────────────────────────────────────────────────────────────────


def value_of(raw: RawRequest, name: bytes) -> bytes:
    """The first value of header ``name``, or nothing."""
    return raw.header(name) or b""


def with_header(raw: RawRequest, name: bytes, value: bytes) -> RawRequest:
    """``raw`` with its header ``name`` replaced, or added."""
    for at, (present, _) in enumerate(raw.headers):
        if present == name:
            return with_header_at(raw, at, (name, value))
    return raw.replaced(headers=(*raw.headers, (name, value)))


def with_claims(one: Original, change: Callable[[bytes], bytes]) -> RawRequest:
    """The request with ``change`` made where its signature stands: the Authorization header, or the query."""
    if one.presigned:
        return one.raw.replaced(target=change(one.raw.target))
    return with_header(one.raw, b"authorization", change(value_of(one.raw, b"authorization")))


def with_token(one: Original, token: str | None) -> RawRequest:
    """The request with another session token, or with none; its signature stays."""
    if not one.presigned:
        if token is None:
            return one.raw.replaced(headers=tuple(header for header in one.raw.headers if header[0] != TOKEN))
        return with_header(one.raw, TOKEN, token.encode("latin-1"))
    path, _, query = one.raw.target.partition(b"?")
    items = [item for item in query.split(b"&") if not item.startswith(b"X-Amz-Security-Token=")]
    if token is not None:
        items.insert(-1, b"X-Amz-Security-Token=" + quote(token, safe="", encoding="latin-1").encode())
    return one.raw.replaced(target=path + b"?" + b"&".join(items))


def resigned(one: Original, signer: Signer) -> RawRequest:
    """The same call, signed properly by ``signer``, whatever its parts are worth."""
    text = one.raw.target.partition(b"?")[2] if one.presigned else one.raw.body
    plain = b"&".join(item for item in text.split(b"&") if not item.startswith(b"X-Amz-"))
    return signed(one.operation, plain.decode(), signer, presigned=one.presigned)


# ── Kinds of mutation ────────────────────────────────────────────────────────────────────────────────

Mutation = Callable[[Original, Stock, Random], RawRequest]
MUTATIONS: dict[str, Mutation] = {}


def mutation(function: Mutation) -> Mutation:
    """Register a kind of mutation under its name."""
    MUTATIONS[function.__name__.replace("_", " ")] = function
    return function


@mutation
def any_bytes(one: Original, stock: Stock, random: Random) -> RawRequest:
    return random_mutant(one.raw, random)


@mutation
def body(one: Original, stock: Stock, random: Random) -> RawRequest:
    other = random.choice(stock.originals).raw.body
    added = random.choice((b"&UserName=admin", b"&Action=DeleteUser", b"&x", b"&", b"\n", other, b"&" + other))
    changed = random_change(one.raw.body, random)
    return one.raw.replaced(body=random.choice((changed, one.raw.body + added, added + one.raw.body, other, b"")))


@mutation
def query(one: Original, stock: Stock, random: Random) -> RawRequest:
    """Parameters changed, added, doubled, renamed in another case, moved."""
    path, _, text = one.raw.target.partition(b"?")
    items = text.split(b"&") if text else []
    item = random.choice(items) if items else b"Action=GetUser"
    name, _, value = item.partition(b"=")
    at = random.randint(0, len(items))
    put = random.choice(
        (
            item,
            name + b"=",
            name + b"=" + value + b"x",
            name.lower() + b"=" + value,
            name.upper() + b"=" + value,
            b"UserName=admin",
            b"Action=DeleteUser",
            b"",
            b"%41ction=ListUsers",
            b"X-Amz-Expires=0",
            b"x-k8s-aws-id=other",
        )
    )
    kept = items if random.random() < 0.6 else [each for each in items if each != item]
    return one.raw.replaced(target=path + b"?" + b"&".join([*kept[:at], put, *kept[at:]]))


@mutation
def query_order(one: Original, stock: Stock, random: Random) -> RawRequest:
    path, _, text = one.raw.target.partition(b"?")
    items = text.split(b"&")
    random.shuffle(items)
    return one.raw.replaced(target=path + b"?" + b"&".join(items))


@mutation
def escapes(one: Original, stock: Stock, random: Random) -> RawRequest:
    """One character of target or body written as an escape, an escape undone, doubled, or in other digits."""
    text = one.raw.target if one.presigned else one.raw.body
    at = random.randrange(1, len(text))
    character = text[at : at + 1]
    if character == b"%":
        escape = text[at : at + 3]
        put = random.choice((escape.lower(), escape.upper(), b"%25" + escape[1:], b"%", b"%%"))
        changed = text[:at] + put + text[at + len(escape) :]
    else:
        put = b"%%%02x" % character[0] if random.random() < 0.5 else b"%%%02X" % character[0]
        changed = text[:at] + put + text[at + 1 :]
    return one.raw.replaced(target=changed) if one.presigned else one.raw.replaced(body=changed)


@mutation
def path(one: Original, stock: Stock, random: Random) -> RawRequest:
    tail = one.raw.target[1:]
    put = random.choice((b"//", b"/./", b"/x/..", b"/%2e/", b"/%2F", b"/;", b"/-/", b"/x", b"/\\", b"/.", b"*", b""))
    return one.raw.replaced(target=put + tail)


@mutation
def method(one: Original, stock: Stock, random: Random) -> RawRequest:
    names = [name for name in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS") if name != one.raw.method]
    return one.raw.replaced(method=random.choice(names))


@mutation
def host(one: Original, stock: Stock, random: Random) -> RawRequest:
    present = value_of(one.raw, b"host")
    names = [name.encode() for name in OTHER_HOSTS if name.encode() != present]
    return with_header(one.raw, b"host", random.choice((*names, present + b":443", present + b".", present.upper())))


@mutation
def header_doubled(one: Original, stock: Stock, random: Random) -> RawRequest:
    name, value = random.choice(one.raw.headers)
    second = random.choice((value, b"", b"x", value + b"x"))
    at = random.randint(0, len(one.raw.headers))
    return one.raw.replaced(headers=(*one.raw.headers[:at], (name, second), *one.raw.headers[at:]))


@mutation
def header_dropped(one: Original, stock: Stock, random: Random) -> RawRequest:
    return with_header_at(one.raw, random.randrange(len(one.raw.headers)))


@mutation
def header_value(one: Original, stock: Stock, random: Random) -> RawRequest:
    at = random.randrange(len(one.raw.headers))
    name, value = one.raw.headers[at]
    return with_header_at(one.raw, at, (name, random.choice(list(byte_mutants(value[:40], random))) + value[40:]))


@mutation
def header_name(one: Original, stock: Stock, random: Random) -> RawRequest:
    at = random.randrange(len(one.raw.headers))
    name, value = one.raw.headers[at]
    return with_header_at(
        one.raw, at, (random.choice((name.title(), name.upper(), random_change(name, random))), value)
    )


@mutation
def header_order(one: Original, stock: Stock, random: Random) -> RawRequest:
    headers = list(one.raw.headers)
    random.shuffle(headers)
    return one.raw.replaced(headers=tuple(headers))


@mutation
def injected_header(one: Original, stock: Stock, random: Random) -> RawRequest:
    """A header that nobody signed and that somebody might act on."""
    names = ("x-amz-security-token", "x-amz-date", "x-amz-target", "x-amz-content-sha256", "x-amz-audience", "date")
    value = random.choice((b"", b"x", value_of(one.raw, b"x-amz-date"), str(random.choice(stock.others)).encode()))
    put: Header = (random.choice(names).encode(), value)
    at = random.randint(0, len(one.raw.headers))
    return one.raw.replaced(headers=(*one.raw.headers[:at], put, *one.raw.headers[at:]))


@mutation
def content_type(one: Original, stock: Stock, random: Random) -> RawRequest:
    types = (b"", b"text/plain", b"application/json", b"application/x-amz-json-1.1", b"multipart/form-data; boundary=x")
    return with_header(one.raw, b"content-type", random.choice(types))


@mutation
def signature(one: Original, stock: Stock, random: Random) -> RawRequest:
    def change(claims: bytes) -> bytes:
        start = claims.index(b"Signature=") + 10
        text = claims[start : start + 64]
        digit = random.randrange(64)
        other = random.choice([d for d in b"0123456789abcdef" if d != text[digit]])
        flipped = text[:digit] + bytes([other]) + text[digit + 1 :]
        forms = (flipped, flipped, flipped, text.upper(), text[:-1], text + b"0", b"", b"0" * 64, text[::-1], text * 2)
        return claims[:start] + random.choice(forms) + claims[start + 64 :]

    return with_claims(one, change)


@mutation
def scope(one: Original, stock: Stock, random: Random) -> RawRequest:
    service = one.service.encode()
    old, new = random.choice([pair for pair in SCOPES if pair[0] != b"sts"] + [(service, b"sts"), (service, b"iam")])

    def change(claims: bytes) -> bytes:
        slash = b"%2F" if one.presigned else b"/"
        whole = slash.join([b"20150830", b"us-east-1", service, b"aws4_request"])
        return claims.replace(whole, whole.replace(old, new))

    return with_claims(one, change)


@mutation
def signed_headers(one: Original, stock: Stock, random: Random) -> RawRequest:
    separator, end = (b"%3B", b"&") if one.presigned else (b";", b",")

    def change(claims: bytes) -> bytes:
        text = claims.partition(b"SignedHeaders=")[2].partition(end)[0]
        names = text.split(separator)
        at = random.randrange(len(names))
        other = random.choice(
            (
                names[:at] + names[at + 1 :],
                [*names, names[at]],
                names[::-1],
                [*names[:at], names[at].upper(), *names[at + 1 :]],
                sorted([*names, b"user-agent"]),
                sorted([*names, b"x-amz-absent"]),
                [b"", *names],
                [],
            )
        )
        return claims.replace(b"SignedHeaders=" + text, b"SignedHeaders=" + separator.join(other))

    return with_claims(one, change)


@mutation
def key_id(one: Original, stock: Stock, random: Random) -> RawRequest:
    mine = one.signer.access_key_id.encode()
    at = random.randrange(len(mine))
    strangers = [signer.access_key_id.encode() for signer in stock.others if signer.access_key_id != mine.decode()]
    other = random.choice(
        (
            random.choice(strangers),
            random.choice(strangers),
            mine[:at] + random.choice([c for c in (b"A", b"7", b"z", b"0") if c != mine[at : at + 1]]) + mine[at + 1 :],
            mine.lower(),
            mine[:-1],
            mine + b"A",
            b"",
            b"ASIA" + mine[4:] if mine.startswith(b"AKIA") else b"AKIA" + mine[4:],
        )
    )
    return with_claims(one, lambda claims: claims.replace(mine, other))


@mutation
def token(one: Original, stock: Stock, random: Random) -> RawRequest:
    """Another token where there is one, one where there is none, or none."""
    return with_token(one, other_token(one, stock, random))


@mutation
def token_signed_anew(one: Original, stock: Stock, random: Random) -> RawRequest:
    """The same by someone who holds the session's secret and signs what he has changed."""
    return resigned(one, replace(one.signer, session_token=other_token(one, stock, random)))


@mutation
def parts_of_others_signed_anew(one: Original, stock: Stock, random: Random) -> RawRequest:
    """A key id, a secret and a token that do not belong together, and a signature that fits the secret."""
    holder = random.choice([signer for signer in stock.others if signer != one.signer])
    part = random.choice(("access_key_id", "secret_access_key", "session_token"))
    mixed = replace(one.signer, **{part: getattr(holder, part)})
    if mixed in (one.signer, holder):  # both have no token
        mixed = replace(one.signer, secret_access_key=holder.secret_access_key)
    return resigned(one, mixed)


def other_token(one: Original, stock: Stock, random: Random) -> str | None:
    mine = one.signer.session_token
    tokens = [signer.session_token for signer in stock.others if signer.session_token and signer.session_token != mine]
    if mine is None:
        return random.choice([*tokens, "x", mine or ""])
    at, donor = random.randrange(len(mine)), random.choice(tokens)
    character = random.choice([c for c in BASE64 if c != mine[at]])
    return random.choice(
        (
            mine[:at] + character + mine[at + 1 :],
            mine[:at] + character + mine[at + 1 :],
            mine[:at] + donor[at:],
            donor[:at] + mine[at:],
            mine[:at],
            mine[at:] + mine[:at] + "A",
            mine + random.choice(("=", "A", " ", "\t", "%3D", mine)),
            mine.replace("+", "-").replace("/", "_") + "-",
            mine.swapcase(),
            donor,
            "",
            None,
        )
    )


@mutation
def date(one: Original, stock: Stock, random: Random) -> RawRequest:
    stamp = b"20150830T123600Z"
    others = (b"20150830T122059Z", b"20150830T125101Z", b"20150830T123601Z", b"20150830T123600", b"2015-08-30", b"")
    put = random.choice((*others, b"20150830T1236 0Z", b"20150830t123600z", stamp + b"Z"))
    if one.presigned:
        return one.raw.replaced(target=one.raw.target.replace(b"Date=" + stamp, b"Date=" + put))
    return with_header(one.raw, b"x-amz-date", put)


@mutation
def expires(one: Original, stock: Stock, random: Random) -> RawRequest:
    put = random.choice(
        (b"-1", b"604801", b"1e3", b"60.0", b"", b"61", b"0", b"604800", b"060", b"%EF%BC%96", b"9" * 400)
    )
    if one.presigned:
        return one.raw.replaced(target=one.raw.target.replace(b"X-Amz-Expires=60", b"X-Amz-Expires=" + put))
    return one.raw.replaced(target=b"/?X-Amz-Expires=" + put)


@mutation
def parts_of_another_request(one: Original, stock: Stock, random: Random) -> RawRequest:
    other = random.choice(stock.originals).raw
    header = random.choice(other.headers)
    return random.choice(
        (
            one.raw.replaced(target=other.target),
            one.raw.replaced(body=other.body),
            one.raw.replaced(headers=other.headers),
            with_header(one.raw, *header),
            one.raw.replaced(headers=(*one.raw.headers, header)),
        )
    )


@mutation
def both_kinds_of_signature(one: Original, stock: Stock, random: Random) -> RawRequest:
    other = random.choice([each for each in stock.originals if each.presigned != one.presigned]).raw
    if one.presigned:
        put = value_of(other, b"authorization")
        return one.raw.replaced(headers=(*one.raw.headers, (b"authorization", put)))
    return one.raw.replaced(target=other.target)
