"""Each of the eleven STS actions over HTTP, beside an empty answer to the same bytes in rounds that alternate."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384

from benchmarks import people
from benchmarks.figures import Figures
from benchmarks.inner import microseconds
from benchmarks.load import Request, measure
from benchmarks.servers import Key, Server, daypass, empty
from benchmarks.single import measure_once
from daypass.sessions.authorization_message import seal_message
from daypass.testing.identity_provider import StubIdentityProvider
from daypass.testing.issuer import StubIssuer
from daypass.testing.local import LocalDaypass, Signer

ROUNDS = 3
CONNECTIONS = 16
CODE_CONNECTIONS = 4
"""For calls with codes: each waits for the disk, and who would wait for a second is refused."""

TASK = "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"
EQUIPPED = 100
"""Users with MFA devices. Each device takes one code for either of the two calls that take codes."""

SAML = "AssumeRoleWithSAML"
ASSERTIONS = 200
"""Each opens one session."""


@dataclass(frozen=True)
class Prepared:
    """What some actions need: a member of the organization that has a trade-in token, a message, people with devices,
    a role for the holder of an OpenID Connect token, and one for whom a SAML identity provider names.
    """

    member: str
    partner: Key
    trade_in: str
    message: str
    people: list[Key]
    serials: list[str]
    shared_role: str
    visited_role: str
    token: str
    signed_in: SignedIn


@dataclass(frozen=True)
class SignedIn:
    """What a SAML identity provider needs to name a role."""

    idp: StubIdentityProvider
    provider: str
    role: str


@dataclass(frozen=True)
class Stage:
    """A server, and what was prepared in its data directory."""

    server: Server
    prepared: Prepared


Make = Callable[[Stage], Request]


def _plain(action: str, **params: Any) -> Make:
    return lambda stage: stage.server.post(action, params)


def _web_identity(stage: Stage) -> Request:
    prepared = stage.prepared
    params = {"RoleArn": prepared.visited_role, "RoleSessionName": "bench", "WebIdentityToken": prepared.token}
    return stage.server.unsigned("AssumeRoleWithWebIdentity", params)


def _root(stage: Stage) -> Request:
    params = {"TargetPrincipal": stage.prepared.member, "TaskPolicyArn": {"arn": TASK}}
    return stage.server.post("AssumeRoot", params)


def _token(algorithm: str) -> Make:
    return _plain("GetWebIdentityToken", Audience=["https://vault.example.com"], SigningAlgorithm=algorithm)


RS256, ES384 = "GetWebIdentityToken, RS256", "GetWebIdentityToken, ES384"

ROWS: Mapping[str, Make] = {
    "AssumeRole": lambda stage: stage.server.request("AssumeRole"),
    "AssumeRoleWithWebIdentity": _web_identity,
    "AssumeRoot": _root,
    "DecodeAuthorizationMessage": lambda stage: stage.server.post(
        "DecodeAuthorizationMessage", {"EncodedMessage": stage.prepared.message}
    ),
    "GetAccessKeyInfo": lambda stage: stage.server.post(
        "GetAccessKeyInfo", {"AccessKeyId": stage.server.key.access_key_id}
    ),
    "GetCallerIdentity": lambda stage: stage.server.request("GetCallerIdentity"),
    "GetCallerIdentity, presigned": lambda stage: stage.server.presigned("GetCallerIdentity"),
    "GetDelegatedAccessToken": lambda stage: stage.server.post(
        "GetDelegatedAccessToken", {"TradeInToken": stage.prepared.trade_in}, stage.prepared.partner
    ),
    "GetFederationToken": _plain("GetFederationToken", Name="bench"),
    "GetSessionToken": _plain("GetSessionToken"),
    RS256: _token("RS256"),
    ES384: _token("ES384"),
}
"""What is measured by sending it again and again. The action comes first in the name."""


def single_use(stage: Stage) -> dict[str, list[Request]]:
    """Calls with MFA codes and assertions, each of which is taken once: one request a device, or an assertion."""
    prepared, (first, second) = stage.prepared, people.codes(time.time())
    made: dict[str, list[Request]] = {"GetSessionToken, with an MFA code": [], "AssumeRole, with an MFA code": []}
    for number, serial in enumerate(prepared.serials):
        key = prepared.people[number // people.DEVICES]
        role = {"RoleArn": prepared.shared_role, "RoleSessionName": people.name(number)}
        for requests, code, params in zip(made.values(), (first, second), ({}, role), strict=True):
            proof = {"SerialNumber": serial, "TokenCode": code}
            action = "AssumeRole" if params else "GetSessionToken"
            requests.append(stage.server.post(action, params | proof, key))
    return made | {SAML: _with_assertions(stage)}


def _with_assertions(stage: Stage) -> list[Request]:
    idp, provider, role = stage.prepared.signed_in.idp, stage.prepared.signed_in.provider, stage.prepared.signed_in.role
    asked = {"Role": f"{role},{provider}", "RoleSessionName": "bench"}
    params = {"RoleArn": role, "PrincipalArn": provider}
    return [stage.server.unsigned(SAML, params | {"SAMLAssertion": idp.response(asked)}) for _ in range(ASSERTIONS)]


def actions(figures: Figures, seconds: float) -> None:
    """All rows, each with its ratio to the empty answer; signing also beside the raw signature."""
    raw = {name: (f"the raw {name[-5:]} signature", cost) for name, cost in _signatures().items()}
    for what, cost in raw.values():
        figures.add(what.removeprefix("the "), cost, "us")
    with tempfile.TemporaryDirectory() as folder, empty() as reference, staged(Path(folder) / "data") as stage:
        for name, make in ROWS.items():
            cost, floor = _alternate(stage, reference, make, seconds / 2)
            more = (raw[name],) if name in raw else ()
            figures.add(f"{name}, CPU", cost, "us/request", ("empty answer", floor), *more)
        for name, requests in single_use(stage).items():
            floor = measure_once(reference.pid, [request.to(reference.url) for request in requests], CODE_CONNECTIONS)
            try:
                cost = measure_once(stage.server.pid, requests, CODE_CONNECTIONS)
            except RuntimeError as refused:  # a busy disk: the other figures are still good
                figures.note(f"{name}: {refused}")
                continue
            figures.add(f"{name}, CPU", cost, "us/request", ("empty answer", floor))


def _alternate(stage: Stage, reference: Server, make: Make, seconds: float) -> tuple[float, float]:
    """The least CPU of several rounds: ours, and the empty answer's."""
    ours, floors = [], []
    for _ in range(ROUNDS):
        request = make(stage)
        floor = measure(reference.pid, request.to(reference.url), connections=CONNECTIONS, seconds=seconds)
        load = measure(stage.server.pid, request, connections=CONNECTIONS, seconds=seconds)
        ours.append(load.cpu)
        floors.append(floor.cpu)
    return min(ours), min(floors)


