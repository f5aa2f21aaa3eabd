"""Commands beside a running daypass: status, accounts, keys, key ring, root, audit."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from daypass.adapters.audit import tail
from daypass.adapters.credentials_file import profiles
from tests.running import Running, eventually, up


@pytest.fixture
def scratch(running: Running) -> Iterator[Running]:
    """The module's daypass, with its credentials file put back at the end."""
    path = running.data / "credentials"
    before = path.read_bytes()
    yield running
    path.write_bytes(before)


def told(daypass: Running, *arguments: str, code: int = 0) -> Any:
    """What a command prints as JSON."""
    done = daypass.command(*arguments, "--json")
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def client(daypass: Running, service: str, key: dict[str, str]) -> Any:
    """A boto3 client that signs with the key a command has printed."""
    return boto3.client(
        service,
        region_name="us-east-1",
        endpoint_url=daypass.url,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )


def test_status_tells_of_a_daypass_that_is_up(running: Running) -> None:
    """Address, process, revision and the sealing key, with code 0."""
    status = told(running, "status")
    assert status["up"] is True
    assert status["well"] is True
    assert status["url"] == running.url
    assert status["pid"] == running.process.pid
    assert status["revision"] >= 1
    assert status["sealingKey"] == next(
        key["Id"] for key in told(running, "keyring", "list") if key["State"] == "active"
    )
    assert running.url in running.command("status").stdout


def test_status_of_a_daypass_that_is_down_is_1(tmp_path: Path) -> None:
    """A script can ask `daypass status ||`."""
    with up(tmp_path / "data") as daypass:
        daypass.process.kill()
        daypass.process.wait(30)
        assert told(daypass, "status", code=1)["up"] is False


def test_an_account_is_made_with_an_admin_who_can_work(scratch: Running) -> None:
    """The printed key is accepted by the running daypass at once, and is a profile in DATA/credentials."""
    made = told(scratch, "account", "create", "team-a")
    who = client(scratch, "sts", made).get_caller_identity()
    assert who["Account"] == made["AccountId"]
    assert who["Arn"] == f"arn:aws:iam::{made['AccountId']}:user/admin"
    assert client(scratch, "iam", made).list_users()["Users"][0]["UserName"] == "admin"
    assert profiles(scratch.data / "credentials")["team-a"].access_key_id == made["AccessKeyId"]
    assert scratch.environment("--account", made["AccountId"])["AWS_ACCESS_KEY_ID"] == made["AccessKeyId"]
    assert {"AccountId": made["AccountId"], "Name": "team-a", "Alias": None, "First": False} in told(
        scratch, "account", "list"
    )


def test_an_account_may_have_a_chosen_id_once(scratch: Running) -> None:
    """`--account` chooses it; a second account of that id is refused with code 1 and the first keeps its key."""
    made = told(scratch, "account", "create", "chosen", "--account", "111122223333")
    assert made["AccountId"] == "111122223333"
    again = scratch.command("account", "create", "other", "--account", "111122223333")
    assert again.returncode == 1
    assert "already exists" in again.stderr
    assert client(scratch, "sts", made).get_caller_identity()["Account"] == "111122223333"
    assert "other" not in profiles(scratch.data / "credentials")


def test_a_lost_admin_key_comes_back(scratch: Running) -> None:
    """With the credentials file gone, whoever holds the machine makes a new key and works on."""
    (scratch.data / "credentials").unlink()
    assert scratch.command("env").returncode == 1
    key = told(scratch, "key", "create", "--user", "admin", "--save")
    assert scratch.environment()["AWS_ACCESS_KEY_ID"] == key["AccessKeyId"]
    assert client(scratch, "sts", key).get_caller_identity()["Arn"].endswith(":user/admin")
    assert key["AccessKeyId"] in [row["AccessKeyId"] for row in told(scratch, "key", "list", "--user", "admin")]
    deleted = scratch.command("key", "delete", key["AccessKeyId"], "--user", "admin")
    assert deleted.returncode == 0, deleted.stderr
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        client(scratch, "sts", key).get_caller_identity()


def test_a_key_of_a_user_who_is_not_there_is_refused(running: Running) -> None:
    """The refusal is the API's own, with code 1."""
    refused = running.command("key", "create", "--user", "nobody")
    assert refused.returncode == 1
    assert "NoSuchEntity" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_an_unknown_account_is_refused(running: Running) -> None:
    """No account is made by mentioning it."""
    refused = running.command("key", "create", "--user", "admin", "--account", "999999999999")
    assert refused.returncode == 1
    assert "there is no account 999999999999 here" in refused.stderr
    assert "999999999999" not in running.command("account", "list").stdout


