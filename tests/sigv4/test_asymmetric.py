"""SigV4a: AWS's signing suite by stage, awscrt as signer, and what else may not pass for a signature."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import example, given
from hypothesis import strategies as st

from daypass.errors import SignatureDoesNotMatch
from daypass.exchange import RawRequest
from daypass.sigv4 import check_scope, check_time, settle_region, signing_key, verify_signature
from daypass.sigv4.canonical import (
    canonical_path,
    canonical_query,
    canonical_request,
    index_headers,
    payload_hash,
    query_pairs,
    string_to_sign,
)
from daypass.sigv4.keys import private_value, verifying_key
from daypass.sigv4.scope import ASYMMETRIC, FORMS
from daypass.sigv4.verify import PROOFS
from tests.sigv4.crt import signed_by_crt
from tests.sigv4.samples import ASSUME_ROLE, FORM, KEY_ID, NOW, SECRET, TOKEN, accept
from tests.sigv4.test_sign import REQUESTS
from tests.sigv4.test_vectors import ASYMMETRIC_SUITE, Vector, claim
from tests.sigv4.test_vectors import FORMS as FORMS_OF_SUITE

URL = "https://sts.us-east-1.amazonaws.com/"
WHO_AM_I = f"{URL}?Action=GetCallerIdentity&Version=2011-06-15"
KEY = verifying_key(SECRET, KEY_ID)
CASES = sorted(folder.name for folder in ASYMMETRIC_SUITE.iterdir())
EVERY = pytest.mark.parametrize(("case", "form"), [(case, form) for case in CASES for form in FORMS_OF_SUITE])


# ── The suite ────────────────────────────────────────────────────────────────────────────────────────


def vector(case: str, form: str) -> Vector:
    return Vector(case, form, ASYMMETRIC_SUITE)


@EVERY
def test_the_canonical_request_is_the_suites(case: str, form: str) -> None:
    """Stage 1: the canonical request of the signed request."""
    given_ = vector(case, form)
    raw = given_.signed
    left_out = [b"X-Amz-Signature"]
    if given_.context.get("omit_session_token"):
        left_out.append(b"X-Amz-Security-Token")
    headers = index_headers(raw.headers)
    path, query = canonical_path(raw.path, given_.profile), canonical_query(query_pairs(raw.query, left_out))
    names, payload = claim(raw).signed_headers, payload_hash(headers, raw.body)
    assert canonical_request(raw.method, path, query, headers, names, payload) == given_.text("canonical-request")


@EVERY
def test_the_string_to_sign_is_the_suites(case: str, form: str) -> None:
    """Stage 2: the string to sign of the suite's canonical request; its scope has no region."""
    scope = claim(vector(case, form).signed).scope
    made = string_to_sign(ASYMMETRIC, "20150830T123600Z", scope, vector(case, form).text("canonical-request"))
    assert made == vector(case, form).text("string-to-sign")


@EVERY
def test_the_signature_is_proved(case: str, form: str) -> None:
    """Stage 3: the suite's signature is one of its string to sign, under the key that we derive."""
    signature = bytes.fromhex(vector(case, form).text("signature").decode())
    assert KEY.proves(signature, vector(case, form).text("string-to-sign"))
    assert not KEY.proves(signature, vector(case, form).text("string-to-sign") + b" ")


@EVERY
def test_the_signed_request_is_accepted(case: str, form: str) -> None:
    """Stage 4: all checks of the suite's signed request, but for the unsigned token header that we never accept."""
    given_ = vector(case, form)
    unverified = settle_region(given_.signed, claim(given_.signed), ("us-east-1",))
    check_time(unverified, NOW)
    check_scope(unverified, service="service", regions={"us-east-1"})
    if (case, form) == ("post-sts-header-after", "header"):
        with pytest.raises(SignatureDoesNotMatch) as caught:
            verify_signature(given_.signed, unverified, KEY, profile=given_.profile)
        assert caught.value.detail == "header is present but not signed: b'x-amz-security-token'"
    else:
        verify_signature(given_.signed, unverified, KEY, profile=given_.profile)
        assert unverified.session_token == given_.context["credentials"].get("token")


