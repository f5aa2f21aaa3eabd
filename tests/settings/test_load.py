"""Settings come from five places, in an order, and nothing that is not understood gets through."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from daypass.settings import (
    DATABASE_FILE,
    FILE,
    Settings,
    SettingsError,
    blanked,
    data_directory,
    describe,
    listened_url,
    load,
    remember_database,
)


def refusal(data: Path, environ: Mapping[str, str], options: Mapping[str, str | bool | None]) -> SettingsError:
    """The error that these sources are refused with."""
    with pytest.raises(SettingsError) as caught:
        load(data, environ, options)
    return caught.value


def test_without_any_source_the_defaults_are_in_force(tmp_path: Path) -> None:
    """No file, no variable, no option: every value is the default and says so."""
    loaded = load(tmp_path / "absent", {}, {})
    assert loaded.settings == Settings()
    assert set(loaded.sources.values()) == {"default"}


def test_the_nearer_source_wins_and_is_remembered(tmp_path: Path) -> None:
    """An option beats the environment, which beats the file, which beats the default."""
    tmp_path.joinpath(FILE).write_text('listen = "127.0.0.1:1"\nworkers = 2\nthreads = 3\n')
    environ = {"DAYPASS_LISTEN": "127.0.0.1:2", "DAYPASS_WORKERS": "4"}
    loaded = load(tmp_path, environ, {"listen": "127.0.0.1:3", "region": None})
    settings, sources = loaded.settings, loaded.sources
    assert (settings.listen, settings.workers, settings.threads) == ("127.0.0.1:3", 4, 3)
    assert (sources["listen"], sources["workers"]) == ("--listen", "DAYPASS_WORKERS")
    assert sources["threads"] == str(tmp_path / FILE)
    assert sources["region"] == "default"


def test_the_database_of_the_first_start_is_remembered_below_the_file(tmp_path: Path) -> None:
    """A command that is told no database speaks to the one its data directory belongs to."""
    tmp_path.joinpath(DATABASE_FILE).write_text("postgresql://first/db\n")
    assert load(tmp_path, {}, {}).settings.database == "postgresql://first/db"
    assert load(tmp_path, {}, {}).sources["database"] == str(tmp_path / DATABASE_FILE)
    tmp_path.joinpath(FILE).write_text('database = "postgresql://moved/db"\n')
    assert load(tmp_path, {}, {}).settings.database == "postgresql://moved/db"


@pytest.mark.parametrize("first", [None, "postgresql://u:old@first/db"])
def test_a_data_directory_keeps_its_database(tmp_path: Path, first: str | None) -> None:
    """Another database by option or variable is refused, with no password told; the same one is not."""
    remember_database(tmp_path, load(tmp_path, {}, {"database": first}).settings)
    assert load(tmp_path, {}, {"database": first}).settings.database == first
    assert load(tmp_path, {}, {}).settings.database == first
    for environ, options in (({}, {"database": "postgresql://u:x@h/d"}), ({"DAYPASS_DATABASE": "sqlite:///x"}, {})):
        error = refusal(tmp_path, environ, options)
        assert "belongs to the database" in error.message
        assert "old" not in str(error)
    assert tmp_path.joinpath(DATABASE_FILE).stat().st_mode & 0o077 == 0


def test_a_new_password_for_the_same_database_is_taken_and_remembered(tmp_path: Path) -> None:
    """Passwords rotate; that does not make it another database."""
    remember_database(tmp_path, Settings(database="postgresql://u:old@h/d"))
    settings = load(tmp_path, {}, {"database": "postgresql://u:new@h/d"}).settings
    remember_database(tmp_path, settings)
    assert load(tmp_path, {}, {}).settings.database == "postgresql://u:new@h/d"


@pytest.mark.parametrize("name", ["DAYPASS_WORKER", "DAYPASS_", "DAYPASS_workers", "DAYPASS_SECRET", "DAYPASS_PORTS"])
def test_an_unknown_setting_refuses_to_start(tmp_path: Path, name: str) -> None:
    """A variable that is no setting is an error that names it, whatever it holds."""
    assert f"`{name}`" in refusal(tmp_path, {name: "1"}, {}).message


def test_an_unknown_name_in_the_file_refuses_to_start(tmp_path: Path) -> None:
    """A misspelt line is an error that names line, file and the setting that was perhaps meant."""
    tmp_path.joinpath(FILE).write_text("worker = 2\n")
    error = refusal(tmp_path, {}, {})
    assert "`worker`" in error.message
    assert FILE in error.message
    assert "`workers`" in error.advice


@pytest.mark.parametrize(
    "name",
    ["DAYPASS_SERVICE_HOST", "DAYPASS_SERVICE_PORT", "DAYPASS_PORT", "DAYPASS_PORT_7177_TCP_ADDR", "DAYPASS_DATA"],
)
def test_what_kubernetes_sets_for_a_service_called_daypass_is_no_setting(tmp_path: Path, name: str) -> None:
    """Service links in a pod and the data directory's own variable do not keep daypass from starting."""
    assert load(tmp_path, {name: "tcp://10.0.0.1:7177"}, {}).settings == Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("listen", "7177"),
        ("listen", "localhost"),
        ("listen", "::1:7177"),
        ("listen", "127.0.0.1:65536"),
        ("listen", "127.0.0.1:7177\n"),
        ("account_id", "12345678901"),
        ("account_id", "12345678901x"),
        ("account_id", "١٢٣٤٥٦٧٨٩٠١٢"),
        ("region", "mars-north-1"),
        ("database", "mysql://h/d"),
        ("workers", "0"),
        ("workers", "two"),
        ("insecure", "perhaps"),
        ("audit_fsync", "sometimes"),
        ("header_deadline", "0"),
        ("header_deadline", "nan"),
        ("max_staleness_seconds", "1.5"),
        ("log_level", ""),
    ],
)
def test_a_value_that_is_not_understood_refuses_to_start(tmp_path: Path, name: str, value: str) -> None:
    """A wrong value is refused with the name of the variable that holds it and what it may be."""
    error = refusal(tmp_path, {f"DAYPASS_{name.upper()}": value}, {})
    assert f"DAYPASS_{name.upper()}" in error.message
    assert error.advice


