"""SigV4a at the door: whoever signs for a set of regions is asked for the one that he came to."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from daypass.exchange import RawRequest, Response
from daypass.testing.local import LocalDaypass, Signer
from tests.running import up
from tests.sigv4.crt import signed_by_crt

FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
WHO = b"Action=GetCallerIdentity&Version=2011-06-15"
HERE = "http://127.0.0.1:7177/"


@pytest.fixture(scope="module")
def daypass() -> Iterator[LocalDaypass]:
    """One that serves every region."""
    with LocalDaypass() as local:
        yield local


def request(
    local: LocalDaypass,
    region_set: str,
    *,
    url: str = HERE,
    body: bytes = WHO,
    service: str = "sts",
    signer: Signer | None = None,
    presigned: bool = False,
) -> RawRequest:
    who = signer or local.admin
    return signed_by_crt(
        "GET" if presigned else "POST",
        f"{url}?{body.decode()}" if presigned else url,
        {} if presigned else FORM,
        b"" if presigned else body,
        token=who.session_token,
        service=service,
        region_set=region_set,
        presigned=presigned,
        key_id=who.access_key_id,
        secret=who.secret_access_key.reveal(),
        moment=datetime.fromtimestamp(local.clock.now(), UTC),
    )


def refusal(answer: Response) -> str:
    """The text of a refusal; empty for an answer."""
    return answer.body.partition(b"<Message>")[2].partition(b"</Message>")[0].decode()


def last_record(local: LocalDaypass) -> dict[str, Any]:
    lines = [line for path in sorted((local.data / "audit").glob("*.jsonl")) for line in path.read_text().splitlines()]
    return dict(json.loads(lines[-1]))


REGIONAL = "https://sts.eu-west-1.amazonaws.com/"
GLOBAL = "https://sts.amazonaws.com/"


@pytest.mark.parametrize("presigned", [False, True], ids=["header", "query"])
@pytest.mark.parametrize(
    ("url", "region_set", "region"),
    [
        (REGIONAL, "*", "eu-west-1"),
        (REGIONAL, "eu-*", "eu-west-1"),
        (REGIONAL, "us-east-1,eu-west-1", "eu-west-1"),
        (GLOBAL, "*", "us-east-1"),
        (HERE, "*", "us-east-1"),
        (HERE, "ap-south-1", "ap-south-1"),
        (HERE, "ap-south-1,us-east-1", "us-east-1"),
    ],
)
def test_the_record_names_the_one_region(
    daypass: LocalDaypass,
    url: str,
    region_set: str,
    region: str,
    presigned: bool,
) -> None:
    """The endpoint's; without one, the only one that is named, or the one where calls without a region belong."""
    answer = daypass.serve(request(daypass, region_set, url=url, presigned=presigned))
    assert (answer.status, refusal(answer)) == (200, "")
    assert last_record(daypass)["awsRegion"] == region


@pytest.mark.parametrize(
    ("url", "region_set"),
    [
        (REGIONAL, "eu-central-1"),
        (REGIONAL, "us-*"),
        (GLOBAL, "eu-*"),
        (HERE, "eu-west-1,eu-west-2"),
        (HERE, "eu-*"),
        (HERE, "cn-north-1"),
        (HERE, "nowhere"),
    ],
)
def test_a_set_without_the_region_is_refused(daypass: LocalDaypass, url: str, region_set: str) -> None:
    """In the words for a wrong region in a SigV4 scope; nobody guesses which of several was meant."""
    answer = daypass.serve(request(daypass, region_set, url=url))
    assert (answer.status, refusal(answer)) == (403, "Credential should be scoped to a valid region. ")


def test_policies_see_the_one_region(daypass: LocalDaypass) -> None:
    """``aws:RequestedRegion`` is the region that the request came to, whatever else its signature is good for."""
    iam = daypass.client("iam")
    iam.create_user(UserName="regional")
    signer = Signer.of(iam.create_access_key(UserName="regional")["AccessKey"])
    where = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
    allow = {"Effect": "Allow", "Action": "sts:GetAccessKeyInfo", "Resource": "*", "Condition": where}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    iam.put_user_policy(UserName="regional", PolicyName="where", PolicyDocument=document)
    asked = f"Action=GetAccessKeyInfo&Version=2011-06-15&AccessKeyId={signer.access_key_id}".encode()
    found = {
        url: daypass.serve(request(daypass, "*", url=url, body=asked, signer=signer)).status
        for url in (REGIONAL, "https://sts.eu-west-2.amazonaws.com/", HERE)
    }
    assert list(found.values()) == [200, 403, 403]


