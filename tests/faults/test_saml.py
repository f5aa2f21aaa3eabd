"""AssumeRoleWithSAML when no use can be recorded: no session, an answer within a second, and nothing is lost."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from daypass.exchange import Response
from daypass.testing.identity_provider import StubIdentityProvider
from daypass.testing.local import VERSIONS, LocalDaypass, raw_request
from tests.calling import code_of
from tests.postgres import PostgresServer

LIMIT, SLACK = 1.0, 0.5


@dataclass
class Signed:
    """A daypass with a role for whom ``idp`` names."""

    daypass: LocalDaypass
    idp: StubIdentityProvider
    provider: str
    role: str

    def response(self) -> str:
        return self.idp.response({"Role": f"{self.role},{self.provider}", "RoleSessionName": "ada"})

    def come(self, response: str) -> Response:
        asked = {
            "Action": "AssumeRoleWithSAML", "Version": VERSIONS["sts"], "RoleArn": self.role,
            "PrincipalArn": self.provider, "SAMLAssertion": response,
        }  # fmt: skip
        headers = [("host", "localhost"), ("content-type", "application/x-www-form-urlencoded")]
        return self.daypass.serve(raw_request("POST", "/", headers, urlencode(asked).encode()))


def signed(daypass: LocalDaypass) -> Signed:
    """Let the daypass believe a new identity provider."""
    idp, iam = StubIdentityProvider(), daypass.client("iam")
    provider = iam.create_saml_provider(Name="corp", SAMLMetadataDocument=idp.metadata)["SAMLProviderArn"]
    statement = {"Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithSAML"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": statement})
    role = iam.create_role(RoleName="staff", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    return Signed(daypass, idp, provider, role)


@contextmanager
def read_only(daypass: LocalDaypass) -> Iterator[None]:
    """The database takes no marks meanwhile."""
    lone = daypass.daypass.storage.single_uses._database._lone
    assert lone is not None
    lone.execute("PRAGMA query_only=ON", {})
    yield
    lone.execute("PRAGMA query_only=OFF", {})


def test_an_assertion_whose_use_cannot_be_recorded_opens_nothing() -> None:
    """503 and no credentials; the assertion is not lost by it, and afterwards it is good for one session."""
    with LocalDaypass() as daypass:
        world = signed(daypass)
        response = world.response()
        with read_only(daypass):
            answer = world.come(response)
            assert (answer.status, code_of(answer)) == (503, "ServiceUnavailable")
            assert b"SecretAccessKey" not in answer.body
        assert world.come(response).status == 200
        assert code_of(world.come(response)) == "InvalidIdentityToken"


def test_without_the_database_assertions_are_refused_in_time(
    server: PostgresServer, tmp_path: Path, away: Callable[[bool], None]
) -> None:
    """503 within a second each; what is refused anyway is refused as ever; afterwards the assertion is good."""
    with LocalDaypass(tmp_path / "data", database=server.new_database()) as daypass:
        world = signed(daypass)
        assert world.come(world.response()).status == 200
        response = world.response()
        away(True)
        for _ in range(3):
            started = time.monotonic()
            answer = world.come(response)
            assert time.monotonic() - started < LIMIT + SLACK
            assert (answer.status, code_of(answer)) == (503, "ServiceUnavailable")
            assert b"SecretAccessKey" not in answer.body
        assert code_of(world.come("PHNhbWw+")) == "InvalidIdentityToken"
        away(False)
        ends = time.monotonic() + 5
        while (answer := world.come(response)).status == 503 and time.monotonic() < ends:
            time.sleep(0.05)
        assert answer.status == 200 or code_of(answer) == "InvalidIdentityToken", answer.body
