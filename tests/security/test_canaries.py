"""Every secret of a whole story is looked for wherever something was written or said; none may be anywhere.

Looked through: the data directory (but for the three files that exist to hold a secret), the audit trail with its
sample of failures, all rows of the database, everything printed, every refusal and probe that was answered, and what
the operating system shows of the process.
"""

from __future__ import annotations

import json
import time
from base64 import b32decode, b64decode, b64encode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote, quote_plus, urlsplit

import pytest
from sqlalchemy import select

from daypass import totp
from daypass.adapters.keys import RingKeeper, open_master_key
from daypass.adapters.machine import SystemClock, SystemEntropy
from daypass.adapters.storage import open_store
from daypass.adapters.storage.tables import METADATA
from daypass.credentials import Secret
from daypass.exchange import Response
from daypass.testing.local import Signer
from tests.calling import admin_of, call, code_of, credentials_in, element
from tests.postgres import PostgresServer
from tests.running import Running, up
from tests.security.world import ADMINISTRATOR, World, document, trusting

PASSWORD = "canary-password-of-the-database"
KEPT = {"credentials", "database", "master.key"}
"""Files that exist to hold a secret; each has mode 0600."""


@dataclass
class Canaries:
    """Secrets by what they are, and all that was heard from outside."""

    secrets: dict[str, str] = field(default_factory=dict)
    heard: dict[str, bytes] = field(default_factory=dict)

    def keep(self, what: str, signer: Signer) -> Signer:
        """Remember the secret parts of credentials."""
        self.secrets[f"{what}: secret access key"] = signer.secret_access_key.reveal()
        if signer.session_token:
            self.secrets[f"{what}: session token"] = signer.session_token
        return signer

    def hear(self, what: str, answer: Response, code: str) -> None:
        """Remember an answer that must be this refusal and holds no new secret."""
        assert code_of(answer) == code, (what, answer.body)
        headers = b"\n".join(name + b": " + value for name, value in answer.headers)
        self.heard[f"{len(self.heard)} {what}"] = headers + b"\n\n" + answer.body


def spellings(secret: str | bytes) -> Iterator[bytes]:
    """A secret in the forms in which things are written."""
    raw = secret.encode() if isinstance(secret, str) else secret
    yield raw
    yield b64encode(raw).rstrip(b"=")
    yield urlsafe_b64encode(raw).rstrip(b"=")
    yield raw.hex().encode()
    yield repr(raw)[2:-1].encode()
    if isinstance(secret, str):
        for form in (quote(secret, safe=""), quote(secret), quote_plus(secret), json.dumps(secret)[1:-1], repr(secret)):
            yield form.encode()
        yield secret.replace("/", "\\/").encode()
        yield raw[4:-4]  # cut at either end


def tell(running: Running, canaries: Canaries) -> None:
    """The story: everybody who can hold a secret gets one, uses it, and misuses it in every way a client may."""
    url, admin = running.url, canaries.keep("admin", admin_of(running.data))
    account = call(url, admin, "sts:GetCallerIdentity").body.decode().partition("iam::")[2][:12]
    assert call(url, admin, "iam:CreateUser", {"UserName": "alice"}).status == 200
    alice = canaries.keep("alice", credentials_in(call(url, admin, "iam:CreateAccessKey", {"UserName": "alice"})))
    trust = trusting(f"arn:aws:iam::{account}:root")
    assert call(url, admin, "iam:CreateRole", {"RoleName": "r", "AssumeRolePolicyDocument": trust}).status == 200
    attach = {"RoleName": "r", "PolicyArn": ADMINISTRATOR}
    assert call(url, admin, "iam:AttachRolePolicy", attach).status == 200
    wish = {"RoleArn": f"arn:aws:iam::{account}:role/r", "RoleSessionName": "canary", "Policy": document("*")}
    session = canaries.keep("session", credentials_in(call(url, admin, "sts:AssumeRole", wish)))
    chained = canaries.keep("chained session", credentials_in(call(url, session, "sts:AssumeRole", wish)))
    token = canaries.keep("user session", credentials_in(call(url, alice, "sts:GetSessionToken")))
    careful = enrol(url, canaries, admin, alice)
    made = running.command("account", "create", "second", "--json")
    second = Signer.of({name: json.loads(made.stdout)[name] for name in ("AccessKeyId", "SecretAccessKey")})
    canaries.keep("second account", second)
    rotated = running.command("keyring", "rotate")
    assert rotated.returncode == 0
    canaries.heard["keyring rotate"] = (rotated.stdout + rotated.stderr).encode()
    for signer in (alice, session, chained, token, careful, second):
        assert call(url, signer, "sts:GetCallerIdentity").status == 200
    misuse(url, canaries, alice, session, chained)
    for path in ("/-/health", "/-/metrics"):
        canaries.heard[path] = fetched(url, path)


