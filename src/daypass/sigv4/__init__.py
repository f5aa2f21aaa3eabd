"""AWS Signature Version 4: read, check, verify and make signatures; and verify those of version 4a.

Pure: bytes, keys and ``now`` in; values or a refusal out. The order of checks is AWS's (observed on its query
services), and the caller keeps it by calling in this order:

    unverified = read_authorization(raw)             1. one kind of signature, readable, host signed, date readable
    unverified = settle_region(raw, unverified, …)      and which region is meant, where a set of them is signed
    check_time(unverified, now)                      2. not stale, not from the future
    check_scope(unverified, service=…, regions=…)    3. made for this service and region, on the day of its date
    …                                                4. the caller finds the key and opens the session token
    key = keys.get(secret, unverified)               5. ``ProvingKeys``, or ``proving_key`` by hand
    verify_signature(raw, unverified, key)           6. headers, body and signature

``None`` from ``read_authorization`` means the request carries no signature at all; the caller then owes
``MissingAuthenticationToken`` with the text ``MISSING_TOKEN``, unless the operation needs none.
Everything in an ``UnverifiedSignature`` is a claim until ``verify_signature`` has returned.

    scope           the claim, its time and scope            keys       what makes and what proves signatures
    authorization   reads the claim from a request           sign       signing in the header form
    region_set      the region that a SigV4a claim means     presign    signing in the query form
    canonical       what is signed                           verify     all that must hold before it is believed

Sources: IAM User Guide, "AWS Signature Version 4 for API requests" and "Troubleshoot Signature Version 4 signing".
"""

from daypass.sigv4.authorization import MISSING_TOKEN, read_authorization
from daypass.sigv4.canonical import JSON_PROFILE, QUERY_PROFILE, S3_PROFILE, Profile
from daypass.sigv4.keys import ProvingKeys, proving_key, signing_key
from daypass.sigv4.presign import presign_request
from daypass.sigv4.region_set import settle_region
from daypass.sigv4.scope import UnverifiedSignature, check_scope, check_time
from daypass.sigv4.sign import sign_request
from daypass.sigv4.verify import verify_signature

__all__ = [
    "JSON_PROFILE",
    "MISSING_TOKEN",
    "QUERY_PROFILE",
    "S3_PROFILE",
    "Profile",
    "ProvingKeys",
    "UnverifiedSignature",
    "check_scope",
    "check_time",
    "presign_request",
    "proving_key",
    "read_authorization",
    "settle_region",
    "sign_request",
    "signing_key",
    "verify_signature",
]
