"""A presigned GetCallerIdentity as proof of identity, the way Kubernetes' authenticators use it.

The classes of attack: replayed at another cluster, its parameters doubled or written in another case (so that one
reader takes the signed value and another the added one), used after its time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import product
from random import Random

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from daypass.exchange import RawRequest
from daypass.testing.local import Signer
from tests.security.callers import role_session_of
from tests.security.mutations import HOSTS
from tests.security.test_mutations import refused
from tests.security.world import World
from tests.sigv4.samples import NOW, raw_request

pytestmark = pytest.mark.usefixtures("botocore_time")

CLUSTER = b"x-k8s-aws-id"
WINDOW = 900


def proof(signer: Signer, cluster: str = "blue", expires: int = 60) -> RawRequest:
    """What the authenticator sends with a token that the client presigned for ``cluster``."""
    url = f"https://{HOSTS['sts']}/?Action=GetCallerIdentity&Version=2011-06-15"
    request = AWSRequest(method="GET", url=url, headers={"x-k8s-aws-id": cluster})
    credentials = Credentials(signer.access_key_id, signer.secret_access_key.reveal(), signer.session_token)
    SigV4QueryAuth(credentials, "sts", "us-east-1", expires=expires).add_auth(request)
    raw = raw_request("GET", request.url, request.headers.items())
    return raw.replaced(headers=(*raw.headers, (b"accept", b"application/json")))


@pytest.fixture(scope="module")
def session(world: World) -> Signer:
    return role_session_of(world, "node")


@pytest.fixture
def at(world: World) -> Iterator[Callable[[int], None]]:
    """Moves the server's clock to that many seconds after the signature."""
    yield lambda seconds: world.daypass.clock.freeze(NOW + seconds)
    world.daypass.clock.freeze(NOW)


def accepted(world: World, raw: RawRequest) -> bool:
    """Whether the answer is the JSON identity; any other answer must be a refusal."""
    answer = world.daypass.serve(raw)
    if answer.status == 200:
        found = json.loads(answer.body)["GetCallerIdentityResponse"]["GetCallerIdentityResult"]
        assert found["Arn"] == f"arn:aws:sts::{world.account}:assumed-role/node/matrix"
        return True
    assert answer.status in (302, 400, 403, 404), answer
    assert b"assumed-role" not in answer.body
    return False


@pytest.mark.parametrize("expires", [0, 1, 60, 900, 3600, 604_800])
def test_it_lives_fifteen_minutes_whatever_it_says(
    world: World, session: Signer, at: Callable[[int], None], expires: int
) -> None:
    """From fifteen minutes before to fifteen after its date, to the second; `X-Amz-Expires` changes nothing."""
    raw = proof(session, expires=expires)
    moments = (-86_400, -WINDOW - 1, -WINDOW, -1, 0, 1, 60, 61, WINDOW - 1, WINDOW, WINDOW + 1, 3500, 604_799)
    for seconds in moments:
        at(seconds)
        assert accepted(world, raw) is (abs(seconds) <= WINDOW), seconds


@pytest.mark.parametrize(
    "expires", [b"-1", b"604801", b"1e3", b"60.0", b"0x3c", b"+60", b"9" * 400, b"%D9%A6%D9%A0", b""]
)
def test_an_expiry_that_makes_no_sense_is_refused(world: World, session: Signer, expires: bytes) -> None:
    """Signed or not, only a whole number from 0 to a week passes."""
    raw = proof(session)
    assert not accepted(world, raw.replaced(target=raw.target.replace(b"Expires=60", b"Expires=" + expires)))


