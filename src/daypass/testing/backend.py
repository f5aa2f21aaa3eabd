"""A store under test, and the short words in which the conformance suite speaks of it."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daypass.adapters.storage import Storage, open_store
from daypass.entities import (
    AccessKey,
    Account,
    Approver,
    ControlPolicy,
    DecryptionKey,
    Delegation,
    DelegationRequest,
    Entity,
    Group,
    InlinePolicy,
    ManagedPolicy,
    MfaDevice,
    OidcProvider,
    Organization,
    PolicyVersion,
    Revocation,
    Role,
    SamlIssuer,
    SamlProvider,
    SigningKey,
    TokenIssuer,
    Unit,
    User,
)
from daypass.ports import NotLoaded
from daypass.snapshot import AccountSnapshot
from daypass.testing import store_process

ACCOUNT = "111122223333"
OTHER = "444455556666"


@dataclass(frozen=True, slots=True)
class Backend:
    """An empty database and a data directory on this host. The second host has ``remote_dir``.

    ``url`` is as ``open_store`` takes it, None for SQLite in ``data_dir``; the second host uses ``remote_url``.
    """

    url: str | None
    data_dir: Path
    remote_url: str
    remote_dir: Path

    def open(self, *, follow: bool = False, capacity: int = 1_000_000) -> Storage:
        """Open it on this host."""
        return open_store(self.url, self.data_dir, follow=follow, capacity=capacity)

    def open_elsewhere(self, *, follow: bool = False) -> Storage:
        """Open it as another host does: same database, a beacon of its own."""
        return open_store(self.remote_url, self.remote_dir, follow=follow)

    def run(self, *arguments: str) -> subprocess.Popen[str]:
        """Start ``store_process`` with this store: a verb, then what follows the account."""
        verb, *rest = arguments
        command = [sys.executable, "-m", store_process.__name__, verb, str(self.data_dir), self.url or "-", ACCOUNT]
        return subprocess.Popen(  # noqa: S603 - our own module
            [*command, *rest], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )


def user(name: str, **facts: Any) -> User:
    """A user called ``name``, its id made from the name."""
    return User(f"AIDA{name}", name, facts.pop("path", "/"), 1_700_000_000, **facts)


def group(name: str, **facts: Any) -> Group:
    """A group called ``name``, its id made from the name."""
    return Group(f"AGPA{name}", name, facts.pop("path", "/"), 1_700_000_000, **facts)


def role(name: str, **facts: Any) -> Role:
    """A role called ``name``, its id made from the name."""
    return Role(f"AROA{name}", name, facts.pop("path", "/"), 1_700_000_000, facts.pop("trust", "{}"), **facts)


def policy(name: str, path: str = "/") -> ManagedPolicy:
    """A managed policy called ``name`` with one version, its id made from the name."""
    version = PolicyVersion("v1", '{"Version":"2012-10-17","Statement":[]}', 1_700_000_000)
    return ManagedPolicy(f"ANPA{name}{path}", name, path, 1_700_000_000, 1_700_000_000, (version,))


def access_key(name: str, owner: str) -> AccessKey:
    """An access key of the user called ``owner``."""
    return AccessKey(f"AKIA{name}", f"AIDA{owner}", 1_700_000_000, bytes(range(256)))


def create(storage: Storage, account: str = ACCOUNT, *entities: Entity, alias: str | None = None) -> None:
    """Make an account that holds ``entities``."""
    with storage.store.create_account(account) as change:
        change.put(Account(account, f"account {account}", 1_700_000_000, alias))
        for entity in entities:
            change.put(entity)


def put(storage: Storage, *entities: Entity, account: str = ACCOUNT) -> None:
    """Put ``entities`` in one transaction."""
    with storage.store.transaction(account) as change:
        for entity in entities:
            change.put(entity)


def remove(storage: Storage, entity: Entity, account: str = ACCOUNT) -> None:
    """Delete one entity in a transaction of its own."""
    with storage.store.transaction(account) as change:
        change.delete(entity.kind, entity.key)


def answer(storage: Storage, account: str = ACCOUNT) -> AccountSnapshot:
    """The account as a request sees it: found, or loaded on a worker thread."""
    try:
        found = storage.directory.find(account)
    except NotLoaded:
        found = storage.directory.load(account)
    assert found is not None, f"no account {account}"
    return found


def everything(snapshot: AccountSnapshot) -> dict[str, object]:
    """Everything a snapshot says, for comparing two."""
    names = ("revision", "account", "users", "groups", "roles", "access_keys", "policies", "membership")
    indexes = ("users_by_name", "groups_by_name", "roles_by_name", "policies_by_arn", "partition")
    organization = ("organizations", "control_policies")
    return {name: getattr(snapshot, name) for name in (*names, *indexes, *organization)}


@contextmanager
def refused(error: type[Exception]) -> Iterator[None]:
    """The block must raise ``error``."""
    try:
        yield
    except error:
        return
    raise AssertionError(f"{error.__name__} was expected")


def together(*acts: Callable[[], object]) -> list[object]:
    """Run ``acts`` at once in threads of their own; what each returned or raised."""
    results: list[object] = [None] * len(acts)
    start = threading.Barrier(len(acts))

    def run(place: int) -> None:
        start.wait()
        try:
            results[place] = acts[place]()
        except Exception as error:  # noqa: BLE001 - the caller judges it
            results[place] = error

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def until(condition: Callable[[], bool], seconds: float) -> float:
    """Wait until ``condition`` holds; how long it took. Fails after ``seconds``."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds, f"not within {seconds} s"
        time.sleep(0.005)
    return time.monotonic() - started


