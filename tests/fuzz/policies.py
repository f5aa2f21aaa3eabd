"""Documents that nobody would write, and what reading, checking and linting them must come to.

``look(data)`` is what every fuzzer calls: the first byte says what kind of policy it is, the rest is the document.
``Mutator`` makes such bytes from known documents, by their structure and by their characters.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from daypass.errors import DaypassError
from daypass.policy import Attached, Kind, PolicySet, RequestContext, check_document, evaluate, parse_policy
from daypass.policy.lint import lint
from tests.policy.world import ACCOUNT, ALICE, CASES

CORPUS = Path(__file__).with_name("corpus") / "policies.jsonl"
KINDS = tuple(Kind)


def look(data: bytes) -> None:
    """Read, check, lint, and where it is a policy decide by it. Nothing but a ``DaypassError`` may come out."""
    kind = KINDS[data[0] % len(KINDS)] if data else KINDS[0]
    text = _text(data[1:])
    accepted = _accepts(lambda: check_document(text, kind))
    stored = _accepts(lambda: parse_policy(text, kind))
    assert stored or not accepted, "what can be saved can be read back"
    if stored:
        _decide(text, kind)
    findings = lint(text, kind)
    for finding in findings:
        assert finding.shape()
        for location in finding.locations:
            start, end = location.span
            assert 0 <= start.offset <= end.offset <= len(text)
            assert finding.code == "JSON_SYNTAX_ERROR" or start.offset < end.offset
    syntax = [finding for finding in findings if finding.code == "JSON_SYNTAX_ERROR"]
    assert not (syntax and stored), "what is read as a policy is JSON to the linter too"


def _text(data: bytes) -> str:
    """With halves of characters where the bytes hold them: a library call can bring such a text."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")


def _accepts(read: Callable[[], object]) -> bool:
    try:
        read()
    except DaypassError:
        return False
    return True


def _decide(text: str, kind: Kind) -> None:
    policy = parse_policy(text, kind)
    context = RequestContext("s3:GetObject", "arn:aws:s3:::a/b", ALICE, ACCOUNT, {"aws:username": "alice"})
    attached = Attached(policy, "fuzz")
    who = PolicySet(resource=attached) if policy.asks_who else PolicySet(identity=(attached,))
    evaluate(context, who).explain()


def seeds() -> list[str]:
    """All documents of the case files, and what fuzzing has found before."""
    found = [json.loads(line) for line in CORPUS.read_text().splitlines()] if CORPUS.exists() else []
    for folder in ("malformed", "lint"):
        for path in sorted((CASES / folder).glob("*.json")):
            found += _documents(json.loads(path.read_text())["cases"])
    return list(dict.fromkeys(found))


def _documents(value: Any) -> Iterator[str]:
    """Texts, documents and statements at any depth of a case file."""
    if isinstance(value, list):
        for inner in value:
            yield from _documents(inner)
    if not isinstance(value, dict):
        return
    if "text" in value:
        yield str(value["text"])
    if "document" in value:
        yield json.dumps(value["document"])
    for name in ("statement", "with"):
        if isinstance(value.get(name), dict):
            usual = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
            yield json.dumps({"Version": "2012-10-17", "Statement": [usual | value[name]]})
    if "when" in value:
        statement = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": value["when"]}
        yield json.dumps({"Version": "2012-10-17", "Statement": statement})
    for inner in value.values():
        yield from _documents(inner)


NASTY: tuple[Any, ...] = (
    None, True, False, 0, -1, 1e308, 10**40, "", " ", "*", "?", ":", "::::::", "${", "${}", "${*}", "${aws:username}",
    "${aws:username, 'x'}", "${a, '}", "arn:aws:s3:::", "arn:aws:iam::111122223333:root", "arn:*:*:*:*:*", "arn", "\0",
    "\ud800", "\U0001f600", "ſ", "İ", "ß", "a" * 300, "*?" * 40, [], {}, [[]], [{}], {"": ""}, {"AWS": "*"}, ["*", "*"],
    "Allow", "allow", "Deny", "2012-10-17", "2008-10-17", "10.0.0.0/8", "::ffff:10.0.0.0/104", "1e5", "0x1", "-0",
    "2020-02-30", "9" * 19, "true", "TRUE", "StringLike", "ForAllValues:StringEqualsIfExists", "Null", "aws:TagKeys",
    "aws:PrincipalTag/a", "sts:AssumeRole", "iam:*", "s3:Get?bject*", "AROAWORKERWORKERWORK2", "repo:a/b:ref:x",
)  # fmt: skip
NAMES = ("Version", "Id", "Statement", "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource",
         "NotResource", "Condition", "AWS", "Service", "Federated", "StringEquals", "ForAnyValue:StringLike", "Bool",
         "IpAddress", "DateLessThan", "NumericEquals", "ArnLike", "BinaryEquals", "Null", "aws:SourceIp", "",
)  # fmt: skip
BITS = (b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"\\u0000", b"\\ud800", b"\xff", b"\xef\xbb\xbf", b"1e9",
        b"NaN", b"\r", b"\n", b" ", b"${", b"}", b"*", b"?", b"arn:", b'"Effect":"Allow",', b"null",
        b"\\u005c")  # fmt: skip


class Mutator:
    """Makes documents from others. The same seed makes the same documents."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._texts = seeds()
        self._values = [value for value in map(_read, self._texts) if value is not None]

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield self.one()

    def one(self) -> bytes:
        """One more."""
        chance = self._chance
        if chance.random() < 0.75:
            value = json.loads(json.dumps(chance.choice(self._values)))
            for _ in range(chance.choice((1, 1, 2, 4))):
                value = self._changed(value)
            indent = chance.choice((None, None, 1))
            data = json.dumps(value, ensure_ascii=chance.random() < 0.5, indent=indent).encode("utf-8", "surrogatepass")
        else:
            data = chance.choice(self._texts).encode("utf-8", "surrogatepass")
        if chance.random() < 0.3:
            data = self._scratched(data)
        return bytes([chance.randrange(256)]) + data

    def _changed(self, value: Any) -> Any:
        """The value with one part of it replaced, removed, doubled or added."""
        chance = self._chance
        if isinstance(value, dict) and value and chance.random() < 0.85:
            name = chance.choice(list(value))
            return self._changed_object(dict(value), name)
        if isinstance(value, list) and value and chance.random() < 0.85:
            place = chance.randrange(len(value))
            inner = chance.choice((self._changed(value[place]), value[place], chance.choice(NASTY)))
            return [*value[:place], inner, *value[place + chance.randrange(2) :]]
        if isinstance(value, str) and chance.random() < 0.4:
            place = chance.randrange(len(value) + 1)
            return value[:place] + str(chance.choice(NASTY)) + value[place:]
        return chance.choice(NASTY)

    def _changed_object(self, value: dict[str, Any], name: str) -> dict[str, Any]:
        chance = self._chance
        act = chance.randrange(6)
        if act == 0:
            del value[name]
        elif act == 1:
            value[chance.choice(NAMES)] = value[name]
        elif act == 2:
            value[name.swapcase()] = value[name]
        else:
            value[name] = self._changed(value[name])
        return value

    def _scratched(self, data: bytes) -> bytes:
        chance = self._chance
        for _ in range(chance.choice((1, 1, 3))):
            place = chance.randrange(len(data) + 1)
            data = data[:place] + chance.choice(BITS) + data[place + chance.randrange(4) :]
        return data


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
