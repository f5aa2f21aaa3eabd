"""Policies and requests in plain JSON, drawn by hypothesis from the pools of the tables."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.oracle.naming import ENTRIES
from tests.oracle.people import ACCOUNT, CALLERS, FOREIGN
from tests.oracle.tables import POOLS, Json, asked, document

_EFFECTS = st.sampled_from(["Allow", "Allow", "Deny"])
_ACTIONS = st.sampled_from([{"Action": "*"}] * 12 + [{"Action": one} for one in POOLS["action patterns"]]
                           + [{"NotAction": one} for one in POOLS["action patterns"]])  # fmt: skip
_RESOURCES = st.sampled_from([{"Resource": "*"}] * 12 + [{"Resource": one} for one in POOLS["resource patterns"]]
                             + [{"NotResource": one} for one in POOLS["resource patterns"]])  # fmt: skip
_BLOCKS = st.sampled_from([{}] * 8 + POOLS["blocks"])
_ENTRIES = st.lists(st.sampled_from(list(ENTRIES.values())), min_size=1, max_size=4)
_VERSIONS = st.sampled_from(["2012-10-17", "2012-10-17", "2008-10-17", None])


@st.composite
def statements(draw: st.DrawFn, slot: str) -> Json:
    """One statement for a policy of this kind."""
    made = {"Effect": draw(_EFFECTS), **draw(_ACTIONS)}
    made |= {} if slot == "trust" else draw(_RESOURCES)
    block = draw(_BLOCKS)
    made |= {"Condition": block} if block else {}
    if slot == "rcps":
        made["Principal"] = "*"
    elif slot in ("resource", "trust", "endpoint"):
        written: dict[str, list[str]] = {}
        for kind, text in draw(_ENTRIES):
            written.setdefault(kind, []).append(text)
        negated = made["Effect"] == "Deny" and draw(st.booleans())
        made["NotPrincipal" if negated else "Principal"] = written
    return made


def documents(slot: str) -> st.SearchStrategy[Json]:
    """One or two statements."""
    some = st.lists(statements(slot), min_size=1, max_size=2)
    return st.builds(lambda found, version: document(*found, version=version), some, _VERSIONS)


def _levels(slot: str) -> st.SearchStrategy[Any]:
    return st.just([]) | st.lists(st.lists(documents(slot), max_size=2), max_size=2)


def policies() -> st.SearchStrategy[Json]:
    """A policy set of any kind."""
    many = {slot: st.lists(documents(slot), max_size=2) for slot in ("identity", "session")}
    by_kind = [
        st.fixed_dictionaries({"resource kind": st.just(kind), "resource": st.none() | documents(slot)})
        for kind, slot in (("resource", "resource"), ("trust", "trust"), ("key", "resource"))
    ]
    others = st.fixed_dictionaries(
        {
            "identity": many["identity"],
            "boundary": st.none() | documents("identity"),
            "session": st.none() | many["session"],
            "scps": _levels("scps"),
            "rcps": _levels("rcps"),
            "endpoint": st.none() | documents("endpoint"),
            "root": st.booleans(),
        }
    )
    return st.builds(lambda resource, rest: resource | rest, st.one_of(by_kind), others)


@st.composite
def requests(draw: st.DrawFn) -> Json:
    """Anybody asks for anything."""
    pools = POOLS["keys"]
    keys = {key: draw(st.sampled_from(pools[key])) for key in draw(st.sets(st.sampled_from(sorted(pools)), max_size=5))}
    return asked(
        draw(st.sampled_from(list(CALLERS))),
        action=draw(st.sampled_from(POOLS["actions"])),
        resource=draw(st.sampled_from(POOLS["resources"])),
        owner=draw(st.sampled_from([ACCOUNT, ACCOUNT, FOREIGN])),
        keys=keys,
    )