def test_root_credentials_are_off_until_the_operator_sets_them_on(running: Running) -> None:
    """Without the setting the command is refused and names it; with it root has a key, and none after `disable`."""
    off = running.command("root", "enable")
    assert off.returncode == 1
    assert "root_credentials" in off.stderr
    done = running.command("root", "enable", "--json", env={"DAYPASS_ROOT_CREDENTIALS": "true"})
    assert done.returncode == 0, done.stderr
    key = json.loads(done.stdout)
    assert client(running, "sts", key).get_caller_identity()["Arn"] == f"arn:aws:iam::{key['AccountId']}:root"
    assert told(running, "root", "disable")["AccessKeyIds"] == [key["AccessKeyId"]]
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        client(running, "sts", key).get_caller_identity()


def test_the_sealing_key_is_rotated_by_hand(running: Running) -> None:
    """A key is announced beside the active one; no material is shown."""
    before = told(running, "keyring", "list")
    after = told(running, "keyring", "rotate")
    assert [key["State"] for key in after if key not in before] == ["announced"]
    assert [key["Id"] for key in after if key["State"] == "active"] == [
        key["Id"] for key in before if key["State"] == "active"
    ]
    assert {name for key in after for name in key} == {"Id", "State", "Created", "ActiveFrom", "NotAfter"}


def test_what_commands_change_is_in_the_audit_trail(running: Running) -> None:
    """A command is a call of an operation: who typed it, what it did, and no secret."""
    made = told(running, "account", "create", "audited")
    records = list(tail(running.data / "audit", count=50))
    (record,) = [entry for entry in records if entry["eventName"] == "CreateAccount" and "audited" in json.dumps(entry)]
    assert record["sourceIPAddress"] == "operator"
    assert record["recipientAccountId"] == made["AccountId"]
    assert made["SecretAccessKey"] not in json.dumps(records)


def test_the_audit_trail_verifies_and_a_changed_record_is_found(tmp_path: Path) -> None:
    """Code 0 while it is whole; one byte changed is code 1 and the place."""
    with up(tmp_path / "data") as daypass:
        assert told(daypass, "audit", "verify")["ok"] is True
        daypass.stop()
        (file,) = [
            path for path in sorted((daypass.data / "audit").glob("*.jsonl")) if b"CreateAccount" in path.read_bytes()
        ]
        file.write_bytes(file.read_bytes().replace(b"CreateAccount", b"CreateAccornt", 1))
        report = told(daypass, "audit", "verify", code=1)
        assert report["firstBreak"]["file"] == file.name
        assert report["firstBreak"]["line"] >= 1
        assert f"{file.name}:{report['firstBreak']['line']}" in daypass.command("audit", "verify").stdout


def test_the_newest_records_are_shown(running: Running) -> None:
    """`audit tail -n` prints that many lines; with --json each is a whole record."""
    lines = running.command("audit", "tail", "-n", "2").stdout.splitlines()
    assert len(lines) == 2
    records = [json.loads(line) for line in running.command("audit", "tail", "-n", "2", "--json").stdout.splitlines()]
    assert all(
        "eventName" in record and record["eventName"] in line for record, line in zip(records, lines, strict=True)
    )


def test_new_records_are_followed(running: Running) -> None:
    """`audit tail -f` prints a record soon after it was written."""
    import subprocess

    from tests.running import PROGRAM

    command = [*PROGRAM, "audit", "tail", "-f", "-n", "0", "--data", str(running.data)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ)
    try:
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        said = ""

        def shown() -> bool:
            nonlocal said
            running.command("key", "create", "--user", "follower")
            assert process.stdout is not None
            said += process.stdout.read() or ""
            return "CreateAccessKey" in said

        assert eventually(shown, 30), said
    finally:
        process.kill()
        process.communicate(timeout=30)


def test_a_stranger_cannot_move_the_cursor(running: Running) -> None:
    """What an unknown client sent is shown without its control characters."""
    from daypass.cli.audit import _line

    line = _line({"eventTime": "t", "eventName": "\x1b[2J\r\nfake", "eventSource": "sts.amazonaws.com"})
    assert line.isprintable()
