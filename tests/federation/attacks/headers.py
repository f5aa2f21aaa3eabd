"""What a header may not say, however well it is signed."""

from __future__ import annotations

import json
from base64 import b64encode

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.federation.attacks.kit import (
    DROP,
    NO_JWT,
    NO_KEY,
    SIGNATURE,
    Attack,
    ec_jwk,
    ec_key,
    good,
    payload,
    rsa_jwk,
    rsa_key,
    sealed,
    signing_input,
    spell,
    with_header,
)

MALLORY = rsa_key("mallory")

_NOT_TAKEN = [
    "none", "None", "NONE", "nOnE", "none ", "", "rs256", "Rs256", "RS256 ", " RS256", "RS256\n", "RS256\0", "RS-256",
    "RSA256", "RSA", "SHA256withRSA", "RS1", "RS2048", "HS256", "HS384", "HS512", "HS1", "PS256", "PS384", "PS512",
    "EdDSA", "Ed25519", "Ed448", "ES256K", "ES", "es256", "ESB256", "RSA1_5", "RSA-OAEP", "dir", "A256KW", "A256GCM",
    "ECDH-ES", "PBES2-HS256+A128KW", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "RSASSA_PKCS1_V1_5_SHA_256",
    "\uff32\uff33256", "R\u0405256", "RS256,none", "RS256;none", "*", "__proto__", "1.2.840.113549.1.1.11",
]  # fmt: skip
_NO_TEXT = [None, 0, 256, True, False, [], ["RS256"], {}, {"RS256": 1}, 1.5]

ALGORITHMS = [
    *(Attack(f"alg is {alg!r}", with_header(alg=alg), NO_JWT) for alg in (*_NOT_TAKEN, *_NO_TEXT)),
    Attack("there is no alg", with_header(alg=DROP), NO_JWT),
    Attack("`Alg` is not alg", with_header(alg=DROP, Alg="RS256"), NO_JWT),
    *(
        Attack(f"alg is {alg!r}, and there is no signature", f"{signing_input({'alg': alg}, payload())}.", NO_JWT)
        for alg in ("none", "RS256", "HS256", "")
    ),
    Attack("all that are taken: RS256", good("RS256"), None),
    Attack("all that are taken: RS384", good("RS384"), None),
    Attack("all that are taken: RS512", good("RS512"), None),
    Attack("all that are taken: ES256", good("ES256"), None),
    Attack("all that are taken: ES384", good("ES384"), None),
    Attack("all that are taken: ES512", good("ES512"), None),
    *(
        Attack(f"the key {kid} cannot have made {alg}", with_header(alg=alg, kid=kid), NO_KEY)
        for alg in ("RS256", "RS384", "RS512")
        for kid in ("es256", "es384", "es512")
    ),
    *(
        Attack(f"the key {kid} cannot have made {alg}", with_header(alg=alg, kid=kid), NO_KEY)
        for alg, kids in {
            "ES256": ("rsa", "es384", "es512"),
            "ES384": ("rsa", "es256", "es512"),
            "ES512": ("rsa", "es256", "es384"),
        }.items()
        for kid in kids
    ),
]

EXTENSIONS = [
    Attack("crit names a claim", with_header(crit=["exp"], exp=1), NO_JWT),
    Attack("crit names nothing", with_header(crit=[]), NO_JWT),
    Attack("crit is null", with_header(crit=None), NO_JWT),
    Attack("crit is a text", with_header(crit="exp"), NO_JWT),
    Attack("crit names alg", with_header(crit=["alg"]), NO_JWT),
    Attack("crit names what is not there", with_header(crit=["http://example.com/x"]), NO_JWT),
    Attack("crit names b64", with_header(crit=["b64"], b64=True), NO_JWT),
    Attack("the payload is not encoded", with_header(crit=["b64"], b64=False), NO_JWT),
    Attack("b64 without crit: false", with_header(b64=False), NO_JWT),
    Attack("b64 without crit: true", with_header(b64=True), NO_JWT),
    Attack("b64 without crit: null", with_header(b64=None), NO_JWT),
    Attack("a member that nobody knows is passed over", with_header(**{"pi.atm": "1", "x": {"y": []}}), None),
    Attack("a nonce, as Entra writes it", with_header(nonce="abc"), None),
    Attack("typ of access tokens", with_header(typ="at+jwt"), None),
    Attack("no typ, as Kubernetes writes it", with_header(typ=DROP), None),
]

