"""An account with one of everything, and callers of every kind: what the attacks of this folder start from."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import count
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlencode

import daypass.app  # noqa: F401  registers the operations
from daypass.credentials import Secret
from daypass.entities import (
    AccessKey,
    Approver,
    Delegation,
    DelegationRequest,
    Entity,
    Group,
    InlinePolicy,
    ManagedPolicy,
    MfaDevice,
    OidcProvider,
    PolicyVersion,
    Role,
    SamlProvider,
    TokenIssuer,
    User,
)
from daypass.exchange import RawRequest, Response
from daypass.federation.saml.metadata import read_metadata
from daypass.ids import access_key_id, account_uuid, unique_id
from daypass.operations.registry import REGISTRY
from daypass.outbound import first_keys
from daypass.principals import Operator
from daypass.services.token_issuers import fresh_key
from daypass.sessions.authorization_message import seal_message
from daypass.sessions.trade_in import TradeIn, seal_trade_in
from daypass.testing.identity_provider import StubIdentityProvider
from daypass.testing.local import VERSIONS, LocalDaypass, Signer, flatten, raw_request
from daypass.totp import code_of, step_at
from tests.calling import credentials_in
from tests.sigv4.samples import NOW

HERE = Path(__file__).parent
OPERATIONS: Mapping[str, Mapping[str, Any]] = json.loads((HERE / "operations.json").read_text())
UNSIGNED = tuple(name for name in REGISTRY.names() if (found := REGISTRY.find(name)) is not None and found.anonymous)
"""Operations that ask for no signature: what proves the caller is among their parameters."""

ON_THE_WIRE = tuple(name for name in REGISTRY.names() if not name.startswith("daypass:") and name not in UNSIGNED)
SEED = bytes(range(40))
PROVIDERS = 10
"""Identity providers that are made and made again: an account may have a hundred of a kind."""

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


class SeededEntropy:
    """The same bytes in every run, so that a mutant that was accepted once can be made again."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def bytes(self, count: int) -> bytes:
        """The next ``count`` bytes."""
        return self._random.randbytes(count)


