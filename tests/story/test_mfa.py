"""A role that asks for a second factor: enrolled with boto3, used with the AWS CLI, on each store."""

from __future__ import annotations

import json
import subprocess
import time
from base64 import b32decode
from pathlib import Path

from daypass.testing.local import Signer
from daypass.totp import code_of, step_at

from .clients import AWS, admin, aws, client, document
from .conftest import World

WRONG = "MultiFactorAuthentication failed with invalid MFA one time pass code."


class Phone:
    """An authenticator that was shown the seed, and lives by the daypass's clock."""

    def __init__(self, world: World, seed: bytes) -> None:
        self._world, self._seed = world, b32decode(seed)

    def shows(self, offset: int = 0) -> str:
        """The code so many half minutes from now."""
        return code_of(self._seed, step_at(int(time.time()) + self._world.clock.offset) + offset)

    def wait(self) -> str:
        """The code after the next half minute has begun."""
        self._world.clock.advance(30)
        return self.shows()


def enrolled(world: World) -> tuple[Signer, str, Phone]:
    """User ``alice``, her key, her device; whoever holds the key alone may look at herself and open sessions."""
    iam = client(world, "iam", admin(world))
    iam.create_user(UserName="alice")
    key = Signer.of(iam.create_access_key(UserName="alice")["AccessKey"])
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName="alice")["VirtualMFADevice"]
    assert made["QRCodePNG"].startswith(b"\x89PNG\r\n")
    phone, serial = Phone(world, made["Base32StringSeed"]), made["SerialNumber"]
    codes = {"AuthenticationCode1": phone.shows(-1), "AuthenticationCode2": phone.shows()}
    iam.enable_mfa_device(UserName="alice", SerialNumber=serial, **codes)
    with_mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    rule = {"Effect": "Allow", "Action": "iam:*", "Resource": "*", "Condition": with_mfa}
    iam.put_user_policy(UserName="alice", PolicyName="with-mfa", PolicyDocument=document(rule))
    alice = f"arn:aws:iam::{serial.split(':')[4]}:user/alice"
    trust = {"Effect": "Allow", "Principal": {"AWS": alice}, "Action": "sts:AssumeRole", "Condition": with_mfa}
    iam.create_role(RoleName="careful", AssumeRolePolicyDocument=document(trust))
    return key, serial, phone


def test_nothing_is_reached_without_the_second_factor_and_everything_with_it(world: World, tmp_path: Path) -> None:
    """GetSessionToken and AssumeRole with a code, a code twice, and a profile whose CLI asks for the code itself."""
    key, serial, phone = enrolled(world)
    role = serial.replace(":mfa/alice", ":role/careful")
    code, _, said = aws(world, "iam", "list-users", signer=key)
    assert (bool(code), "AccessDenied" in said) == (True, True)

    token = ("sts", "get-session-token", "--serial-number", serial, "--token-code")
    shown = phone.wait()
    code, answer, said = aws(world, *token, shown, signer=key)
    assert code == 0, said
    own = Signer.of(answer["Credentials"])
    assert [user["UserName"] for user in client(world, "iam", own).list_users()["Users"]] == ["admin", "alice"]
    assert client(world, "sts", own).assume_role(RoleArn=role, RoleSessionName="by-session")["AssumedRoleUser"]
    code, _, said = aws(world, *token, shown, signer=key)
    assert (bool(code), WRONG in said) == (True, True)

    config = tmp_path / "config"
    config.write_text(f"[profile careful]\nrole_arn = {role}\nsource_profile = alice\nmfa_serial = {serial}\n")
    credentials = tmp_path / "credentials"
    credentials.write_text(
        f"[alice]\naws_access_key_id = {key.access_key_id}\naws_secret_access_key = {key.secret_access_key.reveal()}\n"
    )
    files = {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": str(credentials)}
    kept = {name: value for name, value in world.environment.items() if not name.startswith(("AWS_ACC", "AWS_SEC"))}
    done = subprocess.run(
        [str(AWS), "--profile", "careful", "sts", "get-caller-identity", "--output", "json"],
        env=kept | files | {"HOME": str(tmp_path)},
        input=f"{phone.wait()}\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        start_new_session=True,  # no terminal, so that the code is read from stdin
    )
    assert done.returncode == 0, done.stderr
    assert f"Enter MFA code for {serial}" in done.stderr + done.stdout
    assert "assumed-role/careful/" in json.loads(done.stdout[done.stdout.index("{") :])["Arn"]
