"""The callers of the STS cases: each in an account of his own (tests/cases/sts/README.md)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from itertools import count
from typing import Any
from urllib.parse import urlencode

from daypass.credentials import Secret
from daypass.entities import MfaDevice
from daypass.exchange import RawRequest, Response
from daypass.sigv4 import sign_request
from daypass.testing.identity_provider import StubIdentityProvider
from daypass.testing.issuer import StubIssuer
from daypass.testing.local import ENDPOINT, VERSIONS, LocalDaypass, Signer, flatten, raw_request
from daypass.totp import code_of, step_at
from tests.calling import credentials_in, element
from tests.security.world import SEED

EVERYTHING = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
OTHER = "999999999999"
FEATURES = {"RootCredentialsManagement", "RootSessions"}
_PLACE = re.compile(
    r"\{(account|management|caller|other|role|device|key|issuer|prefix|provider|token|corp|assertion|now[+-]\d+"
    r"|code@-?\d+|\d+)\}"
)
_FORM = "application/x-www-form-urlencoded; charset=utf-8"
_NUMBERS = count(1)
_TIMES = ("issued", "begins", "ends", "confirmed_until", "session_ends")


@dataclass
class Probe:
    """The caller of one case: his account, his credentials, the ARN that messages show."""

    daypass: LocalDaypass
    case: dict[str, Any]
    account: str
    admin: Signer
    arn: str
    signer: Signer | None = None
    issuer: StubIssuer | None = None

    # ── texts ────────────────────────────────────────────────────────────────────────────────────────

    def filled(self, value: Any) -> Any:
        """``value`` with its placeholders filled in."""
        if isinstance(value, str):
            return _PLACE.sub(self._place, value)
        if isinstance(value, list):
            return [self.filled(item) for item in value]
        return {name: self.filled(item) for name, item in value.items()} if isinstance(value, dict) else value

    def _place(self, found: re.Match[str]) -> str:
        name = found[1]
        if name.startswith("code@"):
            return code_of(SEED, step_at(int(self.daypass.clock.now())) + int(name[5:]))
        if name.startswith("now"):
            return str(int(self.daypass.clock.now()) + int(name[3:]))
        if self.issuer is not None and name in ("issuer", "prefix", "provider", "token"):
            return self._of_issuer(name, self.issuer)
        if name == "assertion":
            return self._assertion()
        fixed = {
            "account": self.account,
            "corp": f"arn:aws:iam::{self.account}:saml-provider/corp",
            "management": self.daypass.account,
            "caller": self.arn,
            "other": OTHER,
            "role": f"arn:aws:iam::{self.account}:role/target",
            "device": f"arn:aws:iam::{self.account}:mfa/probe",
            "key": self.signer.access_key_id if self.signer else "",
        }
        return fixed[name] if name in fixed else "x" * int(name)

    def _assertion(self) -> str:
        """What the SAML provider says of whoever may open the role, changed as the case wants it."""
        wanted, now = dict(self.case["assertion"]), self.daypass.clock.now()
        said = {"Role": "{role},{corp}", "RoleSessionName": "ada", **wanted.pop("attributes", {})}
        attributes = {name: value for name, value in self.filled(said).items() if value is not None}
        times = {name: now + wanted.pop(name) for name in _TIMES if name in wanted}
        return identity_provider().response(attributes, **{"issued": now, **times, **wanted})

    def _of_issuer(self, name: str, issuer: StubIssuer) -> str:
        prefix = issuer.url.removeprefix("https://")
        if name != "token":
            provider = f"arn:aws:iam::{self.account}:oidc-provider/{prefix}"
            return {"issuer": issuer.url, "prefix": prefix, "provider": provider}[name]
        wanted = self.filled(self.case["token"])
        now = int(self.daypass.clock.now())
        claims = {**issuer.claims(iat=now, exp=now + 600), **wanted.get("claims", {})}
        told = {name: value for name, value in claims.items() if value is not None}
        token = issuer.sign(json.dumps(told).encode(), wanted.get("header"))
        return token[:-4] + "AAAA" if wanted.get("forged") else token

    # ── calls ────────────────────────────────────────────────────────────────────────────────────────

    def ask(self, signer: Signer, operation: str, params: dict[str, Any]) -> Response:
        """A call that must succeed. A JSON value of a parameter whose name ends in ``Document`` is sent as text."""
        texts = {
            name: json.dumps(value) if name.endswith("Document") and not isinstance(value, str) else value
            for name, value in params.items()
        }
        answer = self.daypass.call(*operation.split(":"), self.filled(texts), signer)
        assert answer.status == 200, answer.body
        return answer

    def judged(self) -> Response:
        """The answer to the call that is judged."""
        operation, params = self.filled(self.case.get("when") or ["GetCallerIdentity", {}])
        how = self.filled(self.case.get("request", {}))
        form = {"Action": operation, "Version": VERSIONS["sts"], **flatten(params)}
        body = how.get("form", urlencode(form)).encode()
        return self.daypass.serve(self._request(how, body))

    def _request(self, how: dict[str, Any], body: bytes) -> RawRequest:
        method, target = how.get("method", "POST"), how.get("target", "/")
        headers = {"Host": self.case.get("host", "localhost:7177"), "Content-Type": _FORM, **how.get("headers", {})}
        if self.signer is not None:
            headers = sign_request(
                method, f"{ENDPOINT[:-1]}{target}", headers, body, access_key_id=self.signer.access_key_id,
                secret_access_key=self.signer.secret_access_key.reveal(), session_token=self.signer.session_token,
                region=self.case.get("region", "us-east-1"), service="sts",
                now=self.daypass.clock.now() + how.get("late", 0),
            )  # fmt: skip
        headers |= how.get("then", {})
        for name, (pattern, new) in how.get("replaced", {}).items():
            headers[name] = re.sub(pattern, new, headers[name])
        kept = [(name, value) for name, value in headers.items() if name not in how.get("without", ())]
        return raw_request(method, target, kept, body)


def make_probe(daypass: LocalDaypass, case: dict[str, Any], issuer: StubIssuer | None = None) -> Probe:
    """The caller that the case wants, in an account of his own, which trusts ``issuer`` if the case has a token."""
    account, admin = daypass.account_named(f"case-{next(_NUMBERS)}")
    probe = Probe(daypass, case, account, admin, f"arn:aws:iam::{account}:user/probe")
    if "token" in case:
        assert issuer is not None
        _trust(probe, issuer, case["token"].get("provider", {}))
    if "assertion" in case:
        document = {"Name": "corp", "SAMLMetadataDocument": identity_provider().metadata}
        probe.ask(admin, "iam:CreateSAMLProvider", document)
    if "role" in case:
        _make_target(probe, dict(case["role"]))
    for operation, params in case.get("given", ()):
        probe.ask(admin, operation, params)
    KINDS[case.get("as", "user")](probe)
    for verb in ("Enable", "Disable"):
        for region in case.get(f"{verb.lower()}d", ()):
            daypass.daypass.operator(f"daypass:{verb}Region", {"Region": region}, account)
    return probe


@cache
def identity_provider() -> StubIdentityProvider:
    """Who makes the assertions of all cases."""
    return StubIdentityProvider()


def _trust(probe: Probe, issuer: StubIssuer, wanted: dict[str, Any]) -> None:
    probe.issuer = issuer
    clients = wanted.get("ClientIDList", [issuer.audience])
    probe.ask(probe.admin, "iam:CreateOpenIDConnectProvider", {"Url": "{issuer}", "ClientIDList": clients})
    terms = {"Authorities": issuer.authority, "AllowPrivate": True, **wanted.get("terms", {})}
    named = {"OpenIDConnectProviderArn": probe.filled("{provider}"), **terms}
    probe.daypass.daypass.operator("daypass:SetOpenIDConnectProviderTerms", named, probe.account)


def _make_target(probe: Probe, wanted: dict[str, Any]) -> None:
    trust = wanted.pop("Trust")
    if isinstance(trust, list) and isinstance(trust[0], str):
        trust = {"Effect": "Allow", "Principal": {"AWS": probe.account}, "Action": trust}
    document = {"Version": "2012-10-17", "Statement": trust}
    probe.ask(probe.admin, "iam:CreateRole", {"RoleName": "target", "AssumeRolePolicyDocument": document, **wanted})


# ── kinds of callers ─────────────────────────────────────────────────────────────────────────────────

KINDS: dict[str, Callable[[Probe], None]] = {}


def kind(name: str) -> Callable[[Callable[[Probe], None]], Callable[[Probe], None]]:
    """Register the decorated function as what makes a probe a caller of this kind."""

    def register(make: Callable[[Probe], None]) -> Callable[[Probe], None]:
        KINDS[name] = make
        return make

    return register


@kind("user")
def user(probe: Probe) -> None:
    """A user with the policy of the case and a long-term key, and a device if the case wants one."""
    probe.signer = key = _user(probe, probe.admin, "probe")
    if probe.case.get("device"):
        _device(probe)
    assert key.session_token is None


@kind("nobody")
def nobody(probe: Probe) -> None:
    """A call without a signature."""


@kind("root")
def root(probe: Probe) -> None:
    """The root user of the account."""
    made = probe.daypass.daypass.operator("daypass:CreateRootAccessKey", {}, probe.account)
    probe.signer, probe.arn = Signer.of(made["AccessKey"]), f"arn:aws:iam::{probe.account}:root"


@kind("manager")
def manager(probe: Probe) -> None:
    """A user of the organization's management account."""
    name, wanted = f"probe-{probe.account}", set(probe.case.get("features", FEATURES))
    probe.arn = f"arn:aws:iam::{probe.daypass.account}:user/{name}"
    for feature in sorted(FEATURES):
        verb = "Enable" if feature in wanted else "Disable"
        probe.ask(probe.daypass.admin, f"iam:{verb}Organizations{feature}", {})
    probe.signer = _user(probe, probe.daypass.admin, name)