EVERYTHING: tuple[Entity, ...] = (
    user(
        "ada",
        path="/x/y/",
        tags=(("k", "v"), ("K2", "")),
        boundary="arn:aws:iam::aws:policy/ReadOnlyAccess",
        attached=("arn:aws:iam::aws:policy/AdministratorAccess",),
        inline=(InlinePolicy("p", '{ "é": "\u2028" }'),),
        groups=("AGPAstaff",),
    ),
    group("staff", path="/x/", attached=("arn:aws:iam::aws:policy/ReadOnlyAccess",), inline=(InlinePolicy("q", "{}"),)),
    role("worker", trust='{"a":1}', trust_ids=(("arn", "AIDAada"),), description="", max_session_duration=7200),
    policy("rules", "/team/"),
    access_key("one", "ada"),
    Organization(
        "o-example123",
        "r-root",
        1_700_000_000,
        units=(Unit("ou-root-team", "team", "r-root", 1_700_000_000),),
        placements=(("999988887777", "ou-root-team"),),
        scps=(("ou-root-team", ("p-FullAWSAccess", "p-limits01")),),
        types=("scp",),
    ),
    ControlPolicy("p-limits01", "scp", "limits", "{}", 1_700_000_000, 1_700_000_001, "d"),
    Revocation(
        "rv-0123456789abcdef0", 1_700_000_000, 1_700_219_600, 1_700_000_001, principal="AROAworker:x", only=True
    ),
    OidcProvider(
        "cd34", "i.example:8443/x", 1_700_000_000, ("c",), ("0" * 40,), (("k", "v"),), "pem", True, ("groups",)
    ),
    SamlProvider(
        "SAMLSPA",
        "corp",
        1_700_000_000,
        b"\0\xff",
        (SamlIssuer("https://idp.example", (b"\1",)),),
        1_700_000_001,
        "Required",
        (DecryptionKey("K", b"\0\xff", 1_700_000_002, b"\2"),),
        (("k", "v"),),
        True,
    ),
    MfaDevice("ab12", "phone", "/x/", 1_700_000_000, b"\0\xff", (("k", "v"),), "AIDAada", 1_700_000_001, -2),
    TokenIssuer(
        "ti-1",
        1_700_000_000,
        True,
        (SigningKey("k-1", "ES384", "retired", b"\0\xff", b"\1", 1_700_000_000, 1_700_000_001, 1_700_000_002),),
        2,
    ),
    DelegationRequest(
        "dr-1", 1_700_000_000, "", "why", "flow", "channel", 3_600, "arn:t", (("n", "string", ("v",)),), "{}", "m", None
    ),
    Delegation(
        "dr-1",
        "arn:o",
        "ACCEPTED",
        1_700_000_001,
        "n",
        None,
        Approver("arn:a", "AIDAada", "user/ada", (("k", "v"),), ("k",), "s", ("ASIAA",), (("AIDAada", 1_700_000_000),)),
        1_700_000_002,
    ),
)


def answer_after_poll(storage: Storage, account: str) -> AccountSnapshot:
    """The account as seen after looking at the database."""
    storage.poll()
    return answer(storage, account)
