"""The page of results is made from a record of these providers, in the versions that the tests start."""

from __future__ import annotations

import json

from tests.identity_providers.keycloak import KEYCLOAK
from tests.identity_providers.oidc import MOCK_OAUTH2_SERVER, OIDC_PROVIDER
from tests.identity_providers.record import RESULTS


def test_the_record_knows_the_pinned_versions_and_nothing_failed() -> None:
    """Whoever raises a version tries it, and keeps what came of it."""
    record = json.loads(RESULTS.read_text())
    tried = {f"{name} {said['version']}" for name, said in record.items()}
    assert tried >= {KEYCLOAK, MOCK_OAUTH2_SERVER, OIDC_PROVIDER}
    assert record.keys() >= {"SimpleSAMLphp", "GitHub Actions, imitated", "Kubernetes service accounts, imitated"}
    outcomes = {result["outcome"] for said in record.values() for result in said["results"].values()}
    assert outcomes == {"passed"}
