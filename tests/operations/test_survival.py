"""Which limits of a user or role bind which sessions, and which grants of a resource get around them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from daypass.entities import InlinePolicy, ManagedPolicy, PolicyVersion, Role, User
from daypass.ids import access_key_id
from daypass.operations.authenticate import session_caller
from daypass.operations.authorize import caller_policies, decide
from daypass.operations.facts import RequestFacts
from daypass.policy import Attached, Decision, PolicySet, parse_policy
from daypass.principals import Caller, Session, SessionKind
from daypass.sessions.token import seal
from daypass.snapshot import AccountSnapshot
from daypass.testing.local import LocalDaypass, Signer
from tests.operations.conftest import trust

TABLE: dict[str, Any] = json.loads((Path(__file__).parents[1] / "cases/context/survival.json").read_text())
ACTIONS = ["s3:GetObject", "sts:AssumeRole", "iam:ListUsers"]
OBJECT = "arn:aws:s3:::data/key"
LAYERS = ("identity", "boundary", "session")


def document(*actions: str, effect: str = "Allow", **more: Any) -> str:
    """A policy of one statement."""
    statement = {"Effect": effect, "Action": list(actions), "Resource": "*", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


ALLOW, SILENT, DENY = document(*ACTIONS), document("sqs:*"), document(*ACTIONS, effect="Deny")


@dataclass
class Account:
    """A daypass with user ``ann``, whom role ``first`` trusts, and role ``vault`` that a test opens to somebody."""

    daypass: LocalDaypass
    ann: Signer
    account: str

    @property
    def snapshot(self) -> AccountSnapshot:
        found = self.daypass.daypass.storage.directory.load(self.account)
        assert found is not None
        return found

    def put(self, *entities: User | Role | ManagedPolicy) -> None:
        with self.daypass.daypass.storage.store.transaction(self.account) as change:
            for entity in entities:
                change.put(entity)

    def limit(self, name: str, *, identity: str | None = ALLOW, boundary: str | None = None) -> None:
        """Give the user or role of this name one identity-based policy and a boundary, or none."""
        snapshot = self.snapshot
        entity: User | Role = snapshot.users_by_name.get(name) or snapshot.roles_by_name[name]
        inline = (InlinePolicy("p", identity),) if identity else ()
        self.put(replace(entity, inline=inline, boundary=boundary and self.policy(boundary)))

    def policy(self, text: str) -> str:
        """The ARN of a managed policy of this text."""
        name = f"p{abs(hash(text))}"
        self.put(ManagedPolicy(f"ANPA{name.upper()}", name, "/", 0, 0, (PolicyVersion("v1", text, 0),)))
        return f"arn:aws:iam::{self.account}:policy/{name}"

    def principal(self, names: str) -> Any:
        """The Principal that ``names`` says, beside a condition where it says one."""
        iam, sts = f"arn:aws:iam::{self.account}:", f"arn:aws:sts::{self.account}:"
        principals = {
            "user": f"{iam}user/ann",
            "role": f"{iam}role/first",
            "role session": f"{sts}assumed-role/first/nightly",
            "federated user": f"{sts}federated-user/nightly",
            "everyone": "*",
            "account": f"{iam}root",
        }
        return {"AWS": principals[names.partition(",")[0]]}

    def condition(self, names: str) -> dict[str, Any]:
        if "if the role" not in names:
            return {}
        return {"Condition": {"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{self.account}:role/first"}}}

    def caller(self, kind: str, policy: str | None = None) -> Caller:
        """A caller as authentication makes it, in a session with this policy."""
        snapshot = self.snapshot
        user, role = snapshot.users_by_name["ann"], snapshot.roles_by_name["first"]
        kinds: dict[str, tuple[SessionKind, str]] = {
            "user session": ("user", user.id),
            "federated user": ("federated", user.id),
            "role session": ("role", role.id),
        }
        session_kind, whose = kinds[kind if kind != "user" else "user session"]
        session = Session(session_kind, "ASIA", self.account, whose, "nightly", 0, 900, policy=policy)
        made = session_caller(session, snapshot)
        assert made is not None
        return replace(made, session=None) if kind == "user" else made

    def may_get(self, caller: Caller, grant: str | None) -> Decision:
        """Whether the caller may read an object whose bucket's policy says ``grant``."""
        held = caller_policies(caller, self.snapshot)
        bucket = Attached(parse_policy(grant), "bucket") if grant else None
        policies = PolicySet(held.identity, held.boundary, held.session, bucket, "resource", root=held.root)
        facts = RequestFacts(caller, 0, "us-east-1", "s3")
        return decide(facts, policies, "s3:GetObject", OBJECT, resource_account=self.account)

    def granting(self, names: str, **more: Any) -> str:
        """A resource's policy that allows everything to whom ``names`` says."""
        statement = {
            "Effect": "Allow",
            "Principal": self.principal(names),
            "Action": ["s3:GetObject", "sts:AssumeRole"],
        }
        statement |= self.condition(names) | more
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    def live(self, caller: str, policy: str | None = None) -> Signer:
        """Real credentials of a caller of this kind."""
        if caller == "user":
            return self.ann
        if caller == "user session":
            return Signer.of(self.daypass.client("sts", self.ann).get_session_token()["Credentials"])
        wish = {"RoleArn": f"arn:aws:iam::{self.account}:role/first", "RoleSessionName": "nightly"}
        cut = {"Policy": policy} if policy else {}
        return Signer.of(self.daypass.client("sts", self.ann).assume_role(**wish, **cut)["Credentials"])

    def reset(self) -> None:
        """Nothing limits anybody."""
        for name in ("ann", "first", "vault"):
            self.limit(name)


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    """One daypass for the module."""
    with LocalDaypass() as daypass:
        iam = daypass.client("iam")
        arn = iam.create_user(UserName="ann")["User"]["Arn"]
        iam.create_role(RoleName="first", AssumeRolePolicyDocument=trust(arn))
        iam.create_role(RoleName="vault", AssumeRolePolicyDocument=trust(arn))
        ann = Signer.of(iam.create_access_key(UserName="ann")["AccessKey"])
        yield Account(daypass, ann, daypass.account)


