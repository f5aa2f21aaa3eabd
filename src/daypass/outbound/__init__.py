"""Web identity tokens that an account issues to its own principals, for services elsewhere (GetWebIdentityToken).

    claims.py     what a token says
    token.py      a token, signed
    keys.py       the issuer's keys and how they succeed each other
    documents.py  what the issuer publishes: discovery document and key set

Pure: keys, ``now`` and private keys come in. Source: IAM User Guide, "Federating AWS identities to external services".
"""

from daypass.outbound.claims import Wish, payload
from daypass.outbound.documents import published
from daypass.outbound.keys import ALGORITHMS, CACHED, advance, first_keys, is_due, replace_at_once, signing_key
from daypass.outbound.token import LARGEST_PAYLOAD, PrivateKey, encode, sign

__all__ = [
    "ALGORITHMS",
    "CACHED",
    "LARGEST_PAYLOAD",
    "PrivateKey",
    "Wish",
    "advance",
    "encode",
    "first_keys",
    "is_due",
    "payload",
    "published",
    "replace_at_once",
    "sign",
    "signing_key",
]