@pytest.mark.parametrize(
    "line", ['workers = "2"', "listen = 7177", 'insecure = "true"', "workers = true", "workers = 2.0"]
)
def test_the_file_is_read_strictly(tmp_path: Path, line: str) -> None:
    """TOML has kinds of its own, so a text is no number there and a number no text."""
    tmp_path.joinpath(FILE).write_text(line)
    assert FILE in refusal(tmp_path, {}, {}).message


def test_a_list_is_a_list_in_the_file_and_has_commas_elsewhere(tmp_path: Path) -> None:
    """TOML has lists, the environment has none."""
    both = ("10.0.0.1", "2001:db8::/48")
    assert load(tmp_path, {"DAYPASS_TRUSTED_PROXIES": "10.0.0.1, 2001:db8::/48"}, {}).settings.trusted_proxies == both
    tmp_path.joinpath(FILE).write_text('trusted_proxies = ["10.0.0.1", "2001:db8::/48"]')
    assert load(tmp_path, {}, {}).settings.trusted_proxies == both
    tmp_path.joinpath(FILE).write_text('trusted_proxies = "10.0.0.1"')
    assert "trusted_proxies" in refusal(tmp_path, {}, {}).message


@pytest.mark.parametrize(
    "entry",
    [
        "10.0.0.1/8",
        "10.0.0.0/33",
        "10.0.0",
        "proxy.example.com",
        "*",
        "0.0.0.0/0",
        "::/0",
        "::ffff:10.0.0.0/104",
        "10.0.0.1;10.0.0.2",
        "10.0.0.1,",
        "[2001:db8::1]",
        "10.0.0.1:80",
    ],
)
def test_a_proxy_that_cannot_be_meant_is_refused(tmp_path: Path, entry: str) -> None:
    """Host bits, names, everybody: each is an error at the start and trusts nobody by mistake."""
    assert "trusted_proxies" in refusal(tmp_path, {"DAYPASS_TRUSTED_PROXIES": entry}, {}).message


@pytest.mark.parametrize(
    "environ",
    [
        {"DAYPASS_THROTTLING": "on"},
        {"DAYPASS_FAILURES_PER_SECOND": "0"},
        {"DAYPASS_STS_PER_SECOND": "-1"},
        {"DAYPASS_THROTTLING": "off", "DAYPASS_ADDRESS_PER_SECOND": "5"},
    ],
)
def test_a_limit_that_cannot_be_meant_is_refused(tmp_path: Path, environ: dict[str, str]) -> None:
    """A word that is none, a rate that lets nobody through, a number where everything is switched off."""
    assert refusal(tmp_path, environ, {}).message.startswith(list(environ)[-1])


