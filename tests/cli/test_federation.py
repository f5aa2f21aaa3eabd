"""`daypass federation`, as a person types it: real issuers, real metadata, a daypass that runs beside."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable, Iterator
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import load_der_x509_certificate
from lxml import etree

from daypass.cli.main import run
from daypass.federation.saml.names import DS, METADATA
from daypass.testing.identity_provider import StubIdentityProvider
from daypass.testing.issuer import StubIssuer
from daypass.testing.local import LocalDaypass

Type = Callable[..., str]
AUDIENCE = "sts.amazonaws.com"


@pytest.fixture(scope="module")
def daypass() -> Iterator[LocalDaypass]:
    with LocalDaypass() as local:
        yield local


@pytest.fixture
def issuer() -> Iterator[StubIssuer]:
    with StubIssuer(AUDIENCE) as stub:
        yield stub


@pytest.fixture
def typed(daypass: LocalDaypass, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Type:
    """Run a command; what it printed on stdout, or on stderr when it must fail."""
    monkeypatch.setenv("DAYPASS_DATA", str(daypass.data))

    def type_(*words: object, code: int = 0) -> str:
        assert run(["federation", *map(str, words)]) == code
        said = capsys.readouterr()
        return said.err if code else said.out

    return type_


def authority_of(issuer: StubIssuer, folder: Path) -> Path:
    file = folder / "ca.pem"
    file.write_text(issuer.authority)
    return file


def records(daypass: LocalDaypass) -> str:
    return "".join(file.read_text() for file in sorted((daypass.data / "audit").glob("*.jsonl")))


def test_an_issuer_is_added_with_its_terms_and_is_asked_first(
    daypass: LocalDaypass, issuer: StubIssuer, typed: Type, tmp_path: Path
) -> None:
    """The ARN alone is on stdout, the provider has all that was said, and its keys were fetched once."""
    authority = authority_of(issuer, tmp_path)
    more = ("--ca-file", authority, "--allow-private", "--claim", "groups", "--claim", "tenant")
    arn = typed("add-oidc", issuer.url, "--client-id", AUDIENCE, "--client-id", "two", *more).strip()
    assert arn.endswith(f":oidc-provider/{issuer.url.removeprefix('https://')}")
    assert issuer.requests == ["/.well-known/openid-configuration", "/jwks"]
    shown = json.loads(typed("show", issuer.url, "--json"))
    assert (shown["Arn"], shown["ClientIds"]) == (arn, [AUDIENCE, "two"])
    assert (shown["Claims"], shown["OwnAuthorities"], shown["AllowPrivate"]) == (["groups", "tenant"], True, True)
    assert arn in typed("list")
    assert "is trusted no more" in typed("remove", arn)
    assert arn not in typed("list")
    assert '"eventName":"CreateOpenIDConnectProvider"' in records(daypass)


@pytest.mark.parametrize(
    ("more", "advice"), [((), "--allow-private"), (("--allow-private",), "--ca-file")], ids=["private", "certificate"]
)
def test_an_issuer_that_cannot_be_asked_is_not_added(
    issuer: StubIssuer, typed: Type, more: tuple[str, ...], advice: str
) -> None:
    """It says which option would help, and makes nothing."""
    assert advice in typed("add-oidc", issuer.url, "--client-id", AUDIENCE, *more, code=1)
    assert issuer.url.removeprefix("https://") not in typed("list")


def test_an_issuer_of_another_name_is_not_added(issuer: StubIssuer, typed: Type, tmp_path: Path) -> None:
    """Names are compared letter by letter, as those in tokens will be."""
    more = ("--ca-file", authority_of(issuer, tmp_path), "--allow-private")
    assert "letter by letter" in typed("add-oidc", f"{issuer.url}/", "--client-id", AUDIENCE, *more, code=1)
    issuer.answers["/jwks"] = b'{"keys": []}'
    assert "no key that can be used" in typed("add-oidc", issuer.url, "--client-id", AUDIENCE, *more, code=1)


@pytest.mark.parametrize("text", ["", "\n", "none", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_file_without_authorities_does_not_stand_for_the_systems(typed: Type, tmp_path: Path, text: str) -> None:
    """Whoever names a file trusts what is in it and nobody else, also where it was written by half."""
    file = tmp_path / "ca.pem"
    file.write_text(text)
    added = ("--client-id", AUDIENCE, "--offline")
    for words in (
        ("add-oidc", "https://empty.example", *added),
        ("add-saml", "corp", "https://idp.example/metadata"),
        ("change", "https://there.example", "--offline"),
    ):
        if words[0] == "change":
            typed("add-oidc", "https://there.example", *added)
        assert "holds no certificate" in typed(*words, "--ca-file", file, code=2)
    typed("remove", "https://there.example")


def test_offline_makes_a_provider_of_an_issuer_that_does_not_answer(typed: Type) -> None:
    """Nobody is asked, and what cannot be a provider is refused in the words of the API."""
    arn = typed("add-oidc", "https://nobody.invalid", "--client-id", "a", "--offline").strip()
    assert "already exists" in typed("add-oidc", "https://nobody.invalid", "--client-id", "a", "--offline", code=1)
    too_long = "Member must have length less than or equal to 255"
    assert too_long in typed("add-oidc", "https://other.invalid", "--client-id", "a" * 256, "--offline", code=1)
    bad = typed("add-oidc", "https://third.invalid", "--client-id", "a", "--claim", "a b", "--offline", code=1)
    assert "visible characters" in bad
    assert "third.invalid" not in typed("list"), "a provider without its terms is kept"
    typed("remove", arn)


def test_a_saml_provider_is_added_from_a_file(daypass: LocalDaypass, typed: Type, tmp_path: Path) -> None:
    """With its private key, which nobody reads again, not in the record either."""
    file, key = tmp_path / "metadata.xml", tmp_path / "key.pem"
    file.write_text(StubIdentityProvider("https://idp.example/one").metadata)
    private = rsa.generate_private_key(65_537, 2_048)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    key.write_text(pem)
    more = ("--lax", "--private-key", key, "--require-encryption")
    arn = typed("add-saml", "corp", file, *more).strip()
    assert arn.endswith(":saml-provider/corp")
    shown = json.loads(typed("show", "corp", "--json"))
    assert (shown["EntityIds"], shown["Lax"]) == (["https://idp.example/one"], True)
    assert (shown["Encryption"], len(shown["DecryptionKeys"])) == ("Required", 1)
    written = records(daypass)
    assert '"eventName":"CreateSAMLProvider"' in written
    assert pem.splitlines()[3] not in written
    typed("remove", "corp")


def test_the_terms_of_a_provider_are_changed(issuer: StubIssuer, typed: Type, tmp_path: Path) -> None:
    """Those that are named, the others stay; an issuer that cannot be asked on the new ones keeps the old."""
    trusted = ("--ca-file", authority_of(issuer, tmp_path))
    arn = typed("add-oidc", issuer.url, "--client-id", AUDIENCE, "--allow-private", *trusted).strip()
    terms = ("OwnAuthorities", "AllowPrivate", "Claims")

    def shown() -> list[object]:
        facts = json.loads(typed("show", arn, "--json"))
        return [facts[name] for name in terms]

    assert arn in typed("change", issuer.url, "--claim", "groups", "--claim", "team")
    assert shown() == [True, True, ["groups", "team"]]
    assert "--allow-private" in typed("change", arn, "--public", code=1)
    with StubIssuer(AUDIENCE) as other:
        assert "--ca-file" in typed("change", arn, "--ca-file", authority_of(other, tmp_path), code=1)
    assert shown() == [True, True, ["groups", "team"]]
    assert json.loads(typed("change", arn, "--public", "--offline", "--json")) == {"Arn": arn, "Changed": True}
    assert shown() == [True, False, ["groups", "team"]]
    assert "give --ca-file" in typed("change", arn, "--lax", code=2)
    typed("remove", arn)


def test_a_saml_provider_is_made_lax_and_strict(typed: Type, tmp_path: Path) -> None:
    """And nothing else: the rest is its metadata's."""
    file = tmp_path / "metadata.xml"
    file.write_text(StubIdentityProvider().metadata)
    typed("add-saml", "corp", file)
    for word, is_lax in (("--lax", True), ("--strict", False)):
        typed("change", "corp", word)
        assert json.loads(typed("show", "corp", "--json"))["Lax"] is is_lax
    for words in ((), ("--claim", "groups"), ("--lax", "--public")):
        assert "for `corp` give --lax or --strict" in typed("change", "corp", *words, code=2)
    typed("remove", "corp")


