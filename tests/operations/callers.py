"""One account, and a verified caller of every kind that a request can have: real keys, real sealed sessions."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from daypass.exchange import RawRequest, Response
from daypass.ids import access_key_id
from daypass.operations.call import Call
from daypass.operations.doors import Place
from daypass.operations.facts import RequestFacts
from daypass.operations.pipeline import Service
from daypass.operations.registry import Registry
from daypass.principals import Anonymous, AwsService, Caller, FederatedIdentity, Operator, Session
from daypass.revocation import FEDERATED_PROVIDER
from daypass.sessions.token import seal
from daypass.sigv4 import sign_request
from daypass.testing.local import ENDPOINT, VERSIONS, LocalDaypass, Signer, raw_request

NOW = 1_900_000_000
ISSUED = NOW - 100
PEER = "192.0.2.44"
AGENT, REFERER = "aws-cli/2.33", "https://console.example/"
OIDC = "arn:aws:iam::{account}:oidc-provider/accounts.example.com"
SAML = "arn:aws:iam::{account}:saml-provider/corp"
IDENTITY_BODY = f"Action=GetCallerIdentity&Version={VERSIONS['sts']}".encode()


@dataclass
class People:
    """The daypass, its user ``ann`` and role ``ops``, both tagged, and what the table of keys calls them."""

    daypass: LocalDaypass
    names: dict[str, str]
    ann: Signer
    root: Signer
    noted: list[RequestFacts]

    def seal(self, kind: str, principal_id: str, **facts: Any) -> Signer:
        """The credentials of a session that was issued at ``ISSUED``, as daypass itself would seal it."""
        keys, account = self.daypass.daypass.keys, self.daypass.account
        random = self.daypass.entropy.bytes
        session = Session(
            **{
                "kind": kind,
                "access_key_id": access_key_id("ASIA", account, random(6)),
                "account": account,
                "principal_id": principal_id,
                "name": self.names["session_name"],
                "issued": ISSUED,
                "expires": ISSUED + 3600,
                "region": "us-east-1",
                **facts,
            }
        )
        sealed = seal(session, keys.ring(), random(12))
        return Signer(session.access_key_id, sealed.secret, sealed.token)

    def raw(self, signer: Signer, peer: str = PEER) -> RawRequest:
        """GetCallerIdentity, signed."""
        headers = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": AGENT, "Referer": REFERER}
        signed = sign_request(
            "POST",
            ENDPOINT,
            headers,
            IDENTITY_BODY,
            access_key_id=signer.access_key_id,
            secret_access_key=signer.secret_access_key.reveal(),
            session_token=signer.session_token,
            region="eu-west-1",
            service="sts",
            now=NOW,
        )
        return raw_request("POST", "/", signed.items(), IDENTITY_BODY, peer)

    def facts_of(self, raw: RawRequest) -> RequestFacts:
        """What a handler is given for ``raw``, which came all the way through the pipeline."""
        self.noted.clear()
        answer: Response = self.daypass.serve(raw)
        assert answer.status == 200, answer.body
        (facts,) = self.noted
        return facts


def people(daypass: LocalDaypass) -> People:
    """Fill ``daypass`` and have it note the facts of each GetCallerIdentity."""
    iam = daypass.client("iam")
    user = iam.create_user(UserName="ann", Path="/staff/", Tags=[{"Key": "Team", "Value": "blue"}])["User"]
    trust = json.dumps({"Statement": {"Effect": "Allow", "Principal": {"AWS": user["Arn"]}, "Action": "sts:*"}})
    tags = [{"Key": "Team", "Value": "red"}]
    role = iam.create_role(RoleName="ops", Path="/app/", AssumeRolePolicyDocument=trust, Tags=tags)["Role"]
    ann = Signer.of(iam.create_access_key(UserName="ann")["AccessKey"])
    root = Signer.of(daypass.daypass.operator("daypass:CreateRootAccessKey", {})["AccessKey"])
    account = daypass.account
    names = {
        "account": account,
        "user_arn": user["Arn"],
        "user_id": user["UserId"],
        "user_name": "ann",
        "user_tag": "blue",
        "role_arn": role["Arn"],
        "role_id": role["RoleId"],
        "role_tag": "red",
        "session_name": "nightly",
        "session_tag": "green",
        "source_identity": "zoe",
        "root_arn": f"arn:aws:iam::{account}:root",
        "federated_arn": f"arn:aws:sts::{account}:federated-user/nightly",
        "federated_name": "nightly",
        "provider": OIDC.format(account=account),
        "service": "ec2.amazonaws.com",
        "issued_iso": "2030-03-17T17:45:00Z",
        "now_iso": "2030-03-17T17:46:40Z",
        "now": str(NOW),
        "mfa_age": "90",
        "ip": PEER,
        "agent": AGENT,
        "referer": REFERER,
        "region": "eu-west-1",
    }
    registry = Registry()
    noted: list[RequestFacts] = []

    @registry.operation("sts:GetCallerIdentity", "reads")
    @registry.operation("daypass:Note", "reads")
    def note(call: Call) -> Mapping[str, object]:
        noted.append(call.facts)
        return {"UserId": "-", "Account": "-", "Arn": "-"}

    old = daypass.daypass.service
    daypass.daypass.service = Service(old._ports, registry, Place())
    daypass.clock.freeze(NOW)
    return People(daypass, names, ann, root, noted)


Maker = Callable[[People], RequestFacts]
SAML_FACTS = (("saml:sub", "ann@corp"), ("saml:sub_type", "persistent"))
OIDC_FACTS = (
    ("accounts.example.com:sub", "42"),
    ("accounts.example.com:amr", "pwd"),
    ("accounts.example.com:amr", "otp"),
)


def _sealed(kind: str, whose: str, **facts: Any) -> Maker:
    """A session of the entity whose unique id ``People.names`` calls ``whose``."""
    return lambda world: world.facts_of(world.raw(world.seal(kind, world.names[whose], **facts)))


def _oidc_session(world: People) -> RequestFacts:
    federation = ((FEDERATED_PROVIDER, world.names["provider"]), *OIDC_FACTS)
    return world.facts_of(world.raw(world.seal("role", world.names["role_id"], federation=federation)))


def _operator(world: People) -> RequestFacts:
    world.noted.clear()
    world.daypass.daypass.service.operate("daypass:Note", {}, Operator(world.daypass.account, "ann"))
    return world.noted[0]


def _unsigned(principal: Callable[[People], Anonymous | AwsService | FederatedIdentity]) -> Maker:
    """Whoever no operation serves yet: the facts that a call of theirs would have."""

    def make(world: People) -> RequestFacts:
        return RequestFacts(Caller(principal(world), ""), NOW, "eu-west-1", "sts", world.raw(world.ann))

    return make


MAKERS: Mapping[str, Maker] = {
    "user": lambda world: world.facts_of(world.raw(world.ann)),
    "user session": _sealed("user", "user_id"),
    "user session with MFA": _sealed("user", "user_id", mfa_at=NOW - 90),
    "role session": _sealed("role", "role_id", mfa_at=NOW - 90),
    "chained session": _sealed(
        "role",
        "role_id",
        tags=(("TEAM", "green"),),
        transitive=("TEAM",),
        source_identity="zoe",
        lineage=("ASIAFIRST",),
    ),
    "SAML session": _sealed("role", "role_id", federation=SAML_FACTS),
    "OIDC session": _oidc_session,
    "federated user": _sealed("federated", "user_id", policy='{"Statement":[]}', mfa_at=NOW - 90),
    "federated user of root": _sealed("federated", "account"),
    "root": lambda world: world.facts_of(world.raw(world.root)),
    "root session": _sealed("root", "account"),
    "assumed root": _sealed("assumed-root", "account"),
    "operator": _operator,
    "service": _unsigned(lambda world: AwsService(world.names["service"])),
    "web identity": _unsigned(lambda world: FederatedIdentity(world.names["provider"], "42")),
    "SAML assertion": _unsigned(lambda world: FederatedIdentity(SAML.format(account=world.daypass.account), "ann")),
    "anonymous": _unsigned(lambda _: Anonymous()),
}
"""How a caller of each kind comes to be; the kinds are those of global-keys.json."""
