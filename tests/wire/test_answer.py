"""Answers: headers, envelopes, statuses, and the JSON that Kubernetes' authenticators need."""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest

import daypass
from daypass.errors import ServiceError
from daypass.wire import SERVICES, Operation, refuse, respond, service_model, status_of
from daypass.wire.answer import COMMON_ERRORS, DISPATCH_NAMESPACE

STS = "https://sts.amazonaws.com/doc/2011-06-15/"
IAM = "https://iam.amazonaws.com/doc/2010-05-08/"


def operation_of(service: str, name: str) -> Operation:
    found = service_model(service).operation(name)
    assert found is not None
    return found


def refusal(code: str, message: str = "") -> ServiceError:
    made = type("Refusal", (ServiceError,), {"code": code})(message, detail="for the record only")
    assert isinstance(made, ServiceError)
    return made


def envelope(namespace: str, fault: str, code: str, message: str | None) -> str:
    said = "" if message is None else f"    <Message>{message}</Message>\n"
    return (
        f'<ErrorResponse xmlns="{namespace}">\n  <Error>\n    <Type>{fault}</Type>\n    <Code>{code}</Code>\n{said}'
        "  </Error>\n  <RequestId>an-id</RequestId>\n</ErrorResponse>\n"
    )


@pytest.mark.parametrize(
    ("service", "error", "status", "body"),
    [
        ("sts", refusal("AccessDenied", "no"), 403, envelope(STS, "Sender", "AccessDenied", "no")),
        ("iam", refusal("NoSuchEntity", "gone"), 404, envelope(IAM, "Sender", "NoSuchEntity", "gone")),
        ("sts", refusal("InvalidAction", "x"), 400, envelope(DISPATCH_NAMESPACE, "Sender", "InvalidAction", "x")),
        ("iam", refusal("InvalidAction", "x"), 400, envelope(DISPATCH_NAMESPACE, "Sender", "InvalidAction", "x")),
        ("sts", refusal("MalformedInput"), 400, envelope(STS, "Sender", "MalformedInput", None)),
        ("sts", refusal("SignatureDoesNotMatch"), 403, envelope(STS, "Sender", "SignatureDoesNotMatch", "")),
        ("sts", refusal("InternalFailure"), 500, envelope(STS, "Receiver", "InternalFailure", None)),
        ("iam", refusal("ServiceFailure", "x"), 500, envelope(IAM, "Receiver", "ServiceFailure", "x")),
        ("iam", refusal("ServiceUnavailable", "x"), 503, envelope(IAM, "Receiver", "ServiceUnavailable", "x")),
        ("sts", refusal("ExpiredToken", "x"), 403, envelope(STS, "Sender", "ExpiredToken", "x")),
        ("sts", refusal("ExpiredTokenException", "x"), 400, envelope(STS, "Sender", "ExpiredTokenException", "x")),
        (
            "sts",
            refusal("ValidationError", "<a>&'\"\r\x00"),
            400,
            envelope(STS, "Sender", "ValidationError", "&lt;a&gt;&amp;'\"&#xD;\ufffd"),
        ),
    ],
)
def test_refusals_are_written_byte_for_byte(service: str, error: ServiceError, status: int, body: str) -> None:
    """Namespace, fault, code and message of each kind of refusal are as AWS writes them, the detail nowhere."""
    answer = refuse(service, error, "an-id")

    assert (answer.status, answer.body.decode()) == (status, body)


def test_a_missing_token_is_as_long_as_aws_s_answer() -> None:
    """The recorded answer of STS to an unsigned call has 297 octets, and so has ours."""
    error = refusal("MissingAuthenticationToken", "Request is missing Authentication Token")

    assert len(refuse("sts", error, "12345678-1234-1234-1234-123456789012").body) == 297


def test_answers_of_sts_carry_both_ids() -> None:
    """STS names the request twice, IAM once; both answer text/xml."""
    sts = dict(respond(operation_of("sts", "GetCallerIdentity"), {}, "an-id").headers)
    iam = dict(refuse("iam", refusal("NoSuchEntity"), "an-id").headers)

    assert sts.pop(b"x-amz-sts-extended-request-id")
    assert sts == iam == {b"x-amzn-RequestId": b"an-id", b"Content-Type": b"text/xml"}


