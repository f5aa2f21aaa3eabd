"""The two federated actions over HTTP, beside what they cannot do without: what a library takes to verify the proof,
and an AssumeRole.
"""

from __future__ import annotations

import tempfile
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from signxml.verifier import SignatureConfiguration, XMLVerifier

from benchmarks.actions import SAML, SignedIn, signed_in, visited_role
from benchmarks.figures import Figures
from benchmarks.inner import microseconds
from benchmarks.load import Request, least, measure
from benchmarks.servers import Server, bare, daypass
from benchmarks.single import measure_once
from benchmarks.verifier import CERTIFICATE
from daypass.federation.compact import decode_base64url, read_token
from daypass.federation.saml.names import ASSERTION
from daypass.testing.issuer import StubIssuer
from daypass.testing.local import LocalDaypass

ROUNDS = 5
CONNECTIONS = 16
WAITING = 4
"""Connections of what waits for the disk."""

ASSERTIONS = 200
"""In a round; each opens one session."""

WEB = "AssumeRoleWithWebIdentity"


@dataclass(frozen=True)
class Trust:
    """A server that trusts an issuer, whose tokens are here by algorithm, and a SAML identity provider.

    ``bare`` verifies that provider's responses and does nothing else.

    ``verifications`` are the CPU microseconds that a library takes for one signature of each, ``mark`` those of one
    mark in the store: that an assertion was used is on disk before anything is given for it.
    """

    server: Server
    bare: Server
    tokens: dict[str, str]
    visited: str
    signed_in: SignedIn
    verifications: dict[str, float]
    mark: float

    def web(self, algorithm: str) -> Request:
        """A call with a token."""
        wish = {"RoleArn": self.visited, "RoleSessionName": "bench", "WebIdentityToken": self.tokens[algorithm]}
        return self.server.unsigned(WEB, wish)

    def saml(self) -> Request:
        """A call with an assertion that nobody has used."""
        there = self.signed_in
        wish = {"RoleArn": there.role, "PrincipalArn": there.provider, "SAMLAssertion": response(there)}
        return self.server.unsigned(SAML, wish)


def response(there: SignedIn) -> str:
    """A response (base64) that names the role."""
    return there.idp.response({"Role": f"{there.role},{there.provider}", "RoleSessionName": "bench"})


def federated(figures: Figures, seconds: float) -> None:
    """Both actions, in rounds that alternate with an AssumeRole that is sent in the same way."""
    with trusting() as trust:
        for algorithm in trust.tokens:
            _web(figures, trust, algorithm, seconds / 2)
        _saml(figures, trust)


def _web(figures: Figures, trust: Trust, algorithm: str, seconds: float) -> None:
    pid, role = trust.server.pid, trust.server.request("AssumeRole")
    token = trust.web(algorithm)
    ours, floor = least(
        ROUNDS,
        lambda: measure(pid, token, connections=CONNECTIONS, seconds=seconds).cpu,
        lambda: measure(pid, role, connections=CONNECTIONS, seconds=seconds).cpu,
    )
    raw = figures.add(f"raw {algorithm} verification", trust.verifications[algorithm], "us")
    figures.add(f"AssumeRole beside {algorithm}, CPU", floor, "us/request")
    figures.add(f"{WEB}, {algorithm}, CPU", ours, "us/request", ("the raw verification and AssumeRole", raw + floor))


def _saml(figures: Figures, trust: Trust) -> None:
    pid, role, bare = trust.server.pid, trust.server.request("AssumeRole"), trust.bare
    ours, floor, verifying = least(
        ROUNDS,
        lambda: measure_once(pid, [trust.saml() for _ in range(ASSERTIONS)], WAITING),
        lambda: measure_once(pid, [role] * ASSERTIONS, WAITING),
        lambda: measure_once(bare.pid, [trust.saml().to(bare.url) for _ in range(ASSERTIONS)], WAITING),
    )
    raw = figures.add("signxml verification", trust.verifications[SAML], "us")
    figures.add("AssumeRole beside SAML, CPU", floor, "us/request")
    mark = figures.add("a mark in the store, CPU", trust.mark, "us")
    figures.add("a bare server that verifies by signxml, CPU", verifying, "us/request")
    figures.add(
        f"{SAML}, CPU",
        ours,
        "us/request",
        ("signxml and AssumeRole", raw + floor),
        ("signxml, AssumeRole and a mark", raw + floor + mark),
        ("the bare server, AssumeRole and a mark", verifying + floor + mark),
    )


@contextmanager
def trusting() -> Iterator[Trust]:
    """See ``Trust``."""
    with tempfile.TemporaryDirectory() as folder, StubIssuer() as issuer:
        tokens = {"RS256": issuer.token()}
        issuer.rotate("ES256")
        tokens["ES256"] = issuer.token()
        with LocalDaypass(Path(folder) / "data") as local:
            visited, there = visited_role(local, issuer), signed_in(local)
            signxml, mark = _signxml_and_mark(local, there)
        verifications = {algorithm: _verification(issuer, token) for algorithm, token in tokens.items()}
        verifications[SAML] = signxml
        certificate = Path(folder) / "provider.pem"
        certificate.write_bytes(there.idp.keys[-1][1].public_bytes(Encoding.PEM))
        with (
            daypass(Path(folder) / "data") as server,
            bare("verifier", **{CERTIFICATE: str(certificate)}) as verifier,
        ):
            yield Trust(server, verifier, tokens, visited, there, verifications, mark)


def _verification(issuer: StubIssuer, token: str) -> float:
    """CPU microseconds of the signature alone, at a key that is ready for use."""
    signed, _, spelled = token.rpartition(".")
    text, signature = signed.encode(), decode_base64url(spelled)
    key = issuer.keys[str(read_token(token).key_id)].get_op_key("verify")
    if isinstance(key, EllipticCurvePublicKey):
        middle = len(signature) // 2
        der = encode_dss_signature(*(int.from_bytes(half, "big") for half in (signature[:middle], signature[middle:])))
        return microseconds(lambda: key.verify(der, text, ECDSA(SHA256())), 20)
    return microseconds(lambda: key.verify(signature, text, PKCS1v15(), SHA256()), 20)


def _signxml_and_mark(local: LocalDaypass, there: SignedIn) -> tuple[float, float]:
    """CPU microseconds of both, in the rhythm of a server: each document is another one, and after each comes the disk,
    so that neither finds the processor's caches as it has left them.
    """
    certificate, expected = there.idp.keys[-1][1], SignatureConfiguration(location=f"./{ASSERTION}/")
    uses, now = local.daypass.storage.single_uses, int(time.time())

    def verify(document: bytes) -> None:
        XMLVerifier().verify(document, x509_cert=certificate, id_attribute="ID", expect_config=expected)

    def mark(document: bytes) -> None:
        uses.use("assertion", sha256(document).digest(), now + 600, now)

    rounds = []
    for _ in range(ROUNDS + 1):
        documents = [b64decode(response(there)) for _ in range(ASSERTIONS)]
        clocks = [(_clocked(verify, document), _clocked(mark, document)) for document in documents]
        rounds.append([sum(each) / ASSERTIONS * 1e6 for each in zip(*clocks, strict=True)])
    verifying, marking = (min(found) for found in zip(*rounds[1:], strict=True))
    return verifying, marking


def _clocked(work: Callable[[bytes], None], document: bytes) -> float:
    start = time.thread_time()
    work(document)
    return time.thread_time() - start
