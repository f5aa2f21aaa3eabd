"""`daypass login`, as a person types it, against an issuer that does what it is told, honest or not."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from configparser import RawConfigParser
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import msgspec
import pytest

from daypass.app import open_daypass
from daypass.cli.main import run
from daypass.cli.sign_in import Client, Provider, session_name, with_device_code
from daypass.credentials import Secret
from daypass.settings import load
from daypass.testing.issuer import StubIssuer
from tests.running import Running

CLIENT = "daypass-cli"
Answer = dict[str, str]


def _challenge_of(verifier: str) -> str:
    """RFC 7636, section 4.2."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


class SignIn:
    """An issuer with the code flow, and a browser that comes back with whatever ``answer`` makes of the answer."""

    def __init__(self, issuer: StubIssuer) -> None:
        self.issuer = issuer
        self.answer: Callable[[Answer], Answer] = lambda answer: answer
        self.claims: dict[str, Any] = {}
        self.asked: dict[str, str] = {}
        self.posted: dict[str, str] = {}
        self.page = b""
        issuer.forms["/token"] = self.token
        self.tell()

    def tell(self, **more: Any) -> None:
        path = "/.well-known/openid-configuration"
        said = msgspec.json.decode(self.issuer.answers[path])
        said |= {"authorization_endpoint": f"{self.issuer.url}/authorize", "token_endpoint": f"{self.issuer.url}/token"}
        self.issuer.answers[path] = msgspec.json.encode(said | more)

    def open(self, url: str) -> bool:
        self.asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        back = self.answer({"code": "c0de", "state": self.asked["state"]})
        threading.Thread(target=self.come_back, args=(f"{self.asked['redirect_uri']}?{urlencode(back)}",)).start()
        return True

    def come_back(self, url: str) -> None:
        with urllib.request.urlopen(url, timeout=10) as answer:
            self.page = answer.read()

    def token(self, form: dict[str, str]) -> tuple[int, Mapping[str, Any]]:
        self.posted = form
        proved = _challenge_of(form.get("code_verifier", ""))
        if form.get("code") != "c0de" or proved != self.asked["code_challenge"]:
            return 400, {"error": "invalid_grant", "error_description": "no\x1b[2Jsuch code"}
        claims = {"aud": CLIENT, "nonce": self.asked["nonce"], "email": "ada@example.com"} | self.claims
        return 200, {"id_token": self.issuer.token(**claims), "access_token": "a"}


@pytest.fixture(scope="module")
def issuer() -> Iterator[StubIssuer]:
    with StubIssuer(CLIENT) as stub:
        yield stub


@pytest.fixture(scope="module")
def role(running: Running, issuer: StubIssuer) -> str:
    """A role on the running daypass that trusts the issuer's `ada`."""
    with open_daypass(load(running.data, {}, {}).settings, running.data) as daypass:
        params = {"Url": issuer.url, "ClientIDList": (CLIENT,)}
        arn = daypass.operator("iam:CreateOpenIDConnectProvider", params)["OpenIDConnectProviderArn"]
        terms = {"OpenIDConnectProviderArn": arn, "Authorities": issuer.authority, "AllowPrivate": True}
        daypass.operator("daypass:SetOpenIDConnectProviderTerms", terms)
        statement = {"Effect": "Allow", "Principal": {"Federated": arn}, "Action": "sts:AssumeRoleWithWebIdentity"}
        statement["Condition"] = {"StringEquals": {f"{issuer.url.removeprefix('https://')}:sub": "ada"}}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        made = daypass.operator("iam:CreateRole", {"RoleName": "staff", "AssumeRolePolicyDocument": trust})
    return str(made["Role"]["Arn"])


@pytest.fixture
def sign_in(issuer: StubIssuer, monkeypatch: pytest.MonkeyPatch) -> SignIn:
    made = SignIn(issuer)
    monkeypatch.setattr("webbrowser.open", made.open)
    monkeypatch.setenv("BROWSER", "any")
    return made


