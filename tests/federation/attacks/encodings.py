"""Tokens that two readers could read differently, and what is no token at all."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode

from tests.federation.attacks.kit import (
    GOOD_CLAIMS,
    GOOD_HEADER,
    NO_JWT,
    SIGNATURE,
    Attack,
    good,
    payload,
    rsa_signature,
    sealed,
    spell,
    with_claims,
    with_payload,
)

HEADER, BODY, SIGNED = good().split(".")


def _parts(*parts: str) -> str:
    return ".".join(parts)


def _signed_text(text: str) -> str:
    """``text`` as header and payload, whatever they are, truly signed."""
    return f"{text}.{spell(rsa_signature('RS256', text))}"


def _spare_bits(part: str) -> str:
    """The same bytes, spelled with bits that no byte has."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert len(part) % 4, "it has none to spare"
    return part[:-1] + alphabet[alphabet.index(part[-1]) + 1]


def _uneven(text: bytes) -> str:
    """``text`` with white space behind, so that its spelling has bits to spare."""
    return spell(text if len(text) % 3 else text + b" ")


PARTS = [
    Attack("nothing", "", NO_JWT),
    Attack("dots alone", "..", NO_JWT),
    Attack("a dot", ".", NO_JWT),
    Attack("four dots", "....", NO_JWT),
    Attack("one part", HEADER, NO_JWT),
    Attack("two parts", _parts(HEADER, BODY), NO_JWT),
    Attack("four parts", _parts(HEADER, BODY, SIGNED, SIGNED), NO_JWT),
    Attack("five parts", _parts(HEADER, BODY, SIGNED, SIGNED, SIGNED), NO_JWT),
    Attack("a dot before", f".{good()}", NO_JWT),
    Attack("a dot behind", f"{good()}.", NO_JWT),
    Attack("no header", _parts("", BODY, SIGNED), NO_JWT),
    Attack("no payload", _parts(HEADER, "", SIGNED), NO_JWT),
    Attack("no signature", _parts(HEADER, BODY, ""), NO_JWT),
    Attack("a detached payload", _signed_text(f"{HEADER}."), NO_JWT),
    Attack("parts changed round", _parts(BODY, HEADER, SIGNED), NO_JWT),
    Attack("twenty thousand dots", "." * 20_000, NO_JWT),
    Attack("an opaque access token", "EAACEdEose0cBAFlQ", NO_JWT),
    Attack("with its scheme", f"Bearer {good()}", NO_JWT),
    Attack("in quotes", f'"{good()}"', NO_JWT),
    Attack("of 20,000 characters", with_claims(x="a" * ((20_000 - len(with_claims(x=""))) * 3 // 4)), None),
    Attack("of 20,001 characters and more", with_claims(x="a" * 15_000), NO_JWT),
]

_SPELLINGS = {
    "padded": lambda part: part + "=" * (-len(part) % 4 or 4),
    "padded once": lambda part: part + "=",
    "padded twice": lambda part: part + "==",
    "with a space behind": lambda part: part + " ",
    "with a space before": lambda part: " " + part,
    "with a line end behind": lambda part: part + "\n",
    "broken in lines": lambda part: part[:64] + "\r\n" + part[64:],
    "with a NUL": lambda part: part[:8] + "\0" + part[8:],
    "with an asterisk": lambda part: part[:8] + "*" + part[8:],
    "with a full-width letter": lambda part: "\uff21" + part,
    "percent-encoded": lambda part: "%" + f"{ord(part[0]):02x}" + part[1:],
    "with four letters more": lambda part: part + "AAAA",
    "with one letter more": lambda part: part + "A",
    "with one letter less": lambda part: part[:-1],
    "in the other alphabet": lambda part: "+/" + part,
    "with a zero-width space": lambda part: part + "\u200b",
}
SPELLINGS = [
    Attack(f"the {name} {how}", _parts(*(spelled(part) if at == place else part for at, part in enumerate((HEADER, BODY, SIGNED)))),
           SIGNATURE if how in ("with four letters more", "with one letter more") and name == "signature" else NO_JWT)
    for place, name in enumerate(("header", "payload", "signature"))
    for how, spelled in _SPELLINGS.items()
]  # fmt: skip
SPELLINGS += [
    Attack("the header with spare bits, and signed so", _signed_text(_parts(_spare_bits(_uneven(b'{"alg":"RS256","kid":"rsa"}')), BODY)), NO_JWT),
    Attack("the payload with spare bits, and signed so", _signed_text(_parts(HEADER, _spare_bits(_uneven(payload())))), NO_JWT),
    Attack("the signature with spare bits", _parts(HEADER, BODY, _spare_bits(SIGNED)), NO_JWT),
    Attack("the payload padded, and signed so", _signed_text(_parts(HEADER, urlsafe_b64encode(payload(sub="adam")).decode())), NO_JWT),
    Attack("in base64 of the other alphabet, and signed so", _signed_text(_parts(HEADER, b64encode(payload(x="???>>>")).decode())), NO_JWT),
    Attack("with a line end, and signed so", _signed_text(_parts(HEADER, BODY + "\n")), NO_JWT),
]  # fmt: skip

_CLAIMS = json.dumps(GOOD_CLAIMS).encode()
_TEXTS: dict[str, bytes] = {
    "no JSON": b"ada",
    "an empty text": b" ",
    "null": b"null",
    "true": b"true",
    "a number": b"1790000000",
    "a text": b'"ada"',
    "a list": b"[" + _CLAIMS + b"]",
    "two objects": _CLAIMS + _CLAIMS,
    "an object and more": _CLAIMS + b"x",
    "an object and a NUL": _CLAIMS + b"\0",
    "a byte order mark before": b"\xef\xbb\xbf" + _CLAIMS,
    "in UTF-16": _CLAIMS.decode().encode("utf-16"),
    "in UTF-16, big-endian": _CLAIMS.decode().encode("utf-16-be"),
    "in UTF-32": _CLAIMS.decode().encode("utf-32"),
    "in Latin-1": _CLAIMS.replace(b"ada", b"\xe4da"),
    "a byte that is no UTF-8": _CLAIMS.replace(b"ada", b"\xff"),
    "UTF-8 that is too long": _CLAIMS.replace(b"ada", b"\xc1\xa1da"),
    "a surrogate in UTF-8": _CLAIMS.replace(b"ada", b"\xed\xa0\x80"),
    "half a surrogate pair": _CLAIMS.replace(b"ada", b"\\ud800"),
    "the other half": _CLAIMS.replace(b"ada", b"a\\uDC00"),
    "a pair the wrong way round": _CLAIMS.replace(b"ada", b"\\udc00\\ud800"),
    "half a pair in a name": _CLAIMS[:-1] + b',"\\ud800":1}',
    "half a pair deep within": _CLAIMS[:-1] + b',"x":[{"y":"\\uDBFF"}]}',
    "a line end in a text": _CLAIMS.replace(b"ada", b"a\nda"),
    "a NUL in a text": _CLAIMS.replace(b"ada", b"a\0da"),
    "an escape that is none": _CLAIMS.replace(b"ada", b"\\x61da"),
    "half an escape": _CLAIMS.replace(b"ada", b"\\u00"),
    "single quotes": _CLAIMS.replace(b'"', b"'"),
    "a comment": b"/* */" + _CLAIMS,
    "a comma behind": _CLAIMS[:-1] + b",}",
    "no end": _CLAIMS[:-1],
    "a name without quotes": b"{iss:1}",
    "NaN somewhere": _CLAIMS[:-1] + b',"x":NaN}',
    "an endless number somewhere": _CLAIMS[:-1] + b',"x":-Infinity}',
    "a number of 5,000 digits": _CLAIMS[:-1] + b',"x":' + b"9" * 5_000 + b"}",
    "lists in lists, 7,000 deep": _CLAIMS[:-1] + b',"x":' + b"[" * 7_000 + b"}",
    "lists in lists, 6,000 deep and closed": _CLAIMS[:-1] + b',"x":' + b"[" * 6_000 + b"]" * 6_000 + b"}",
    "objects in objects, 2,000 deep": _CLAIMS[:-1] + b',"x":' + b'{"a":' * 2_000 + b"1" + b"}" * 2_000 + b"}",
    **{
        f"{name} twice": json.dumps({name: value}).encode()[:-1] + b"," + _CLAIMS[1:]
        for name, value in GOOD_CLAIMS.items()
    },
    **{f"{name} twice, alike": json.dumps({name: GOOD_CLAIMS[name]}).encode()[:-1] + b"," + _CLAIMS[1:] for name in ("sub", "aud")},
    "sub twice, once escaped": _CLAIMS[:-1] + b',"s\\u0075b":"eve"}',
    "a member twice deep within": _CLAIMS[:-1] + b',"x":{"a":1,"a":1}}',
    "a member twice in the tags": _CLAIMS[:-1]
    + b',"https://aws.amazon.com/tags":{"principal_tags":{"t":["a"],"t":["b"]}}}',
}  # fmt: skip
_HEADER_TEXTS: dict[str, bytes] = {
    "alg twice": b'{"alg":"none","alg":"RS256","kid":"rsa"}',
    "alg twice, the good one first": b'{"alg":"RS256","alg":"none","kid":"rsa"}',
    "alg twice, once escaped": b'{"\\u0061lg":"none","alg":"RS256","kid":"rsa"}',
    "kid twice": b'{"alg":"RS256","kid":"mallory","kid":"rsa"}',
    "crit twice": b'{"alg":"RS256","kid":"rsa","crit":[],"crit":["x"]}',
    "no JSON": b"RS256",
    "a list": b'[{"alg":"RS256","kid":"rsa"}]',
    "null": b"null",
    "a byte order mark before": b'\xef\xbb\xbf{"alg":"RS256","kid":"rsa"}',
    "in UTF-16": '{"alg":"RS256","kid":"rsa"}'.encode("utf-16"),
    "a byte that is no UTF-8": b'{"alg":"RS256","kid":"rsa","x":"\xff"}',
    "half a surrogate pair": b'{"alg":"RS256","kid":"\\ud800"}',
    "two objects": b'{"alg":"RS256","kid":"rsa"}{}',
    "a NUL behind": b'{"alg":"RS256","kid":"rsa"}\0',
    "NaN": b'{"alg":"RS256","kid":"rsa","x":NaN}',
    "6,000 lists in lists": b'{"alg":"RS256","kid":"rsa","x":' + b"[" * 6_000 + b"]" * 6_000 + b"}",
}
JSON = [
    *(Attack(f"the payload is {name}", with_payload(text), NO_JWT) for name, text in _TEXTS.items()),
    *(Attack(f"the header is {name}", sealed(text, payload()), NO_JWT) for name, text in _HEADER_TEXTS.items()),
    Attack("the payload with white space", with_payload(b" \r\n\t" + json.dumps(GOOD_CLAIMS, indent=4).encode() + b"\n"), None),
    Attack("the payload with escapes", with_payload(_CLAIMS.replace(b"ada", b"\\u0061da")), None),
    Attack("a whole surrogate pair", with_payload(_CLAIMS.replace(b"ada", b"\\ud83d\\udd11")), None),
    Attack("the header with white space", sealed(b' { "alg" : "RS256" , "kid" : "rsa" } ', payload()), None),
    Attack("another header of as many members", _parts(spell(json.dumps({**GOOD_HEADER, "typ": "jwt"}).encode()), BODY, SIGNED), SIGNATURE),
]  # fmt: skip

ATTACKS = [*PARTS, *SPELLINGS, *JSON]
