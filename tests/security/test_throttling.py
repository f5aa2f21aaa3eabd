"""Whoever fails too often is refused unseen, and nobody else because of him."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pytest

from daypass.credentials import Secret
from daypass.exchange import RawRequest, Response
from daypass.ids import access_key_id
from daypass.ports import NotLoaded
from daypass.sigv4 import sign_request
from daypass.testing.identity_provider import StubIdentityProvider
from daypass.testing.local import ENDPOINT, LocalDaypass, Signer, raw_request

HERE, ELSEWHERE, THERE = "192.0.2.1", "198.51.100.7", "203.0.113.5"
FORM = ("Content-Type", "application/x-www-form-urlencoded")
WRONG = Secret("x" * 40)
PER_SECOND, BURST = 10, 100
"""The default of ``failures_per_second``, and what it allows at once."""


@pytest.fixture
def daypass() -> Iterator[LocalDaypass]:
    """One with the default throttling, at a time that stands still."""
    with LocalDaypass(throttling="failures") as opened:
        opened.clock.freeze(opened.clock.now())
        yield opened


def request(daypass: LocalDaypass, signer: Signer, peer: str, action: str = "GetCallerIdentity") -> RawRequest:
    """``action`` of STS, signed by ``signer`` and coming from ``peer``."""
    body = urlencode({"Action": action, "Version": "2011-06-15"}).encode()
    headers = sign_request(
        "POST",
        ENDPOINT,
        dict([FORM]),
        body,
        access_key_id=signer.access_key_id,
        secret_access_key=signer.secret_access_key.reveal(),
        session_token=signer.session_token,
        region="us-east-1",
        service="sts",
        now=daypass.clock.now(),
    )
    return raw_request("POST", "/", headers.items(), body, peer)


def ask(daypass: LocalDaypass, signer: Signer, peer: str = HERE) -> Response:
    return daypass.serve(request(daypass, signer, peer))


def wrong(signer: Signer) -> Signer:
    """Somebody who knows the key's id, and a session's token, and not the secret."""
    return replace(signer, secret_access_key=WRONG)


def stranger(daypass: LocalDaypass, number: int = 0) -> Signer:
    """A key that looks like one of the first account's and does not exist."""
    return Signer(access_key_id("AKIA", daypass.account, number.to_bytes(5, "big")), WRONG)


def session(daypass: LocalDaypass) -> Signer:
    return Signer.of(daypass.client("sts").get_session_token()["Credentials"])


def exhaust(daypass: LocalDaypass, signer: Signer, peer: str = HERE) -> None:
    """Fail as often as is let through."""
    for _ in range(BURST):
        assert ask(daypass, signer, peer).status == 403
    assert_throttled(ask(daypass, signer, peer))


def assert_throttled(answer: Response) -> None:
    assert answer.status == 400
    assert b"<Type>Sender</Type>" in answer.body
    assert b"<Code>Throttling</Code>\n    <Message>Rate exceeded</Message>" in answer.body


def test_who_fails_too_often_is_throttled_and_gets_another_try(daypass: LocalDaypass) -> None:
    """After the burst as many failures are answered as the rate brings, and in its time all is forgotten."""
    exhaust(daypass, stranger(daypass))
    daypass.clock.advance(1)
    answers = [ask(daypass, stranger(daypass)).status for _ in range(2 * PER_SECOND)]
    assert answers == [403] * PER_SECOND + [400] * PER_SECOND
    daypass.clock.advance(BURST / PER_SECOND)
    exhaust(daypass, stranger(daypass))


def test_strangers_elsewhere_lock_nobody_out(daypass: LocalDaypass) -> None:
    """Whatever is done with a key's id and a session's token at one address, at another they work at once."""
    held = session(daypass)
    for theirs in (wrong(daypass.admin), wrong(held), stranger(daypass)):
        exhaust(daypass, theirs, ELSEWHERE)
    assert ask(daypass, daypass.admin).status == 200
    assert ask(daypass, held).status == 200
    assert ask(daypass, session(daypass)).status == 200


def test_strangers_at_the_same_address_lock_out_no_key_whose_id_they_do_not_know(daypass: LocalDaypass) -> None:
    """Behind one address the keys of neighbours go on working, and so do the sessions that were seen before."""
    held, forged = session(daypass), session(daypass)
    assert ask(daypass, held).status == 200
    exhaust(daypass, stranger(daypass))
    exhaust(daypass, replace(forged, session_token=f"{forged.session_token}AAAA"))
    assert ask(daypass, daypass.admin).status == 200
    assert ask(daypass, held).status == 200


