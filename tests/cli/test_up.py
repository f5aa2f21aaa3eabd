"""`daypass up` from outside: starts, restarts, refusals, ends."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import boto3
import pytest

from daypass.adapters.credentials_file import profiles
from tests.postgres import PostgresServer
from tests.running import PROGRAM, Running, eventually, run, up

FIRST_START = {"audit", "credentials", "daypass-data", "database", "endpoint.json", "lock", "master.key"}


def identity(daypass: Running, *arguments: str) -> dict[str, str]:
    """Who boto3 is with the variables of `daypass env`, asked of the running daypass."""
    exports = daypass.environment(*arguments)
    client = boto3.client(
        "sts",
        region_name=exports["AWS_REGION"],
        endpoint_url=exports["AWS_ENDPOINT_URL_STS"],
        aws_access_key_id=exports["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=exports["AWS_SECRET_ACCESS_KEY"],
    )
    answer: dict[str, str] = client.get_caller_identity()
    return answer


def test_a_first_start_makes_everything_for_its_owner_only(tmp_path: Path) -> None:
    """Account, keys, store, audit trail and credentials are there, and nobody else may read any of it."""
    with up(tmp_path / "data") as daypass:
        names = {entry.name for entry in daypass.data.iterdir()}
        assert names >= FIRST_START
        assert daypass.data.stat().st_mode & 0o777 == 0o700
        for entry in daypass.data.rglob("*"):
            assert entry.stat().st_mode & 0o077 == 0, entry
        assert list(profiles(daypass.data / "credentials")) == ["default"]
        assert identity(daypass)["Arn"].endswith(":user/admin")


def test_the_ready_line_comes_last_and_is_true(tmp_path: Path) -> None:
    """When the line is read the daypass answers, and what was printed before can be pasted."""
    with up(tmp_path / "data") as daypass:
        with urlopen(daypass.url + "/-/health", timeout=5) as answer:
            assert answer.status == 200
        assert daypass.said.endswith(f"daypass ready {daypass.url}\n")
        pasted = re.search(r'^  (eval "\$\(.*\)")$', daypass.said, re.MULTILINE)
        assert pasted is not None
        done = subprocess.run(
            ["sh", "-c", f'{pasted[1]}; printf %s "$AWS_ENDPOINT_URL_STS"'],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert done.stdout == daypass.url


def test_no_secret_is_printed(tmp_path: Path) -> None:
    """The admin's secret access key is in DATA/credentials and neither on stdout nor in the log."""
    with up(tmp_path / "data", env={"DAYPASS_LOG_LEVEL": "debug"}) as daypass:
        identity(daypass)
        secret = profiles(daypass.data / "credentials")["default"].secret_access_key.reveal()
        master = daypass.data.joinpath("master.key").read_text().split()
        assert daypass.stop() == 0
        for text in (daypass.said, daypass.log):
            assert secret not in text
            assert not any(word in text for word in master if len(word) > 16)