_KEY_IDS = [
    "RSA", "rsa ", " rsa", "rsa\0", "rsa\n", "rs", "rsaa", "r\u0455a", "\uff52\uff53\uff41", "../../../../etc/passwd",
    "/dev/null", "file:///dev/null", "rsa\r\nX-Forwarded-For: 127.0.0.1", "' OR '1'='1", "$(id)", "`id`", "*", "%72sa",
    "http://169.254.169.254/latest/meta-data/", "rsa/../rsa", "__proto__", "constructor", "keys", "0", "null", "\U0001f511",
    "rsa\u202e", "a" * 1_024, "{{7*7}}", "${jndi:ldap://127.0.0.1/a}", "\\rsa", "rsa;", "rsa,es256", "undefined",
]  # fmt: skip
KEY_IDS = [
    *(Attack(f"kid is {kid[:40]!r}", with_header(kid=kid), NO_KEY) for kid in _KEY_IDS),
    *(
        Attack(f"kid is {str(kid)[:40]!r}, no text of usual length", with_header(kid=kid), NO_JWT)
        for kid in ("", 0, 1, 1.5, True, False, [], ["rsa"], {}, {"kid": "rsa"}, "a" * 1_025)
    ),
    Attack("no kid where there are several keys", with_header(kid=DROP), NO_KEY),
    Attack("kid is null where there are several keys", with_header(kid=None), NO_KEY),
    Attack("`KID` is not kid", with_header(kid=DROP, KID="rsa"), NO_KEY),
]

_OWN = rsa_jwk(MALLORY)
_DER = MALLORY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
_BROUGHT = {
    "jwk": _OWN,
    "jku": "https://attacker.example/jwks",
    "x5u": "https://attacker.example/chain.pem",
    "x5c": [b64encode(_DER).decode()],
    "x5t": spell(b"\0" * 20),
    "x5t#S256": spell(b"\0" * 32),
    "key": _OWN,
    "keys": [_OWN],
    "iss": "https://attacker.example",
    "epk": ec_jwk("ES256", ec_key("ES256", "mallory")),
}
BROUGHT_KEYS = [
    *(
        Attack(f"the attacker signs and brings `{name}`", with_header(MALLORY, **{name: value}), SIGNATURE)
        for name, value in _BROUGHT.items()
    ),
    *(
        Attack(f"the attacker brings `{name}`, and no kid", with_header(MALLORY, kid=DROP, **{name: value}), NO_KEY)
        for name, value in _BROUGHT.items()
    ),
    *(
        Attack(
            f"the attacker brings `{name}`, and a kid of his", with_header(MALLORY, kid="m", **{name: value}), NO_KEY
        )
        for name, value in _BROUGHT.items()
    ),
    *(
        Attack(f"what the issuer says in `{name}` is passed over", with_header(**{name: _BROUGHT[name]}), None)
        for name in ("jku", "x5u", "x5t", "keys")
    ),
]

_JWE = {"alg": "RSA-OAEP", "enc": "A256GCM", "cty": "JWT"}
NESTED = [
    Attack("a JWE has five parts", f"{sealed(_JWE, payload())}.{spell(b'c')}.{spell(b't')}", NO_JWT),
    Attack("a JWE's header over three parts", sealed(_JWE, payload()), NO_JWT),
    Attack("a JWT within a JWT", sealed({"alg": "RS256", "kid": "rsa", "cty": "JWT"}, good().encode()), NO_JWT),
    Attack("zip is not unpacked", with_header(zip="DEF"), None),
    Attack("a header of JWE beside a good signature", with_header(enc="A256GCM"), None),
    Attack("the JSON serialization, flattened", json.dumps({"payload": "e30", "signature": "x"}), NO_JWT),
    Attack(
        "the JSON serialization, general",
        json.dumps({"payload": "e30", "signatures": [{"protected": "e30", "signature": "x"}]}),
        NO_JWT,
    ),
]

ATTACKS = [*ALGORITHMS, *EXTENSIONS, *KEY_IDS, *BROUGHT_KEYS, *NESTED]