def rows(name: str) -> list[Any]:
    """Each limit of each row: the row and the layer that says nothing."""
    return [
        pytest.param(row, layer, id=f"{row['names']} - {row['caller']} - {layer}")
        for row in TABLE[name]
        for layer in LAYERS
        if layer in row
    ]


def limit(account: Account, caller: str, layer: str, silent: str | None) -> str | None:
    """Have one layer of a caller say only ``silent`` and the others allow; the session's policy."""
    whose = "ann" if caller in ("user", "user session", "federated user") else "first"
    account.reset()
    account.limit(
        whose, identity=silent if layer == "identity" else ALLOW, boundary=silent if layer == "boundary" else None
    )
    if caller in ("user", "user session"):
        return None
    return silent if layer == "session" else ALLOW


@pytest.mark.parametrize(("row", "layer"), rows("grants"))
def test_a_resources_grant_survives_an_implicit_deny_as_written_down(
    account: Account, row: dict[str, Any], layer: str
) -> None:
    """What a bucket grants to this principal, while one of the caller's own layers has no Allow."""
    policy = limit(account, row["caller"], layer, SILENT)
    decision = account.may_get(account.caller(row["caller"], policy), account.granting(row["names"]))
    assert decision.allowed == row[layer], decision.explain()


@pytest.mark.parametrize(("row", "layer"), rows("grants"))
def test_no_grant_survives_an_explicit_deny(account: Account, row: dict[str, Any], layer: str) -> None:
    """The same with a Deny in that layer: it always wins."""
    policy = limit(account, row["caller"], layer, DENY)
    decision = account.may_get(account.caller(row["caller"], policy), account.granting(row["names"]))
    assert decision.effect == "explicitDeny"


def is_allowed(call: Callable[[], object]) -> bool:
    """Whether a call is answered; False: AccessDenied."""
    try:
        call()
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDenied":
            raise
        return False
    return True


def assumes(account: Account, signer: Signer) -> bool:
    """Whether these credentials open a session of ``vault``."""
    wish = {"RoleArn": f"arn:aws:iam::{account.account}:role/vault", "RoleSessionName": "in"}
    return is_allowed(lambda: account.daypass.client("sts", signer).assume_role(**wish))


@pytest.mark.parametrize(("row", "layer"), rows("trust"))
def test_a_trust_policys_grant_survives_on_live_requests(account: Account, row: dict[str, Any], layer: str) -> None:
    """AssumeRole with real credentials of each kind, against roles that name the caller in each way."""
    account.reset()
    vault = account.snapshot.roles_by_name["vault"]
    ids = {account.principal("user")["AWS"]: "ann", account.principal("role")["AWS"]: "first"}
    everybody = account.snapshot.users_by_name | account.snapshot.roles_by_name
    bound = tuple((arn, everybody[name].id) for arn, name in ids.items())
    account.put(replace(vault, trust=account.granting(row["names"], Action="sts:AssumeRole"), trust_ids=bound))
    for silent, allowed in ((SILENT, row[layer]), (DENY, False)):
        policy = limit(account, row["caller"], layer, silent)
        assert assumes(account, account.live(row["caller"], policy)) == allowed, silent