@pytest.mark.parametrize(
    "url",
    ["sts.example.com", "https://", "https://STS.example.com", "https://a/", "https://a?b", "https://u@a", "ftp://a"],
)
def test_a_public_url_that_cannot_begin_an_issuer_is_refused(tmp_path: Path, url: str) -> None:
    """Others compare it letter by letter, so it has one spelling: lower case, no slash at the end, nothing after it."""
    assert "public_url" in refusal(tmp_path, {"DAYPASS_PUBLIC_URL": url}, {}).message


def test_a_public_url_without_tls_is_refused_beyond_loopback(tmp_path: Path) -> None:
    """Unless the operator insists, as for listening."""
    environ = {"DAYPASS_PUBLIC_URL": "http://sts.example.com"}
    assert "without TLS" in refusal(tmp_path, environ, {}).message
    assert load(tmp_path, environ, {"insecure": True}).settings.public_url == "http://sts.example.com"
    assert load(tmp_path, {"DAYPASS_PUBLIC_URL": "http://127.0.0.1:8080"}, {}).settings.public_url


@pytest.mark.parametrize(
    ("options", "url"),
    [
        ({}, "http://127.0.0.1:7177"),
        ({"listen": "[::1]:8000"}, "http://[::1]:8000"),
        ({"listen": "10.0.0.1:443", "tls_cert": "c", "tls_key": "k"}, "https://10.0.0.1:443"),
        ({"listen": "0.0.0.0:7177"}, None),
        ({"listen": "[::]:7177"}, None),
        ({"listen": "127.0.0.1:0"}, None),
    ],
)
def test_what_is_listened_on_is_an_address_for_others_only_where_it_is_one(
    tmp_path: Path, options: dict[str, str | bool | None], url: str | None
) -> None:
    """All addresses, or a port that is to be found, are no address that others could be told."""
    assert listened_url(load(tmp_path, {}, options).settings) == url


@pytest.mark.parametrize("content", [b"workers = ", b"\xff\xfe", b"workers = 1\nworkers = 2\n"])
def test_a_broken_file_refuses_to_start(tmp_path: Path, content: bytes) -> None:
    """What is no TOML, or says one thing twice, is an error and not an empty file."""
    tmp_path.joinpath(FILE).write_bytes(content)
    assert "not TOML" in refusal(tmp_path, {}, {}).message


def test_settings_that_contradict_each_other_refuse_to_start(tmp_path: Path) -> None:
    """A certificate without its key and a region outside the partition are errors."""
    assert "stands alone" in refusal(tmp_path, {}, {"tls_cert": "cert.pem"}).message
    assert "aws-cn" in refusal(tmp_path, {"DAYPASS_PARTITION": "aws"}, {"region": "cn-north-1"}).message


def test_the_partition_follows_the_region(tmp_path: Path) -> None:
    """Whoever names a region need not name its partition."""
    loaded = load(tmp_path, {}, {"region": "cn-north-1"})
    assert (loaded.settings.partition, loaded.sources["partition"]) == ("aws-cn", "--region")