def test_the_suite_is_all_there() -> None:
    """No case was lost: 38 folders of eleven files, all signed by the one key."""
    assert len(CASES) == 38
    assert {len(list(folder.iterdir())) for folder in ASYMMETRIC_SUITE.iterdir()} == {11}
    assert len({(ASYMMETRIC_SUITE / case / "public-key.json").read_bytes() for case in CASES}) == 1


# ── awscrt ───────────────────────────────────────────────────────────────────────────────────────────


@given(REQUESTS)
def test_what_awscrt_signs_is_accepted(request: dict[str, object]) -> None:
    """Any method, host, path, query, headers, body and token, in the header form."""
    region = str(request.pop("region"))
    raw = signed_by_crt(**request, region_set=region)
    assert accept(raw, region=region).session_token == request["token"]


@given(REQUESTS)
def test_what_awscrt_presigns_is_accepted(request: dict[str, object]) -> None:
    """Any method, host, path, query, headers and token, in the query form."""
    region = str(request.pop("region"))
    del request["body"]
    raw = signed_by_crt(**request, region_set=region, presigned=True)
    assert accept(raw, region=region).session_token == request["token"]


def sample() -> RawRequest:
    return signed_by_crt("POST", URL, FORM, ASSUME_ROLE, token=TOKEN)


def test_another_secret_is_refused() -> None:
    """The key is derived from the secret, and proves nothing of another."""
    with pytest.raises(SignatureDoesNotMatch):
        accept(signed_by_crt("POST", URL, FORM, ASSUME_ROLE, secret="another"))
    with pytest.raises(SignatureDoesNotMatch):
        accept(signed_by_crt("GET", WHO_AM_I, secret="another", presigned=True))


# ── What is a signature, and what is none ────────────────────────────────────────────────────────────


def with_signature(raw: RawRequest, signature: str) -> RawRequest:
    headers = dict(raw.headers)
    kept = headers[b"authorization"].rpartition(b"=")[0]
    return raw.replaced(headers=tuple((headers | {b"authorization": kept + b"=" + signature.encode()}).items()))


def numbers() -> tuple[int, int]:
    return decode_dss_signature(bytes.fromhex(dict(sample().headers)[b"authorization"].rpartition(b"=")[2].decode()))


ORDER = 2**256 - 2**224 + 2**192 - 0x4319055258E8617B0C46353D039CDAAF