@pytest.mark.parametrize("row", TABLE["federation tokens"], ids=str)
def test_a_federation_token_has_what_user_and_session_policy_share_or_a_resource_grants(
    account: Account, row: dict[str, Any]
) -> None:
    """The truth table of GetFederationToken."""
    account.reset()
    account.limit("ann", identity=ALLOW if row["identity"] else None)
    policy = {True: ALLOW, False: SILENT, None: None}[row["session"]]
    grant = account.granting(row["granted to"]) if row["granted to"] else None
    decision = account.may_get(account.caller("federated user", policy), grant)
    assert decision.allowed == row["allowed"], decision.explain()


# ── what a session takes along ───────────────────────────────────────────────────────────────────────

LIMITS = {
    "the user's identity-based policies": ("ann", "identity", SILENT),
    "the user's Deny": ("ann", "identity", DENY),
    "the user's boundary": ("ann", "boundary", SILENT),
    "the first role's identity-based policies": ("first", "identity", SILENT),
    "the first role's boundary": ("first", "boundary", SILENT),
    "the first session's policy": ("first", "session", SILENT),
    "the second role's identity-based policies": ("vault", "identity", SILENT),
    "the second role's boundary": ("vault", "boundary", SILENT),
    "the federated user's policy": ("ann", "session", SILENT),
}
INHERITED: dict[str, list[Any]] = TABLE["inherited"]


@pytest.mark.parametrize("limit", LIMITS)
def test_a_limit_binds_the_sessions_it_is_said_to_bind(account: Account, limit: str) -> None:
    """Each limit is put on running sessions of every kind, and binds those of the table at once and no other."""
    account.reset()
    vault = account.snapshot.roles_by_name["vault"]
    account.put(replace(vault, trust=account.granting("everyone", Action="sts:AssumeRole")))
    whose, layer, text = LIMITS[limit]
    cut = text if layer == "session" else None
    first = account.live("role session", document("sts:AssumeRole") if cut and whose == "first" else None)
    wish = {"RoleArn": f"arn:aws:iam::{account.account}:role/vault", "RoleSessionName": "chained"}
    chained = Signer.of(account.daypass.client("sts", first).assume_role(**wish)["Credentials"])
    if layer != "session":
        account.limit(
            whose, identity=text if layer == "identity" else ALLOW, boundary=text if layer == "boundary" else None
        )
    found = {
        "user session": decides(account, account.caller("user session")),
        "federated user": decides(account, account.caller("federated user", cut if cut and whose == "ann" else ALLOW)),
        "role session": lists_users(account, first),
        "chained session": lists_users(account, chained),
    }
    expected = dict(zip(INHERITED["columns"], INHERITED[limit], strict=True))
    assert found == {kind: not binds for kind, binds in expected.items()}


def decides(account: Account, caller: Caller) -> bool:
    """Whether the caller may list users, for those who cannot reach IAM itself."""
    policies = caller_policies(caller, account.snapshot)
    facts = RequestFacts(caller, 0, "us-east-1", "iam")
    return decide(facts, policies, "iam:ListUsers", "*", resource_account=account.account).allowed


def lists_users(account: Account, signer: Signer) -> bool:
    """Whether these credentials list users, asked live."""
    return is_allowed(account.daypass.client("iam", signer).list_users)


def test_every_limit_of_the_table_is_put_on() -> None:
    """A row nobody tries proves nothing."""
    assert set(LIMITS) == set(INHERITED) - {"columns"}


# ── AssumeRoot ───────────────────────────────────────────────────────────────────────────────────────

AUDIT = "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"


@pytest.mark.parametrize(
    ("tasks", "summary", "users"),
    [
        ((AUDIT,), True, False),
        ((), False, False),
        (("arn:aws:iam::aws:policy/AdministratorAccess",), False, False),
        ((AUDIT, "arn:aws:iam::aws:policy/root-task/Gone"), False, False),
    ],
)
def test_an_assume_root_session_may_do_its_task_and_nothing_else(
    account: Account, tasks: tuple[str, ...], *, summary: bool, users: bool
) -> None:
    """Root of the account, but for what the task policy denies; without a task policy, or with another, nothing."""
    random, now = account.daypass.entropy.bytes, int(account.daypass.clock.now())
    key = access_key_id("ASIA", account.account, random(6))
    held: tuple[SessionKind, str, str, str, str] = ("assumed-root", key, account.account, account.account, "root")
    session = Session(*held, now, now + 900, policy_arns=tasks)
    sealed = seal(session, account.daypass.daypass.keys.ring(), random(12))
    iam = account.daypass.client("iam", Signer(key, sealed.secret, sealed.token))
    assert is_allowed(iam.get_account_summary) == summary
    assert is_allowed(iam.list_users) == users
    assert not is_allowed(lambda: iam.create_user(UserName="bob"))
