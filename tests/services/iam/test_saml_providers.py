"""SAML providers of an account, beyond what single calls say (tests/cases/iam/saml_providers.json)."""

from __future__ import annotations

import json
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from tests.services.iam.world import Refusal, World, metadata, private_key


def recorded(world: World) -> str:
    """All that is in the audit files."""
    files = sorted(Path(world.daypass.data / "audit").glob("*.jsonl"))
    return "".join(file.read_text() for file in files)


def make(world: World, **params: str) -> str:
    """The ARN of a new provider."""
    document = {"Name": "corp", "SAMLMetadataDocument": metadata(), **params}
    return str(world.must("CreateSAMLProvider", document)["SAMLProviderArn"])


def test_a_provider_is_said_to_be_good_for_a_hundred_years(world: World) -> None:
    """To the second, in both places where it is told; a century has 25 days more than a hundred years of 365."""
    arn = make(world)
    for told in (
        world.must("GetSAMLProvider", {"SAMLProviderArn": arn}),
        world.must("ListSAMLProviders", {})["SAMLProviderList"][0],
    ):
        assert told["ValidUntil"] == told["CreateDate"].replace(year=told["CreateDate"].year + 100)


def test_a_private_key_is_told_to_nobody(world: World) -> None:
    """Not in an answer, not in the record of a call that is taken or refused, and not in the store."""
    secret = private_key()
    line = secret.splitlines()[-4]  # of a secret part: the first ones are the public key
    arn = make(world, AddPrivateKey=secret)
    world.must("UpdateSAMLProvider", {"SAMLProviderArn": arn, "AddPrivateKey": secret})
    world.call("UpdateSAMLProvider", {"SAMLProviderArn": arn, "AddPrivateKey": secret})
    world.call("UpdateSAMLProvider", {"SAMLProviderArn": arn, "AddPrivateKey": secret[:-60]})
    answer = world.must("GetSAMLProvider", {"SAMLProviderArn": arn})
    assert line not in json.dumps(answer, default=str)
    assert "CreateSAMLProvider" in recorded(world)
    assert line not in recorded(world)
    for file in world.daypass.data.rglob("*"):
        if file.is_file():
            assert line.encode() not in file.read_bytes(), file


def test_records_hold_no_metadata_by_the_megabyte(world: World) -> None:
    """A document of a megabyte leaves a short record."""
    before = len(recorded(world))
    text = metadata().replace("<md:NameIDFormat>", f"<!-- {'x' * 1_000_000} --><md:NameIDFormat>", 1)
    arn = make(world, SAMLMetadataDocument=text)
    world.must("UpdateSAMLProvider", {"SAMLProviderArn": arn, "SAMLMetadataDocument": text})
    assert world.must("GetSAMLProvider", {"SAMLProviderArn": arn})["SAMLMetadataDocument"] == text
    assert len(recorded(world)) - before < 50_000


def test_a_hundred_providers_are_the_most(world: World) -> None:
    """One more is above the quota, until one is deleted."""
    for number in range(100):
        make(world, Name=f"p{number}")
    params = {"Name": "more", "SAMLMetadataDocument": metadata()}
    message = "Cannot exceed quota for SAMLProvidersPerAccount: 100"
    assert world.call("CreateSAMLProvider", params) == Refusal(409, "LimitExceeded", message)
    world.must("DeleteSAMLProvider", {"SAMLProviderArn": f"arn:aws:iam::{world.account}:saml-provider/p7"})
    make(world, Name="more")


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, form: PrivateFormat, password: bytes = b"") -> str:
    how = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, form, how).decode()


def test_both_forms_of_rsa_keys_are_taken_and_no_others(world: World) -> None:
    """PKCS 1 and PKCS 8, of 2,048 bits at least, and not below a password."""
    key, short = rsa.generate_private_key(65_537, 2_048), rsa.generate_private_key(65_537, 1_024)
    curve = ec.generate_private_key(ec.SECP256R1())
    for name, form in (("a", PrivateFormat.TraditionalOpenSSL), ("b", PrivateFormat.PKCS8)):
        make(world, Name=name, AddPrivateKey=_pem(key, form))
    for bad in (
        _pem(short, PrivateFormat.PKCS8),
        _pem(curve, PrivateFormat.PKCS8),
        _pem(key, PrivateFormat.PKCS8, b"password"),
    ):
        answer = world.call(
            "CreateSAMLProvider", {"Name": "c", "SAMLMetadataDocument": metadata(), "AddPrivateKey": bad}
        )
        assert answer == Refusal(400, "InvalidInput", "Invalid private key.")


def test_a_key_can_be_removed_by_the_name_that_is_told(world: World) -> None:
    """And the other one stays."""
    arn = make(world, AddPrivateKey=private_key())
    world.must("UpdateSAMLProvider", {"SAMLProviderArn": arn, "AddPrivateKey": private_key()})
    first, second = world.must("GetSAMLProvider", {"SAMLProviderArn": arn})["PrivateKeyList"]
    world.must("UpdateSAMLProvider", {"SAMLProviderArn": arn, "RemovePrivateKey": first["KeyId"]})
    (left,) = world.must("GetSAMLProvider", {"SAMLProviderArn": arn})["PrivateKeyList"]
    assert left["KeyId"] == second["KeyId"] != first["KeyId"]
    world.must("UpdateSAMLProvider", {"SAMLProviderArn": arn, "AssertionEncryptionMode": "Required"})
    answer = world.call("UpdateSAMLProvider", {"SAMLProviderArn": arn, "RemovePrivateKey": left["KeyId"]})
    message = "Unable to set assertion encryption mode to Required because no private key is provided."
    assert answer == Refusal(400, "InvalidInput", message)


def test_metadata_has_a_least_size(world: World) -> None:
    """1,000 characters."""
    answer = world.call("CreateSAMLProvider", {"Name": "corp", "SAMLMetadataDocument": "x" * 999})
    assert isinstance(answer, Refusal)
    assert (answer.status, answer.code) == (400, "ValidationError")