def test_a_second_start_has_the_same_state(tmp_path: Path) -> None:
    """Account, key and credentials outlive a restart."""
    with up(tmp_path / "data") as first:
        before = identity(first)
        files = {name: first.data.joinpath(name).read_bytes() for name in ("credentials", "master.key", "database")}
        assert first.stop() == 0
    with up(tmp_path / "data") as second:
        assert identity(second)["Arn"] == before["Arn"]
        assert {name: second.data.joinpath(name).read_bytes() for name in files} == files
        assert not second.said.startswith("made")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_is_clean(tmp_path: Path, number: signal.Signals) -> None:
    """SIGTERM and Ctrl-C end it with code 0, free the port and take the endpoint's note away."""
    with up(tmp_path / "data") as daypass:
        assert daypass.stop(number) == 0
        assert not daypass.data.joinpath("endpoint.json").exists()
        assert run("env", "--data", str(daypass.data)).returncode == 1
        port = int(daypass.url.rpartition(":")[2])
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_first_start_may_end_at_any_moment(tmp_path: Path, number: signal.Signals) -> None:
    """Stopped or killed anywhere in it, the next start finishes it, and the admin gets in."""
    for attempt in range(6) if number == signal.SIGKILL else (0, 2, 4, 5):
        data = tmp_path / f"data{attempt}"
        command = [*PROGRAM, "up", "--data", str(data), "--listen", "127.0.0.1:0"]
        with (tmp_path / "log").open("w+") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
            # The moments that matter are told by what is on disk, for a busy machine knows no milliseconds.
            sights = ["daypass-data", "master.key", "first-start", "credentials", "database", "endpoint.json"]
            due = [data / sight for sight in sights[attempt:]]  # a moment that was missed is a later one
            assert eventually(lambda due=due: any(sight.exists() for sight in due), 60)
            process.send_signal(number)
            assert process.wait(30) in (0, -number)
        assert "Traceback" not in (tmp_path / "log").read_text()
        with up(data) as daypass:
            assert identity(daypass)["Arn"].endswith(":user/admin")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_start_right_after_kill_9_works(tmp_path: Path, workers: str) -> None:
    """The lock and the port die with their process, and the state is there."""
    listen = ("--listen", f"127.0.0.1:{free_port()}")
    with up(tmp_path / "data", *listen, "--workers", workers) as daypass:
        before = identity(daypass)
        daypass.process.kill()
        daypass.process.wait(30)
    began = time.monotonic()
    with up(tmp_path / "data", *listen, "--workers", workers) as again:
        assert time.monotonic() - began < 10
        assert identity(again)["Arn"] == before["Arn"]


def test_two_starts_on_one_directory_give_one_daypass(tmp_path: Path) -> None:
    """The second is refused with code 3 and names the first; the first goes on."""
    with up(tmp_path / "data") as daypass:
        before = identity(daypass)
        second = run("up", "--data", str(daypass.data), "--listen", "127.0.0.1:0")
        assert second.returncode == 3
        assert f"process {daypass.process.pid}" in second.stderr
        assert "--data" in second.stderr
        assert identity(daypass)["Arn"] == before["Arn"]


def test_of_many_starts_at_once_one_wins(tmp_path: Path) -> None:
    """Eight first starts race for an empty directory: one account, one key, no damage."""
    command = [*PROGRAM, "up", "--data", str(tmp_path / "data"), "--listen", "127.0.0.1:0"]
    racers = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(8)]
    try:
        assert eventually(lambda: sum(racer.poll() is None for racer in racers) == 1, 60)
        assert sorted(racer.returncode for racer in racers if racer.poll() is not None) == [3] * 7
        assert eventually((tmp_path / "data/endpoint.json").exists, 30)
        listed = run("account", "list", "--json", "--data", str(tmp_path / "data"))
        assert listed.stdout.count("AccountId") == 1
    finally:
        for racer in racers:
            racer.kill()
            racer.communicate(timeout=30)


def test_a_first_start_killed_before_its_credentials_were_written_is_finished(used: Path, tmp_path: Path) -> None:
    """The account is there, its key is lost: the next start makes another, and the admin gets in."""
    data = shutil.copytree(used, tmp_path / "data")
    data.joinpath("credentials").unlink()
    data.joinpath("first-start").touch(mode=0o600)
    with up(data) as daypass:
        assert identity(daypass)["Arn"].endswith(":user/admin")
        assert not data.joinpath("first-start").exists()
        keys = json.loads(daypass.command("key", "list", "--user", "admin", "--json").stdout)
        assert len(keys) == 2


