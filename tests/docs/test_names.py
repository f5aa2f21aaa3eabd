"""What the pages name is there: files, functions, commands, settings, error codes, figures, pages."""

from __future__ import annotations

import ast
import json
import re
import shlex
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import click
import pytest

from daypass import sigv4
from daypass.adapters.audit import AuditSettings
from daypass.adapters.storage.bundle import CAPACITY
from daypass.adapters.storage.deadlines import PATIENCE
from daypass.cli.main import cli
from daypass.credentials import Secret
from daypass.policy.parse.text import DEEPEST, LARGEST
from daypass.server import Limits
from daypass.services import delegations, revocations
from daypass.services.iam import quotas
from daypass.services.iam.delegation import requests as delegation_requests
from daypass.sessions import keyring, limits, token
from daypass.settings import Settings
from daypass.testing.local import LocalDaypass, Signer
from daypass.wire import LARGE_FORM, SERVICES, status_of
from daypass.wire.form import PARAMETER_LIMIT
from tests.docs.pages import ROOT, Page, all_pages, written_pages

SOURCE = ROOT / "src/daypass"
ROOTS = (ROOT, SOURCE, ROOT / "docs")
ENVIRONMENT = {"DAYPASS_DATA", "DAYPASS_TEST_SCALE"}
"""Variables of ours that are no settings."""

NOT_OURS = {"credential_process", "data_version", "pg_dump", "synchronous_commit"} | {
    "sts_endpoint",
    "sts_region",
    "iam_endpoint",
    "iam_server_id_header_value",
    "resolve_aws_unique_ids",
}
"""Words of SQLite, of PostgreSQL, of the AWS clients' profiles, and of Vault."""
NOT_THERE_YET = {"daypass.toml", "endpoint.json", "CHANGELOG.md", "WHAT.KIND.md"}
"""Files that only a running daypass, its operator or a release makes."""

every_page = pytest.mark.parametrize("page", written_pages(), ids=lambda page: page.name)


@every_page
def test_every_link_leads_somewhere(page: Page) -> None:
    """A relative link names a file of the project, and after `#` one of its headings."""
    pages = {other.path: other for other in all_pages()}
    for line, target in page.links():
        if target.startswith(("http://", "https://")):
            continue
        name, _, anchor = target.partition("#")
        path = (page.path.parent / name).resolve() if name else page.path
        assert path.exists(), f"{page.name}:{line}: {target}"
        assert not anchor or anchor in pages[path].anchors, f"{page.name}:{line}: no heading #{anchor}"


@every_page
def test_every_file_that_is_named_exists(page: Page) -> None:
    """A path in code, from the root or from the package, is there, or the page tells the reader to make it."""
    made = NOT_THERE_YET | {block.file for block in page.blocks if block.file}
    for line, word in page.words():
        is_file = re.fullmatch(r"[\w.-]+(?:/[\w.-]+)*\.(?:py|toml|md|json)", word) is not None
        is_folder = re.match(r"\w.*/$", word) and any(root.joinpath(word.partition("/")[0]).exists() for root in ROOTS)
        if (is_file or is_folder) and word not in made:
            assert any(root.joinpath(word).exists() for root in ROOTS), f"{page.name}:{line}: {word}"


def _functions_by_file() -> Iterator[tuple[str, str, str]]:
    """Page and line, file, function: from table rows that name a file and then functions in it."""
    row = re.compile(r"\| [^|]* \| `([\w/]+\.py)` \| ((?:`\w+`(?:, )?)+) \|")
    for page in written_pages():
        for line, text in page.prose:
            if found := row.fullmatch(text):
                for function in re.findall(r"`(\w+)`", found[2]):
                    yield f"{page.name}:{line}", found[1], function


def test_every_function_stands_in_the_file_it_is_said_to_stand_in() -> None:
    """A request followed function by function names functions that exist, where it says."""
    named = list(_functions_by_file())
    assert len(named) > 20
    for where, file, function in named:
        tree = ast.parse(SOURCE.joinpath(file).read_text("utf-8"))
        defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        assert function in defined, f"{where}: no {function} in {file}"


@cache
def _words_of_the_project() -> frozenset[str]:
    files = [*SOURCE.rglob("*.py"), *SOURCE.rglob("*.json"), ROOT / "pyproject.toml", ROOT / "dev"]
    return frozenset(re.findall(r"\w+", " ".join(path.read_text("utf-8") for path in files)))