@kind("session")
def session(probe: Probe) -> None:
    """GetSessionToken of the user."""
    user(probe)
    _open(probe, "sts:GetSessionToken", {})


@kind("session with MFA")
def session_with_mfa(probe: Probe) -> None:
    """The same, with a code of the user's device."""
    probe.signer = _user(probe, probe.admin, "probe")
    _device(probe)
    _open(probe, "sts:GetSessionToken", {"SerialNumber": "{device}", "TokenCode": "{code@0}"})


@kind("federated")
def federated(probe: Probe) -> None:
    """GetFederationToken of the user."""
    user(probe)
    _open(probe, "sts:GetFederationToken", {"Name": "fed"})
    probe.arn = f"arn:aws:sts::{probe.account}:federated-user/fed"


@kind("role")
def role(probe: Probe) -> None:
    """A session of a role that may do everything, opened with the parameters in ``session``."""
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": probe.account},
        "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
    }
    name = {"RoleName": "probe"}
    probe.ask(probe.admin, "iam:CreateRole", {**name, "AssumeRolePolicyDocument": {"Statement": trust}})
    policy = probe.case.get("policy", EVERYTHING)
    probe.ask(probe.admin, "iam:PutRolePolicy", {**name, "PolicyName": "own", "PolicyDocument": policy})
    probe.signer = probe.admin
    wish = {"RoleArn": f"arn:aws:iam::{probe.account}:role/probe", "RoleSessionName": "session"}
    _open(probe, "sts:AssumeRole", wish)
    probe.arn = f"arn:aws:sts::{probe.account}:assumed-role/probe/session"


