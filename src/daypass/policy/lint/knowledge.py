"""What AWS's services have: actions, condition keys, forms of ARNs.

From ``services.json`` (``tools/compile_services.py``), which is as old as the release. Only of IAM and STS is every
action and key known (``is_exact``): they are daypass's own. Of other services a name that is not in the table may be
newer than the table; rules report it only when it looks like a slip of one that is.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from itertools import takewhile
from typing import Any

import msgspec

from daypass.policy.lint.global_keys import GLOBAL_KEYS, PROVIDER_KEYS

_EXACT = frozenset({"iam", "sts"})
_LONGEST = 128  # no action or key is longer; longer ones are not compared with anything


class Service:
    """One service. Actions and keys are looked up in lower case; ``*`` at the end of a key stands for a tag key."""

    def __init__(self, name: str, facts: dict[str, Any]) -> None:
        self.name = name
        self.is_exact = name in _EXACT
        rows = [row.split(" ") for row in facts["keys"]]
        self.key_types = {key.lower(): kind for key, kind in rows}
        self.key_names = {key.lower(): key for key, _ in rows}
        self.arns: tuple[str, ...] = tuple(facts["arns"])
        self.actions: dict[str, str] = {}
        self._keys_of: dict[str, frozenset[str] | None] = {}
        for group, actions in facts["actions"]:
            keys = None if group is None else frozenset(rows[index][0].lower() for index in group)
            for action in actions.split():
                self.actions[action.lower()] = action
                self._keys_of[action.lower()] = keys

    def keys_of(self, action: str) -> frozenset[str] | None:
        """The keys that may be there when ``action`` (lower case) is asked for; None: not known."""
        return self._keys_of.get(action)

    @property
    def knows_resource_tags(self) -> bool:
        """Whether some action of it can be told apart by the tags of its resource."""
        return not self.actions or "aws:resourcetag/*" in self.key_types


@cache
def _table() -> dict[str, dict[str, Any]]:
    data = files("daypass.policy.lint").joinpath("services.json").read_bytes()
    table: dict[str, dict[str, Any]] = msgspec.json.decode(data)
    return table


@cache
def service(name: str) -> Service | None:
    """The service with that prefix (lower case); None: AWS has none."""
    facts = _table().get(name)
    return None if facts is None else Service(name, facts)


@cache
def arn_services() -> frozenset[str]:
    """What may stand in the service field of an ARN: all prefixes, and those that only ARNs have."""
    fields = {arn.split(":")[2] for facts in _table().values() for arn in facts["arns"]}
    return frozenset(fields - {"*"}) | _table().keys()


@cache
def arns_of(name: str) -> tuple[tuple[str, str, str], ...]:
    """(region, account, resource) of every form that ARNs with this service field have; ``*``: any."""
    forms = (arn.split(":", 5) for facts in _table().values() for arn in facts["arns"])
    return tuple({(form[3], form[4], form[5]) for form in forms if form[2] == name})


def prefixes() -> Iterable[str]:
    """All service prefixes."""
    return _table().keys()


@cache
def _key_prefixes() -> frozenset[str]:
    rows = (row.partition(":")[0].lower() for facts in _table().values() for row in facts["keys"])
    return frozenset(rows) | _table().keys()


def is_key_prefix(name: str) -> bool:
    """Whether condition keys begin with ``name`` (lower case)."""
    return name in _key_prefixes()


_COMMON = {key.lower(): kind for key, kind in (GLOBAL_KEYS | PROVIDER_KEYS).items()}


def key_type(key: str) -> str | None:
    """The type of a condition key (lower case), as ``String`` or ``ArrayOfString``; None: not known."""
    prefix, _, rest = key.partition(":")
    owners = [_COMMON]
    found = service("sts" if prefix == "saml" else prefix)
    if found is not None:
        owners.append(found.key_types)
    head, slash, tag = rest.partition("/")
    forms = [key, f"{prefix}:{head}/*"] if slash and tag else [key]
    for known in owners:
        for form in forms:
            if form in known:
                return known[form]
    return None


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like ``name``; None: it is like none."""
    if len(name) > _LONGEST:
        return None
    found = get_close_matches(name, known, n=1, cutoff=0.85)
    return found[0] if found else None


def slip_of(name: str, known: Iterable[str]) -> str | None:
    """The known name from which ``name`` differs by one slip of the hand; None: there is none.

    Names of one service are alike: what is further away than that is as likely a newer one.
    """
    if len(name) > _LONGEST:
        return None
    return next((one for one in known if abs(len(one) - len(name)) < 2 and _is_slip(name, one)), None)


def _is_slip(name: str, meant: str) -> bool:
    """One letter too many, too few or another, or two exchanged."""
    start = _alike(name, meant)
    name, meant = name[start:], meant[start:]
    end = _alike(name[::-1], meant[::-1])
    name, meant = name[: len(name) - end], meant[: len(meant) - end]
    return max(len(name), len(meant)) == 1 or (len(name) > 1 and name == meant[::-1] and len(name) < 3)


def _alike(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