def test_a_first_start_cut_off_too_often_says_how_to_go_on(used: Path, tmp_path: Path) -> None:
    """A user has two keys at most: when both were lost, the start names the command that makes room for another."""
    data = shutil.copytree(used, tmp_path / "data")
    made = run("key", "create", "--user", "admin", "--json", "--data", str(data))
    data.joinpath("credentials").unlink()
    data.joinpath("first-start").touch(mode=0o600)
    refused = run("up", "--listen", "127.0.0.1:0", "--data", str(data))
    assert refused.returncode == 3
    assert f"daypass key delete ID --user admin --data {data}" in refused.stderr
    lost = json.loads(made.stdout)["AccessKeyId"]
    assert run("key", "delete", lost, "--user", "admin", "--data", str(data)).returncode == 0
    with up(data) as daypass:
        assert identity(daypass)["Arn"].endswith(":user/admin")


def test_a_start_makes_no_key_that_was_not_lost(used: Path, tmp_path: Path) -> None:
    """A credentials file that its owner took away is not made again behind his back."""
    data = shutil.copytree(used, tmp_path / "data")
    data.joinpath("credentials").unlink()
    with up(data) as daypass:
        assert daypass.command("env").returncode == 1
        keys = json.loads(daypass.command("key", "list", "--user", "admin", "--json").stdout)
        assert len(keys) == 1


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_a_taken_port_is_told_with_the_option_that_helps(tmp_path: Path) -> None:
    """Code 3, the address, and --listen; the next start on a free port is untroubled."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        refused = run("up", "--data", str(tmp_path / "data"), "--listen", address)
    assert refused.returncode == 3
    assert address in refused.stderr
    assert "--listen" in refused.stderr
    with up(tmp_path / "data") as daypass:
        assert identity(daypass)["Arn"].endswith(":user/admin")


def test_clear_text_beyond_loopback_is_refused(tmp_path: Path) -> None:
    """Without TLS and without --insecure nothing listens on all addresses, and nothing is made."""
    refused = run("up", "--data", str(tmp_path / "data"), "--listen", "0.0.0.0:0")
    assert refused.returncode == 3
    assert "--insecure" in refused.stderr
    assert not (tmp_path / "data").exists()


def test_listening_everywhere_is_told_as_loopback_to_this_machine(tmp_path: Path) -> None:
    """With --insecure it listens on all addresses, and `daypass env` names one that a client can connect to."""
    with up(tmp_path / "data", "--listen", "0.0.0.0:0", "--insecure") as daypass:
        assert daypass.environment()["AWS_ENDPOINT_URL_STS"].startswith("http://127.0.0.1:")
        assert identity(daypass)["Arn"].endswith(":user/admin")


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A daypass directory that was started once and stopped; to be copied."""
    data = tmp_path_factory.mktemp("used") / "data"
    with up(data) as daypass:
        assert daypass.stop() == 0
    return data


def foreign(data: Path) -> None:
    """Somebody's files, not ours."""
    shutil.rmtree(data)
    data.mkdir(mode=0o700)
    data.joinpath("thesis.txt").write_text("all my work")


def broken(data: Path) -> None:
    """A daypass directory whose database is not one."""
    for path in data.glob("*.db*"):
        path.write_bytes(b"not a database, but long enough to look at" * 100)


def readable_master_key(data: Path) -> None:
    """A master key that everybody may read."""
    data.joinpath("master.key").chmod(0o644)


def lost_master_key(data: Path) -> None:
    """The database without the key that opens it."""
    data.joinpath("master.key").unlink()


def open_directory(data: Path) -> None:
    """A directory that everybody may enter."""
    data.chmod(0o755)


def a_file(data: Path) -> None:
    """A file where the directory should be."""
    shutil.rmtree(data)
    data.write_text("hello")


def snapshot(data: Path) -> dict[str, bytes]:
    """Every file's mode and content, but for locks and what SQLite keeps beside a database."""
    files = [data] if data.is_file() else [path for path in data.rglob("*") if path.is_file()]
    return {
        f"{path} {stat.filemode(path.stat().st_mode)}": path.read_bytes()
        for path in files
        if path.name not in {"lock", "endpoint.json"}
        and not path.name.endswith(("-wal", "-shm"))
        and "audit" not in path.parts
    }