@every_page
def test_every_identifier_is_one_of_the_project(page: Page) -> None:
    """A word_like_this in code is a name that the source has: a setting, a function, a parameter."""
    for line, text in page.words():
        for word in re.findall(r"(?<![\w.-])[a-z]+(?:_[a-z]+)+(?![\w.-]*\.)", text):
            assert word in _words_of_the_project() | NOT_OURS, f"{page.name}:{line}: {word}"


@every_page
def test_every_variable_and_setting_exists(page: Page) -> None:
    """`DAYPASS_…` is a setting or one of the few other variables; settings files set what there is to set."""
    for number, line in enumerate(page.lines, 1):
        for name in re.findall(r"\bDAYPASS_[A-Z_]+[A-Z]\b", line):
            known = name in ENVIRONMENT or name.removeprefix("DAYPASS_").lower() in Settings.__struct_fields__
            assert known, f"{page.name}:{number}: {name}"
    for block in page.blocks:
        for toml in re.findall(r"daypass\.toml\" <<'TOML'\n(.*?)\nTOML", block.text, re.DOTALL):
            for line in toml.splitlines():
                assert line.partition(" =")[0] in Settings.__struct_fields__, f"{block.where}: {line}"


def test_every_switch_is_a_setting() -> None:
    """The last column of the differences names settings and nothing else."""
    page = Page(ROOT / "docs/differences.md")
    rows = [(number, line) for number, line in page.prose if line.startswith("| ") and line.count(" | ") == 4]
    assert len(rows) > 80
    for number, line in rows:
        for switch in re.findall(r"`([^`]+)`", line.rstrip(" |").rpartition(" | ")[2]):
            assert switch in Settings.__struct_fields__, f"docs/differences.md:{number}: {switch}"


def _commands(page: Page) -> Iterator[tuple[str, list[str]]]:
    """Where and what: each call of daypass in code and in shell blocks."""
    texts = [(f"{page.name}:{line}", word) for line, word in page.words() if word.startswith("daypass ")]
    shell = [(block.where, block.text.replace("\\\n", " ")) for block in page.blocks if block.language == "sh"]
    texts += [(where, line) for where, text in shell for line in text.splitlines()]
    for where, text in texts:
        for call in re.findall(r"(?<![\w/.^-])daypass ([a-z-][^|;&)>\n`]*)", text.replace("./dev up", "daypass up")):
            yield where, shlex.split(call.replace("…", "").replace('"', "").replace("'", ""), comments=True)


def _options(command: click.Command) -> set[str]:
    return {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}


@every_page
def test_every_command_exists(page: Page) -> None:
    """A call of daypass names a command that there is, with options that it takes."""
    for where, words in _commands(page):
        command: click.Command = cli
        options = _options(cli) | {"--help"}
        for word in words:
            if isinstance(command, click.Group) and not word.startswith("-") and word != "COMMAND":
                inner = command.get_command(click.Context(command), word)
                assert inner is not None, f"{where}: daypass {' '.join(words)}"
                command = inner
                options |= _options(command)
            elif word.startswith("-") and word != "-":
                assert word in options, f"{where}: {word} in daypass {' '.join(words)}"


@every_page
def test_every_status_is_that_of_its_code(page: Page) -> None:
    """`Code` 403 in a text is what the wire sends with that code."""
    for line, text in page.prose:
        for code, status in re.findall(r"`([A-Z]\w+)` (?:is )?([1-5]\d\d)\b", text):
            known = {status_of(service, code) for service in SERVICES}
            assert int(status) in known, f"{page.name}:{line}: {code} {status}, not {known}"


