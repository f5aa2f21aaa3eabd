"""The dearest policies inside AWS's size limits: 20 ms a request, whatever wildcards, variables and lists they hold."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from daypass.policy import Attached, PolicySet, RequestContext, evaluate, parse_policy, policy_size
from daypass.policy.context import KeyValue
from tests.policy.world import ACCOUNT, ALICE

BUDGET = 0.020
MANAGED = 6_144
RESOURCE = "arn:aws:s3:::" + "a" * 2_035
VALUE = "a" * 1_024
TAGS = tuple("a" * 126 + f"{number:02}" for number in range(50))
ARNS = tuple(f"arn:aws:s3:::{tag}" for tag in TAGS)

Build = Callable[[list[str]], dict[str, Any]]


def filled(make: Callable[[int], str], build: Build) -> str:
    """A managed policy of the greatest size, with as many entries as fit into it."""
    entries: list[str] = []
    left = MANAGED - len(document(build([])))
    while left > 0:
        entries.append(make(len(entries)))
        left -= len(json.dumps(entries[-1])) + 1
    return document(build(entries[:-1]))


def document(statement: dict[str, Any]) -> str:
    full = {"Effect": "Allow", "Action": "*", "Resource": "*"} | statement
    full = {name: value for name, value in full.items() if value is not None}
    return json.dumps({"Version": "2012-10-17", "Statement": [full]}, separators=(",", ":"))


def resources(entries: list[str]) -> dict[str, Any]:
    return {"Resource": entries}


def all_but(entries: list[str]) -> dict[str, Any]:
    return {"Resource": None, "NotResource": entries}


def under(operator: str) -> Build:
    return lambda entries: {"Condition": {operator: {"k:k": entries}}}


NONE, MANY = "ForAllValues:StringNotLike", "ForAllValues:StringLike"
HOSTILE: dict[str, tuple[Callable[[int], str], Build]] = {
    "question marks in resources": (lambda n: f"arn:aws:s3:::*?b{n % 10}*", resources),
    "question marks in excluded resources": (lambda n: f"arn:aws:s3:::*?b{n % 10}*", all_but),
    "question marks in every field": (lambda n: f"arn:?ws:s?:*?:*?:*?b{n % 10}*", resources),
    "stars in every field": (lambda n: f"arn:*:s*:*:*:*a*a*b{n % 10}*", resources),
    "stars and letters": (lambda n: f"arn:aws:s3:::*a*a*a*a*b{n % 10}*", resources),
    "all of it question marks and stars": (lambda n: "arn:aws:s3:::" + "?*" * 900 + "b*", resources),
    "all of it stars and letters": (lambda n: "arn:aws:s3:::" + "*a" * 1_000 + "?b*", resources),
    "variables and question marks": (lambda n: f"arn:aws:s3:::*?${{k:long}}{n % 10}*", resources),
    "variables in one resource": (lambda n: "arn:aws:s3:::*?" + "${k:a}*" * 250 + "b*", resources),
    "long values in one resource": (lambda n: "arn:aws:s3:::*?" + "${k:long}*" * 500, resources),
    "variables and stars": (lambda n: f"arn:aws:s3:::*${{k:a}}*b{n % 10}*", resources),
    "patterns for one long value": (lambda n: f"*?b{n % 10}*", under("StringNotLike")),
    "patterns for many values": (lambda n: f"*?b{n % 10}*", under(NONE)),
    "near misses for many values": (lambda n: "a*a" * 20 + f"?b{n % 10}*", under(NONE)),
    "matches at the end for many values": (lambda n: "*?" * 30 + f"b{n % 10}*", under(MANY)),
    "variables for many values": (lambda n: f"*?${{k:a}}*b{n % 10}*", under(NONE)),
    "long variables for many values": (lambda n: f"*?${{k:long}}{n % 10}*", under(NONE)),
    "variables and near misses for many values": (lambda n: "${k:a}*?a" * 10 + f"b{n % 10}*", under(NONE)),
    "equality with variables for many values": (lambda n: f"${{k:long}}{n}", under("ForAllValues:StringNotEquals")),
    "equality without case": (lambda n: f"${{k:wide}}{n}", under("ForAllValues:StringNotEqualsIgnoreCase")),
    "one long equality without case": (lambda n: "${k:wide}" * 600, under("StringNotEqualsIgnoreCase")),
    "ARNs for many values": (lambda n: f"arn:aws:s3:::*?b{n % 10}*", under("ForAllValues:ArnNotLike")),
    "ARNs with wildcards in every field": (lambda n: f"arn:*?:*?:*:*:*b{n % 10}*", under("ForAllValues:ArnNotLike")),
    "ARNs with variables": (lambda n: f"arn:aws:s3:::*?${{k:a}}b{n % 10}*", under("ForAllValues:ArnNotLike")),
    "ARNs with variables in open fields": (lambda n: f"arn:*?:*?:*:*:a${{k:a}}?b{n}*", under("ForAllValues:ArnLike")),
    "addresses": (lambda n: f"10.{n % 256}.0.0/16", under("ForAllValues:NotIpAddress")),
    "numbers": (lambda n: f"{n}.5", under("ForAllValues:NumericNotEquals")),
    "dates": (lambda n: f"{2000 + n}-01-01", under("ForAllValues:DateNotEquals")),
}  # fmt: skip


def keys_for(name: str) -> dict[str, KeyValue]:
    value: KeyValue = TAGS if "values" in name or "variables" in name else VALUE
    special: dict[str, KeyValue] = {
        "addresses": tuple(f"11.0.0.{number}" for number in range(50)),
        "numbers": tuple(f"-{number}" for number in range(50)),
        "dates": tuple(f"1999-01-01T00:00:{number:02}Z" for number in range(50)),
        "equality without case": tuple("ä" * 120 + str(number) for number in range(50)),
        "one long equality without case": "ä" * 256,
    }
    value = special.get(name, ARNS if name.startswith("ARNs") else value)
    return {"k:k": value, "k:a": "a", "k:long": "a" * 256, "k:wide": "ä" * 256}


def seconds(text: str, keys: dict[str, KeyValue], count: int = 1, tries: int = 5) -> float:
    policies = PolicySet(tuple(Attached(parse_policy(text), f"p{number}") for number in range(count)))
    best = float("inf")
    for _ in range(tries):
        context = RequestContext("s3:GetObject", RESOURCE, ALICE, ACCOUNT, keys)
        started = time.perf_counter()
        evaluate(context, policies)
        best = min(best, time.perf_counter() - started)
        if best < BUDGET / 4:
            break
    return best


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_policy_costs_at_most_twenty_milliseconds_a_request(name: str) -> None:
    """A managed policy of the greatest size, full of what is dear; the best of five runs counts."""
    text = filled(*HOSTILE[name])
    assert MANAGED // 3 < policy_size(text) <= MANAGED
    assert seconds(text, keys_for(name)) < BUDGET


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_ten_hostile_policies_of_many_statements_share_what_they_find(effect: str) -> None:
    """All managed policies that a role may have, of one short pattern a statement: still within the budget."""
    statement = {"Effect": effect, "Action": "*", "Resource": "arn:aws:s3:::*?b*"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement] * 90}, separators=(",", ":"))
    assert policy_size(text) <= MANAGED
    assert seconds(text, {}, count=10) < BUDGET


def test_many_keys_with_long_values_cost_at_most_twenty_milliseconds() -> None:
    """Hundreds of conditions, each on a key of its own with a kilobyte."""
    block = {f"k:{number}": "*?b*" for number in range(320)}
    keys: dict[str, KeyValue] = {key: VALUE[:-3] + f"{key[2:]:>3}" for key in block}
    assert seconds(document({"Condition": {"StringNotLike": block}}), keys) < BUDGET


# ── by search ────────────────────────────────────────────────────────────────────────────────────────

ATOMS = ("*", "?", "a", "b", "aa", "ab", "*a", "*?", "a*", "*ab", "a?", "${k:a}", "${k:long}", "${k:b, 'x'}", "ä", "€")
OPERATORS = ("StringLike", "StringNotLike", NONE, MANY, "ForAnyValue:StringLike", "ArnLike", "ForAllValues:ArnNotLike",
             "ForAllValues:ArnLike", "StringNotEquals", "ForAllValues:StringNotEqualsIgnoreCase")  # fmt: skip
HEADS = ("arn:aws:s3:::", "arn:*:s3:::", "arn:?ws:s*:*:*:", "arn:*?:*?:*:*:")


def made_up(chance: random.Random) -> tuple[str, dict[str, KeyValue]]:
    """A policy of few kinds of parts repeated to the limit, and values made of the same letters."""
    atoms = chance.sample(ATOMS, chance.randint(1, 4))
    length = chance.choice([2, 3, 5, 10, 40, 200, 1_000])
    letters = chance.choice(["a", "ab", "aab", "aä", "a€", "abcdefgh"])
    operator = chance.choice([None, *OPERATORS])
    head = chance.choice(HEADS) if operator is None or "Arn" in operator else ""

    def pattern(number: int) -> str:
        text = "".join(chance.choice(atoms) for _ in range(length))
        return head + text[: 5_000 // len(letters)] + chance.choice(["", "*", "b", str(number % 10)])

    def value(size: int) -> str:
        return "".join(chance.choice(letters) for _ in range(size)) if chance.random() < 0.5 else letters[0] * size

    several = tuple(value(124) + str(number) for number in range(50))
    values: KeyValue = several if operator and ":" in operator else value(1_024)
    if operator and "Arn" in operator:
        values = f"arn:aws:s3:::{values}" if isinstance(values, str) else tuple(f"arn:aws:s3:::{v}" for v in values)
    keys: dict[str, KeyValue] = {"k:k": values, "k:a": value(chance.choice([1, 3, 64])), "k:long": value(256)}
    return filled(pattern, resources if operator is None else under(operator)), keys


def tried(seed: int, count: int) -> Iterator[tuple[float, str]]:
    chance = random.Random(seed)
    for _ in range(count):
        text, keys = made_up(chance)
        yield seconds(text, keys, tries=3), text


def test_a_search_for_dearer_policies_finds_none(cases: Callable[[int], int]) -> None:
    """Some hundred made-up policies a run, other ones each night; what is found becomes a row above."""
    count = cases(150)
    worst, text = max(tried(seed=count, count=count))
    assert worst < BUDGET, text[:400]
