"""Signing in the query form: a URL that carries its signature, for whoever holds it.

Source: IAM User Guide, "Create a signed AWS API request", "Signing with query parameters".
"""

from __future__ import annotations

from collections.abc import Mapping

from daypass.errors import Malformed
from daypass.sigv4.canonical import (
    QUERY_PROFILE,
    Profile,
    SignedHeaders,
    canonical_path,
    canonical_request,
    payload_hash,
)
from daypass.sigv4.percent import escape
from daypass.sigv4.scope import ALGORITHM, LONGEST_EXPIRES, format_timestamp
from daypass.sigv4.sign import Signer, headers_to_sign, parse_target, signed_query


def presign_request(  # noqa: PLR0913  a signature has this many facts, all but four by keyword
    method: str,
    url: str,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    *,
    access_key_id: str,
    secret_access_key: str,
    session_token: str | None = None,
    region: str,
    service: str,
    now: float,
    expires: int = 3600,
    profile: Profile = QUERY_PROFILE,
) -> str:
    """Sign a request in the query form and return the whole URL.

    Whoever uses the URL must send the same ``headers`` (they are signed) and the same ``body``. ``now`` is in epoch
    seconds, ``expires`` in seconds; STS lets a URL live for 15 minutes whatever ``expires`` says.

    Raises:
        Malformed: the URL, a header, the secret or ``expires`` cannot be signed.
    """
    if not 0 <= expires <= LONGEST_EXPIRES:
        raise Malformed(f"expires is a whole number of seconds from 0 to {LONGEST_EXPIRES}")
    signer = Signer(access_key_id, secret_access_key, region, service, format_timestamp(int(now)))
    target = parse_target(url)
    signed = headers_to_sign(headers or {}, target.host)
    names = SignedHeaders(b";".join(signed))
    query = _query_to_sign(target.query, signer, names.text, expires, session_token)
    payload = payload_hash(signed, body, profile, presigned=True)
    path = canonical_path(target.path, profile)
    request = canonical_request(method, path, signed_query(query), signed, names, payload)
    return f"{url.partition('?')[0]}?{query.decode()}&X-Amz-Signature={signer.signature(request)}"


def _query_to_sign(query: bytes, signer: Signer, names: bytes, expires: int, session_token: str | None) -> bytes:
    """The query with all authentication parameters but the signature, in the order of AWS's own signers."""
    parameters = {
        b"X-Amz-Algorithm": ALGORITHM.encode(),
        b"X-Amz-Credential": signer.credential.encode(),
        b"X-Amz-Date": signer.timestamp.encode(),
        b"X-Amz-Expires": str(expires).encode(),
        b"X-Amz-SignedHeaders": names,
    }
    if session_token is not None:
        parameters[b"X-Amz-Security-Token"] = session_token.encode()
    added = b"&".join([name + b"=" + escape(value) for name, value in parameters.items()])
    return query + b"&" + added if query else added
