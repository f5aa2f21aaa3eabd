"""Many issuers in one process, each with a key of its own: Maven's mock-oauth2-server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from botocore.exceptions import ClientError

from tests.identity_providers.oidc import MOCK_OAUTH2_SERVER, MockOAuth2Server, mock_oauth2_server
from tests.identity_providers.record import Record
from tests.identity_providers.started import new_authority
from tests.identity_providers.world import World, world

AUDIENCE = "sts.amazonaws.com"
TENANTS = tuple(f"tenant{number}" for number in range(8))


@dataclass(frozen=True, slots=True)
class Setting:
    """A daypass with a provider and a role for each tenant."""

    world: World
    server: MockOAuth2Server
    roles: dict[str, str]


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    authority = new_authority(tmp_path_factory.mktemp("authority"))
    folder = tmp_path_factory.mktemp("world")
    with world(folder) as here, mock_oauth2_server(folder, authority) as server:
        providers = {name: here.trust_issuer(server.issuer(name), AUDIENCE) for name in TENANTS}
        yield Setting(here, server, {name: here.role(name, providers[name]) for name in TENANTS})


def test_every_issuer_opens_its_own_role(setting: Setting, record: Record) -> None:
    """Eight issuers on one port, told apart by their paths."""
    record(MOCK_OAUTH2_SERVER, f"{len(TENANTS)} issuers on one port, told apart by path")
    for name, role in setting.roles.items():
        answer = setting.world.show_token(role, setting.server.token(name, "ada", AUDIENCE))
        assert answer["Provider"].endswith(f"/{name}")


def test_no_issuer_opens_the_role_of_another(setting: Setting, record: Record) -> None:
    """A good token of a trusted issuer is worth nothing at its neighbour's door."""
    record(MOCK_OAUTH2_SERVER, "a token of one issuer is refused by the role of another")
    token = setting.server.token(TENANTS[0], "ada", AUDIENCE)
    for name in TENANTS[1:]:
        with pytest.raises(ClientError, match="AccessDenied"):
            setting.world.show_token(setting.roles[name], token)


def test_an_issuer_that_nobody_has_registered_is_told_by_name(setting: Setting) -> None:
    """It has keys and signs well, and the account has no provider for it."""
    with pytest.raises(ClientError, match="No OpenIDConnect provider found in your account for https://127"):
        setting.world.show_token(setting.roles[TENANTS[0]], setting.server.token("stranger", "ada", AUDIENCE))
