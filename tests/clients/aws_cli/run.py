"""An AWS CLI does the scenarios of ``tests/clients/scenarios.py``: ``run.py AWS [--endpoint-url] TASK SCENARIO...``.

``--endpoint-url``: it knows no setting, so what ``AWS_ENDPOINT_URL`` says is given to it as an option.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from base64 import urlsafe_b64decode
from pathlib import Path
from urllib.request import Request, urlopen

ARGUMENTS = sys.argv[1:]
AWS = ARGUMENTS.pop(0)
OPTION = ARGUMENTS.pop(0) if ARGUMENTS[0].startswith("--") else None
TASK = json.loads(Path(ARGUMENTS.pop(0)).read_text())
ROLES, PROFILES = TASK["roles"], TASK["profiles"]
CACHE = Path.home() / ".aws/cli/cache"
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


class Refused(Exception):
    """The CLI ended with an error; ``code`` is the one in brackets."""

    def __init__(self, said):
        super().__init__(said.strip())
        found = re.search(r"\((\w+)\)", said)
        self.code = found and found[1]


def aws(*arguments, made=None, profile=None, **variables):
    """What one command prints, with what STS gave, with a profile, or with the environment's keys."""
    environment = {**os.environ, **variables}
    if made or profile:
        environment = {name: value for name, value in environment.items() if name not in KEYS}
    if made:
        environment.update(zip(KEYS, (made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]), strict=True))
    command = [AWS, *arguments, "--output", "json"]
    if profile:
        command += ["--profile", profile]
    if OPTION and "AWS_ENDPOINT_URL" in environment:
        command += [OPTION, environment["AWS_ENDPOINT_URL"]]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refused(done.stderr)
    return json.loads(done.stdout)


def who(**by):
    return {"arn": aws("sts", "get-caller-identity", **by)["Arn"]}


def made(*arguments, **by):
    return aws("sts", *arguments, **by)["Credentials"]


def assume(role, name, *more, **by):
    return made("assume-role", "--role-arn", ROLES[role], "--role-session-name", name, *more, **by)


def mfa(number):
    device = TASK["mfa"][number]
    return "--serial-number", device["serial"], "--token-code", device["code"]


def session_token():
    session = made("get-session-token")
    return {**who(made=session), "key": session["AccessKeyId"]}


def presigned():
    """What it makes for Kubernetes is such a URL, with a header of the cluster's name signed along."""
    token = aws("eks", "get-token", "--cluster-name", "lake")["status"]["token"].removeprefix("k8s-aws-v1.")
    url = urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
    with urlopen(Request(url, headers={"x-k8s-aws-id": "lake", "Accept": "application/json"})) as answer:
        return {"arn": json.load(answer)["GetCallerIdentityResponse"]["GetCallerIdentityResult"]["Arn"]}


def key_in_cache():
    """Of the session that the CLI keeps for its next commands."""
    newest = max(CACHE.glob("*.json"), key=lambda file: file.stat().st_mtime_ns)
    return json.loads(newest.read_text())["Credentials"]["AccessKeyId"]


def refreshed():
    """Each command asks whether the session in the cache is still good for a quarter of an hour."""
    who(profile=PROFILES["short"])
    first = key_in_cache()
    Path(TASK["clock"]).write_text("+660\n")
    who(profile=PROFILES["short"])
    Path(TASK["clock"]).write_text("+0\n")
    return {"first": first, "second": key_in_cache()}


def revoked():
    """The CLI keeps what it has until it is old, so who was revoked empties the cache."""
    shutil.rmtree(CACHE, ignore_errors=True)
    refused = None
    who(profile=PROFILES["role"])
    first = key_in_cache()
    subprocess.run([*TASK["revoke"], first], stdout=subprocess.DEVNULL, check=True)
    try:
        who(profile=PROFILES["role"])
    except Refused as error:
        refused = error.code
        shutil.rmtree(CACHE)
        who(profile=PROFILES["role"])
    return {"first": first, "refused": refused, "second": key_in_cache()}


DOES = {
    "caller-identity": who,
    "mfa-role": lambda: who(made=assume("guarded", "mfa", *mfa(0))),
    "mfa-session": lambda: who(made=assume("guarded", "session", made=made("get-session-token", *mfa(1)))),
    "assume-role": lambda: who(made=assume("first", "assumed")),
    "chained-role": lambda: who(made=assume("second", "chained", made=assume("first", "link"))),
    "session-token": session_token,
    "federation-token": lambda: who(made=made("get-federation-token", "--name", "guest")),
    "presigned": presigned,
    "web-identity": lambda: who(profile=PROFILES["web"]),
    "profile": lambda: who(profile=PROFILES["role"]),
    "credential-process": lambda: who(profile=PROFILES["process"]),
    "refreshed": refreshed,
    "revoked": revoked,
    "regional-endpoint": lambda: who(
        AWS_REGION=TASK["other_region"], AWS_DEFAULT_REGION=TASK["other_region"], AWS_STS_REGIONAL_ENDPOINTS="regional"
    ),
    "global-endpoint": lambda: who(AWS_REGION="aws-global", AWS_DEFAULT_REGION="aws-global"),
}

for scenario in ARGUMENTS:
    try:
        said = DOES[scenario]()
    except (Refused, OSError, ValueError, KeyError) as error:
        said = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps({**said, "scenario": scenario}), flush=True)
