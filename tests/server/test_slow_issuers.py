"""Issuers that do not answer, against a real server: whoever does not need them does not notice."""

from __future__ import annotations

import json
import re
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from daypass.testing.issuer import StubIssuer
from daypass.testing.local import VERSIONS
from tests.adapters.outside import Server
from tests.calling import admin_of, call
from tests.running import Running, up

SLOW = 6


def come(url: str, role: str, token: str) -> int:
    """The status of an AssumeRoleWithWebIdentity."""
    asked = {
        "Action": "AssumeRoleWithWebIdentity",
        "Version": VERSIONS["sts"],
        "RoleArn": role,
        "RoleSessionName": "visit",
        "WebIdentityToken": token,
    }
    connection = HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/", urlencode(asked), headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


@pytest.fixture
def issuers() -> Iterator[tuple[StubIssuer, list[Server]]]:
    """One that answers, and some that take connections and say nothing."""
    with ExitStack() as stack:
        silent = threading.Event()
        stack.callback(silent.set)
        slow = [stack.enter_context(Server(lambda connection: silent.wait(30) and None)) for _ in range(SLOW)]
        stack.callback(silent.set)  # before the servers are waited for
        yield stack.enter_context(StubIssuer()), slow
        silent.set()


def trust(daypass: Running, url: str, ca: Path) -> str:
    """Have the server trust an issuer; the provider's ARN."""
    options = ("--client-id", "sts.amazonaws.com", "--ca-file", str(ca), "--allow-private", "--offline", "--json")
    done = daypass.command("federation", "add-oidc", url, *options)
    assert done.returncode == 0, done.stderr
    return re.search(r"arn:aws:iam::\d+:oidc-provider/[^\s\"]+", done.stdout)[0]  # type: ignore[index]


def ninety_ninth(ask: Callable[[], object], times: int) -> float:
    """Seconds within which 99 of 100 were answered."""
    spent = []
    for _ in range(times):
        began = time.perf_counter()
        ask()
        spent.append(time.perf_counter() - began)
    return statistics.quantiles(spent, n=100)[98]


@pytest.mark.nightly  # seven commands and a real server
def test_issuers_that_do_not_answer_hold_up_nobody_else(
    issuers: tuple[StubIssuer, list[Server]], tmp_path: Path
) -> None:
    """Under a flood of tokens of six of them, another issuer's tokens, changes and questions are answered as ever."""
    good, slow = issuers
    ca = tmp_path / "ca.pem"
    ca.write_text(good.authority)
    with up(tmp_path / "data", "--insecure") as daypass:
        admin = admin_of(daypass.data)
        arns = [trust(daypass, url, ca) for url in (good.url, *(f"https://127.0.0.1:{one.port}" for one in slow))]
        statement = {"Effect": "Allow", "Principal": {"Federated": arns}, "Action": "sts:AssumeRoleWithWebIdentity"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        made = call(daypass.url, admin, "iam:CreateRole", {"RoleName": "visitor", "AssumeRolePolicyDocument": document})
        assert made.status == 200, made.body
        role = f"arn:aws:iam::{arns[0].split(':')[4]}:role/visitor"
        numbers, over = count(), threading.Event()

        def question() -> None:
            assert call(daypass.url, admin, "sts:GetCallerIdentity").status == 200

        def change() -> None:
            assert call(daypass.url, admin, "iam:CreateUser", {"UserName": f"user-{next(numbers)}"}).status == 200

        def flood(issuer: Server) -> None:
            url = f"https://127.0.0.1:{issuer.port}"
            while not over.is_set():
                come(daypass.url, role, good.token(header={"kid": f"none-{next(numbers)}"}, iss=url))
                over.wait(0.1)

        quiet = ninety_ninth(question, 200), ninety_ninth(change, 30)
        floods = [threading.Thread(target=flood, args=(one,)) for one in slow for _ in range(2)]
        for one in floods:
            one.start()
        time.sleep(0.3)
        began = time.monotonic()
        assert come(daypass.url, role, good.token()) == 200  # its keys are not known yet
        first = time.monotonic() - began
        busy = ninety_ninth(question, 200), ninety_ninth(change, 30)
        over.set()
        for one in floods:
            one.join(30)
        print(f"\nquestions {quiet[0] * 1e3:.1f} -> {busy[0] * 1e3:.1f} ms, changes {quiet[1] * 1e3:.1f} -> ", end="")
        print(f"{busy[1] * 1e3:.1f} ms (p99), first token of another issuer {first:.2f} s")
        assert busy[0] < quiet[0] * 1.2 + 0.1  # on a machine with other work, too
        assert busy[1] < quiet[1] * 1.2 + 0.5
        assert first < 3.0