DAMAGES = [foreign, broken, readable_master_key, lost_master_key, open_directory, a_file]


@pytest.mark.parametrize("damage", DAMAGES, ids=[damage.__name__ for damage in DAMAGES])
def test_a_directory_that_cannot_be_used_is_refused_and_left_alone(tmp_path: Path, used: Path, damage: object) -> None:
    """Code 3, words on what is wrong and what to do, no traceback, and not a byte is changed."""
    assert callable(damage)
    data = shutil.copytree(used, tmp_path / "data")
    damage(data)
    before = snapshot(data)
    refused = run("up", "--data", str(data), "--listen", "127.0.0.1:0")
    assert refused.returncode == 3, refused.stderr
    assert refused.stdout == ""
    assert refused.stderr.startswith("daypass: ")
    assert len(refused.stderr.splitlines()) >= 2
    assert "Traceback" not in refused.stderr
    assert snapshot(data) == before


@pytest.mark.parametrize(
    ("environ", "options", "said"),
    [
        ({"DAYPASS_LISTN": "x"}, [], "`DAYPASS_LISTN`"),
        ({}, ["--account-id", "1"], "12 digits"),
        ({}, ["--region", "nowhere"], "nowhere"),
        ({}, ["--tls-cert", "cert.pem"], "--tls-key"),
        ({}, ["--database", "mysql://u:hunter2@h"], "postgresql://"),
    ],
)
def test_a_setting_that_is_not_understood_starts_nothing(
    tmp_path: Path, environ: dict[str, str], options: list[str], said: str
) -> None:
    """Code 2, and the directory is not even made."""
    refused = run("up", "--data", str(tmp_path / "data"), *options, env=environ)
    assert refused.returncode == 2
    assert said in refused.stderr
    assert "hunter2" not in refused.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("first", "second", "held"),
    [
        (["--account-id", "111122223333"], ["--account-id", "444455556666"], "111122223333"),
        (["--region", "eu-central-1"], ["--region", "us-east-1"], "eu-central-1"),
        ([], ["--database", "postgresql://127.0.0.1:9/none"], "sqlite"),
    ],
)
def test_what_a_directory_holds_is_not_changed_by_an_option(
    tmp_path: Path, first: list[str], second: list[str], held: str
) -> None:
    """Another account, region or database than at the first start is refused and names what is held."""
    with up(tmp_path / "data", *first) as daypass:
        before = identity(daypass)
        daypass.stop()
    refused = run("up", "--data", str(tmp_path / "data"), "--listen", "127.0.0.1:0", *second)
    assert refused.returncode in (2, 3)
    assert held in refused.stderr
    with up(tmp_path / "data", *first) as daypass:
        assert identity(daypass)["Arn"] == before["Arn"]


def test_the_account_and_region_are_as_told(tmp_path: Path) -> None:
    """The first account has the id that was asked for, and clients get the region that is served."""
    with up(tmp_path / "data", "--account-id", "111122223333", "--region", "eu-central-1") as daypass:
        assert identity(daypass)["Account"] == "111122223333"
        assert daypass.environment()["AWS_DEFAULT_REGION"] == "eu-central-1"


