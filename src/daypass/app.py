"""The composition root: joins settings, adapters and services. Only it and ``parts.py`` import both of these."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any, Self

import daypass.services.accounts
import daypass.services.decisions
import daypass.services.delegations
import daypass.services.federated_trial
import daypass.services.iam
import daypass.services.organization
import daypass.services.provider_terms
import daypass.services.regions
import daypass.services.revocations
import daypass.services.root_keys
import daypass.services.root_mfa
import daypass.services.sealing_keys
import daypass.services.sts
import daypass.services.token_issuers  # noqa: F401  registers the operations
from daypass.adapters.access_tokens import AccessTokenJudges
from daypass.adapters.audit import AuditTrail
from daypass.adapters.cold_start import Node
from daypass.adapters.fetch import Fetcher
from daypass.adapters.issuer_keys import IssuerKeyCache
from daypass.adapters.keys import RingKeeper, open_master_key
from daypass.adapters.machine import SystemClock, SystemEntropy
from daypass.adapters.storage import Storage, claim, existing
from daypass.errors import ServiceError
from daypass.first_start import finish_first_start, fresh_account, refuse_lost_database, settled
from daypass.operations.doors import Place
from daypass.operations.throttling import Class
from daypass.outbound import is_due
from daypass.parts import audit_settings, endpoint_policy, saml_names, service, shared_issuers, throttle
from daypass.ports import Clock, Entropy, Health, Ports, StoreUnavailable
from daypass.principals import Operator
from daypass.services.identities import ProviderIdentities
from daypass.services.identities.builtin import Builtin
from daypass.services.service_provider import ServiceProviderMetadata
from daypass.services.token_issuers import Issuers
from daypass.settings import Settings, listened_url

KEY_CHECK_SECONDS = 30.0
COLD_KEY_CHECK_SECONDS = 0.5  # after a start from the disk snapshot, until the ring was read
ISSUER_CHECK_SECONDS = 600.0
"""Steps with the keys of issuers lie hours apart, and looking reads them all."""

_LOG = logging.getLogger("daypass.keys")


class Daypass:
    """One opened daypass: the service, and all that it stands on. Close it, or use it as a context manager."""

    def __init__(
        self,
        settings: Settings,
        node: Node,
        storage: Storage,
        *,
        clock: Clock,
        entropy: Entropy,
        count_throttled: Callable[[Class], None],
    ) -> None:
        self.settings, self._node, self._clock, self._entropy = settings, node, clock, entropy
        self.data, self.storage, self.installation = node.data, storage, storage.installation
        endpoint = endpoint_policy(settings.endpoint_policy)
        self.audit = AuditTrail(self.data / "audit", audit_settings(settings))
        self._master = open_master_key(self.data, storage.sealing_keys)
        self.keys = self._ring_keeper()
        fixed = settled(settings, self.installation, entropy)
        self.default_account, self.region = fixed.account, fixed.region
        self._fetcher = Fetcher()
        self._issuer_keys = IssuerKeyCache(self._fetcher)
        ports = self._ports()
        self.issuers, self.saml = Issuers(ports), ServiceProviderMetadata(ports)
        place = Place(fixed.partition, fixed.region)
        self.service = service(settings, ports, place, endpoint, throttle(settings, count_throttled))
        self.first_start = False
        self._stop = Event()
        self._minder: Thread | None = None

    def _ring_keeper(self) -> RingKeeper:
        cold_start = self.storage.cold_start
        return RingKeeper(
            self.storage.sealing_keys,
            self._master,
            clock=self._clock,
            entropy=self._entropy,
            rotation_period=self.settings.key_rotation_seconds,
            held=cold_start.sealing_keys if cold_start else (),
        )

    def _ports(self) -> Ports:
        storage, public_url = self.storage, self.settings.public_url or listened_url(self.settings)
        own = saml_names(self.settings, public_url)
        builtin = Builtin(self.settings.builtin_providers, AccessTokenJudges(self._fetcher.ask))
        return Ports(
            self._clock,
            self._entropy,
            storage.directory,
            storage.store,
            self.keys,
            self.audit,
            storage.last_used,
            storage.codes,
            public_url=public_url,
            identities=ProviderIdentities(self._issuer_keys, self.keys, storage.single_uses, own, Lock(), builtin),
            shared_issuers=shared_issuers(self.settings),
        )

    def operator(self, name: str, params: Mapping[str, Any], account: str | None = None) -> Mapping[str, Any]:
        """Run operation ``name`` in ``account`` (default: the first) as the machine's operator. Audited.

        Raises:
            ServiceError: the operation refused.
        """
        login = os.environ.get("SUDO_USER") or os.environ.get("USER") or str(os.getuid())
        who = Operator(account or self.default_account, login, self.installation.partition)
        return self.service.operate(name, params, who)

    def create_account(self, name: str, account: str | None = None) -> Mapping[str, Any]:
        """Make an account with a user ``admin`` and its key. The secret is shown here and nowhere else."""
        return self.operator("daypass:CreateAccount", {"Name": name}, account or fresh_account(self._entropy))

    def health(self) -> Health:
        """Whether this node may be sent work. A node that cannot learn of changes says so (invariant 5)."""
        stale = self.storage.stale_for()
        fresh = stale <= self.settings.max_staleness_seconds
        facts = {
            "revision": self.storage.revision(),
            "staleSeconds": round(stale, 1),
            "audit": self.audit.available,
            "sealingKey": self.keys.ring().active.id,
        }
        if self.storage.cold:
            facts["startedFrom"] = "disk snapshot"
        if self.storage.problem:
            facts["problem"] = self.storage.problem
        return Health(fresh and self.audit.available and not self.storage.problem, facts)

    def mind(self) -> None:
        """Keep the key ring young and the disk snapshot new, each in a thread of its own, until ``close``."""
        self._node.keep_snapshot(self.storage, self._master, self.keys)
        self._minder = Thread(target=self._mind_keys, name="key-ring", daemon=True)
        self._minder.start()

    def _mind_keys(self) -> None:
        waited, cold = 0.0, self.storage.cold
        while not self._stop.wait(pause := COLD_KEY_CHECK_SECONDS if cold else KEY_CHECK_SECONDS):
            cold = not self.keys.try_rotate(int(self._clock.now())) and cold
            waited += pause
            if waited >= ISSUER_CHECK_SECONDS:
                waited = 0.0
                self.rotate_issuer_keys()

    def rotate_issuer_keys(self) -> None:
        """Take every step that is due with the keys of any account's issuer. Never raises: the next time will do."""
        period, now = self.settings.issuer_key_seconds, int(self._clock.now())
        try:
            due = [account for account, issuer in self.storage.issuers() if is_due(issuer, now, period)]
            for account in due:
                self.operator("daypass:RotateIssuerKeys", {"Period": period}, account)
        except (StoreUnavailable, ServiceError):
            _LOG.warning("the keys of token issuers could not be rotated now")

    def close(self) -> None:
        """Flush and let go of everything. Safe to call twice."""
        self._stop.set()
        if self._minder is not None:
            self._minder.join()
        self._issuer_keys.close()
        self.storage.close()
        self.audit.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_daypass(
    settings: Settings,
    data: Path,
    *,
    create: bool = False,
    follow: bool = False,
    clock: Clock | None = None,
    entropy: Entropy | None = None,
    count_throttled: Callable[[Class], None] = lambda kind: None,
) -> Daypass:
    """Open the daypass that lives in ``data``.

    Args:
        settings: what is in force.
        data: its directory.
        create: make what a first start needs: account, keys, ``admin`` user, ``DATA/credentials``. The caller holds the
            directory with ``hold``.
        follow: keep threads that follow other processes' changes and mind the key ring; a short-lived command does not.
        clock: the machine's, unless a test brings its own.
        entropy: likewise.
        count_throttled: told of every request that is refused for too many, by class.

    Raises:
        DataDirectoryError: the directory or its database cannot be used, or belongs to another account or region.
        SettingsError: the file of the endpoint policy cannot be used.
        StoreUnavailable: the database server does not answer, and there is no disk snapshot to start from; a command
            that neither creates nor follows uses none.
    """
    with ExitStack() as undo:
        existing(data)
        refuse_lost_database(settings, data)
        clock = clock or SystemClock()
        node = node_of(settings, data, clock)
        storage = undo.enter_context(node.open(follow=follow, cold=create or follow))
        daypass = Daypass(
            settings, node, storage, clock=clock, entropy=entropy or SystemEntropy(), count_throttled=count_throttled
        )
        undo.pop_all()
        undo.push(daypass)
        if create and not storage.cold:
            daypass.first_start = finish_first_start(daypass)
        if follow:
            daypass.mind()
        undo.pop_all()
        return daypass


def node_of(settings: Settings, data: Path, clock: Clock | None = None) -> Node:
    """What ``settings`` say about opening the store of the daypass in ``data``."""
    now = (clock or SystemClock()).now
    return Node(settings.database, data, settings.max_staleness_seconds, settings.snapshot_max_bytes, now)


hold = claim
"""Hold a data directory for one ``daypass up``; see ``adapters.storage.claim``."""