Type = Callable[..., str]


@pytest.fixture
def typed(
    running: Running,
    issuer: StubIssuer,
    role: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Type:
    """Run `daypass login`; what it printed on stdout, or on stderr when it must fail."""
    authority = tmp_path / "ca.pem"
    authority.write_text(issuer.authority)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "aws/credentials"))
    for name in ("AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL", "AWS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    usual = ("--oidc", issuer.url, "--client-id", CLIENT, "--ca-file", str(authority), "--allow-private")

    def type_(*words: object, code: int = 0, signs_in: bool = True, both: bool = False) -> str:
        more = (*usual, *map(str, words)) if signs_in else tuple(map(str, words))
        assert run(["login", "--data", str(running.data), "--role", role, *more]) == code
        said = capsys.readouterr()
        return said.out + said.err if both else said.err if code else said.out

    return type_


def profile(tmp_path: Path, name: str) -> dict[str, str]:
    parser = RawConfigParser()
    parser.read(tmp_path / "aws/credentials")
    return dict(parser[name])


def test_whoever_signs_in_gets_a_profile(sign_in: SignIn, typed: Type, tmp_path: Path, role: str) -> None:
    """With the code flow, S256, state and nonce; other profiles stay, and the file is nobody else's."""
    file = tmp_path / "aws/credentials"
    file.parent.mkdir()
    file.write_text("# mine\n[other]\naws_access_key_id = AKIAOTHER\n")
    assert role in typed("--profile", "staff")
    assert (sign_in.asked["response_type"], sign_in.asked["code_challenge_method"]) == ("code", "S256")
    assert sign_in.asked["redirect_uri"].startswith("http://127.0.0.1:")
    assert sign_in.posted["grant_type"] == "authorization_code"
    made = profile(tmp_path, "staff")
    assert made["aws_access_key_id"].startswith("ASIA")
    assert {"aws_secret_access_key", "aws_session_token"} <= made.keys()
    assert "# mine\n[other]\naws_access_key_id = AKIAOTHER\n" in file.read_text()
    assert "# expires 2" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert b"close this page" in sign_in.page


def test_neither_token_nor_code_is_shown(sign_in: SignIn, typed: Type) -> None:
    """Not on a terminal, whatever comes of it."""
    issued: list[str] = []
    make = sign_in.issuer.token
    sign_in.issuer.token = lambda *a, **k: issued.append(make(*a, **k)) or issued[-1]  # type: ignore[method-assign, func-returns-value]
    try:
        said = typed("--json", both=True)
        sign_in.claims = {"sub": "eve"}
        said += typed(code=1, both=True)
    finally:
        sign_in.issuer.token = make  # type: ignore[method-assign]
    assert "AccessDenied" in said
    assert len(issued) == 2
    assert not any(part in said for token in issued for part in token.split("."))
    assert "c0de" not in said


def test_credentials_for_a_process_and_a_shell(sign_in: SignIn, typed: Type) -> None:
    """What `credential_process` asks for, and exports; nothing is written."""
    made = json.loads(typed("--format", "process", "--duration", "900"))
    assert made["Version"] == 1
    assert made.keys() == {"Version", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"}
    left = time.mktime(time.strptime(made["Expiration"], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone - time.time()
    assert 800 < left <= 900
    assert typed("--format", "env").count("export AWS_") == 4


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (lambda answer: answer | {"state": "other"}, "not asked for"),
        (lambda answer: {"code": "c0de"}, "not asked for"),
        (lambda answer: answer | {"iss": "https://other.example"}, "not asked for"),
        (lambda answer: {"state": answer["state"], "error": "access_denied"}, "access_denied"),
        (lambda answer: {"state": answer["state"]}, "without a code"),
        (lambda answer: answer | {"code": "other"}, "invalid_grant"),
    ],
    ids=["another state", "no state", "another issuer", "an error", "no code", "another code"],
)
def test_an_answer_that_was_not_asked_for_is_refused(
    sign_in: SignIn, typed: Type, answer: Callable[[Answer], Answer], why: str
) -> None:
    """And where it was asked for but says no, so does this."""
    sign_in.answer = answer
    said = typed(code=1)
    assert why in said
    assert "\x1b" not in said


@pytest.mark.parametrize(
    "claims", [{"nonce": "other"}, {"nonce": None}, {"aud": "other"}, {"iss": "https://other.example"}], ids=str
)
def test_a_token_for_another_sign_in_is_not_shown_to_anybody(
    sign_in: SignIn, typed: Type, claims: dict[str, Any]
) -> None:
    """Another nonce, client or issuer: no call is made with it."""
    sign_in.claims = claims
    assert "the token is" in typed(code=1)


def test_a_token_that_is_at_hand(issuer: StubIssuer, typed: Type, tmp_path: Path) -> None:
    """From a file, for machines; nobody signs in."""
    token = tmp_path / "token"
    token.write_text(issuer.token() + "\n")
    assert json.loads(typed("--token-file", token, "--json", signs_in=False))["Profile"] == "daypass"
    token.write_text("nothing")
    assert "not a valid JWT" in typed("--token-file", token, code=1, signs_in=False)


class Endpoint:
    """An endpoint of STS that answers what it likes, below an issuer's address."""

    def __init__(self, issuer: StubIssuer, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.url, authority = f"{issuer.url}/sts", folder / "sts.pem"
        authority.write_text(issuer.authority)
        monkeypatch.setenv("AWS_CA_BUNDLE", str(authority))
        self.credentials: dict[str, Any] = {
            "AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": 2_000_000_000,
        }  # fmt: skip
        answered = {"AssumeRoleWithWebIdentityResult": {"Credentials": self.credentials}}
        self.answer: dict[str, Any] = {"AssumeRoleWithWebIdentityResponse": answered}
        issuer.forms["/sts"] = lambda form: (200, self.answer)


@pytest.fixture
def endpoint(issuer: StubIssuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: Type) -> Endpoint:
    return Endpoint(issuer, tmp_path, monkeypatch)


@pytest.mark.parametrize(
    "changes",
    [
        {"SecretAccessKey": "s\n[default]\ncredential_process = touch /tmp/x"},
        {"SessionToken": "t\ncredential_process = touch /tmp/x"},
        {"Expiration": 1e300},
        {"Expiration": 10**30},
        {"Expiration": -1},
        {"Expiration": "9" * 5_000},
        {"SecretAccessKey": None},
        {"SecretAccessKey": {"a": "b"}},
    ],
    ids=str,
)
def test_an_endpoint_gives_credentials_and_nothing_else(
    endpoint: Endpoint, typed: Type, tmp_path: Path, changes: dict[str, Any]
) -> None:
    """Whatever it answers, it names no command for others to run, and none of its lines stands in the file."""
    token = tmp_path / "token"
    token.write_text("a.b.c")
    words = ("--token-file", token, "--endpoint", endpoint.url)
    typed(*words, signs_in=False)
    before = (tmp_path / "aws/credentials").read_text()
    endpoint.credentials |= changes
    assert "Traceback" not in typed(*words, code=3, signs_in=False)
    assert (tmp_path / "aws/credentials").read_text() == before


def test_what_an_endpoint_says_moves_no_cursor(endpoint: Endpoint, typed: Type, tmp_path: Path) -> None:
    """Neither its refusals, nor what is no refusal."""
    token = tmp_path / "token"
    token.write_text("a.b.c")
    for answer in ({"Error": {"Code": "\x1b[2JA", "Message": "\x9b31m\r"}}, {"\x1b": {}}):
        endpoint.answer = answer
        code = 1 if "Error" in answer else 3
        said = typed("--token-file", token, "--endpoint", endpoint.url, code=code, signs_in=False)
        assert not set("\x1b\x9b\r") & set(said)


@pytest.mark.parametrize(
    "said",
    [
        {"issuer": "\x1b]0;owned\x07"},
        {"authorization_endpoint": "https://sso.example/\x1b]0;owned\x07"},
        {"authorization_endpoint": "https://sso.example/ --no-sandbox"},
        {"authorization_endpoint": "https://[sso.example/"},
        {"authorization_endpoint": " https://sso.example/"},
        {"authorization_endpoint": "file:///etc/passwd"},
        {"authorization_endpoint": "https://sso.example\u202e/"},
        {"token_endpoint": "https://user:password@sso.example/"},
        {"token_endpoint": 5},
        {"token_endpoint_auth_methods_supported": 5, "token_endpoint": "http://sso.example/"},
    ],
    ids=str,
)
def test_what_a_provider_says_of_itself_is_not_believed(sign_in: SignIn, typed: Type, said: dict[str, Any]) -> None:
    """It opens no odd address, moves no cursor, and breaks nothing."""
    before = dict(sign_in.issuer.answers)
    sign_in.tell(**said)
    try:
        told = typed(code=1, both=True)
    finally:
        sign_in.issuer.answers.update(before)
    assert not set("\x1b\x07\u202e") & set(told)


def test_an_answer_without_the_issuer_that_was_promised_is_refused(sign_in: SignIn, typed: Type) -> None:
    """A provider that says that it names itself does so (RFC 9207, section 2.4)."""
    before = dict(sign_in.issuer.answers)
    sign_in.tell(authorization_response_iss_parameter_supported=True)
    try:
        assert "not asked for" in typed(code=1)
        sign_in.answer = lambda answer: answer | {"iss": sign_in.issuer.url}
        typed()
    finally:
        sign_in.issuer.answers.update(before)


def test_options_that_do_not_go_together(issuer: StubIssuer, typed: Type, tmp_path: Path) -> None:
    """Told before anything is asked of anybody."""
    before = len(issuer.requests)
    assert "stands for a sign-in" in typed("--token-file", "a", code=2)
    assert "give --oidc ISSUER" in typed("--oidc", issuer.url, code=2, signs_in=False)
    assert "cannot be a profile" in typed("--profile", "a b", code=2)
    assert "writes none" in typed("--json", "--format", "env", code=2)
    assert len(issuer.requests) == before


@pytest.mark.parametrize("url", ["http://sts.example.com", "http://127.0.0.1.example.com", "ftp://127.0.0.1"])
def test_a_token_is_not_sent_in_clear(typed: Type, url: str) -> None:
    """Only this machine itself may be asked without TLS."""
    assert "in clear" in typed("--endpoint", url, code=1)


def test_an_issuer_on_a_private_address_is_asked_for_by_name(
    issuer: StubIssuer, typed: Type, capsys: pytest.CaptureFixture[str]
) -> None:
    """A user's machine is no more open than a server."""
    words = ("--oidc", issuer.url, "--client-id", CLIENT)
    assert "--allow-private" in typed(*words, code=1, signs_in=False)


def test_a_secret_is_sent_as_the_provider_wants_it(sign_in: SignIn, typed: Type, tmp_path: Path) -> None:
    """In the header, or in the form where it takes no header."""
    secret = tmp_path / "secret"
    secret.write_text("s3 cret\n")
    typed("--client-secret-file", secret, "--json")
    kind, _, pair = sign_in.posted["authorization"].partition(" ")
    assert (kind, b64decode(pair)) == ("Basic", f"{CLIENT}:s3%20cret".encode())
    assert "client_secret" not in sign_in.posted
    sign_in.tell(token_endpoint_auth_methods_supported=["client_secret_post"])
    typed("--client-secret-file", secret, "--json")
    assert (sign_in.posted["authorization"], sign_in.posted["client_secret"]) == ("", "s3 cret")


class Nobody:
    """A fetcher of ready answers."""

    def __init__(self, *answers: Mapping[str, Any]) -> None:
        self.answers = list(answers)
        self.posted: list[dict[str, str]] = []

    def get(self, url: str, terms: object) -> Any:
        said = {"issuer": "https://i", "device_authorization_endpoint": "https://i/d", "token_endpoint": "https://i/t"}
        return type("Fetched", (), {"body": msgspec.json.encode(said)})

    def post(self, url: str, form: bytes, *_: object) -> Any:
        self.posted.append(dict(parse_qsl(form.decode())))
        said = self.answers.pop(0)
        return type("Answered", (), {"body": msgspec.json.encode(said), "status": 400 if "error" in said else 200})


BEGUN = {
    "device_code": "d",
    "user_code": "AB\x07CD",
    "verification_uri": "https://i/code",
    "expires_in": 60,
    "interval": 2,
}


def with_device(fetcher: Nobody) -> tuple[list[str], list[float], Secret]:
    client = Client("https://i", CLIENT, None, "openid", None)  # type: ignore[arg-type]
    shown: list[str] = []
    slept: list[float] = []
    provider = Provider(fetcher, client)  # type: ignore[arg-type]

    def sleep(seconds: float) -> None:
        assert seconds <= 60
        slept.append(seconds)

    return shown, slept, with_device_code(provider, client, shown.append, sleep)


def test_a_code_entered_elsewhere(issuer: StubIssuer) -> None:
    """Asked for as often as the provider wants it, and slower when it says so."""
    token = issuer.token(iss="https://i", aud=[CLIENT])
    pending, slower = {"error": "authorization_pending"}, {"error": "slow_down"}
    shown, slept, got = with_device(Nobody(BEGUN, pending, slower, pending, {"id_token": token}))
    assert got.reveal() == token
    assert slept == [2, 2, 7, 7]
    assert shown == ["open https://i/code and enter the code AB�CD"]


def test_a_device_code_is_bound_to_who_asked_for_it(issuer: StubIssuer) -> None:
    """By PKCE, which a provider may demand of a client whatever the flow: a secret of its own for each sign-in."""
    verifiers = set()
    for _ in range(2):
        fetcher = Nobody(
            BEGUN, {"error": "authorization_pending"}, {"id_token": issuer.token(iss="https://i", aud=[CLIENT])}
        )
        with_device(fetcher)
        begun, *redeemed = fetcher.posted
        assert begun["code_challenge_method"] == "S256"
        assert "code_verifier" not in begun
        assert [_challenge_of(form["code_verifier"]) for form in redeemed] == [begun["code_challenge"]] * 2
        verifiers |= {form["code_verifier"] for form in redeemed}
    assert len(verifiers) == 2


@pytest.mark.parametrize(
    "answers",
    [
        ({"error": "invalid_client"},),
        ({**BEGUN, "interval": "x"},),
        ({**BEGUN, "interval": "inf"}, *[{"error": "authorization_pending"}] * 40),
        ({**BEGUN, "interval": 1e9}, *[{"error": "authorization_pending"}] * 40),
        ({**BEGUN, "expires_in": "nan"}, *[{"error": "authorization_pending"}] * 40),
        ({**BEGUN, "expires_in": -1}, *[{"error": "authorization_pending"}] * 40),
        (BEGUN, {"error": "access_denied"}),
        (BEGUN, {"error": "expired_token"}),
        (BEGUN, *[{"error": "authorization_pending"}] * 40),
    ],
)
def test_a_code_that_nobody_enters(answers: tuple[Mapping[str, Any], ...]) -> None:
    """It ends, and says so."""
    from daypass.cli.problems import CommandError

    with pytest.raises(CommandError):
        with_device(Nobody(*answers))


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"email": "ada@example.com"}, "ada@example.com"),
        ({"sub": "auth0|7 ü"}, "auth0-7--"),
        ({"preferred_username": "a" * 90}, "a" * 64),
        ({"sub": "x"}, "daypass-login"),
    ],
)
def test_a_session_is_named_after_its_person(issuer: StubIssuer, claims: dict[str, Any], name: str) -> None:
    """As far as AWS's letters go."""
    assert session_name(Secret(issuer.token(**claims))) == name