@kind("assumed-root")
def assumed_root(probe: Probe) -> None:
    """The root of the account, for an audit."""
    manager(probe)
    task = {"arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"}
    _open(probe, "sts:AssumeRoot", {"TargetPrincipal": probe.account, "TaskPolicyArn": task})
    probe.arn = f"arn:aws:iam::{probe.account}:root"


@kind("delegated")
def delegated(probe: Probe) -> None:
    """What the account asked of itself, and its admin has granted: a federated user cut to everything."""
    token = trade_in(probe)
    probe.signer = credentials_in(probe.ask(probe.admin, "sts:GetDelegatedAccessToken", {"TradeInToken": token}))
    arn = element(probe.daypass.call("sts", "GetCallerIdentity", {}, probe.signer), "Arn")
    assert re.fullmatch(f"arn:aws:sts::{probe.account}:federated-user/delegated-[0-9a-f]{{8}}", arn)
    probe.arn = arn


@kind("expired")
def expired(probe: Probe) -> None:
    """A session of a role, two hours ago."""
    probe.daypass.clock.advance(-7200)
    try:
        role(probe)
    finally:
        probe.daypass.clock.advance(7200)


@kind("revoked")
def revoked(probe: Probe) -> None:
    """A session of a role that the operator has ended."""
    role(probe)
    assert probe.signer is not None
    named = {"AccessKeyId": probe.signer.access_key_id}
    probe.daypass.daypass.operator("daypass:RevokeSessions", named, probe.account)


