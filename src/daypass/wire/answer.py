"""Answers: a result or a refusal to a response, with AWS's headers, in XML or, when asked for, in JSON.

Status of a refusal: the service's model first, then the one table of common errors. Byte forms and headers: STS
answers observed 2026; common errors: STS and IAM API references.
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Mapping
from typing import Any

from daypass.errors import ServiceError
from daypass.exchange import Header, Response
from daypass.wire.model import SERVICES
from daypass.wire.query_json import encode
from daypass.wire.service import Operation, service_model
from daypass.wire.xml import escaped

DISPATCH_NAMESPACE = "http://webservices.amazon.com/AWSFault/2005-15-09"
"""Namespace of refusals made before the operation is known."""

_DISPATCH_CODES = frozenset({"InvalidAction", "MalformedQueryString"})

# Codes whose answer carries an empty ``Message`` rather than none when there is no text.
_EMPTY_MESSAGE_CODES = frozenset({"SignatureDoesNotMatch"})

COMMON_ERRORS: Mapping[str, int] = {
    "AccessDenied": 403,
    "ExpiredToken": 403,
    "IncompleteSignature": 400,
    "InternalFailure": 500,
    "InvalidAction": 400,
    "InvalidClientTokenId": 403,
    "InvalidParameterValue": 400,
    "MalformedInput": 400,
    "MalformedQueryString": 400,
    "MissingAuthenticationToken": 403,
    "NotImplemented": 501,
    "OptInRequired": 403,
    "RequestExpired": 400,
    "ServiceUnavailable": 503,
    "SignatureDoesNotMatch": 403,
    "Throttling": 400,
    "ValidationError": 400,
}
"""HTTP status of the errors that no model has."""

_EMPTY: Mapping[str, Any] = {}


def status_of(service: str, code: str) -> int:
    """The HTTP status of error ``code`` from ``service``; 500 for a code that nobody knows."""
    if service in SERVICES:
        modelled = service_model(service).error_statuses.get(code)
        if modelled is not None:
            return modelled
    return COMMON_ERRORS.get(code, 500)


def respond(
    operation: Operation, result: Mapping[str, Any] | None, request_id: str, *, accept_json: bool = False
) -> Response:
    """The success answer of ``operation``. ``result`` has the members by model names; what is None is not sent."""
    members = result or _EMPTY
    if accept_json:
        return Response(200, _headers(operation.service, request_id, _JSON), operation.write_json(members, request_id))
    return Response(200, _headers(operation.service, request_id, _XML), operation.write_xml(members, request_id))


def refuse(service: str, error: ServiceError, request_id: str, *, accept_json: bool = False) -> Response:
    """The answer that says ``error``: its code and public message, never its detail."""
    status = status_of(service, error.code)
    fault = "Receiver" if status >= 500 else "Sender"
    if accept_json:
        said = {"Code": error.code, "Message": error.message or None, "Type": fault}
        return Response(status, _headers(service, request_id, _JSON), encode({"Error": said, "RequestId": request_id}))
    body = (
        f'<ErrorResponse xmlns="{_namespace(service, error.code)}">\n  <Error>\n    <Type>{fault}</Type>\n'
        f"    <Code>{escaped(error.code)}</Code>\n{_message(error)}  </Error>\n"
        f"  <RequestId>{request_id}</RequestId>\n</ErrorResponse>\n"
    )
    return Response(status, _headers(service, request_id, _XML), body.encode())


def _namespace(service: str, code: str) -> str:
    if code in _DISPATCH_CODES or service not in SERVICES:
        return DISPATCH_NAMESPACE
    return service_model(service).namespace


def _message(error: ServiceError) -> str:
    if not error.message and error.code not in _EMPTY_MESSAGE_CODES:
        return ""
    return f"    <Message>{escaped(error.message)}</Message>\n"


_XML: Header = (b"Content-Type", b"text/xml")
_JSON: Header = (b"Content-Type", b"application/json")


def _headers(service: str, request_id: str, content_type: Header) -> tuple[Header, ...]:
    name = request_id.encode()
    if service != "sts":
        return ((b"x-amzn-RequestId", name), content_type)
    # The extended id is opaque; ours says no more than the request id, in another alphabet, as AWS's does.
    return (
        (b"x-amzn-RequestId", name),
        (b"x-amz-sts-extended-request-id", b2a_base64(name, newline=False)),
        content_type,
    )