def test_a_saml_provider_is_added_from_a_url(issuer: StubIssuer, typed: Type, tmp_path: Path) -> None:
    """Over https alone, and from a private address only if that is said."""
    issuer.answers["/metadata"] = StubIdentityProvider().metadata.encode()
    where = f"{issuer.url}/metadata"
    assert "--allow-private" in typed("add-saml", "corp", where, code=1)
    assert "https" in typed("add-saml", "corp", where.replace("https", "http"), code=1)
    typed("add-saml", "corp", where, "--allow-private", "--ca-file", authority_of(issuer, tmp_path))
    typed("remove", "corp")


def test_what_is_no_metadata_is_refused(typed: Type, tmp_path: Path) -> None:
    """In the words of the API; a file that is not there is told."""
    file = tmp_path / "metadata.xml"
    file.write_text("<a/>" + " " * 1_000)
    assert "Could not parse metadata" in typed("add-saml", "corp", file, code=1)
    assert "cannot be read" in typed("add-saml", "corp", tmp_path / "none.xml", code=1)
    assert "there is no identity provider `corp`" in typed("show", "corp", code=1)


def trusting(daypass: LocalDaypass, name: str, provider: str, action: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Federated": provider}, "Action": f"sts:{action}"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = daypass.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    assert isinstance(role, str)
    return role


def test_a_token_is_explained(daypass: LocalDaypass, issuer: StubIssuer, typed: Type, tmp_path: Path) -> None:
    """Accepted with 0, refused with 1 and the reason; numbered, one step after the other."""
    authority = authority_of(issuer, tmp_path)
    arn = typed("add-oidc", issuer.url, "--client-id", AUDIENCE, "--ca-file", authority, "--allow-private").strip()
    role = trusting(daypass, "ci", arn, "AssumeRoleWithWebIdentity")
    token = tmp_path / "token"
    token.write_text(issuer.token() + "\n")
    told = typed("test", token, "--role", role)
    assert told.splitlines()[-1].startswith("accepted: AssumeRoleWithWebIdentity")
    assert [line.split()[0] for line in told.splitlines() if line[:3].strip().isdigit()][:3] == ["1", "2", "3"]
    token.write_text(issuer.token(aud="other"))
    run_words = ("federation", "test", str(token), "--role", role, "--json")
    assert run(run_words) == 1


CLEAR = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202e"
FORGED = "\n12 trust policy           ok\naccepted: AssumeRoleWithWebIdentity would answer with credentials"


def test_what_others_say_moves_no_cursor_and_adds_no_line(
    daypass: LocalDaypass, issuer: StubIssuer, typed: Type, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who reads it is the operator: of clients that an account has named, and of tokens that anybody has made."""
    authority = authority_of(issuer, tmp_path)
    more = ("--ca-file", authority, "--allow-private")
    arn = typed("add-oidc", issuer.url, "--client-id", AUDIENCE, "--client-id", f"{CLEAR}{FORGED}", *more).strip()
    role = trusting(daypass, "read", arn, "AssumeRoleWithWebIdentity")
    token = tmp_path / "token"
    claims = {"aud": "other", f"https://aws.amazon.com/{CLEAR}": FORGED, f"a{CLEAR}": 1}
    token.write_text(issuer.token(sub=f"{CLEAR}{FORGED}", **claims))
    for words, code in ((("list",), 0), (("show", arn), 0), (("test", token, "--role", role), 1)):
        for form in ((), ("--json",)):
            assert run(["federation", *map(str, (*words, *form))]) == code
            said = capsys.readouterr().out
            assert not set(CLEAR) & set(said) - set("[2J]0;owned31m")
            assert not any(line.startswith("accepted") for line in said.splitlines())
    typed("remove", arn)


def test_a_response_is_explained_as_xml_or_base64_from_stdin_too(
    daypass: LocalDaypass, typed: Type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a browser's tools or a gateway's log have left."""
    idp, file = StubIdentityProvider("https://idp.example/two"), tmp_path / "metadata.xml"
    file.write_text(idp.metadata)
    arn = typed("add-saml", "two", file).strip()
    role = trusting(daypass, "staff", arn, "AssumeRoleWithSAML")
    response = idp.response({"Role": f"{role},{arn}", "RoleSessionName": "ada"})
    for data in (response.encode(), b64decode(response)):
        proof = tmp_path / "response"
        proof.write_bytes(data)
        assert "accepted" in typed("test", proof, "--role", role)
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(response.encode())))
    assert json.loads(typed("test", "-", "--role", role, "--json"))["Accepted"]
    typed("remove", arn)