def test_made_up_keys_share_one_bucket_however_many_there_are(daypass: LocalDaypass) -> None:
    """Nobody gets more tries by naming another key each time, whatever its first letters."""
    for number in range(BURST):
        assert ask(daypass, stranger(daypass, number)).status == 403
    assert_throttled(ask(daypass, stranger(daypass, BURST)))
    assert_throttled(ask(daypass, Signer("ZZZZAAAAAAAAAAAAAAAA", WRONG)))


def test_a_right_signature_waits_only_where_its_key_failed(daypass: LocalDaypass) -> None:
    """Who knows the id of a key and shares its holder's address can make him wait there, for a moment."""
    exhaust(daypass, wrong(daypass.admin))
    assert_throttled(ask(daypass, daypass.admin))
    daypass.clock.advance(1 / PER_SECOND + 0.001)
    assert ask(daypass, daypass.admin).status == 200


def test_an_ipv6_customer_is_one_source(daypass: LocalDaypass) -> None:
    """All addresses of a /64 share a bucket, and the next /64 has its own."""
    for number in range(BURST):
        assert ask(daypass, stranger(daypass), f"2001:db8:0:1::{number:x}").status == 403
    assert_throttled(ask(daypass, stranger(daypass), "2001:db8:0:1:ffff::1"))
    assert ask(daypass, stranger(daypass), "2001:db8:0:2::1").status == 403


def test_what_is_no_guess_is_never_throttled(daypass: LocalDaypass) -> None:
    """An expired session, a wrong clock with an unknown key, a call without signature: told as often as asked."""
    over = session(daypass)
    daypass.clock.advance(43_200)
    late = request(daypass, stranger(daypass), HERE)
    daypass.clock.advance(3_600)
    unsigned = raw_request(
        "POST", "/", [("Host", "127.0.0.1"), FORM], b"Action=GetCallerIdentity&Version=2011-06-15", HERE
    )
    for _ in range(2 * BURST):
        assert b"<Code>ExpiredToken</Code>" in ask(daypass, over).body
        assert b"<Code>SignatureDoesNotMatch</Code>" in daypass.serve(late).body
        assert b"<Code>MissingAuthenticationToken</Code>" in daypass.serve(unsigned).body


def test_a_throttled_stranger_is_not_verified(daypass: LocalDaypass, monkeypatch: pytest.MonkeyPatch) -> None:
    """The refusal comes before the token is opened, the secret unwrapped and the signature computed."""
    exhaust(daypass, wrong(daypass.admin))

    def verify(*_: object, **__: object) -> None:
        raise AssertionError("verified")

    monkeypatch.setattr(daypass.daypass.service._authenticator, "verify", verify)
    assert_throttled(ask(daypass, daypass.admin))


def test_accounts_are_read_for_newcomers_and_not_for_who_failed_too_often(tmp_path: Path) -> None:
    """Made-up keys keep nobody's account from being read, and wrong ones that had accounts read get no more threads."""
    with LocalDaypass(tmp_path / "data") as before:
        _, other = before.account_named("other")
    with LocalDaypass(tmp_path / "data", throttling="failures") as daypass:
        daypass.clock.freeze(daypass.clock.now())
        service = daypass.daypass.service
        assert ask(daypass, daypass.admin).status == 200  # the first account is in memory
        exhaust(daypass, stranger(daypass))
        for peer in (HERE, ELSEWHERE):
            with pytest.raises(NotLoaded):
                service.serve(request(daypass, other, peer))
        for _ in range(BURST):
            service.serve_blocking(request(daypass, stranger(daypass), THERE))
        assert_throttled(service.serve(request(daypass, other, THERE)))
        assert ask(daypass, other, HERE).status == 200