@kind("of a deleted role")
def of_deleted_role(probe: Probe) -> None:
    """A session whose role is gone."""
    role(probe)
    probe.ask(probe.admin, "iam:DeleteRolePolicy", {"RoleName": "probe", "PolicyName": "own"})
    probe.ask(probe.admin, "iam:DeleteRole", {"RoleName": "probe"})


@kind("inactive")
def inactive(probe: Probe) -> None:
    """A user whose key is switched off."""
    user(probe)
    assert probe.signer is not None
    off = {"UserName": "probe", "AccessKeyId": probe.signer.access_key_id, "Status": "Inactive"}
    probe.ask(probe.admin, "iam:UpdateAccessKey", off)


@kind("unknown")
def unknown(probe: Probe) -> None:
    """Somebody with a key that the account never made."""
    probe.signer = Signer(f"{probe.admin.access_key_id[:-6]}AAAAAA", Secret("x" * 40))


@kind("wrong secret")
def wrong_secret(probe: Probe) -> None:
    """A user's key with another secret."""
    user(probe)
    assert probe.signer is not None
    probe.signer = replace(probe.signer, secret_access_key=Secret("x" * 40))


@kind("without token")
def without_token(probe: Probe) -> None:
    """A session's key and secret alone."""
    role(probe)
    assert probe.signer is not None
    probe.signer = replace(probe.signer, session_token=None)


@kind("tampered token")
def tampered(probe: Probe) -> None:
    """A session whose token has one letter changed."""
    role(probe)
    assert probe.signer is not None
    token = probe.signer.session_token or ""
    other = "A" if token[40] != "A" else "B"
    probe.signer = replace(probe.signer, session_token=token[:40] + other + token[41:])


@kind("token beside a long-term key")
def token_beside_key(probe: Probe) -> None:
    """A user's key together with a session's token."""
    user(probe)
    long_term = probe.signer
    assert long_term is not None
    _open(probe, "sts:GetSessionToken", {})
    assert probe.signer is not None
    probe.signer = replace(long_term, session_token=probe.signer.session_token)


def trade_in(probe: Probe) -> str:
    """The trade-in token of a request that the account has made to itself and granted."""
    wish = {
        "Description": "about",
        "Permissions": {"PolicyTemplateArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
        "RequestorWorkflowId": f"workflow-{next(_NUMBERS)}",
        "NotificationChannel": "topic",
        "SessionDuration": 3600,
        "OwnerAccountId": probe.account,
    }
    made = probe.ask(probe.admin, "iam:CreateDelegationRequest", wish)
    request = {"DelegationRequestId": element(made, "DelegationRequestId")}
    for operation in ("AssociateDelegationRequest", "AcceptDelegationRequest", "SendDelegationToken"):
        probe.ask(probe.admin, f"iam:{operation}", request)
    told = probe.daypass.daypass.operator("daypass:GetTradeInToken", {**request, "Owner": probe.account}, probe.account)
    return str(told["TradeInToken"])


def _user(probe: Probe, admin: Signer, name: str) -> Signer:
    named, policy = {"UserName": name}, probe.case.get("policy", EVERYTHING)
    probe.ask(admin, "iam:CreateUser", named)
    probe.ask(admin, "iam:PutUserPolicy", {**named, "PolicyName": "own", "PolicyDocument": policy})
    return credentials_in(probe.ask(admin, "iam:CreateAccessKey", named))


def _open(probe: Probe, operation: str, params: dict[str, Any]) -> None:
    assert probe.signer is not None
    opened = probe.ask(probe.signer, operation, params | probe.case.get("session", {}))
    probe.signer = credentials_in(opened)


def _device(probe: Probe) -> None:
    """A device with the seed ``SEED``, bound to the user."""
    local = probe.daypass.daypass
    account = local.storage.directory.load(probe.account)
    assert account is not None
    owner = account.users_by_name["probe"]
    device = MfaDevice("d" * 32, "probe", "/", 0, local.keys.seal_seed("d" * 32, SEED), (), user_id=owner.id, enabled=1)
    with local.storage.store.transaction(probe.account) as change:
        change.put(device)