def test_what_cannot_be_tried_is_told(typed: Type, tmp_path: Path) -> None:
    """No file, no ARN, bytes that are neither."""
    role = "arn:aws:iam::111122223333:role/a"
    assert "cannot be read" in typed("test", tmp_path / "none", "--role", role, code=1)
    proof = tmp_path / "proof"
    proof.write_bytes(b"\xff\xfe")
    assert "neither a token" in typed("test", proof, "--role", role, code=2)
    proof.write_text("a.b.c")
    assert "is no ARN" in typed("test", proof, "--role", "admin", code=2)
    assert "no account 111122223333" in typed("test", proof, "--role", role, code=1)


def test_the_metadata_for_an_identity_provider(typed: Type, tmp_path: Path) -> None:
    """For all, or for one with its recipient and its certificate, which fits the private key."""
    told = etree.fromstring(typed("metadata").encode())
    assert told.get("entityID") == "http://127.0.0.1:7177/saml"
    file, key = tmp_path / "metadata.xml", tmp_path / "key.pem"
    file.write_text(StubIdentityProvider("https://idp.example/three").metadata)
    private = rsa.generate_private_key(65_537, 2_048)
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    typed("add-saml", "three", file, "--private-key", key)
    uuid = json.loads(typed("show", "three", "--json"))["Uuid"]
    own = etree.fromstring(json.loads(typed("metadata", "--provider", "three", "--json"))["Metadata"].encode())
    place = own.find(f".//{METADATA}AssertionConsumerService")
    assert place is not None
    assert place.get("Location") == f"http://127.0.0.1:7177/saml/acs/{uuid}"
    certificate = own.findtext(f".//{DS}X509Certificate")
    assert certificate is not None
    assert load_der_x509_certificate(b64decode(certificate)).public_key() == private.public_key()
    typed("remove", "three")
    assert "there is no identity provider" in typed("metadata", "--provider", "three", code=1)