def test_a_throttled_stranger_is_recorded_like_any_failure(daypass: LocalDaypass) -> None:
    """Sampled into the file of failures at its bounded rate, never into the trail; the code is AWS's."""
    exhaust(daypass, stranger(daypass))
    audit = daypass.daypass.audit
    before = audit.counters()
    for _ in range(1_000):
        ask(daypass, stranger(daypass))
    after = audit.counters()
    assert after.failures - before.failures == 1_000
    assert after.failures_sampled - before.failures_sampled < 100
    assert after.records == before.records
    sample = next(daypass.data.glob("audit/failures-*.ndjson")).read_text().splitlines()
    codes = {json.loads(line)["errorCode"] for line in sample}
    assert codes <= {"InvalidClientTokenId", "Throttling"}


def test_off_means_off() -> None:
    """Without throttling every failure is answered as it deserves."""
    with LocalDaypass(throttling="off") as daypass:
        daypass.clock.freeze(daypass.clock.now())
        assert {ask(daypass, wrong(daypass.admin)).status for _ in range(3 * BURST)} == {403}


def sign_in(daypass: LocalDaypass, peer: str = HERE) -> Response:
    """Somebody's try to come by a token of an issuer that nobody trusts."""
    params = {
        "Action": "AssumeRoleWithWebIdentity",
        "Version": "2011-06-15",
        "RoleArn": f"arn:aws:iam::{daypass.account}:role/any",
        "RoleSessionName": "guess",
        "WebIdentityToken": "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2V4YW1wbGUuY29tIn0.c2ln",
    }
    return daypass.serve(raw_request("POST", "/", [FORM], urlencode(params).encode(), peer))


def test_tokens_that_prove_nothing_are_refused_unread_after_a_hundred(daypass: LocalDaypass) -> None:
    """Those of one address; elsewhere, and for signed calls, nothing changes."""
    for _ in range(BURST):
        assert b"InvalidIdentityToken" in sign_in(daypass).body
    assert_throttled(sign_in(daypass))
    assert b"InvalidIdentityToken" in sign_in(daypass, ELSEWHERE).body
    assert ask(daypass, session(daypass)).status == 200


def test_who_shows_invalid_tokens_is_throttled_while_others_sign(daypass: LocalDaypass) -> None:
    """A signed call in between, at any moment of the second, gives strangers no further tries."""
    daypass.clock.freeze(int(daypass.clock.now()) + 0.9)
    for _ in range(BURST):
        assert b"InvalidIdentityToken" in sign_in(daypass).body
    for _ in range(3):
        assert ask(daypass, daypass.admin).status == 200
        assert_throttled(sign_in(daypass))


def come(daypass: LocalDaypass, action: str, **shown: str) -> bytes:
    """What is answered to somebody who shows the same proof again and again."""
    params = {"Action": action, "Version": "2011-06-15", "RoleArn": f"arn:aws:iam::{daypass.account}:role/any", **shown}
    return daypass.serve(raw_request("POST", "/", [FORM], urlencode(params).encode(), HERE)).body


def test_an_old_assertion_is_not_verified_without_end(daypass: LocalDaypass) -> None:
    """It was good once, and whoever has kept one has it verified, which takes long, as often as he may be wrong."""
    idp = StubIdentityProvider()
    made = daypass.client("iam").create_saml_provider(Name="corp", SAMLMetadataDocument=idp.metadata)
    old = idp.response({"Role": "any", "RoleSessionName": "ada"}, issued=daypass.clock.now() - 86_400)
    shown = {"PrincipalArn": made["SAMLProviderArn"], "SAMLAssertion": old}
    for _ in range(BURST):
        assert b"ExpiredTokenException" in come(daypass, "AssumeRoleWithSAML", **shown)
    assert b"Throttling" in come(daypass, "AssumeRoleWithSAML", **shown)


def test_an_old_token_is_refused_as_often_as_it_comes(daypass: LocalDaypass) -> None:
    """That it is over is seen before anything is verified; whoever has one shares his address with others."""
    client = daypass.client("iam")
    client.create_open_id_connect_provider(Url="https://issuer.example.com", ClientIDList=["sts.amazonaws.com"])
    over = {"iss": "https://issuer.example.com", "sub": "ada", "aud": "sts.amazonaws.com", "iat": 1, "exp": 2}
    parts = [urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({"alg": "RS256"}, over)]
    shown = {"RoleSessionName": "ada", "WebIdentityToken": ".".join([*parts, "c2ln"])}
    for _ in range(BURST + 1):
        assert b"ExpiredTokenException" in come(daypass, "AssumeRoleWithWebIdentity", **shown)
