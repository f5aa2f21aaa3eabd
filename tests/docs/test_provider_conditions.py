"""The trust policies on the page about identity providers can be saved, and ask for what there is to ask for."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from daypass.federation.issuers import further_claims
from daypass.policy import Kind, check_document
from tests.docs.pages import ROOT, Block, Page

PAGE = Page(ROOT / "docs/how-to/identity-providers.md")
BLOCKS = [block for block in PAGE.blocks if block.language == "json"]
USUAL = {"aud", "sub", "amr", "email", "azp", "oaud"}
SAML = {"aud", "iss", "doc", "sub", "sub_type", "namequalifier"}


def policy(block: Block) -> dict[str, object]:
    """The whole policy, or the one around the condition that is shown alone."""
    shown = json.loads(block.text)
    if "Statement" in shown:
        return dict(shown)
    key = next(iter(next(iter(shown.values()))))
    prefix = key.rpartition(":")[0]
    kind = "saml-provider/corp" if prefix == "saml" else f"oidc-provider/{prefix}"
    action = "sts:AssumeRoleWithSAML" if prefix == "saml" else "sts:AssumeRoleWithWebIdentity"
    principal = {"Federated": f"arn:aws:iam::111122223333:{kind}"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": action, "Condition": shown}
    return {"Version": "2012-10-17", "Statement": statement}


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.where)
def test_every_trust_policy_that_is_shown_can_be_saved(block: Block) -> None:
    """As it stands, the customers of shared issuers told apart."""
    assert check_document(json.dumps(policy(block)), Kind.TRUST).principals()


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.where)
def test_every_condition_key_that_is_shown_exists(block: Block) -> None:
    """For that issuer, by itself or because the page adds the claim with `--claim`."""
    added = set(_words_after_claim())
    statement = policy(block)["Statement"]
    assert isinstance(statement, dict)
    for keys in statement["Condition"].values():
        for key in keys:
            prefix, _, name = key.rpartition(":")
            known = SAML if prefix == "saml" else USUAL | set(further_claims(prefix)) | added
            assert name in known, key


def _words_after_claim() -> list[str]:
    words = PAGE.path.read_text().split()
    return [after.strip("`") for word, after in pairwise(words) if word.strip("`") == "--claim"]
