"""Which operation a request means, before anybody is authenticated.

The order of AWS's front end (STS observed 2026):

1. size and method          413 or 400, nothing inside
2. path                     a broken escape is 400, nothing inside
3. parameters               query first, then a form body; undecodable: MalformedQueryString
4. no Action                404 off the root path, else 302 to the product page
5. which service            credential scope, X-Amz-Target, Host, unsigned Action
6. path again               an Action off the root path can never have the right signature
7. which operation          Action and Version, else InvalidAction

What the caller still owes: the signature. Nothing here is trusted, and the credential scope's service only chooses
whose words are used to refuse.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from daypass.errors import InvalidAction, MalformedQueryString, ServiceError, SignatureDoesNotMatch
from daypass.exchange import Header, RawRequest, Response
from daypass.wire.endpoint import Endpoint, endpoint_of
from daypass.wire.form import TooManyParameters, parse_form, well_formed_escapes
from daypass.wire.model import SERVICES
from daypass.wire.recall import Recall, name_of
from daypass.wire.service import Operation, service_model
from daypass.wire.validate import shown

BODY_LIMIT = 10_000_000
"""Octets of a body; one more is answered 413."""

LARGE_FORM = 131_072
"""Octets of a form beyond which its sender is verified before it is read. What needs no signature is smaller."""

TARGET_LIMIT = 16_384
"""Octets of a request target; AWS refuses somewhere near it."""

TOO_LARGE = Response(413, ())
BAD_REQUEST = Response(400, ())

_FORM = b"application/x-www-form-urlencoded"
_PRODUCT_PAGE = b"https://aws.amazon.com/iam"
_UNKNOWN_OPERATION = b"<UnknownOperationException/>\n"
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_QUERY_METHODS = frozenset({"GET", "POST"})
_ROOT = frozenset({b"/", b"/?"})  # how a target of the root path begins
_WRONG_SIGNATURE = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)
_CORS: tuple[Header, ...] = (
    (b"Access-Control-Allow-Origin", b"*"),
    (b"Access-Control-Allow-Methods", b"GET, POST, OPTIONS"),
    (
        b"Access-Control-Allow-Headers",
        b"authorization, content-type, x-amz-content-sha256, x-amz-date, x-amz-security-token, x-amz-user-agent",
    ),
    (b"Access-Control-Expose-Headers", b"x-amzn-RequestId, x-amz-sts-extended-request-id, x-amzn-ErrorType, Date"),
    (b"Access-Control-Max-Age", b"172800"),
)

# Operations by credential scope's service, version and action: what ``_dispatch`` has found for a scope that fits. No
# more entries than the models have operations.
_SEEN: dict[tuple[str | None, str | None, str | None], Operation] = {}

_KNOWN: Recall[Route] = Recall()

Headers = Mapping[bytes, bytes]


class Reading(NamedTuple):
    """The parameters of a request, and what its record shows of them. Shared by requests: nobody changes them."""

    params: Mapping[str, Any]
    shown: dict[str, Any] | None

    def __repr__(self) -> str:
        return "<Reading>"


class Route(NamedTuple):
    """What a request asks for. With a ``refusal`` there is no operation, and the refusal is the answer.

    ``form`` are all parameters, first value of each name. ``endpoint`` is None where Host is no AWS name.
    ``reading`` is there when an equal request was read before.
    """

    service: str
    operation: Operation | None
    form: Mapping[str, str]
    endpoint: Endpoint | None
    accept_json: bool = False
    refusal: ServiceError | None = None
    reading: Reading | None = None

    def __repr__(self) -> str:
        # The form may hold tokens and codes, and a repr ends up in logs.
        return f"<Route {self.service} {self.operation} refusal={self.refusal and self.refusal.code}>"


def identify(raw: RawRequest, *, service: str | None, request_id: str) -> Route | Response:
    """The route of ``raw``, or a final answer that has no envelope.

    Args:
        raw: the request as it came.
        service: the service named in the credential scope, unverified; None for a request without a signature.
        request_id: shown in the headers of final answers that AWS gives one.
    """
    # What every SDK sends; everything else goes by the long way, step for step.
    usual = raw.target == b"/" and raw.method == "POST"
    headers = raw.by_name
    if usual and (known := _KNOWN.find(name_of(service, raw, headers))) is not None:
        return known
    if (not usual or len(raw.body) > BODY_LIMIT) and (final := _bounds(raw)) is not None:
        return final
    endpoint = endpoint_of(headers.get(b"host", b""))
    as_json = b"accept" in headers and accepts_json(headers[b"accept"])
    form: dict[str, str] = {}
    try:
        if usual and raw.body and _is_form(headers.get(b"content-type", b"")):
            parse_form(raw.body, form)
        else:
            _read_parameters(raw, headers, form)
    except TooManyParameters:
        return TOO_LARGE
    except MalformedQueryString as broken:
        return Route(_service_of(service, endpoint, form), None, form, endpoint, as_json, broken)
    rooted = usual or (raw.target[:2] == b"/?" and raw.method in _QUERY_METHODS)
    if rooted and (operation := _SEEN.get((service, form.get("Version"), form.get("Action")))) is not None:
        return Route(operation.service, operation, form, endpoint, as_json)
    if "Action" not in form or raw.method not in _QUERY_METHODS:
        return _no_action(raw, request_id)
    name = _service_of(service, endpoint, form)
    operation, refusal = _dispatch(raw, service, name, form)
    return Route(name, operation, form, endpoint, as_json, refusal)


def unread_form(raw: RawRequest, *, service: str | None) -> Route | None:
    """The route of a form that is larger than ``LARGE_FORM`` as far as it can be told without reading it.

    None where there is nothing to read: another kind of body, or one that ``identify`` refuses by its size or target.
    """
    headers = raw.by_name
    if raw.method != "POST" or not _is_form(headers.get(b"content-type", b"")) or _bounds(raw) is not None:
        return None
    endpoint = endpoint_of(headers.get(b"host", b""))
    as_json = b"accept" in headers and accepts_json(headers[b"accept"])
    return Route(_service_of(service, endpoint, {}), None, {}, endpoint, as_json)


def read(raw: RawRequest, route: Route, *, service: str | None) -> Reading:
    """The parameters of a request that ``identify`` has found a route for, and whose caller is verified.

    Equal requests get equal routes, so the second one's is remembered with its reading: the next costs one look.
    Strangers' are not, since they would push out those of callers, nor any with a member that may not be shown.

    Raises:
        MalformedInput, ValidationError: as ``Operation.parse``.
    """
    if route.reading is not None:
        return route.reading
    operation = route.operation
    assert operation is not None, "a route without refusal has an operation"
    params = operation.parse(route.form)
    reading = Reading(params, operation.public_params(params))
    # INVARIANT: 7. tokens and codes are not kept.
    #   tests/wire/test_recall.py::test_a_request_with_a_sensitive_member_is_not_remembered
    if raw.target == b"/" and raw.method == "POST" and operation.secret_params.isdisjoint(params):
        name = name_of(service, raw, raw.by_name)
        if _KNOWN.comes_again(name):
            _KNOWN.keep(name, route._replace(reading=reading))
    return reading


def _bounds(raw: RawRequest) -> Response | None:
    """Steps 1 and 2: an answer without a word where size, method or path is beyond any operation."""
    # INVARIANT: 9. Sizes come before parsing.
    #   tests/wire/test_identify.py::test_sizes_are_refused_before_anything_is_parsed.
    if len(raw.body) > BODY_LIMIT:
        return TOO_LARGE
    target = raw.target
    if len(target) > TARGET_LIMIT or raw.method not in _METHODS:
        return BAD_REQUEST
    if raw.method == "OPTIONS" and raw.header(b"origin") is not None:
        return Response(200, _CORS)
    if target[:1] != b"/" or not well_formed_escapes(raw.path):
        return BAD_REQUEST
    return None


def _read_parameters(raw: RawRequest, headers: Headers, form: dict[str, str]) -> None:
    """Step 3. The query comes first on the wire, so its values win over the body's."""
    if b"?" in raw.target:
        parse_form(raw.query, form)
    if raw.method == "POST" and raw.body and _is_form(headers.get(b"content-type", b"")):
        parse_form(raw.body, form)


