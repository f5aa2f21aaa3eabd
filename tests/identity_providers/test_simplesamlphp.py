"""Sign-in at Debian's SimpleSAMLphp, and what a real daypass makes of the responses it posts."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from daypass.testing.identity_provider import make_key
from tests.identity_providers.record import Record
from tests.identity_providers.saml import Attributes, SimpleSaml, service, simplesamlphp, version
from tests.identity_providers.world import AUDIENCE, SIGN_IN, World, world

ATTRIBUTES = "https://aws.amazon.com/SAML/Attributes/"
AWS = str(Path(sys.executable).with_name("aws"))


@dataclass(frozen=True, slots=True)
class Setting:
    """A daypass with two providers whose identity provider is the same, and roles for each."""

    world: World
    idp: SimpleSaml
    plain: str
    encrypted: str
    dev: str
    ops: str
    sealed: str
    place: str
    """Where responses for the provider ``encrypted`` are posted, as AWS names it."""
    certificate: x509.Certificate

    def sign_in(self) -> str:
        """The response for ``plain``."""
        return self._sign_in(service(SIGN_IN), _said(self.plain, self.dev, self.ops, tagged="eng"))

    def sign_in_encrypted(self) -> str:
        """The response for ``encrypted``."""
        return self._sign_in(service(self.place, encrypt_for=self.certificate), _said(self.encrypted, self.sealed))

    def _sign_in(self, told: Mapping[str, object], said: Attributes) -> str:
        self.idp.serve({AUDIENCE: told}, {"ada": said})
        return self.idp.sign_in("ada", AUDIENCE)


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    key, certificate = make_key()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    with (
        world(tmp_path_factory.mktemp("world")) as here,
        simplesamlphp(tmp_path_factory.mktemp("simplesamlphp")) as idp,
    ):
        plain = here.trust_idp("plain", idp.metadata)
        encrypted = here.trust_idp("encrypted", idp.metadata, AssertionEncryptionMode="Required", AddPrivateKey=pem)
        place = here.place(encrypted)
        roles = (
            here.role("dev", plain, tags=True, StringEquals={"saml:aud": SIGN_IN}),
            here.role("ops", plain, tags=True, StringEquals={"aws:RequestTag/team": "eng", "saml:sub": "ada"}),
            here.role("sealed", encrypted, StringEquals={"saml:aud": place}),
        )
        yield Setting(here, idp, plain, encrypted, *roles, place, certificate)


def _said(provider: str, *roles: str, tagged: str | None = None) -> dict[str, list[str]]:
    said = {
        "uid": ["ada"],
        f"{ATTRIBUTES}Role": [f"{role},{provider}" for role in roles],
        f"{ATTRIBUTES}RoleSessionName": ["ada@example.com"],
        f"{ATTRIBUTES}SessionDuration": ["3600"],
    }
    return {**said, f"{ATTRIBUTES}PrincipalTag:team": [tagged]} if tagged else said


def test_signed_response_and_assertion_open_a_session(setting: Setting, record: Record) -> None:
    """Both are signed, several roles are named, and the role that was asked for is opened."""
    record(version(), "response and assertion signed; several roles")
    answer = setting.world.show_assertion(setting.dev, setting.plain, setting.sign_in())
    assert (answer["Subject"], answer["SubjectType"], answer["Audience"]) == ("ada", "persistent", SIGN_IN)
    identity = setting.world.holder(answer).get_caller_identity()
    assert identity["Arn"].endswith(":assumed-role/dev/ada@example.com")


def test_the_other_role_asks_for_a_tag_of_the_assertion(setting: Setting, record: Record) -> None:
    """`PrincipalTag:team` is what the role's trust policy reads as `aws:RequestTag/team`."""
    record(version(), "session tag `PrincipalTag:team`, asked for by the trust policy")
    answer = setting.world.show_assertion(setting.ops, setting.plain, setting.sign_in())
    assert answer["PackedPolicySize"] > 0


def test_an_encrypted_assertion_opens_a_session(setting: Setting, record: Record) -> None:
    """Only the provider's key opens it, and the provider takes nothing else."""
    record(version(), "encrypted assertion (AES-128-CBC), response signed")
    answer = setting.world.show_assertion(setting.sealed, setting.encrypted, setting.sign_in_encrypted())
    assert answer["AssumedRoleUser"]["Arn"].endswith(":assumed-role/sealed/ada@example.com")


def test_a_response_is_good_once_and_for_its_provider(setting: Setting) -> None:
    """Shown to the provider it does not name, or a second time, it opens nothing."""
    response = setting.sign_in()
    with pytest.raises(ClientError, match="InvalidIdentityToken"):
        setting.world.show_assertion(setting.dev, setting.encrypted, response)
    setting.world.show_assertion(setting.dev, setting.plain, response)
    with pytest.raises(ClientError, match="used before"):
        setting.world.show_assertion(setting.dev, setting.plain, response)


def test_the_command_line_signs_in(setting: Setting, tmp_path: Path, record: Record) -> None:
    """`aws sts assume-role-with-saml` with the response in a file, then `get-caller-identity` with what it printed."""
    record(version(), "`aws sts assume-role-with-saml` (AWS CLI v1)")
    file = tmp_path / "response"
    file.write_text(setting.sign_in())
    environment = setting.world.environment(tmp_path)
    options = ("--role-arn", setting.dev, "--principal-arn", setting.plain, "--saml-assertion", f"file://{file}")
    made = _aws(environment, "assume-role-with-saml", *options)["Credentials"]
    keys = {
        "AWS_ACCESS_KEY_ID": made["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"],
        "AWS_SESSION_TOKEN": made["SessionToken"],
    }
    assert _aws({**environment, **keys}, "get-caller-identity")["Arn"].endswith(":assumed-role/dev/ada@example.com")


def _aws(environment: dict[str, str], *arguments: str) -> dict[str, dict[str, str]]:
    command = (AWS, "sts", *arguments, "--output", "json")
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    said: dict[str, dict[str, str]] = json.loads(done.stdout)
    return said
