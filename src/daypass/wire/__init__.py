"""The wire: bytes to typed parameters, results and refusals to bytes. Pure; driven by AWS's service models.

It owns which service and operation a request means, parsing, validation against the model, serialisation and the
request as the audit record shows it. It knows nothing of signatures, principals or stores, and takes no clock: what it
needs from others (the credential scope's service, the request id) comes in as an argument.

What the pipeline calls, in order::

    route = identify(raw, service=scope_service, request_id=rid)   # scope_service: from the credential scope, or None
    if isinstance(route, Response):        # 302, 404, 413, 400, CORS: final, no envelope, nobody to authenticate
        return route
    if route.refusal is not None:          # InvalidAction, MalformedQueryString, wrong service in the scope,
        return refuse(route.service, route.refusal, rid, accept_json=route.accept_json)  # path not `/`
    operation = route.operation            # the model's operation; never None when there is no refusal
    …authenticate; anonymous callers only where ``operation.anonymous``…
    params, shown = read(raw, route, service=scope_service)  # raises MalformedInput, ValidationError (all findings)
    record["requestParameters"] = shown    # CloudTrail camelCase, nothing sensitive; or None
    …registry.find(operation.qualified_name) → handler → result…
    record["responseElements"] = operation.public_result(result)      # likewise; CloudTrail has null for mere reads
    return respond(operation, result, rid, accept_json=route.accept_json)
    …on ServiceError…
    return refuse(route.service, error, rid, accept_json=route.accept_json)

``params`` are typed by the model: str, int, bool, bytes (blobs), int epoch seconds (timestamps), list, dict. Absent
members are absent keys. ``result`` is a mapping by model names: timestamps are int (or float) epoch seconds, blobs
bytes; members that are None or absent are not sent, an empty list is sent as an empty element. Order is the model's,
not the mapping's. IAM policy documents are given as stored; percent-encoding them is done here.

Signatures::

    identify(raw: RawRequest, *, service: str | None, request_id: str) -> Route | Response
    Route:      service: str, operation: Operation | None, form: Mapping[str, str], endpoint: Endpoint | None,
                accept_json: bool, refusal: ServiceError | None, reading: Reading | None   (a NamedTuple)
    read(raw, route, *, service: str | None) -> Reading        # remembered for equal requests
    Reading:    params: Mapping[str, Any] by model names, shown: dict[str, Any] | None
    endpoint_of(host: bytes) -> Endpoint | None        # value of the Host header, port allowed; None: no AWS name
    Endpoint:   service: str, region: str, is_global: bool, partition: str
    service_model(name: str) -> Service                # KeyError when unknown; SERVICES: all known names
    Service:    name, version, namespace, operation(name) -> Operation | None, operation_names
    Operation:  name, qualified_name ("sts:AssumeRole"), service (name), anonymous, pages (Pages | None),
                parse(form) -> dict[str, Any], public_params(params), public_result(result) -> dict[str, Any] | None
    Pages:      input_token, output_token, limit_key, more_results, lists (member names)
    respond(operation, result: Mapping[str, Any] | None, request_id: str, *, accept_json: bool = False) -> Response
    refuse(service: str, error: ServiceError, request_id: str, *, accept_json: bool = False) -> Response
    status_of(service: str, code: str) -> int          # HTTP status of an error code, also for the audit record
    unread_form(raw, *, service: str | None) -> Route | None      # of a form over LARGE_FORM: verify its sender first
    BODY_LIMIT, TARGET_LIMIT: int                      # bytes; the surface cuts earlier and answers these:
    TOO_LARGE, BAD_REQUEST: Response                   # 413 and 400, empty

A ``HEAD`` request may get a response with a body: the surface sends its length and not its bytes.
Sources: STS and IAM API references (common parameters, common errors); AWS service models (Apache-2.0, see NOTICE).
"""

from daypass.wire.answer import refuse, respond, status_of
from daypass.wire.endpoint import Endpoint, endpoint_of
from daypass.wire.identify import (
    BAD_REQUEST,
    BODY_LIMIT,
    LARGE_FORM,
    TARGET_LIMIT,
    TOO_LARGE,
    Reading,
    Route,
    identify,
    read,
    unread_form,
)
from daypass.wire.model import SERVICES, Pages
from daypass.wire.service import Operation, Service, service_model

__all__ = [
    "BAD_REQUEST",
    "BODY_LIMIT",
    "LARGE_FORM",
    "SERVICES",
    "TARGET_LIMIT",
    "TOO_LARGE",
    "Endpoint",
    "Operation",
    "Pages",
    "Reading",
    "Route",
    "Service",
    "endpoint_of",
    "identify",
    "read",
    "refuse",
    "respond",
    "service_model",
    "status_of",
    "unread_form",
]