def integer(value: int, padding: bytes = b"") -> bytes:
    text = padding + value.to_bytes(value.bit_length() // 8 + 1, "big")
    return b"\x02" + bytes([len(text)]) + text


def forms(r: int, s: int) -> dict[str, bytes]:
    """The signature ``r``, ``s`` in forms that are not the one DER form, and numbers that are out of range."""
    both = integer(r) + integer(s)
    right = b"\x30" + bytes([len(both)]) + both
    padded = integer(r, b"\0") + integer(s)
    return {
        "raw numbers": r.to_bytes(32, "big") + s.to_bytes(32, "big"),
        "something after it": right + b"\0",
        "length in long form": b"\x30\x81" + bytes([len(both)]) + both,
        "indefinite length": b"\x30\x80" + both + b"\0\0",
        "a zero too many": b"\x30" + bytes([len(padded)]) + padded,
        "cut": right[:-1],
        "a third number": b"\x30" + bytes([len(both) + 3]) + both + b"\x02\x01\x01",
        "a set": b"\x31" + right[1:],
        "zeros": encode_dss_signature(0, 0),
        "zero and a number": encode_dss_signature(0, s),
        "beyond the order": encode_dss_signature(r, s + ORDER),
        "at the order": encode_dss_signature(ORDER, s),
        "negative": b"\x30\x06\x02\x01\xff\x02\x01\xff",
    }


@pytest.mark.parametrize("form", list(forms(1, 1)))
def test_only_der_is_a_signature(form: str) -> None:
    """The right numbers in another form are refused, and so are numbers that no signer makes."""
    raw = sample()
    r, s = decode_dss_signature(bytes.fromhex(dict(raw.headers)[b"authorization"].rpartition(b"=")[2].decode()))
    assert accept(with_signature(raw, encode_dss_signature(r, s).hex())).access_key_id == KEY_ID
    with pytest.raises(SignatureDoesNotMatch):
        accept(with_signature(raw, forms(r, s)[form].hex()))


@pytest.mark.parametrize("change", [str.upper, "{} ".format, "0x{}".format, lambda text: text[:8] + " " + text[8:]])
def test_only_lower_case_hexadecimal_is_a_signature(change: object) -> None:
    """As in SigV4; what readers of hexadecimal skip or fold is not skipped."""
    raw = sample()
    signature = dict(raw.headers)[b"authorization"].rpartition(b"=")[2].decode()
    changed = with_signature(raw, change(signature))  # type: ignore[operator]
    if signature + " " == change(signature):  # type: ignore[operator]
        assert accept(changed).signature == signature  # white space at the end of a header is not part of it
        return
    with pytest.raises(SignatureDoesNotMatch):
        accept(changed)


def test_either_of_the_two_signatures_is_accepted() -> None:
    """Signers differ in whether they keep the second number low; and neither is anything's name."""
    raw = sample()
    r, s = decode_dss_signature(bytes.fromhex(dict(raw.headers)[b"authorization"].rpartition(b"=")[2].decode()))
    assert accept(with_signature(raw, encode_dss_signature(r, ORDER - s).hex())).access_key_id == KEY_ID


@given(st.text("0123456789abcdefABC g", max_size=160) | st.binary(max_size=80).map(bytes.hex))
@example("")
@example("30" * 72)
def test_whatever_stands_for_a_signature_is_refused_as_one(signature: str) -> None:
    """Nothing but the public refusal comes out of proving."""
    with pytest.raises(SignatureDoesNotMatch):
        accept(with_signature(SAMPLE, signature))


SAMPLE = sample()


# ── The two algorithms beside each other ─────────────────────────────────────────────────────────────


def test_every_algorithm_that_is_read_can_be_proved() -> None:
    """The tables that read and that prove have the same rows."""
    assert FORMS.keys() == PROOFS.keys()


def test_a_key_of_the_other_algorithm_proves_nothing() -> None:
    """Neither way round."""
    unverified = settle_region(SAMPLE, claim(SAMPLE), ("us-east-1",))
    hmac_key = signing_key(SECRET, "20150830", "us-east-1", "sts")
    for key, algorithm in ((hmac_key, ASYMMETRIC), (bytes(32), ASYMMETRIC), (KEY, "AWS4-HMAC-SHA256")):
        with pytest.raises(SignatureDoesNotMatch):
            verify_signature(SAMPLE, unverified._replace(algorithm=algorithm), key)


def test_the_public_key_cannot_stand_for_a_secret() -> None:
    """Who knows the public key, and signs with its bytes as an HMAC key, is refused: the claim names the algorithm."""
    raw = with_signature(SAMPLE, "0" * 64)
    headers = dict(raw.headers)
    text = headers[b"authorization"].replace(b"AWS4-ECDSA-P256-SHA256", b"AWS4-HMAC-SHA256")
    other = raw.replaced(headers=tuple((headers | {b"authorization": text}).items()))
    with pytest.raises(Exception, match="5 slash-delimited"):
        accept(other)


def test_anyone_with_the_private_number_can_sign() -> None:
    """The number that we derive signs what our key proves; so the bench and other signers may use it."""
    private = ec.derive_private_key(private_value(SECRET, KEY_ID), ec.SECP256R1())
    assert KEY.proves(private.sign(b"text", ec.ECDSA(SHA256())), b"text")
