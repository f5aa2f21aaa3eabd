"""Tables of random spellings: globs, variables, numbers, dates and addresses over tiny alphabets: many agree."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.oracle.tables import Json, Table, asked, document, one_or_list


def glob(random: Random) -> str:
    """A pattern over two letters and both wildcards."""
    return "".join(random.choices("ab*?", [5, 4, 3, 2], k=random.randint(0, 7)))


_PARTS = ["a", "b", "*", "?", "${x}", "${X}", "${y}", "${none}", "${none, 'ab'}", "${x, 'b'}"]
_PARTS += ["${*}", "${?}", "${$}", "${", "}", "$"]


def template(random: Random) -> str:
    """A pattern with variables, defaults, escapes, and what only looks like one."""
    return "".join(random.choices(_PARTS, k=random.randint(1, 4)))


def word(random: Random) -> str:
    """A text over the same letters; seldom with a wildcard in it."""
    return "".join(random.choices("ab*?", [20, 16, 1, 1], k=random.randint(0, 7)))


def arn(random: Random, last: Callable[[Random], str]) -> str:
    """Six fields, or one less or more, each a few letters or ``last``."""
    fields = [random.choice(["arn", "arn", "arn", "*", "a"])] if last is not word else ["arn"]
    count = random.choice([5, 5, 5, 5, 4, 6])
    return ":".join(fields + [last(random)[:2] for _ in range(count - 1)] + [last(random)])


def decimal(random: Random) -> str:
    """A number near one, in many spellings, or what is nearly one."""
    text = random.choice(["", "-", "-", "", "", "", "+"]) + random.choice(["0", "1", "01", "1", "0", "10", ""])
    return text + random.choice(["", "", "", ".0", ".50", ".5", ".", ".05", "e0", " ", ".0.0"])


_DAYS = ["2024-02-28", "2024-02-29", "2023-02-28", "2023-02-29", "2024-02", "2024-03-01", "2024-3-1", "1969-12-31"]
_DAYS += ["12024-02-29", "-0001-01-01"]
_SECONDS = ["1709164800", "1709251200", "0", "-1", "0000000000001709164800", "1709164800.5"]
_TIMES = ["T00:00", "T00:00:00", "T23:59:59", "T23:59:60", "T24:00:00", "T12:00:00.5", "T00:00:00.000", "t00:00:00"]
_ZONES = ["Z", "Z", "z", "+00:00", "-00:00", "+24:00", "-23:59", "+01:00", "+0100", "", "+01"]


def date(random: Random) -> str:
    """An instant within a few days, in many spellings, or what is nearly one."""
    day = random.choice(_DAYS)
    if random.random() < 0.3:
        return random.choice([day, day + "T", day.replace("-", ""), *_SECONDS])
    return day + random.choice([*_TIMES, "T1:00"]) + random.choice(_ZONES)


_HEADS = ["10.0.0.", "10.0.0.", "2001:db8::", "::ffff:10.0.0.", "::", "10.0.0.0", "2001:DB8:0:0:0:0:0:"]
_PREFIXES = ["/32", "/31", "/30", "/0", "/128", "/126", "/127", "/96", "/104", "/33", "/129", "/", "/08", "/24"]


def address(random: Random) -> str:
    """An address of one of three small networks, or what is nearly one."""
    return random.choice(_HEADS) + random.choice(["0", "1", "2", "3", "7", "255", "256", "", "01"])


def network(random: Random) -> str:
    """The same with a prefix, or without."""
    return address(random) + random.choice(["", "", *_PREFIXES])


PAIRS: list[tuple[list[str], Callable[[Random], str], Callable[[Random], str]]] = [
    (["StringLike", "StringNotLike"], glob, word),
    (["StringEquals", "StringLike", "StringNotEqualsIgnoreCase", "StringNotLike"], template, word),
    (["ArnLike", "ArnNotEquals"], lambda random: arn(random, glob), lambda random: arn(random, word)),
    (["ArnEquals", "ArnNotLike"], lambda random: arn(random, template), lambda random: arn(random, word)),
    (["NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericGreaterThanEquals"], decimal, decimal),
    (["DateEquals", "DateNotEquals", "DateLessThanEquals", "DateGreaterThan"], date, date),
    (["IpAddress", "NotIpAddress"], network, address),
]
"""Operators, what policies write, what requests bring."""


def spellings(random: Random, number: int) -> Table:
    """One pair of spellings in conditions, or globs and templates in actions and resources."""
    table = Table([], [])
    operators, written, brought = PAIRS[number % len(PAIRS)]
    for _ in range(20):
        effect = random.choice(["Allow", "Deny"])
        values = [written(random) for _ in range(random.choice([1, 1, 2]))]
        block = {random.choice(operators): {"k": one_or_list(random, values)}}
        table.policies.append(_of({"Effect": effect, "Action": "*", "Resource": "*", "Condition": block}))
    for _ in range(8):
        effect, spelled = random.choice(["Allow", "Deny"]), random.choice([glob, template])
        resource = random.choice(["arn:aws:s3:::", "arn:aws:s?::*:", "arn:aws:*:"]) + spelled(random)
        table.policies.append(_of({"Effect": effect, "Action": f"s3:{glob(random)}", "Resource": "*"}))
        table.policies.append(_of({"Effect": effect, "Action": "*", "Resource": resource}))
    for _ in range(20):
        keys = {"k": brought(random), "x": random.choice(["a", "b", "*", "ab"]), "y": random.choice(["", "?", "${x}"])}
        name = word(random).replace("*", "a").replace("?", "b") or "a"
        table.requests.append(asked(action=f"s3:{name}", resource=f"arn:aws:s3:::{word(random)}", keys=keys))
    return table


def _of(statement: Json) -> Json:
    return {"identity": [document(statement)]}
