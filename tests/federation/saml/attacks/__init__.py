"""Attacks on SAML, as a table of families: each attack has a name, a way to make it, and what it is refused for."""

from __future__ import annotations

from tests.federation.saml.attacks import (
    algorithms,
    contents,
    documents,
    encryption,
    identifiers,
    keys,
    rules,
    structure,
    texts,
    wrapping,
)
from tests.federation.saml.attacks.attack import Attack

ATTACKS: dict[str, Attack] = {
    f"{module.__name__.rpartition('.')[2]}: {attack.name}": attack
    for module in (
        wrapping, identifiers, texts, documents, structure, algorithms, keys, encryption, contents, rules
    )
    for attack in module.attacks()
}  # fmt: skip