_AT_MOST, _TRAIL = Limits(), AuditSettings()
FIGURES = {
    "limits.md": [
        f"{_AT_MOST.head_bytes:,} bytes, {_AT_MOST.headers} header lines",
        f"{_AT_MOST.body_bytes:,} bytes, {_AT_MOST.chunks:,} chunks, {PARAMETER_LIMIT:,} parameters",
        f"{_AT_MOST.connections:,} (`max_connections`)",
        f"| form of an unverified sender | {LARGE_FORM:,} bytes",
        f"| {_AT_MOST.queued}, beside `threads` |",
        f"{quotas.USERS.limit:,}, {quotas.GROUPS.limit}, {quotas.ROLES.limit:,}, {quotas.POLICIES.limit:,}",
        f"| groups of a user | {quotas.GROUPS_OF_USER.limit} |",
        f"| access keys of a user | {quotas.ACCESS_KEYS.limit} |",
        f"| managed policies attached to a user, group or role | {quotas.ATTACHED['user'].limit} |",
        f"of a user or of root, of an account | {quotas.MFA_DEVICES_OF_USER.limit}, {quotas.MFA_DEVICES.limit:,} |",
        f"| versions of a managed policy | {quotas.POLICY_VERSIONS.limit} |",
        f"{quotas.POLICY_SIZE.limit:,} and {quotas.TRUST_SIZE.limit:,} characters",
        "{user.limit:,} (user), {group.limit:,} (group), {role.limit:,} (role)".format(**quotas.INLINE_SIZE),
        f"| tags of a user, role, policy, MFA device | {quotas.TAGS.limit} |",
        f"{LARGEST:,} characters, {DEEPEST} levels deep",
        f"{limits.LONGEST_POLICIES:,} characters, {limits.MOST_POLICY_ARNS} ARNs",
        f"| session tags, inherited ones included | {limits.MOST_TAGS} |",
        f"{limits.PACKED_BUDGET:,} bytes, packed",
        f"{token.LONGEST_ISSUED:,} characters",
        f"{CAPACITY:,}; at least one account",
        f"{_TRAIL.failures_per_second:.0f} a second, bursts of {_TRAIL.failures_burst}, two files of",
        f"have a record of their own | {_TRAIL.refusals_per_second} a second",
        f"{_TRAIL.failures_bytes >> 20} MiB",
        f"{Settings().audit_max_bytes >> 20} MiB (`audit_max_bytes`) or a day",
        f"{limits.CHAINED_MAXIMUM:,} at most",
        f"to {keyring.LONGEST_SESSION:,}, default {limits.USER_DEFAULT:,}; root: {limits.ROOT_MAXIMUM:,} at most",
        f"| signature's date | {sigv4.scope.WINDOW} before or after now |",
        f"announced {keyring.PROPAGATION_DELAY} before; opens tokens for {keyring.RETENTION:,}",
        f"| revocation | kept for {revocations.LASTS:,}:",
        f"those that were made in the last 30 days | {delegation_requests.MOST_REQUESTS:,} |",
        f"lives {delegations.LIFETIME:,} after its last step, and {delegations.LONGEST_LIFE:,} in all",
        f"{Settings().max_staleness_seconds:,} (`max_staleness_seconds`)",
        f"{PATIENCE}, then `ServiceUnavailable`",
        f"`audit_reserve_bytes` ({Settings().audit_reserve_bytes >> 20} MiB)",
    ],
    "differences.md": [
        f"{_AT_MOST.head_bytes:,} bytes or {_AT_MOST.headers} header lines",
        f"413 over {PARAMETER_LIMIT:,}",
        f"percent of {limits.PACKED_BUDGET:,} bytes",
        f"{token.LONGEST_ISSUED:,} characters, then",
        f"nesting deeper than {DEEPEST}, more than {LARGEST:,} characters",
    ],
}


@pytest.mark.parametrize(("page", "figure"), [(page, text) for page, texts in FIGURES.items() for text in texts])
def test_the_figures_are_those_of_the_code(page: str, figure: str) -> None:
    """A limit that a page tells is the one that is in force."""
    assert figure in " ".join(ROOT.joinpath("docs", page).read_text("utf-8").split())


def test_the_longest_chain_is_as_long_as_the_page_says() -> None:
    """A role that trusts itself is assumed from session to session until the token is full."""
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    allow = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
    with LocalDaypass() as daypass:
        iam = daypass.client("iam")
        role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=_document(trust))["Role"]["Arn"]
        iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=_document(allow))
        wish, signer, sessions = {"RoleArn": role, "RoleSessionName": "hop"}, daypass.admin, 0
        while (answer := daypass.call("sts", "AssumeRole", wish, signer)).status == 200:
            texts = [re.search(rf"<{name}>(.*?)</{name}>", answer.body.decode()) for name in _CREDENTIALS]
            key, secret, session_token = (found[1] for found in texts if found)
            signer, sessions = Signer(key, Secret(secret), session_token), sessions + 1
    assert b"Serialized token too large for session" in answer.body
    page = ROOT.joinpath("docs/limits.md").read_text("utf-8")
    assert f"until the token is full: {sessions - 1} hops with a role name of one letter" in page