def enrol(url: str, canaries: Canaries, admin: Signer, alice: Signer) -> Signer:
    """A session with MFA; the seed of its device was shown once."""
    made = call(url, admin, "iam:CreateVirtualMFADevice", {"VirtualMFADeviceName": "phone"})
    text = b64decode(element(made, "Base32StringSeed")).decode()
    canaries.secrets |= {"MFA seed as text": text, "MFA seed": b32decode(text)}  # type: ignore[dict-item]
    device = {"SerialNumber": element(made, "SerialNumber")}

    def shown(offset: int) -> str:
        return totp.code_of(b32decode(text), totp.step_at(int(time.time())) + offset)

    pair = {"AuthenticationCode1": shown(-1), "AuthenticationCode2": shown(0)}
    wish = {"UserName": "alice", **device}
    wrong = wish | pair | {"AuthenticationCode1": "000000"}
    canaries.hear("wrong codes", call(url, admin, "iam:EnableMFADevice", wrong), "InvalidAuthenticationCode")
    assert call(url, admin, "iam:EnableMFADevice", wish | pair).status == 200
    used = device | {"TokenCode": shown(0)}
    canaries.hear("used code", call(url, alice, "sts:GetSessionToken", used), "AccessDenied")
    for operation in ("iam:ListVirtualMFADevices", "iam:ListMFADeviceTags"):
        canaries.hear(operation, call(url, admin, operation, device), "200")
    opened = call(url, alice, "sts:GetSessionToken", device | {"TokenCode": shown(1)})
    return canaries.keep("session with MFA", credentials_in(opened))


def misuse(url: str, canaries: Canaries, alice: Signer, session: Signer, chained: Signer) -> None:
    """Calls that are refused, with secrets where they belong and where they do not."""
    who, denied = "sts:GetCallerIdentity", "AccessDenied"
    canaries.hear("denied", call(url, alice, "iam:ListUsers"), denied)
    canaries.hear("late", call(url, session, who, now=1), "SignatureDoesNotMatch")
    wrong = replace(session, secret_access_key=chained.secret_access_key)
    canaries.hear("another secret", call(url, wrong, who), "SignatureDoesNotMatch")
    canaries.hear(
        "another token", call(url, replace(session, session_token=chained.session_token), who), "InvalidClientTokenId"
    )
    canaries.hear(
        "token beside key", call(url, replace(alice, session_token=session.session_token), who), "InvalidClientTokenId"
    )
    spoiled = replace(session, session_token=(session.session_token or "")[:-8] + "AAAAAAA=")
    canaries.hear("spoiled token", call(url, spoiled, who), "InvalidClientTokenId")
    canaries.hear("bad parameter", call(url, session, "iam:GetUser", {"UserName": "?" * 200}), "ValidationError")
    malformed = {"UserName": "alice", "PolicyName": "x", "PolicyDocument": "{"}
    canaries.hear("bad policy", call(url, session, "iam:PutUserPolicy", malformed), "MalformedPolicyDocument")
    swapped = Signer(alice.secret_access_key.reveal(), Secret(alice.access_key_id))
    assert call(url, swapped, who).status in (400, 403)
    for name, target in (
        ("token in a query without action", f"/?X-Amz-Security-Token={quote(session.session_token or '', safe='')}"),
        ("secret in a path", f"/{quote(session.secret_access_key.reveal(), safe='')}"),
    ):
        canaries.heard[name] = fetched(url, target)


