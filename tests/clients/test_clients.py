"""Other people's clients, unmodified, each in a process of its own, do with daypass what they do with AWS."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from tests.clients.client import Client, Program
from tests.clients.conftest import RESULTS, table
from tests.clients.scenarios import BY_NAME, SCENARIOS, Said
from tests.clients.table import CLIENTS
from tests.clients.world import Person, world

pytestmark = pytest.mark.timeout(900)

everyday_or_marked = {True: (), False: pytest.mark.clients}
every_pair = pytest.mark.parametrize(
    ("client", "scenario"),
    [
        pytest.param(client, scenario, id=f"{client.name}-{scenario}", marks=everyday_or_marked[client.everyday])
        for client in CLIENTS
        for scenario in SCENARIOS
        if scenario not in client.cannot
    ],
)


@dataclass(frozen=True, slots=True)
class Run:
    """One client at work: its program runs once with an endpoint and once by name, each when first asked."""

    client: Client
    program: Program
    person: Person
    said: dict[str, Said] = field(default_factory=dict)

    def of(self, scenario: str) -> Said:
        """What the program said of ``scenario``."""
        if scenario not in self.said:
            by_name = scenario in self.client.by_name
            wanted = [each for each in SCENARIOS if (each in self.client.by_name) == by_name]
            possible = [each for each in wanted if each not in self.client.cannot]
            self.said.update(self.person.ask(self.program, *possible, by_name=by_name))
        return self.said[scenario]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Client], Run]]:
    """One daypass for all clients; each is installed, and given its people and roles, when first asked for."""
    runs: dict[str, Run] = {}
    with world(tmp_path_factory.mktemp("world")) as here:

        def run(client: Client) -> Run:
            if client.name not in runs:
                home = tmp_path_factory.mktemp("home")
                runs[client.name] = Run(client, client.make(), here.person(client, home))
            return runs[client.name]

        yield run


@every_pair
def test_a_client_does_what_it_does_with_aws(
    running: Callable[[Client], Run], client: Client, scenario: str, record_property: Callable[[str, object], None]
) -> None:
    """Unmodified, by its own means, with the answer that AWS would give."""
    run = running(client)
    record_property("client", client.name)
    record_property("scenario", scenario)
    record_property("version", run.program.version)
    said, wanted = run.of(scenario), SCENARIOS[scenario]
    right = "error" not in said and wanted.holds(said, run.person.task)
    assert right, json.dumps(said)
    if wanted.host:
        assert wanted.host in run.person.world.hosts_asked_by(run.person.arn)


def test_every_client_does_every_scenario_or_says_why_not() -> None:
    """What a client cannot do is a scenario of the table, with a reason that somebody can read."""
    assert len({client.name for client in CLIENTS}) == len(CLIENTS)
    for client in CLIENTS:
        assert client.cannot.keys() <= SCENARIOS.keys(), client.name
        assert BY_NAME <= client.by_name <= SCENARIOS.keys(), client.name
        assert all(len(reason) > 20 for reason in client.cannot.values()), client.name


def test_the_usual_run_has_python_javascript_and_both_command_lines() -> None:
    """Nobody turns the proof off by moving a client out of the usual run."""
    usual = {client.name for client in CLIENTS if client.everyday}
    assert usual >= {"boto3", "old boto3", "AWS CLI v1", "AWS CLI v2 of Debian", "AWS SDK for JavaScript v3"}


def test_the_record_knows_the_table() -> None:
    """The page of results is made from a record of these clients and scenarios, in which nothing is lacking."""
    record = json.loads(RESULTS.read_text())
    assert {name: record[name] for name in table()} == table()
    for client in CLIENTS:
        results = record["clients"][client.name]["results"]
        assert results == dict.fromkeys([name for name in SCENARIOS if name not in client.cannot], "passed"), (
            client.name
        )
