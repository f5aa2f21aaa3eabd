"""boto3, new or very old, does the scenarios of ``tests/clients/scenarios.py``."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from xml.etree import ElementTree as ET

import boto3
from botocore.exceptions import ClientError

TASK = json.loads(Path(sys.argv[1]).read_text())
ROLES = TASK["roles"]


def session(made=None, profile=None, region=TASK["region"]):
    """A session with what STS gave, with a profile, or with the environment's keys."""
    if made is None:
        return boto3.Session(profile_name=profile, region_name=region)
    return boto3.Session(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"], region)


def sts(made=None, profile=None):
    return session(made, profile).client("sts")


def who(client):
    return {"arn": client.get_caller_identity()["Arn"]}


def assume(client, role, name, **more):
    return client.assume_role(RoleArn=ROLES[role], RoleSessionName=name, **more)["Credentials"]


def mfa(number):
    device = TASK["mfa"][number]
    return {"SerialNumber": device["serial"], "TokenCode": device["code"]}


def mfa_session():
    made = sts().get_session_token(**mfa(1))["Credentials"]
    return who(sts(assume(sts(made), "guarded", "session")))


def session_token():
    made = sts().get_session_token()["Credentials"]
    return {**who(sts(made)), "key": made["AccessKeyId"]}


def presigned():
    with urllib.request.urlopen(sts().generate_presigned_url("get_caller_identity", HttpMethod="GET")) as answer:
        document = ET.fromstring(answer.read())
    return {"arn": document.findtext(".//{*}Arn")}


def refreshed():
    """botocore asks for new credentials when less than ten minutes are left."""
    held = session(profile=TASK["profiles"]["short"])
    client = held.client("sts")
    client.get_caller_identity()
    first = held.get_credentials().access_key
    Path(TASK["clock"]).write_text("+660\n")
    client.get_caller_identity()
    second = held.get_credentials().access_key
    Path(TASK["clock"]).write_text("+0\n")
    return {"first": first, "second": second}


def revoked():
    held, refused = session(profile=TASK["profiles"]["role"]), None
    client = held.client("sts")
    client.get_caller_identity()
    first = held.get_credentials().access_key
    subprocess.check_output([*TASK["revoke"], first], stderr=subprocess.STDOUT)
    try:
        client.get_caller_identity()
    except ClientError as error:
        refused = error.response["Error"]["Code"]
        held = session(profile=TASK["profiles"]["role"])
        held.client("sts").get_caller_identity()
    return {"first": first, "refused": refused, "second": held.get_credentials().access_key}


def regional():
    os.environ["AWS_STS_REGIONAL_ENDPOINTS"] = "regional"
    return who(session(region=TASK["other_region"]).client("sts"))


DOES = {
    "caller-identity": lambda: who(sts()),
    "mfa-role": lambda: who(sts(assume(sts(), "guarded", "mfa", **mfa(0)))),
    "mfa-session": mfa_session,
    "assume-role": lambda: who(sts(assume(sts(), "first", "assumed"))),
    "chained-role": lambda: who(sts(assume(sts(assume(sts(), "first", "link")), "second", "chained"))),
    "session-token": session_token,
    "federation-token": lambda: who(sts(sts().get_federation_token(Name="guest")["Credentials"])),
    "presigned": presigned,
    "web-identity": lambda: who(sts(profile=TASK["profiles"]["web"])),
    "profile": lambda: who(sts(profile=TASK["profiles"]["role"])),
    "credential-process": lambda: who(sts(profile=TASK["profiles"]["process"])),
    "refreshed": refreshed,
    "revoked": revoked,
    "regional-endpoint": regional,
    "global-endpoint": lambda: who(session(region="aws-global").client("sts")),
}

for name in sys.argv[2:]:
    try:
        said = DOES[name]()
    except Exception as error:
        said = {"error": f"{type(error).__name__}: {error} {getattr(error, 'output', '')}"}
    print(json.dumps({**said, "scenario": name}), flush=True)