@lru_cache(maxsize=64)
def _is_form(content_type: bytes) -> bool:
    return content_type == _FORM or content_type.partition(b";")[0].strip().lower() == _FORM


def _no_action(raw: RawRequest, request_id: str) -> Response:
    """Step 4. AWS sends people to a product page; a query that holds a signature is not sent along with them."""
    name: Header = (b"x-amzn-RequestId", request_id.encode())
    if raw.path != b"/" or raw.method not in _QUERY_METHODS:
        return Response(404, (name,), _UNKNOWN_OPERATION)
    location = _PRODUCT_PAGE
    if raw.method == "GET" and raw.query and b"x-amz-" not in raw.query.lower() and raw.query.isascii():
        location += b"?" + raw.query
    return Response(302, (name, (b"Location", location)))


def _service_of(scope: str | None, endpoint: Endpoint | None, form: Mapping[str, str]) -> str:
    """Step 5. A scope for a service that we do not have falls through, and ``_dispatch`` refuses it by name.

    ``X-Amz-Target`` comes next in this order; no service with a table is called by it.
    """
    if scope in SERVICES:
        return scope
    if endpoint is not None and endpoint.service in SERVICES:
        return endpoint.service
    action, version = form.get("Action", ""), form.get("Version", "")
    known = next((name for name in SERVICES if service_model(name).operation(action) is not None), None)
    return known or next((name for name in SERVICES if service_model(name).version == version), SERVICES[0])


def _dispatch(
    raw: RawRequest, scope: str | None, name: str, form: Mapping[str, str]
) -> tuple[Operation | None, ServiceError | None]:
    """Steps 6 and 7: the operation of service ``name``, or why there is none."""
    # Slashes alone are signed as the root, and HashiCorp Vault passes logins on to `//`.
    if raw.target[:2] not in _ROOT and raw.path.strip(b"/"):
        return None, SignatureDoesNotMatch(_WRONG_SIGNATURE)
    if scope is not None and scope != name:
        return None, SignatureDoesNotMatch(f"Credential should be scoped to correct service: '{name}'. ")
    model = service_model(name)
    action, version = form["Action"], form.get("Version", "NO_VERSION_SPECIFIED")
    operation = model.operation(action) if version == model.version else None
    if operation is None:
        return None, InvalidAction(f"Could not find operation {shown(action)} for version {shown(version)}")
    if scope is not None:
        _SEEN[scope, version, action] = operation
    return operation, None


def accepts_json(accept: bytes) -> bool:
    """Whether an Accept header asks for JSON: ``application/json`` is named, and no XML type before it.

    Precedence among several types is not documented; wildcards keep AWS's default, XML.
    """
    for part in accept.lower().split(b",", 32):
        kind = part.partition(b";")[0].strip()
        if kind == b"application/json":
            return True
        if kind in (b"text/xml", b"application/xml"):
            return False
    return False
