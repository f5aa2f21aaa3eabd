"""How assertions may be encrypted."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from daypass.errors import Malformed
from daypass.federation.saml.metadata import read_metadata
from daypass.federation.saml.response import Terms, verify_response
from tests.federation.saml.attacks.encryption import CBC_NAME, genuine, holding, sealed
from tests.federation.saml.workshop import Workshop, written

CBC = [f"http://www.w3.org/2001/04/xmlenc#aes{bits}-cbc" for bits in (128, 192, 256)]
GCM = [f"http://www.w3.org/2009/xmlenc11#aes{bits}-gcm" for bits in (128, 192, 256)]
SIZES = dict(zip(CBC + GCM, (16, 24, 32) * 2, strict=True))


def terms(shop: Workshop, *, required: bool = False) -> Terms:
    """On which the workshop's provider is believed."""
    return Terms(read_metadata(shop.idp.metadata), (shop.sealed_for,), required)


@pytest.mark.parametrize("method", CBC + GCM)
@pytest.mark.parametrize("is_signed", [False, True])
def test_block_chaining_is_taken_under_a_signature_only(shop: Workshop, method: str, is_signed: bool) -> None:
    """Ciphertexts that anybody can change are opened only where changes are noticed: by a signature, or by GCM."""
    data = holding(shop, sealed(shop, genuine(shop), method=method, size=SIZES[method]), signed=is_signed)
    if method in CBC and not is_signed:
        with pytest.raises(Malformed, match=r"^the assertion cannot be decrypted$"):
            verify_response(data, terms(shop))
    else:
        proved = verify_response(data, terms(shop))
        assert proved.was_encrypted
        assert proved.issuer == shop.idp.entity_id


def test_a_signature_that_is_not_good_opens_nothing(shop: Workshop) -> None:
    """A response signed by the thief around block chaining is refused for its signature, before it is decrypted."""
    held = sealed(shop, b"nonsense", method=CBC_NAME)
    data = shop.thief.sign(holding(shop, held).decode()).encode()
    with pytest.raises(Malformed, match="no certificate of the provider"):
        verify_response(data, terms(shop))


def test_what_must_be_encrypted_is_refused_in_the_clear(shop: Workshop) -> None:
    """However well it is signed."""
    with pytest.raises(Malformed, match="not encrypted"):
        verify_response(written(shop.good("both")), terms(shop, required=True))
    assert verify_response(holding(shop, sealed(shop, genuine(shop))), terms(shop, required=True)).was_encrypted


def test_the_second_key_is_tried(shop: Workshop) -> None:
    """So that keys can be changed while providers still encrypt for the old one."""
    other = rsa.generate_private_key(65_537, 2_048)
    data = holding(shop, sealed(shop, genuine(shop)))
    issuers = read_metadata(shop.idp.metadata)
    for keys in ((other, shop.sealed_for), (shop.sealed_for, other)):
        assert verify_response(data, Terms(issuers, keys)).was_encrypted
    for keys in ((), (other,)):
        with pytest.raises(Malformed, match="cannot be decrypted"):
            verify_response(data, Terms(issuers, keys))
