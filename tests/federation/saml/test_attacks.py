"""Every attack is refused for its own reason, and nothing is minted for it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from daypass.errors import ServiceError
from tests.calling import code_of, element
from tests.federation.saml.attacks import ATTACKS, algorithms, encryption
from tests.federation.saml.attacks.attack import Attack
from tests.federation.saml.attacks.wrapping import XSW
from tests.federation.saml.workshop import KINDS, Workshop, part, written

CODES = {"InvalidIdentityToken", "ExpiredTokenException", "ValidationError", "InvalidParameterValue", "AccessDenied"}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_no_attack_is_accepted(shop: Workshop, attack: Attack) -> None:
    """The provider's word is refused for what is wrong with it; whoever comes with it gets an error and no key."""
    data = attack.make(shop)
    answer = shop.come(data, **_asked(attack))
    assert code_of(answer) in CODES, answer.body.decode()
    assert 400 <= answer.status < 500
    assert b"AccessKeyId" not in answer.body
    assert re.search(attack.why, element(answer, "Message")) or re.search(attack.why, reason(shop, data, attack))


def _asked(attack: Attack) -> dict[str, str]:
    asked = {"PrincipalArn": attack.provider, "RoleArn": attack.role}
    return {name: value for name, value in asked.items() if value}


def reason(shop: Workshop, data: bytes, attack: Attack) -> str:
    """What the record says of the refusal."""
    with pytest.raises(ServiceError) as refused:
        shop.vouch(data, attack.provider, attack.role)
    return refused.value.detail


def test_there_are_enough_attacks() -> None:
    """Five hundred at least, and the eight that have names are among them."""
    assert len(ATTACKS) >= 500
    assert all(f"wrapping: {name}" in ATTACKS for name in XSW.values())


@pytest.mark.parametrize("kind", KINDS)
def test_what_attacks_are_made_of_is_good(shop: Workshop, kind: str) -> None:
    """Without the attack each document opens the role: it is the attack that is refused."""
    assert shop.come(written(shop.good(kind, subject="eve"))).status == 200


@pytest.mark.parametrize(
    "make",
    [pytest.param(make, id=name) for module in (algorithms, encryption) for name, make in module.controls()],
)
def test_what_is_like_an_attack_and_is_none_is_taken(shop: Workshop, make: Callable[[Workshop], bytes]) -> None:
    """The same tools make documents that are good."""
    answer = shop.come(make(shop))
    assert answer.status == 200, (answer.body, _refused(shop, make(shop)))


def _refused(shop: Workshop, data: bytes) -> str:
    try:
        shop.vouch(data)
    except ServiceError as error:
        return f"{error.message} {error.detail}"
    return ""


@pytest.mark.parametrize("text", ["<![CDATA[ada]]>", "a<![CDATA[d]]>a", "&#97;da", "a&#x64;a"])
def test_spellings_of_one_text_are_one_text(shop: Workshop, text: str) -> None:
    """What no signature tells apart is not read apart either."""
    document = written(shop.good(subject="ada")).decode()
    assert ">ada</saml:NameID>" in document
    vouched = shop.vouch(document.replace(">ada</saml:NameID>", f">{text}</saml:NameID>").encode())
    assert vouched.subject == "ada"


def test_a_name_is_taken_to_the_letter(shop: Workshop) -> None:
    """White space around a name makes another name of it: whoever may choose his name chooses nobody else's."""
    for name in ("ada\u00a0", "\u2003ada", " ada", "ada\x85", "ada\n"):
        root = shop.unsigned()
        part(root, "NameID").text = name
        signed = shop.idp.sign(written(root).decode())
        assert shop.vouch(signed.encode()).subject == name