def test_json_keeps_the_wrapper_and_writes_times_as_numbers() -> None:
    """The JSON of AssumeRole has one key, null for absent members and epoch seconds."""
    result = {
        "Credentials": {"AccessKeyId": "A", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": 1514869445},
        "AssumedRoleUser": {"Arn": "arn", "AssumedRoleId": "id"},
    }
    answer = respond(operation_of("sts", "AssumeRole"), result, "an-id", accept_json=True)
    said = json.loads(answer.body)["AssumeRoleResponse"]

    assert dict(answer.headers)[b"Content-Type"] == b"application/json"
    assert said["ResponseMetadata"] == {"RequestId": "an-id"}
    assert said["AssumeRoleResult"]["Credentials"] == result["Credentials"]
    assert said["AssumeRoleResult"]["PackedPolicySize"] is None


def test_the_authenticator_s_answer_in_json() -> None:
    """GetCallerIdentity in JSON has exactly the members that aws-iam-authenticator decodes."""
    identity = {"Account": "123456789012", "Arn": "arn", "UserId": "id"}
    answer = respond(operation_of("sts", "GetCallerIdentity"), identity, "an-id", accept_json=True)

    assert json.loads(answer.body) == {
        "GetCallerIdentityResponse": {
            "GetCallerIdentityResult": identity,
            "ResponseMetadata": {"RequestId": "an-id"},
        }
    }


@pytest.mark.parametrize(("message", "said"), [("Rate exceeded", "Rate exceeded"), ("", None)])
def test_refusals_in_json(message: str, said: str | None) -> None:
    """A refusal in JSON has code, message and type under one key and the request id beside it."""
    answer = refuse("sts", refusal("Throttling", message), "an-id", accept_json=True)

    assert answer.status == 400
    assert json.loads(answer.body) == {
        "Error": {"Code": "Throttling", "Message": said, "Type": "Sender"},
        "RequestId": "an-id",
    }


def test_no_text_in_a_json_answer_reads_as_xml() -> None:
    """Go's reader of XML skips what stands before it, so a subject could else be read as somebody's identity."""
    forged = "<GetCallerIdentityResponse><Arn>arn:aws:iam::111122223333:root</Arn></GetCallerIdentityResponse>"
    result = {"SubjectFromWebIdentityToken": forged}
    answer = respond(operation_of("sts", "AssumeRoleWithWebIdentity"), result, "an-id", accept_json=True)
    refused = refuse("sts", refusal("ValidationError", forged), "an-id", accept_json=True)
    for body in (answer.body, refused.body):
        assert b"<" not in body
        assert forged in str(json.loads(body))


def test_iam_answers_in_json_hold_lists_maps_and_encoded_documents() -> None:
    """The JSON form covers every kind of member, policy documents percent-encoded as in XML."""
    version = {"Document": '{"a": 1}', "VersionId": "v1", "IsDefaultVersion": True, "CreateDate": 1}
    policy = respond(operation_of("iam", "GetPolicyVersion"), {"PolicyVersion": version}, "an-id", accept_json=True)
    summary = respond(operation_of("iam", "GetAccountSummary"), {"SummaryMap": {"Users": 1}}, "an-id", accept_json=True)
    deleted = respond(operation_of("iam", "DeleteUser"), None, "an-id", accept_json=True)

    found = json.loads(policy.body)["GetPolicyVersionResponse"]["GetPolicyVersionResult"]["PolicyVersion"]
    assert found == {**version, "Document": "%7B%22a%22%3A%201%7D"}
    assert json.loads(summary.body)["GetAccountSummaryResponse"]["GetAccountSummaryResult"]["SummaryMap"] == {
        "Users": 1
    }
    assert json.loads(deleted.body) == {"DeleteUserResponse": {"ResponseMetadata": {"RequestId": "an-id"}}}


NEVER_SENT = "daypass.services.organization.refusals"
"""The organization is changed by commands on the machine; no service on the wire answers with these."""


def every_service_error() -> Iterator[type[ServiceError]]:
    """Every error class of the package, wherever it is defined."""
    for module in pkgutil.walk_packages(daypass.__path__, "daypass."):
        if ".migrations" not in module.name and not module.name.endswith("__main__"):  # programs, not modules
            importlib.import_module(module.name)
    waiting: list[type[ServiceError]] = [ServiceError]
    while waiting:
        found = waiting.pop()
        waiting += [kind for kind in found.__subclasses__() if kind.__module__.startswith("daypass.")]
        yield found


def test_every_service_error_has_a_status() -> None:
    """No error class of daypass falls through to the status of an unknown code, but those that commands alone print."""
    known = {*COMMON_ERRORS, *(code for name in SERVICES for code in service_model(name).error_statuses)}

    assert {kind.code for kind in every_service_error() if kind.__module__ != NEVER_SENT} <= known


@pytest.mark.parametrize(
    ("service", "code", "status"),
    [
        ("sts", "IDPCommunicationError", 400),
        ("sts", "RegionDisabledException", 403),
        ("iam", "EntityAlreadyExists", 409),
        ("iam", "ReportNotPresent", 410),
        ("iam", "OrganizationNotFoundException", 400),
        ("sts", "NotImplemented", 501),
        ("sts", "NobodyKnowsThis", 500),
        ("s3", "AccessDenied", 403),
    ],
)
def test_statuses_come_from_the_model_first(service: str, code: str, status: int) -> None:
    """A modelled error has its model's status, a common one the table's, an unknown one is our fault."""
    assert status_of(service, code) == status


def test_results_that_are_not_sent_are_not_in_the_answer() -> None:
    """A member that is None is absent from XML."""
    body: Any = respond(operation_of("sts", "GetCallerIdentity"), {"Arn": None, "Account": "1"}, "an-id").body

    assert b"Arn" not in body
    assert b"<Account>1</Account>" in body
