"""XML out: every output shape is read back by botocore's parser, and nothing breaks out of its element."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from random import Random
from typing import Any
from urllib.parse import quote

import botocore.model
import botocore.parsers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.wire import SERVICES, service_model
from daypass.wire.model import Ref, load_table
from daypass.wire.xml import escaped, percent_encoded

from .values import Values

OPERATIONS = [(service, name) for service in SERVICES for name in service_model(service).operation_names]


@pytest.mark.parametrize(("service", "name"), OPERATIONS)
def test_botocore_reads_every_output_as_it_was_given(
    service: str, name: str, oracle: dict[str, botocore.model.ServiceModel]
) -> None:
    """Every operation's result survives our writer and botocore's parser."""
    table = load_table(service)
    output = table.operations[name].output
    operation = service_model(service).operation(name)
    assert operation is not None
    model = oracle[service].operation_model(name)
    parser = botocore.parsers.QueryParser(timestamp_parser=seconds)
    for seed in range(5):
        result = Values(table, Random(f"{name} {seed}")).structure(output) if output else {}
        body = operation.write_xml(result, "an-id")
        parsed = parser.parse({"body": body, "headers": {}, "status_code": 200}, model.output_shape)
        assert parsed.pop("ResponseMetadata")["RequestId"] == "an-id"
        assert parsed == (read(table, Ref(output), result) if output else {})


def seconds(text: str) -> int:
    from botocore.utils import parse_timestamp

    return int(parse_timestamp(text).timestamp())


def read(table: Any, ref: Ref, value: Any) -> Any:
    """A result as a client sees it: policy documents are still percent-encoded."""
    shape = table.shape(ref)
    match shape.type:
        case "structure":
            return {name: read(table, shape.members[name], item) for name, item in value.items()}
        case "list":
            return [read(table, shape.member, item) for item in value]
        case "map":
            return {key: read(table, shape.value, item) for key, item in value.items()}
        case "string" if shape.percent_encoded:
            return quote(value, safe="-._~")
        case _:
            return value


carried = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff", include_characters="\t\n\r")


@given(st.text(carried))
def test_any_text_comes_back_from_an_xml_parser_as_it_was(text: str) -> None:
    """Escaped text parses to itself and never to a child element."""
    element = ET.fromstring(f"<a>{escaped(text)}</a>")

    assert (element.text or "", len(element)) == (text, 0)


@given(st.text())
def test_what_xml_cannot_carry_becomes_a_replacement_character(text: str) -> None:
    """Control characters and the like never make the document unreadable."""
    element = ET.fromstring(f"<a>{escaped(text)}</a>".encode())
    shown = element.text or ""

    assert len(shown) == len(text)
    assert all(b in (a, "\ufffd") for a, b in zip(text, shown, strict=True))


@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_percent_encoding_is_that_of_rfc_3986(text: str) -> None:
    """Only unreserved characters stay; a space is %20 and a plus is %2B."""
    assert percent_encoded(text) == quote(text, safe="-._~")


GOLDEN = {
    "sts:GetCallerIdentity": (
        {"UserId": "AIDA", "Account": "123456789012", "Arn": "arn:aws:iam::123456789012:user/a"},
        """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <GetCallerIdentityResult>
    <Arn>arn:aws:iam::123456789012:user/a</Arn>
    <UserId>AIDA</UserId>
    <Account>123456789012</Account>
  </GetCallerIdentityResult>
  <ResponseMetadata>
    <RequestId>an-id</RequestId>
  </ResponseMetadata>
</GetCallerIdentityResponse>
""",
    ),
    "sts:AssumeRole": (
        {
            "Credentials": {
                "Expiration": 1772366400.9,
                "SessionToken": "t+/=",
                "SecretAccessKey": "s",
                "AccessKeyId": "ASIA",
            },
            "AssumedRoleUser": {"Arn": "arn", "AssumedRoleId": "AROA:n"},
            "PackedPolicySize": None,
            "SourceIdentity": "alice",
        },
        """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult>
    <AssumedRoleUser>
      <AssumedRoleId>AROA:n</AssumedRoleId>
      <Arn>arn</Arn>
    </AssumedRoleUser>
    <Credentials>
      <AccessKeyId>ASIA</AccessKeyId>
      <SecretAccessKey>s</SecretAccessKey>
      <SessionToken>t+/=</SessionToken>
      <Expiration>2026-03-01T12:00:00Z</Expiration>
    </Credentials>
    <SourceIdentity>alice</SourceIdentity>
  </AssumeRoleResult>
  <ResponseMetadata>
    <RequestId>an-id</RequestId>
  </ResponseMetadata>
</AssumeRoleResponse>
""",
    ),
    "sts:GetWebIdentityToken": (
        {"WebIdentityToken": "a.b.c", "Expiration": 1772366400.25},
        """<GetWebIdentityTokenResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <GetWebIdentityTokenResult>
    <WebIdentityToken>a.b.c</WebIdentityToken>
    <Expiration>2026-03-01T12:00:00.250Z</Expiration>
  </GetWebIdentityTokenResult>
  <ResponseMetadata>
    <RequestId>an-id</RequestId>
  </ResponseMetadata>
</GetWebIdentityTokenResponse>
""",
    ),
    "iam:ListRoleTags": (
        {"Tags": [], "IsTruncated": False},
        """<ListRoleTagsResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
  <ListRoleTagsResult>
    <Tags/>
    <IsTruncated>false</IsTruncated>
  </ListRoleTagsResult>
  <ResponseMetadata>
    <RequestId>an-id</RequestId>
  </ResponseMetadata>
</ListRoleTagsResponse>
""",
    ),
    "iam:UpdateRole": (
        {},
        """<UpdateRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
  <UpdateRoleResult/>
  <ResponseMetadata>
    <RequestId>an-id</RequestId>
  </ResponseMetadata>
</UpdateRoleResponse>
""",
    ),
    "iam:DeleteRole": (
        {},
        """<DeleteRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
  <ResponseMetadata>
    <RequestId>an-id</RequestId>
  </ResponseMetadata>
</DeleteRoleResponse>
""",
    ),
    "iam:GetRolePolicy": (
        {"RoleName": "r", "PolicyName": "p", "PolicyDocument": '{"a": "b+c%3A"}'},
        """<GetRolePolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
  <GetRolePolicyResult>
    <RoleName>r</RoleName>
    <PolicyName>p</PolicyName>
    <PolicyDocument>%7B%22a%22%3A%20%22b%2Bc%253A%22%7D</PolicyDocument>
  </GetRolePolicyResult>
  <ResponseMetadata>
    <RequestId>an-id</RequestId>
  </ResponseMetadata>
</GetRolePolicyResponse>
""",
    ),
}


@pytest.mark.parametrize("qualified_name", GOLDEN)
def test_answers_are_written_byte_for_byte(qualified_name: str) -> None:
    """Indentation, order, absent members, empty lists and empty results are as AWS writes them."""
    service, _, name = qualified_name.partition(":")
    operation = service_model(service).operation(name)
    assert operation is not None
    result, body = GOLDEN[qualified_name]

    assert operation.write_xml(result, "an-id").decode() == body
