"""Every condition key of AssumeRoleWithSAML: it opens and closes a role, and few stay with the session."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daypass.federation.saml.condition_keys import name_qualifier
from daypass.testing.identity_provider import assertion_xml, response_xml
from tests.calling import code_of, credentials_in
from tests.services.sts.saml_world import World, saml_world

ROOT = Path(__file__).parents[3]
TABLE: list[dict[str, Any]] = json.loads((ROOT / "tests/cases/context/provider-keys.json").read_text())["saml"]
OF_ATTRIBUTES = [
    pytest.param(row, source, id=f"{row['key']} of {source}") for row in TABLE for source in row.get("attributes", ())
]
OTHERS = [pytest.param(row, id=row["key"]) for row in TABLE if "value" in row]
REFUSED = "AccessDenied"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with saml_world() as made:
        yield made


def told(world: World, trust: list[dict[str, Any]], **attributes: Any) -> str:
    """What the role with that trust policy answers to somebody of whom the provider says ``attributes``."""
    world.trust(*trust)
    return code_of(world.come(world.idp.response(world.attributes(**attributes))))


def test_the_table_has_every_documented_key() -> None:
    """Those of the Service Authorization Reference, each once."""
    services = json.loads((ROOT / "src/daypass/policy/lint/services.json").read_text())
    documented = [key.split()[0] for key in services["sts"]["keys"] if key.startswith("saml:")]
    assert sorted(row["key"] for row in TABLE) == sorted(documented)


@pytest.mark.parametrize("row", OTHERS)
def test_what_an_assertion_always_says_is_asked_for(world: World, row: dict[str, Any]) -> None:
    """It opens the role and closes it; what is longer by a letter is another value."""
    qualifier = name_qualifier(world.idp.entity_id, world.daypass.account, "corp")
    value = row["value"].replace("{account}", world.daypass.account).replace("{qualifier}", qualifier)
    same, other = ({"Condition": {"StringEquals": {row["key"]: text}}} for text in (value, f"{value}x"))
    assert told(world, [same]) == "200"
    assert told(world, [other]) == REFUSED
    assert told(world, [{}, {"Effect": "Deny", **same}]) == REFUSED
    assert told(world, [{}, {"Effect": "Deny", **other}]) == "200"


@pytest.mark.parametrize(("row", "source"), OF_ATTRIBUTES)
def test_an_attribute_is_asked_for(world: World, row: dict[str, Any], source: str) -> None:
    """The value that is asked for opens the role and closes it; another one and none at all do not open it."""
    is_many = row.get("many", False)
    asking = {"Condition": {f"{'ForAnyValue:' if is_many else ''}StringEquals": {row["key"]: "blue"}}}
    given: dict[str, Any] = {source: ["red", "blue"] if is_many else "blue"}
    assert told(world, [asking], **given) == "200"
    assert told(world, [{}, {"Effect": "Deny", **asking}], **given) == REFUSED
    for other in ({source: "green"}, {}):
        assert told(world, [asking], **other) == REFUSED


@pytest.mark.parametrize("row", [row for row in TABLE if "attributes" in row and "many" not in row], ids=str)
def test_a_key_with_one_value_is_absent_where_there_are_two(world: World, row: dict[str, Any]) -> None:
    """Which of them counts would be anybody's guess."""
    (source,) = row["attributes"]
    absent = {"Condition": {"Null": {row["key"]: "true"}}}
    assert told(world, [absent], **{source: ["blue", "blue"]}) == "200"
    assert told(world, [absent], **{source: "blue"}) == REFUSED


def test_those_that_stay_are_known_to_the_session(world: World) -> None:
    """Permission policies of the role can ask for them, and for none of the others."""
    told(world, [{}])
    said = {row["attributes"][0]: "blue" for row in TABLE if "attributes" in row}
    session = credentials_in(world.come(world.idp.response(world.attributes(**said))))
    known = set()
    for row in TABLE:
        statement = {"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*"}
        statement["Condition"] = {"Null": {row["key"]: "false"}}
        document = json.dumps({"Version": "2012-10-17", "Statement": statement})
        policy = {"RoleName": "staff", "PolicyName": "asks"}
        assert world.daypass.call("iam", "PutRolePolicy", policy | {"PolicyDocument": document}).status == 200
        if world.daypass.call("iam", "ListUsers", {}, session).status == 200:
            known.add(row["key"])
    assert known == {row["key"] for row in TABLE if row.get("stays")}


def test_a_key_has_a_thousand_values_at_most(world: World) -> None:
    """A condition may compare each with each of its own; more of them would take more than a decision may."""
    cn = "urn:oid:2.5.4.3"
    numbers = [str(number) for number in range(100, 400)]
    world.trust({"Condition": {"ForAnyValue:NumericEquals": {"saml:cn": numbers}}})
    for sevens, code in ((999, "200"), (1_000, "InvalidIdentityToken")):
        text = assertion_xml(world.idp.said(world.attributes(**{cn: ["7"] * sevens + ["399"]})))
        plain = text.replace(' xsi:type="xs:string"', "")  # each would declare its namespace when it is signed
        response = response_xml(world.idp.entity_id, world.idp.sign(plain))
        assert code_of(world.come(b64encode(response.encode()).decode())) == code