def _signatures() -> dict[str, float]:
    rsa_key, curve_key = rsa.generate_private_key(65_537, 2_048), ec.generate_private_key(ec.SECP384R1())
    text = bytes(600)
    return {
        RS256: microseconds(lambda: rsa_key.sign(text, padding.PKCS1v15(), SHA256()), 20, 20),
        ES384: microseconds(lambda: curve_key.sign(text, ec.ECDSA(SHA384())), 20, 20),
    }


@contextmanager
def staged(data: Path) -> Iterator[Stage]:
    """A server on a data directory in which every action can succeed."""
    with StubIssuer() as issuer:
        with LocalDaypass(data) as local:
            prepared = prepare(local, issuer)
        with daypass(data) as server:
            yield Stage(server, prepared)


def prepare(local: LocalDaypass, issuer: StubIssuer) -> Prepared:
    """An organization with a member that trades in a token, users with MFA devices, and trust in ``issuer``."""
    iam = local.client("iam")
    member, admin = local.account_named("member")
    local.daypass.operator("daypass:CreateOrganization", {})
    iam.enable_organizations_root_credentials_management()
    iam.enable_outbound_web_identity_federation()
    keys, ring = people.settle(local, EQUIPPED), local.daypass.keys.ring()
    message = seal_message(json.dumps({"allowed": False}), local.account, ring, int(time.time()), bytes(12))
    return Prepared(
        member,
        Key(admin.access_key_id, admin.secret_access_key.reveal()),
        _trade_in(local, member, admin),
        message,
        keys,
        people.equip(local, EQUIPPED),
        shared_role(local),
        visited_role(local, issuer),
        issuer.token(),
        signed_in(local),
    )


def visited_role(local: LocalDaypass, issuer: StubIssuer) -> str:
    """The ARN of a new role for whom ``issuer`` vouches."""
    iam = local.client("iam")
    provider = iam.create_open_id_connect_provider(Url=issuer.url, ClientIDList=[issuer.audience])
    arn = provider["OpenIDConnectProviderArn"]
    terms = {"OpenIDConnectProviderArn": arn, "Authorities": issuer.authority, "AllowPrivate": True}
    local.daypass.operator("daypass:SetOpenIDConnectProviderTerms", terms)
    vouched = {"StringEquals": {f"{issuer.url.removeprefix('https://')}:sub": "ada"}}
    action = "sts:AssumeRoleWithWebIdentity"
    statement = {"Effect": "Allow", "Principal": {"Federated": arn}, "Action": action, "Condition": vouched}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return str(iam.create_role(RoleName="visited", AssumeRolePolicyDocument=trust)["Role"]["Arn"])


def signed_in(local: LocalDaypass) -> SignedIn:
    """A new role for whom a SAML identity provider names."""
    iam, idp = local.client("iam"), StubIdentityProvider()
    arn = iam.create_saml_provider(Name="bench", SAMLMetadataDocument=idp.metadata)["SAMLProviderArn"]
    statement = {"Effect": "Allow", "Principal": {"Federated": arn}, "Action": "sts:AssumeRoleWithSAML"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = iam.create_role(RoleName="signed-in", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    return SignedIn(idp, arn, role)


def shared_role(local: LocalDaypass) -> str:
    """The ARN of a new role for everybody whose policies let him assume it."""
    root = f"arn:aws:iam::{local.account}:root"
    statement = {"Effect": "Allow", "Principal": {"AWS": root}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = local.client("iam").create_role(RoleName="shared", AssumeRolePolicyDocument=trust)["Role"]
    return str(role["Arn"])


def _trade_in(local: LocalDaypass, partner: str, admin: Signer) -> str:
    """The token of a delegation request that ``partner`` has made and the first account has accepted."""
    theirs, ours = local.client("iam", admin), local.client("iam")
    statement = {"Effect": "Allow", "Action": "iam:Get*", "Resource": "*"}
    template = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    policy = theirs.create_policy(PolicyName="template", PolicyDocument=template)["Policy"]["Arn"]
    request = theirs.create_delegation_request(
        OwnerAccountId=local.account,
        Description="read",
        Permissions={"PolicyTemplateArn": policy, "Parameters": []},
        RequestorWorkflowId="bench",
        NotificationChannel="arn:aws:sns:us-east-1:123456789012:topic",
        SessionDuration=43_200,
    )["DelegationRequestId"]
    for step in ("associate_delegation_request", "accept_delegation_request", "send_delegation_token"):
        getattr(ours, step)(DelegationRequestId=request)
    token = local.daypass.operator("daypass:GetTradeInToken", {"DelegationRequestId": request}, partner)
    return str(token["TradeInToken"])
