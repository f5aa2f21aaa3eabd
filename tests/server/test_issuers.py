"""What token issuers publish: to whom, under which paths, and for how long it may be kept."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from daypass.exchange import RawRequest, Response
from daypass.ports import Health, NotLoaded
from daypass.server.asgi import Application, Served

ID = "3950c252-007e-8496-8811-381753511938"
KEYS = f"/-/issuers/{ID}/.well-known/jwks.json"


class Known:
    """One issuer, which is in memory once it was loaded."""

    cached = 3600

    def __init__(self) -> None:
        self.loaded = False

    def find(self, issuer_id: str, *, may_block: bool) -> Mapping[str, bytes] | None:
        self.loaded |= may_block
        if not self.loaded:
            raise NotLoaded(issuer_id)
        return {"/.well-known/jwks.json": b"{}"} if issuer_id == ID else None


class Nothing:
    """A service that answers nothing; it must not be asked."""

    def serve(self, raw: RawRequest) -> Response:
        return Response(418, ())

    serve_blocking = serve

    def health(self) -> Health:
        return Health(True)


def application() -> Application:
    nothing = Nothing()
    return Application(Served(nothing, nothing, issuers=Known()))


def ask(path: str, method: str = "GET", *, loaded: bool = True) -> Response:
    own = application()
    try:
        if loaded:
            own._answer_blocking(request(KEYS))
        return own.answer(request(path, method))
    finally:
        own.close()


def request(path: str, method: str = "GET") -> RawRequest:
    return RawRequest(
        method, path.encode(), ((b"host", b"sts.example.com"), (b"x-forwarded-for", b"a")), peer="192.0.2.1"
    )


def test_everybody_may_read_them_and_keep_them_for_an_hour() -> None:
    """Those who verify tokens are strangers, somewhere, perhaps in a browser; a query changes nothing."""
    for path in (KEYS, KEYS + "?x=1"):
        status, headers, body = ask(path)
        assert (status, body) == (200, b"{}")
        found = dict(headers)
        assert found[b"cache-control"] == b"public, max-age=3600"
        assert found[b"content-type"] == b"application/json"
        assert found[b"access-control-allow-origin"] == b"*"


@pytest.mark.parametrize(
    "path",
    [
        "/-/issuers/",
        f"/-/issuers/{ID}",
        f"/-/issuers/{ID}/.well-known/other",
        KEYS + "/",
        KEYS.replace("381753511938", "381753511939"),
        KEYS.replace(ID, "%33" + ID[1:]),
        KEYS.upper().replace("ISSUERS", "issuers"),
        "/-/issuers/../health",
        "/-/issuers/" + "a" * 10_000 + "/.well-known/jwks.json",
    ],
)
def test_any_other_path_is_not_there(path: str) -> None:
    """404, not to be kept, and the services are not asked; every unknown issuer looks alike."""
    status, headers, _ = ask(path)
    assert status == 404
    assert dict(headers)[b"cache-control"] == b"no-store"


def test_they_are_read_and_nothing_else() -> None:
    """405 for what is no reading."""
    assert ask(KEYS, "POST").status == 405
    assert ask(KEYS, "HEAD").status == 200


def test_an_issuer_that_is_not_in_memory_is_loaded_on_a_thread() -> None:
    """The event loop waits for no database."""
    with pytest.raises(NotLoaded):
        ask(KEYS, loaded=False)
    own = application()
    try:
        assert own.submit(request(KEYS), NotLoaded(ID)).result(10).status == 200
    finally:
        own.close()