def test_a_session_signs_with_it_too(daypass: LocalDaypass) -> None:
    """With its token signed; a changed one, another one's and none are refused."""
    signer = Signer.of(daypass.client("sts").get_session_token()["Credentials"])
    other = Signer.of(daypass.client("sts").get_session_token()["Credentials"])
    raw = request(daypass, "*", signer=signer)
    assert daypass.serve(raw).status == 200
    headers = dict(raw.headers)
    for token in (None, str(other.session_token).encode(), headers[b"x-amz-security-token"][:-1]):
        changed = {**headers, b"x-amz-security-token": token} if token else dict(headers)
        if token is None:
            del changed[b"x-amz-security-token"]
        assert daypass.serve(raw.replaced(headers=tuple(changed.items()))).status == 403


def test_changes_are_made_with_it(daypass: LocalDaypass) -> None:
    """IAM, which is global, takes a set that names its region."""
    body = b"Action=CreateUser&Version=2010-05-08&UserName=made"
    assert daypass.serve(request(daypass, "us-*", service="iam", body=body)).status == 200
    assert daypass.client("iam").get_user(UserName="made")["User"]["UserName"] == "made"
    record = daypass.serve(request(daypass, "eu-*", service="iam", body=body))
    assert refusal(record) == "Credential should be scoped to a valid region. "


def test_a_node_in_one_region_is_meant_by_sets_that_name_it() -> None:
    """It is where it stands, and IAM's global region counts for IAM alone."""
    with LocalDaypass(region="eu-central-1") as local:
        iam = b"Action=ListUsers&Version=2010-05-08"
        for region_set, service, body, status in (
            ("*", "sts", WHO, 200),
            ("eu-*", "sts", WHO, 200),
            ("us-east-1", "sts", WHO, 403),
            ("us-east-1", "iam", iam, 200),
            ("*", "iam", iam, 200),
        ):
            answer = local.serve(request(local, region_set, service=service, body=body))
            assert answer.status == status, (region_set, service)


def test_an_unknown_service_is_all_that_is_wrong(daypass: LocalDaypass) -> None:
    """The region is settled there too, so that it is not complained about."""
    text = refusal(daypass.serve(request(daypass, "*", url=REGIONAL, service="sqs")))
    assert text.startswith("Credential should be scoped to correct service")


PROGRAM = """
import boto3, botocore.compat
from botocore.config import Config
assert botocore.compat.HAS_CRT
seen = []
def client(**keys):
    made = boto3.client("sts", config=Config(retries={"total_max_attempts": 1}), **keys)
    made.meta.events.register("before-send", lambda request, **_: seen.append(request.headers))
    return made
sts = client()
me = sts.get_caller_identity()["Arn"]
given = sts.get_session_token()["Credentials"]
again = client(
    aws_access_key_id=given["AccessKeyId"],
    aws_secret_access_key=given["SecretAccessKey"],
    aws_session_token=given["SessionToken"],
)
assert again.get_caller_identity()["Arn"] == me
for headers in seen:
    print(headers["Authorization"].split()[0].decode(), headers["X-Amz-Region-Set"].decode())
"""


def test_boto3_prefers_it_where_it_is_told_to(tmp_path: Path) -> None:
    """A real client against a real server: with awscrt and its preference set, nothing else."""
    with up(tmp_path / "data") as running:
        told = {"AWS_AUTH_SCHEME_PREFERENCE": "sigv4a", "AWS_SIGV4A_SIGNING_REGION_SET": "eu-*,us-east-1"}
        env = {**running.environment(), **told, "BOTO_DISABLE_CRT": "false"}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], env=env, capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["AWS4-ECDSA-P256-SHA256 eu-*,us-east-1"] * 3
