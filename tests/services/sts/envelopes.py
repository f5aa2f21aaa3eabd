"""What an answer of STS is, byte for byte."""

from __future__ import annotations

import re
from pathlib import Path

from daypass.exchange import Response
from tests.calling import element
from tests.services.sts.probes import Probe

FOLDER = Path(__file__).parents[2] / "cases/sts"
STS = "https://sts.amazonaws.com/doc/2011-06-15/"
DISPATCH = "http://webservices.amazon.com/AWSFault/2005-15-09"
OF_DISPATCH = {"InvalidAction", "MalformedQueryString"}


def check_refusal(probe: Probe, answer: Response, status: int, code: str, message: str | None) -> None:
    """Status, headers and body are AWS's, byte for byte."""
    assert (answer.status, element(answer, "Code")) == (status, code), answer.body.decode()
    namespace, request_id = DISPATCH if code in OF_DISPATCH else STS, element(answer, "RequestId")
    assert is_like(answer.body.decode(), envelope(code, message, request_id, namespace))
    headers = dict(answer.headers)
    assert headers[b"x-amzn-RequestId"].decode() == request_id
    assert headers[b"Content-Type"] == b"text/xml"
    assert headers.keys() == {b"x-amzn-RequestId", b"x-amz-sts-extended-request-id", b"Content-Type"}, probe.case


def check_whole(answer: Response, status: int, body: str = "", headers: dict[str, str] | None = None) -> None:
    """The whole answer is as stated; ``…`` in its body stands for any text without an element in it."""
    found = {name.decode(): value.decode() for name, value in answer.headers}
    assert answer.status == status, answer.body.decode()
    assert is_like(answer.body.decode(), body)
    assert {name: found.get(name) for name in headers or {}} == (headers or {})


def is_like(text: str, wanted: str) -> bool:
    """Whether ``text`` is ``wanted``, where ``…`` stands for any text without an element in it."""
    return text == wanted or re.fullmatch("[^<]+".join(map(re.escape, wanted.split("…"))), text) is not None


def envelope(code: str, message: str | None, request_id: str, namespace: str) -> str:
    """AWS's error envelope, byte for byte; without a message where there is None."""
    text = (message or "").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    said = "" if message is None else f"    <Message>{text}</Message>\n"
    return (
        f'<ErrorResponse xmlns="{namespace}">\n  <Error>\n    <Type>Sender</Type>\n'
        f"    <Code>{code}</Code>\n{said}  </Error>\n"
        f"  <RequestId>{request_id}</RequestId>\n</ErrorResponse>\n"
    )