def test_settings_may_be_written_before_the_first_start(tmp_path: Path) -> None:
    """A directory that holds nothing but daypass.toml is a new one."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    data.joinpath("daypass.toml").write_text('account_id = "111122223333"\n')
    data.joinpath("daypass.toml").chmod(0o600)
    with up(data) as daypass:
        assert identity(daypass)["Account"] == "111122223333"


def test_an_ephemeral_daypass_leaves_nothing(tmp_path: Path) -> None:
    """It serves from a temporary directory of its own that is gone when it stops."""
    place = tmp_path / "place"
    with up(place, "--ephemeral", named=False, env={"TMPDIR": str(tmp_path), "HOME": str(tmp_path)}) as daypass:
        (folder,) = tmp_path.glob("daypass-*")
        assert folder.stat().st_mode & 0o077 == 0
        done = run("env", "--data", str(folder / "data"))
        assert "AWS_ENDPOINT_URL_STS" in done.stdout
        assert daypass.stop() == 0
    assert [entry.name for entry in tmp_path.iterdir()] == ["place.log"]


def test_several_workers_serve_one_daypass(tmp_path: Path) -> None:
    """With --workers 2 a change is seen by the next request, whichever process answers it."""
    with up(tmp_path / "data", "--workers", "2") as daypass:
        exports = daypass.environment()
        for number in range(10):
            iam = boto3.client(
                "iam",
                region_name="us-east-1",
                endpoint_url=exports["AWS_ENDPOINT_URL_IAM"],
                aws_access_key_id=exports["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=exports["AWS_SECRET_ACCESS_KEY"],
            )
            iam.create_user(UserName=f"u{number}")
            assert len(iam.list_users()["Users"]) == number + 2
        assert daypass.stop() == 0


def test_without_data_it_lives_in_the_user_data_directory(tmp_path: Path) -> None:
    """An empty HOME is enough, and every other command finds it there."""
    home = {"HOME": str(tmp_path), "XDG_DATA_HOME": ""}
    with up(tmp_path / "unused", named=False, env=home) as daypass:
        assert (tmp_path / ".local/share/daypass/credentials").exists()
        assert daypass.url in run("env", env=home).stdout
        assert daypass.stop() == 0


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for loopback, signed by itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-subj", "/CN=daypass", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-days", "2"]
    subprocess.run([*command, "-keyout", key, "-out", cert, *names], check=True, capture_output=True, timeout=60)
    key.chmod(0o600)
    return cert, key


def test_tls_is_served_and_its_commands_find_it(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    """A client that trusts the certificate is answered over https, and `daypass status` asks there too."""
    cert, key = certificate
    with up(tmp_path / "data", "--tls-cert", str(cert), "--tls-key", str(key)) as daypass:
        assert daypass.url.startswith("https://")
        exports = daypass.environment()
        client = boto3.client(
            "sts",
            region_name="us-east-1",
            endpoint_url=exports["AWS_ENDPOINT_URL_STS"],
            aws_access_key_id=exports["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=exports["AWS_SECRET_ACCESS_KEY"],
            verify=str(cert),
        )
        assert client.get_caller_identity()["Arn"].endswith(":user/admin")
        status = daypass.command("status")
        assert status.returncode == 0, status.stdout


def test_the_aws_command_line_works_with_what_env_prints(tmp_path: Path) -> None:
    """`eval "$(daypass env)"` in sh, then `aws sts get-caller-identity`, with an empty HOME."""
    with up(tmp_path / "data") as daypass:
        folder = Path(sys.executable).parent
        script = f'eval "$(daypass env --data {daypass.data})" && aws sts get-caller-identity --output text'
        environ = {"PATH": f"{folder}:{os.environ['PATH']}", "HOME": str(tmp_path), "AWS_SESSION_TOKEN": "stale"}
        done = subprocess.run(
            ["sh", "-c", script], env=environ, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        assert ":user/admin" in done.stdout


def test_every_command_speaks_to_the_database_of_the_first_start(tmp_path: Path, postgres: PostgresServer) -> None:
    """With PostgreSQL given once to `up`, accounts, keys and doctor find it by the data directory alone."""
    url = postgres.new_database()
    with up(tmp_path / "data", "--database", url) as daypass:
        who = identity(daypass)
        made = daypass.command("account", "create", "second", "--json")
        assert made.returncode == 0, made.stderr
        assert not list(daypass.data.glob("*.db"))
        assert identity(daypass, "--account", json.loads(made.stdout)["AccountId"])["Account"] != who["Account"]
        assert daypass.command("doctor").returncode == 0
        assert daypass.stop() == 0
    with up(tmp_path / "data") as again:
        assert identity(again)["Arn"] == who["Arn"]