def test_another_clusters_name_is_refused(world: World, session: Signer) -> None:
    """The cluster's header is part of the signature: other, absent, doubled or joined it is refused."""
    raw = proof(session)
    assert accepted(world, raw)
    others = tuple(header for header in raw.headers if header[0] != CLUSTER)
    for values in (
        [],
        [b"green"],
        [b"blue", b"green"],
        [b"green", b"blue"],
        [b"blue,green"],
        [b"BLUE"],
        [b""],
        [b"blue"] * 2,
    ):
        assert not accepted(world, raw.replaced(headers=(*others, *[(CLUSTER, value) for value in values]))), values
    for name in (b"X-K8s-Aws-Id", b"x-k8s-aws-id ", b"x-k8s-aws_id"):
        assert not accepted(world, raw.replaced(headers=(*others, (name, b"blue")))), name


def test_no_parameter_can_be_doubled_or_respelled(world: World, session: Signer) -> None:
    """Each parameter added once more, before or behind, in any case and escape, with the same or another value."""
    raw = proof(session)
    items = raw.target.partition(b"?")[2].split(b"&")
    tried = 0
    for item, place in product(items, (0, len(items))):
        name, _, value = item.partition(b"=")
        names = {name, name.lower(), name.upper(), name.swapcase(), b"%%%02X" % name[0] + name[1:], name + b"%20"}
        for spelled, other in product(names, (value, b"x", b"", b"DeleteUser", value + b"%20")):
            doubled = [*items[:place], spelled + b"=" + other, *items[place:]]
            assert not accepted(world, raw.replaced(target=b"/?" + b"&".join(doubled))), spelled
            swapped = [spelled + b"=" + value if each == item else each for each in items]
            if spelled not in (name, b"%%%02X" % name[0] + name[1:]):
                assert not accepted(world, raw.replaced(target=b"/?" + b"&".join(swapped))), spelled
            tried += 2
    assert tried > 1_000


def test_ten_thousand_replays_with_something_changed_are_refused(
    world: World, session: Signer, at: Callable[[int], None], cases: Callable[[int], int]
) -> None:
    """Each mixes two or three of: another cluster, a changed or doubled parameter, a late hour; none is accepted."""
    random, raw = Random(4), proof(session)
    path, _, query = raw.target.partition(b"?")
    for _ in range(cases(10_000)):
        items = query.split(b"&")
        headers = list(raw.headers)
        at(random.choice((0, 0, WINDOW + 1, 86_400, -WINDOW - 1)))
        if random.random() < 0.5:
            headers = [(n, random.choice((b"green", b"", b"blue,"))) if n == CLUSTER else (n, v) for n, v in headers]
        chosen = random.randrange(len(items))
        name, _, value = items[chosen].partition(b"=")
        change = random.choice(("case", "double", "drop", "value"))
        if change == "case":
            items[chosen] = (name.swapcase()) + b"=" + value
        elif change == "double":
            items.insert(random.randint(0, len(items)), name + b"=" + random.choice((value, b"1", b"")))
        elif change == "drop":
            del items[chosen]
        else:
            items[chosen] = name + b"=" + value + random.choice((b"0", b"%00", b"a"))
        mutant = raw.replaced(target=path + b"?" + b"&".join(items), headers=tuple(headers))
        assert not accepted(world, mutant), mutant


def test_a_proof_gives_no_more_than_an_identity(world: World, session: Signer) -> None:
    """Sent to another service or for another action, with a body, or as a POST, the URL opens nothing."""
    raw = proof(session)
    for changed in (
        raw.replaced(target=raw.target.replace(b"GetCallerIdentity", b"GetSessionToken")),
        raw.replaced(headers=tuple((n, b"iam.amazonaws.com" if n == b"host" else v) for n, v in raw.headers)),
        raw.replaced(method="POST"),
        raw.replaced(body=b"Action=ListUsers&Version=2010-05-08"),
        raw.replaced(method="POST", body=b"Action=AssumeRole&Version=2011-06-15"),
        raw.replaced(target=b"/identity" + raw.target[1:]),
    ):
        assert not accepted(world, changed)
        plain = tuple(header for header in changed.headers if header[0] != b"accept")
        assert refused(world, changed.replaced(headers=plain)) in ("SignatureDoesNotMatch", "InvalidAction", "404")