def document(*actions: str, effect: str = "Allow", member: str = "Action", resource: str = "*") -> str:
    """A policy of one statement."""
    statement = {"Effect": effect, member: list(actions), "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trusting(*arns: str) -> str:
    """A trust policy that lets ``arns`` assume the role, tags and source identity included."""
    actions = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
    statement = {"Effect": "Allow", "Principal": {"AWS": list(arns)}, "Action": actions}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@dataclass
class World:
    """A daypass with an account to attack. ``names``: what stands for ``{user}``, ``{role}``… in operations.json."""

    daypass: LocalDaypass

    def __post_init__(self) -> None:
        self._numbers = count(1)
        self._random = Random(2)
        self.root: Signer | None = None
        self.account = self.daypass.account
        self.member = self._found_organization()
        self.names = self.prepare()

    # ── things ───────────────────────────────────────────────────────────────────────────────────────

    def prepare(self, operation: str = "") -> dict[str, str]:
        """Make one of everything under fresh names, in one change; the names. What ``operation`` switches on is off."""
        n = str(next(self._numbers))
        slot = str(int(n) % PROVIDERS)
        user, role, group = self.user(f"user-{n}"), self.role(f"role-{n}"), self.group(f"group-{n}")
        policies = [self._policy(f"policy-{n}"), self._policy(f"bare-policy-{n}")]
        attached, bare = (self._policy_arn(policy) for policy in policies)
        held: dict[str, Any] = {
            "attached": (attached,),
            "inline": (InlinePolicy("inline", document("s3:GetObject")),),
        }
        more: dict[str, Any] = {"boundary": attached, "tags": (("team", "blue"),)}
        key = self.key(user)
        device, bare_device = self.device(f"device-{n}", user), self.device(f"bare-device-{n}")
        self.put(
            *policies,
            device,
            bare_device,
            *self.providers(slot),
            replace(user, **held, **more, groups=(group.id,)),
            replace(group, **held),
            replace(role, **held, **more),
            self.user(f"bare-user-{n}"),
            self.group(f"bare-group-{n}"),
            self.role(f"bare-role-{n}"),
            key,
            replace(self.snapshot().account, alias=f"old-{n}"),
            *self.delegations,
            replace(self.issuer, enabled=operation != "iam:EnableOutboundWebIdentityFederation"),
        )
        return {
            "n": n,
            "user": user.name,
            "role": role.name,
            "role_arn": self.arn(role),
            "group": group.name,
            "bare_user": f"bare-user-{n}",
            "bare_group": f"bare-group-{n}",
            "bare_role": f"bare-role-{n}",
            "policy_arn": attached,
            "bare_policy_arn": bare,
            "key": key.id,
            "new_request": self.delegations[0].id,
            "open_request": self.delegations[1].id,
            "accepted_request": self.delegations[2].id,
            "request_arn": f"arn:aws:iam::{self.account}:delegation-request/{self.delegations[1].id}",
            "trade_in": self.trade_in,
            "alias": f"old-{n}",
            "device": self.arn(device),
            "bare_device": self.arn(bare_device),
            "oidc_provider": f"arn:aws:iam::{self.account}:oidc-provider/issuer-{slot}.example/a",
            "saml_provider": f"arn:aws:iam::{self.account}:saml-provider/saml-{slot}",
            "metadata": self.metadata,
            "code_1": self.code(-1),
            "code_2": self.code(0),
            "document": document("*"),
            "trust": self.trust,
            "member": self.member,
            "message": self._message(),
        }

    @cached_property
    def issuer(self) -> TokenIssuer:
        """The account's token issuer; made once, since making an RSA key takes long."""
        fresh = partial(fresh_key, self.daypass.daypass.keys, self.account)
        return first_keys(account_uuid(self.account, bytes(10)), NOW, fresh)

    def _message(self) -> str:
        """An encoded authorization message for this account."""
        return seal_message("{}", self.account, self.daypass.daypass.keys.ring(), int(NOW), self._random.randbytes(12))

    def _found_organization(self) -> str:
        """Make an organization that may have its members' root; the id of its one member."""
        member, _ = self.daypass.account_named("member")
        self.daypass.daypass.operator("daypass:CreateOrganization", {})
        (organization,) = self.snapshot().organizations.values()
        self.put(replace(organization, root_features=("RootCredentialsManagement", "RootSessions")))
        return member

    @cached_property
    def delegations(self) -> tuple[DelegationRequest | Delegation, ...]:
        """Requests of the account to itself, which nobody, somebody, and somebody who accepts it has taken up."""
        ids = [account_uuid(self.account, bytes((n,) * 10)) for n in range(4)]
        about = (self.account, "about", "workflow", "topic", 3_600, ADMINISTRATOR, (), document("*"))
        requests = [DelegationRequest(request, NOW, *about) for request in ids]
        approver = Approver(f"arn:aws:iam::{self.account}:root", self.account, "root")
        answers = [
            Delegation(request, f"arn:aws:iam::{self.account}:user/nobody", "PENDING_APPROVAL", NOW)
            for request in ids[1:]
        ]
        accepted = replace(answers[1], state="ACCEPTED", approver=approver)
        sent = replace(answers[2], state="FINALIZED", approver=approver, sent=NOW)
        return (*requests, answers[0], accepted, sent)

    @cached_property
    def metadata(self) -> str:
        """A metadata document of some SAML provider; made once, since making an RSA key takes long."""
        return StubIdentityProvider().metadata

    def providers(self, slot: str) -> tuple[OidcProvider, SamlProvider]:
        """An identity provider of each kind that is not stored yet."""
        tags = (("team", "blue"),)
        packed = zlib.compress(self.metadata.encode())
        return (
            OidcProvider(f"oidc-{slot}", f"issuer-{slot}.example/a", NOW, ("client",), ("0" * 40,), tags),
            SamlProvider(f"SAMLSP{slot}", f"saml-{slot}", NOW, packed, read_metadata(self.metadata), NOW, tags=tags),
        )

    @property
    def trade_in(self) -> str:
        """The token of the last of them."""
        content = TradeIn(self.delegations[3].id, self.account, NOW)
        return seal_trade_in(content, self.daypass.daypass.keys.ring().active, bytes(12))

    @property
    def trust(self) -> str:
        """Trust in the account: whoever its policies let assume the role."""
        return trusting(f"arn:aws:iam::{self.account}:root")

    def snapshot(self) -> Any:
        """The account as it is now."""
        return self.daypass.daypass.storage.directory.load(self.account)

    def put(self, *entities: Entity) -> None:
        """Store entities in one change, as an operation would."""
        with self.daypass.daypass.storage.store.transaction(self.account) as change:
            for entity in entities:
                change.put(entity)

    def delete(self, *entities: Entity) -> None:
        """Delete entities in one change."""
        with self.daypass.daypass.storage.store.transaction(self.account) as change:
            for entity in entities:
                change.delete(entity.kind, entity.key)

    def user(self, name: str, **more: Any) -> User:
        """A user who is not stored yet."""
        return User(self._unique_id("AIDA"), name, "/", 0, **more)

    def group(self, name: str, **more: Any) -> Group:
        """A group that is not stored yet."""
        return Group(self._unique_id("AGPA"), name, "/", 0, **more)

    def role(self, name: str, **more: Any) -> Role:
        """A role that is not stored yet, and trusts the account unless told otherwise."""
        return Role(self._unique_id("AROA"), name, "/", 0, **{"trust": self.trust, **more})

    def key(self, user: User, secret: str = "s" * 40) -> AccessKey:
        """A key of ``user`` that is not stored yet."""
        key_id = access_key_id("AKIA", self.account, self._random.randbytes(6))
        return AccessKey(key_id, user.id, 0, self.daypass.daypass.keys.seal_secret(key_id, Secret(secret)))

    def device(self, name: str, owner: User | None = None) -> MfaDevice:
        """An MFA device with the seed ``SEED``, of ``owner`` or of nobody, that is not stored yet."""
        device_id = self._random.randbytes(16).hex()
        sealed = self.daypass.daypass.keys.seal_seed(device_id, SEED)
        enabled = {} if owner is None else {"user_id": owner.id, "enabled": NOW}
        return MfaDevice(device_id, name, "/", 0, sealed, (("team", "blue"),), **enabled)

    def code(self, offset: int = 0) -> str:
        """The code that a device shows so many steps from now."""
        return code_of(SEED, step_at(int(self.daypass.clock.now())) + offset)

    def arn(self, entity: User | Role | MfaDevice) -> str:
        """The ARN of a user, role or device."""
        return f"arn:aws:iam::{self.account}:{entity.kind}{entity.path}{entity.name}"

    def _policy(self, name: str, text: str | None = None) -> ManagedPolicy:
        text = text or document("s3:ListBucket")
        versions = (PolicyVersion("v1", text, 0), PolicyVersion("v2", text, 0))
        if name.startswith("bare-"):
            versions = versions[:1]
        made = ManagedPolicy(self._unique_id("ANPA"), name, "/", 0, 0, versions, tags=(("team", "blue"),))
        return replace(made, next_version=len(versions) + 1)

    def policy(self, name: str, text: str) -> str:
        """Store a managed policy; its ARN."""
        made = self._policy(name, text)
        self.put(made)
        return self._policy_arn(made)

    def _policy_arn(self, policy: ManagedPolicy) -> str:
        return f"arn:aws:iam::{self.account}:policy/{policy.name}"

    def _unique_id(self, family: str) -> str:
        return unique_id(family, self.account, self._random.randbytes(6))

    # ── callers ──────────────────────────────────────────────────────────────────────────────────────

    def person(self, name: str, *attached: str, **more: Any) -> tuple[User, Signer]:
        """Store a user with a key."""
        user = self.user(name, attached=attached, **more)
        secret = f"{name:s<40}"[:40]
        key = self.key(user, secret)
        self.put(user, key)
        return user, Signer(key.id, Secret(secret))

    def post(self, name: str, *attached: str, **more: Any) -> Role:
        """Store a role."""
        role = self.role(name, attached=attached, **more)
        self.put(role)
        return role

    def assume(self, role: Role, signer: Signer | None = None, **params: object) -> Signer:
        """Credentials of a session of ``role``."""
        wish = {"RoleArn": self.arn(role), "RoleSessionName": "matrix", **params}
        return credentials_in(self.daypass.call("sts", "AssumeRole", wish, signer))

    def session_token(self, signer: Signer | None = None, **params: object) -> Signer:
        """Credentials of GetSessionToken."""
        return credentials_in(self.daypass.call("sts", "GetSessionToken", params, signer))

    def federation_token(self, signer: Signer | None = None, **params: object) -> Signer:
        """Credentials of a federated user ``fed``."""
        return credentials_in(self.daypass.call("sts", "GetFederationToken", {"Name": "fed", **params}, signer))

    def revoke(self, **named: object) -> None:
        """End sessions, as `daypass revoke` does."""
        who = Operator(self.account, "tester")
        self.daypass.daypass.service.operate("daypass:RevokeSessions", named, who)

    # ── calls ────────────────────────────────────────────────────────────────────────────────────────

    def params(self, operation: str, names: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Parameters with which ``operation`` succeeds for who may; ``names``: what ``prepare`` has made for it."""
        return filled(OPERATIONS[operation], names or self.names)

    def call(self, operation: str, signer: Signer | None, names: Mapping[str, str] | None = None) -> Response:
        """Call ``operation``, signed; None: without a signature."""
        service, action = operation.split(":")
        if signer is not None:
            return self.daypass.call(service, action, self.params(operation, names), signer)
        return self.daypass.serve(unsigned(operation, self.params(operation, names)))


def filled(value: Any, names: Mapping[str, str]) -> Any:
    """``value`` with its placeholders filled in."""
    if isinstance(value, str):
        whole = names.get(value[1:-1]) if value[:1] == "{" and value[-1:] == "}" else None
        return whole or value.replace("{n}", names["n"])
    if isinstance(value, list):
        return [filled(item, names) for item in value]
    if isinstance(value, dict):
        return {name: filled(item, names) for name, item in value.items()}
    return value


def form_of(operation: str, params: Mapping[str, Any]) -> str:
    """The form body of a call."""
    service, action = operation.split(":")
    return urlencode({"Action": action, "Version": VERSIONS[service], **flatten(params)})


def unsigned(operation: str, params: Mapping[str, Any]) -> RawRequest:
    """A call without a signature, to the right endpoint."""
    service = operation.partition(":")[0]
    host = "sts.us-east-1.amazonaws.com" if service == "sts" else "iam.amazonaws.com"
    headers = (("Host", host), ("Content-Type", "application/x-www-form-urlencoded"))
    return raw_request("POST", "/", headers, form_of(operation, params).encode())


@contextmanager
def new_world(seed: int = 1) -> Iterator[World]:
    """A world at ``NOW``, the same in every run."""
    local = LocalDaypass()
    local.entropy = SeededEntropy(seed)
    local.clock.freeze(NOW)
    with local:
        yield World(local)


Maker = Callable[[World], Signer | None]