def fetched(url: str, target: str) -> bytes:
    """Head and body of a plain GET."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=10)
    connection.request("GET", target)
    answer = connection.getresponse()
    head = "\n".join(f"{name}: {value}" for name, value in answer.getheaders())
    body = answer.read()
    connection.close()
    return head.encode() + b"\n\n" + body


def of_the_process(pid: int) -> dict[str, bytes]:
    """What the operating system shows of a process and its children."""
    pids = [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
    return {f"/proc/{each}/environ": Path(f"/proc/{each}/environ").read_bytes() for each in pids}


def of_the_files(data: Path) -> dict[str, bytes]:
    """Every file of the data directory but those that exist to hold a secret."""
    for name in KEPT & {path.name for path in data.iterdir()}:
        assert (data / name).stat().st_mode & 0o777 == 0o600, name
    found = {str(p.relative_to(data)): p.read_bytes() for p in data.rglob("*") if p.is_file() and p.name not in KEPT}
    assert any(name.endswith(".jsonl") for name in found)
    assert any("failures" in name for name in found)
    return found


def of_the_database(data: Path, url: str | None, canaries: Canaries) -> bytes:
    """Every value of every row; on the way the key material, which only the open store and the master key can tell."""
    with open_store(url, data, follow=False) as storage:
        master = open_master_key(data, storage.sealing_keys)
        ring = RingKeeper(storage.sealing_keys, master, clock=SystemClock(), entropy=SystemEntropy()).ring()
        canaries.secrets["master key"] = master._material  # type: ignore[assignment]
        canaries.secrets |= {f"sealing key {key.id}": key.material for key in ring.keys}  # type: ignore[misc]
        with storage._database.reading() as connection:
            rows = [tuple(row) for table in METADATA.tables.values() for row in connection.execute(select(table))]
    values = [value for row in rows for value in row if isinstance(value, str | bytes)]
    assert len(values) > 50
    return b"\n".join(value.encode() if isinstance(value, str) else bytes(value) for value in values)


@pytest.mark.parametrize(("store", "level"), [("sqlite", "info"), ("postgresql", "debug")])
def test_no_secret_of_the_story_is_anywhere(
    request: pytest.FixtureRequest, tmp_path: Path, store: str, level: str
) -> None:
    """Secret access keys, session tokens, key material, the database's password: zero hits in every spelling."""
    canaries, options, url = Canaries(), ["--workers", "2"], None
    if store == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        url = server.new_database().replace("postgres@", f"postgres:{PASSWORD}@")
        canaries.secrets["database password"] = PASSWORD
    environment = {"DAYPASS_LOG_LEVEL": level} | ({"DAYPASS_DATABASE": url} if url else {})
    with up(tmp_path / "data", *options, env=environment) as running:
        tell(running, canaries)
        shown = of_the_process(running.process.pid)
        if url:  # where the operator put it
            shown = {name: text.replace(url.encode(), b"") for name, text in shown.items()}
        assert running.stop() == 0
        assert running.process.stdout is not None
        printed = running.said + running.process.stdout.read() + running.log
    looked = {"printed": printed.encode(), **shown, **canaries.heard, **of_the_files(running.data)}
    looked["database rows"] = of_the_database(running.data, url, canaries)
    assert len(canaries.secrets) >= 12
    hits = [
        (what, where)
        for what, secret in canaries.secrets.items()
        for where, text in looked.items()
        if any(form in text for form in spellings(secret))
    ]
    assert not hits


@pytest.mark.parametrize(
    "secret", ["wJalrXUtnFEMI{}K7MDENG+bPxRfiCYEXAMPLEKEY", "w{0}J{0}a{0}lrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"]
)
@pytest.mark.parametrize("separator", ["", "/", "+", ","])
def test_a_secret_sent_in_the_wrong_place_is_not_kept(world: World, secret: str, separator: str) -> None:
    """Key id and secret swapped, in every shape a secret can have: the sample of failures does not hold it."""
    secret = secret.format(separator)
    right = world.daypass.admin.access_key_id
    for signer in (
        Signer(secret, Secret(right)),
        Signer(right, Secret(right), secret),
        Signer(secret, Secret(secret), secret),
    ):
        answer = world.daypass.call("sts", "GetCallerIdentity", {}, signer)
        assert answer.status in (400, 403)
    sampled = b"".join(path.read_bytes() for path in (world.daypass.data / "audit").iterdir())
    assert sampled.count(b'"sourceIPAddress"') >= 3
    assert not [form for form in spellings(secret) if form in sampled]


def test_the_search_finds_what_is_there() -> None:
    """A secret planted in any of its spellings is found, so that finding none means something."""
    secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    for planted in (
        secret,
        quote(secret, safe=""),
        json.dumps(secret),
        b64encode(secret.encode()).decode(),
        secret[2:-2],
    ):
        assert any(form in f"a {planted} b".encode() for form in spellings(secret)), planted
    assert not any(form in b"nothing here" for form in spellings(secret))
    assert any(form in b"key=" + bytes(range(32)).hex().encode() for form in spellings(bytes(range(32))))