_CREDENTIALS = ("AccessKeyId", "SecretAccessKey", "SessionToken")


def _document(statement: dict[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


def test_every_invariant_in_the_source_is_explained() -> None:
    """The numbers in the source are those of the page, and each is guarded somewhere or has no code yet."""
    text = " ".join(path.read_text("utf-8") for path in SOURCE.rglob("*.py"))
    marked = {int(number) for number in re.findall(r"INVARIANT: (\d+)\.", text)}
    explained = re.findall(r"^\| (\d+) \|", ROOT.joinpath("docs/invariants.md").read_text("utf-8"), re.MULTILINE)
    assert [int(number) for number in explained] == list(range(1, 11))
    assert marked <= set(range(1, 11))
    assert len(marked) >= 8


def test_the_settings_have_the_defaults_of_what_they_set() -> None:
    """The figures above are those of a daypass without settings."""
    settings = Settings()
    assert (settings.max_connections, settings.threads) == (_AT_MOST.connections, _AT_MOST.threads)
    assert (settings.audit_max_bytes, settings.audit_reserve_bytes) == (_TRAIL.rotate_bytes, _TRAIL.reserve_bytes)
    assert settings.header_deadline == _AT_MOST.head_seconds


def test_the_index_has_every_page() -> None:
    """Whoever starts at docs/README.md or the decisions' index reaches every page of the project."""
    reached, todo = set(), [ROOT / "README.md"]
    pages = {page.path: page for page in all_pages()}
    while todo:
        path = todo.pop()
        if path in pages and path not in reached:
            reached.add(path)
            todo += [(path.parent / target.partition("#")[0]).resolve() for _, target in pages[path].links()]
    fragments = set(ROOT.joinpath("changes").glob("*.*.md"))
    assert pages.keys() - reached - fragments == set()


def test_decisions_are_numbered_without_gaps() -> None:
    """Each decision has the next number, and fits on a page."""
    files = sorted(ROOT.joinpath("docs/adr").glob("0*.md"))
    numbers = [int(path.name[:4]) for path in files]
    assert numbers[0] == 1
    assert all(after == before + 1 for before, after in pairwise(numbers))
    for path in files:
        text = path.read_text("utf-8")
        assert text.startswith(f"# {path.name[:4]}: "), path
        assert text.count("\n") <= 60, path


def test_fragments_say_what_kind_of_change_they_are() -> None:
    """A fragment is called WHAT.KIND.md, is short, and no name is taken twice."""
    kinds = set(re.findall(r"^\| `(\w+)` \|", ROOT.joinpath("changes/README.md").read_text("utf-8"), re.MULTILINE))
    assert {"added", "security"} <= kinds
    for path in set(ROOT.joinpath("changes").iterdir()) - {ROOT / "changes/README.md"}:
        name = re.fullmatch(r"[a-z0-9-]+\.(\w+)\.md", path.name)
        assert name, path
        assert name[1] in kinds, path
        assert 0 < len(path.read_text("utf-8").splitlines()) <= 5, path


def test_generated_pages_are_written_by_the_workshop() -> None:
    """`./dev docs` runs every tool that writes a page, and `./dev lint` checks each."""
    verb = ROOT.joinpath("dev").read_text("utf-8").partition("verb_docs()")[2].partition("\n}")[0]
    writers = [path for path in ROOT.joinpath("tools").glob("*.py") if '"docs' in path.read_text("utf-8")]
    assert len(writers) >= 2
    for path in writers:
        assert "--check" in path.read_text("utf-8"), path
        assert path.name in verb or path.name.startswith("docs_"), path


def test_no_page_is_wider_than_its_tables_need() -> None:
    """Prose wraps at 120 characters; a table row and a line of output are as long as they are."""
    for page in written_pages():
        for number, line in page.prose:
            assert len(line) <= 125 or line.startswith("|"), f"{page.name}:{number}"


def test_pages_name_no_place_outside_of_the_project() -> None:
    """No absolute path of somebody's machine stands in a page."""
    for page in all_pages():
        text = page.path.read_text("utf-8")
        assert not re.search(r"/(?:root|work|tmp)/", text), page.name
        assert str(Path.home()) == "/" or str(Path.home()) + "/" not in text, page.name
