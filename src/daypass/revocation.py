"""Which sessions have been ended before their time: an account's rules, and the one question asked of them.

Nothing is stored of a session, so it is ended by a rule that tells it from others: by its access key id, by who holds
it, by the provider that vouched for him, by when it was issued. A rule ends what it describes and all that descends
from it, unless it says otherwise, and is of no use once the last session it could end has expired.

A rule stands in the account of what it names. A session descends from sessions of other accounts as well, so whoever
accepts one asks the rules of its own account and of ``elsewhere``::

    revoked = any(rules_of(account).hits(session) for account in (session.account, *elsewhere(session)))
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from daypass.entities import Revocation
from daypass.ids import account_of
from daypass.principals import Ancestors, Session

FEDERATED_PROVIDER = "aws:FederatedProvider"
"""The name under which ``Session.federation`` holds the OpenID Connect provider, beside the keys of what it said."""

SAML_PROVIDER = "aws:SAMLProvider"
"""Likewise the SAML provider, which no condition key tells."""

NOBODY = 0
"""An ``issued_before`` before which no session was issued."""


def bearer(session: Session) -> str:
    """``aws:userid`` of whoever acts in ``session``: ``AROA…:name``, ``AIDA…``, an account id, ``account:name``."""
    if session.kind == "role":
        return f"{session.principal_id}:{session.name}"
    return f"{session.account}:{session.name}" if session.kind == "federated" else session.principal_id


def provider_of(session: Session) -> str:
    """The provider on whose word ``session`` was opened, empty where there is none."""
    return next((said for name, said in session.federation if name in (FEDERATED_PROVIDER, SAML_PROVIDER)), "")


def web_provider_of(session: Session) -> str | None:
    """The OpenID Connect provider on whose word ``session`` was opened."""
    return next((said for name, said in session.federation if name == FEDERATED_PROVIDER), None)


def ancestors_of(parent: Session) -> Ancestors:
    """``Session.ancestors`` of what ``parent`` opens: each bearer and provider once, since the earliest time says all.

    # INVARIANT: 9. a chain through the same few roles makes no token longer than its lineage does.
    #   tests/properties/test_revocation.py::test_a_chain_names_each_of_its_bearers_once
    """
    above, known = parent.ancestors, {who for who, _ in parent.ancestors}
    provider = provider_of(parent) if parent.federation else ""
    return (*above, *[(who, parent.issued) for who in (bearer(parent), provider) if who and who not in known])


def elsewhere(session: Session) -> tuple[str, ...]:
    """The other accounts whose rules may end ``session``: those of all that it descends from."""
    if not session.ancestors and not session.lineage:
        return ()
    found = {account for who, _ in session.ancestors if (account := _home(who))}
    found.update(account for key in session.lineage if (account := account_of(key)))
    found.discard(session.account)
    return tuple(sorted(found))


def is_revoked(session: Session, rules_of: Callable[[str], Revocations | None]) -> bool:
    """Whether a rule of its account, or of one it descends from, ends ``session``.

    ``rules_of`` gives an account's rules. None, an account that is not there, is no pardon: what descends from it is
    refused, too.
    """
    for account in (session.account, *elsewhere(session)):
        rules = rules_of(account)
        if rules is None or rules.hits(session):
            return True
    return False


def _home(who: str) -> str | None:
    """The account that an entry of ``Session.ancestors`` belongs to."""
    if who.startswith("arn:"):
        return who.split(":", 5)[4] or None
    name = who.partition(":")[0]
    return name if name.isdigit() else account_of(name)


@dataclass(slots=True)
class _Cut:
    """By what rules name, the time before which it is ended; of several rules for one thing the latest time counts."""

    keys: set[str] = field(default_factory=set)
    bearers: dict[str, int] = field(default_factory=dict)
    providers: dict[str, int] = field(default_factory=dict)
    everyone: int = NOBODY

    def add(self, rule: Revocation) -> None:
        if rule.access_key:
            self.keys.add(rule.access_key)
        elif rule.principal:
            self.bearers[rule.principal] = max(rule.issued_before, self.bearers.get(rule.principal, NOBODY))
        elif rule.provider:
            self.providers[rule.provider] = max(rule.issued_before, self.providers.get(rule.provider, NOBODY))
        else:
            self.everyone = max(self.everyone, rule.issued_before)


class Revocations:
    """The rules of one account, indexed: asking takes as long for ten thousand of them as for one.

    False when there are none, which is all that most requests look at. ``until`` is the time from which on no rule can
    hit a living session.
    """

    __slots__ = ("_account", "_below", "_rules", "_self", "until")

    def __init__(self, account: str, rules: Iterable[Revocation] = ()) -> None:
        self._account = account
        self._rules = tuple(rules)
        self._self, self._below = _Cut(), _Cut()
        for rule in self._rules:
            self._self.add(rule)
            if not rule.only:
                self._below.add(rule)
        self.until = max((rule.until for rule in self._rules), default=0)

    def __bool__(self) -> bool:
        return bool(self._rules)

    def __len__(self) -> int:
        return len(self._rules)

    def __iter__(self) -> Iterator[Revocation]:
        return iter(self._rules)

    # INVARIANT: 1. a session is refused as soon as a rule names it, or anything it descends from.
    #   tests/properties/test_revocation.py::test_a_revoked_session_takes_its_descendants_with_it_and_nobody_else
    def hits(self, session: Session) -> bool:
        """Whether a rule of this account ends ``session``, whichever account that is in."""
        if not self._rules:
            return False
        return self._names(session) or self._names_ancestor(session)

    def _names(self, session: Session) -> bool:
        cut = self._self
        if session.access_key_id in cut.keys:
            return True
        if session.account != self._account:
            return False
        ended = cut.everyone
        if cut.bearers:
            ended = max(ended, cut.bearers.get(session.principal_id, NOBODY), cut.bearers.get(bearer(session), NOBODY))
        if cut.providers and session.federation:
            ended = max(ended, cut.providers.get(provider_of(session), NOBODY))
        return session.issued < ended

    def _names_ancestor(self, session: Session) -> bool:
        cut = self._below
        if not cut.keys.isdisjoint(session.lineage):
            return True
        if not (cut.bearers or cut.providers or cut.everyone):
            return False
        return any(issued < self._ended(who) for who, issued in session.ancestors)

    def _ended(self, who: str) -> int:
        """The time before which what ``who`` opened, or held, is ended."""
        cut = self._below
        if who.startswith("arn:") or who in cut.providers:
            return cut.providers.get(who, NOBODY)
        ended = max(cut.bearers.get(who, NOBODY), cut.bearers.get(who.partition(":")[0], NOBODY))
        return max(ended, cut.everyone) if cut.everyone and _home(who) == self._account else ended