def test_a_file_name_is_relative_to_where_it_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the file it means beside the file, on the command line beside the shell."""
    monkeypatch.chdir("/")
    tmp_path.joinpath(FILE).write_text('tls_cert = "cert.pem"\n')
    settings = load(tmp_path, {}, {"tls_key": "key.pem"}).settings
    assert (settings.tls_cert, settings.tls_key) == (str(tmp_path / "cert.pem"), "/key.pem")
    assert load(tmp_path / "new", {"DAYPASS_ENDPOINT_POLICY": "e.json"}, {}).settings.endpoint_policy == "/e.json"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:hunter2@h:5432/d", "postgresql://u:…@h:5432/d"),
        ("postgresql://u:hun@ter2@h/d", "postgresql://u:…@h/d"),
        ("postgresql://u:hun/ter2@h/d?sslmode=require", "postgresql://u:…@h/d?sslmode=require"),
        ("postgresql://u:hun?ter2@h/d", "postgresql://u:…@h/d"),
        ("postgresql://h:5432/d?user=a@b&password=hunter2", "postgresql://h:…@b&password=…"),
        ("postgresql://u@h/d?password=hunter2&host=/run/x", "postgresql://u@h/d?password=…&host=/run/x"),
        ("postgresql://h/d?PassWord=hunter2", "postgresql://h/d?PassWord=…"),
        ("postgresql://h/d?%70assword=hunter2", "postgresql://h/d?%70assword=…"),
        ("postgresql://h/d?sslpassword=hunter2", "postgresql://h/d?sslpassword=…"),
        ("postgresql:///d", "postgresql:///d"),
        ("sqlite:////var/lib/daypass.db", "sqlite:////var/lib/daypass.db"),
    ],
)
def test_a_database_password_is_never_shown(tmp_path: Path, url: str, shown: str) -> None:
    """Neither the listing nor a repr in a log holds it; the rest of the URL is legible."""
    loaded = load(tmp_path, {}, {"database": url})
    assert blanked(url) == shown
    assert ("database", shown, "--database") in list(loaded.shown())
    assert shown in repr(loaded)
    assert "ter2" not in repr(loaded)


def test_a_refused_database_url_is_not_repeated(tmp_path: Path) -> None:
    """An error ends up in logs, so it does not quote what may hold a password."""
    error = refusal(tmp_path, {"DAYPASS_DATABASE": "mysql://u:hunter2@h"}, {})
    assert "hunter2" not in str(error)


def test_every_setting_is_explained() -> None:
    """The generated table has a meaning and a kind for each."""
    described = describe()
    assert [setting.name for setting in described] == list(Settings.__struct_fields__)
    assert all(setting.meaning.endswith(".") and setting.kind for setting in described)


@pytest.mark.parametrize(
    ("listen", "address"),
    [
        ("127.0.0.1:0", ("127.0.0.1", 0)),
        ("[::1]:7177", ("::1", 7177)),
        ("daypass.example:443", ("daypass.example", 443)),
    ],
)
def test_the_address_is_split_into_host_and_port(tmp_path: Path, listen: str, address: tuple[str, int]) -> None:
    """IPv6 addresses stand in brackets in the setting and without them for the socket."""
    assert load(tmp_path, {}, {"listen": listen}).settings.address == address


@pytest.mark.parametrize(
    ("environ", "path"),
    [
        ({"DAYPASS_DATA": "/d", "HOME": "/h"}, "/d"),
        ({"XDG_DATA_HOME": "/x", "HOME": "/h"}, "/x/daypass"),
        ({"XDG_DATA_HOME": "relative", "HOME": "/h"}, "/h/.local/share/daypass"),
        ({"HOME": "/h"}, "/h/.local/share/daypass"),
    ],
)
def test_the_data_directory_has_a_default(environ: dict[str, str], path: str) -> None:
    """DAYPASS_DATA, else the user data directory of the XDG specification."""
    assert data_directory(environ) == Path(path)


@pytest.mark.parametrize("environ", [{}, {"HOME": ""}, {"DAYPASS_DATA": "", "HOME": "/h"}])
def test_without_a_place_for_the_data_nothing_is_guessed(environ: dict[str, str]) -> None:
    """An empty variable or a missing home is an error that names the option."""
    with pytest.raises(SettingsError) as caught:
        data_directory(environ)
    assert caught.value.advice


@pytest.mark.parametrize(
    "entry",
    ["sso.example.com", "sso.example.com=", "=sub", "https://sso.example.com=sub", "a b=sub", "sso.example.com=a b",
     "SSO.example.com=sub", "sso.example.com=sub,sso.example.com=aud"],
)  # fmt: skip
def test_shared_issuers_that_cannot_be_meant_are_refused(tmp_path: Path, entry: str) -> None:
    """No claim, a scheme, capitals that no issuer has, two claims for one: each is an error at the start."""
    assert "shared_issuers" in refusal(tmp_path, {"DAYPASS_SHARED_ISSUERS": entry}, {}).message


@pytest.mark.parametrize("entry", ["sso.example.com/saml", "https://", "urn:", "https://a b"])
def test_saml_recipients_that_can_be_none_are_refused(tmp_path: Path, entry: str) -> None:
    """Neither a URL nor a URN: no response could name it."""
    assert "saml_recipients" in refusal(tmp_path, {"DAYPASS_SAML_RECIPIENTS": entry}, {}).message
