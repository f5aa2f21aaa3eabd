"""An account per case in one daypass, and boto3 to speak to it."""

from __future__ import annotations

import json
import re
from base64 import b32decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from daypass.testing.local import LocalDaypass, Signer
from daypass.totp import code_of, step_at

_PLACE = re.compile(r"\{([a-z]\w*(?:\.\w+)*(?:@-?\d+)?)\}")
S3 = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}'


@cache
def metadata() -> str:
    """The metadata of a SAML identity provider."""
    return (Path(__file__).parents[2] / "federation/saml/metadata/okta.xml").read_text()


@cache
def private_key() -> str:
    """An RSA key, PEM."""
    key = generate_private_key(65_537, 2_048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


PROVIDERS: Mapping[str, Callable[[], str]] = {"metadata": metadata, "key": private_key}


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a refused call says."""

    status: int
    code: str
    message: str


@dataclass
class World:
    """One account, seen by its ``admin``; ``other`` is a second account's id."""

    daypass: LocalDaypass
    account: str
    admin: Signer
    other: str
    answers: dict[str, Any] = field(default_factory=dict)
    clients: dict[Signer, Any] = field(default_factory=dict)

    def call(self, operation: str, params: Mapping[str, Any] | None = None, signer: Signer | None = None) -> Any:
        """The answer of an IAM operation, or its ``Refusal``. Nothing is checked on the client's side."""
        try:
            answer = self._client(signer or self.admin)._make_api_call(operation, dict(params or {}))
        except ClientError as error:
            said = error.response
            return Refusal(said["ResponseMetadata"]["HTTPStatusCode"], said["Error"]["Code"], said["Error"]["Message"])
        answer.pop("ResponseMetadata")
        return answer

    def _client(self, signer: Signer) -> Any:
        if signer not in self.clients:
            client = self.clients[signer] = self.daypass.client("iam", signer)
            client._serializer = client._serializer._serializer  # the server is to judge, not the client
        return self.clients[signer]

    def must(self, operation: str, params: Mapping[str, Any] | None = None, signer: Signer | None = None) -> Any:
        """Like ``call``, for steps that are taken for granted."""
        answer = self.call(operation, params, signer)
        assert not isinstance(answer, Refusal), f"{operation}: {answer}"
        return answer

    def user(self, name: str, policy: object = None) -> Signer:
        """A user with an inline policy, and its key."""
        self.must("CreateUser", {"UserName": name})
        if policy is not None:
            document = self.filled(policy, "PolicyDocument")
            self.must("PutUserPolicy", {"UserName": name, "PolicyName": "own", "PolicyDocument": document})
        return Signer.of(self.must("CreateAccessKey", {"UserName": name})["AccessKey"])

    def filled(self, value: Any, name: str = "") -> Any:
        """``value`` with its placeholders filled in; an object under a name that ends in Document becomes its text."""
        if isinstance(value, str):
            return _PLACE.sub(lambda found: self._place(found[1]), value)
        if isinstance(value, list):
            return [self.filled(item) for item in value]
        if isinstance(value, dict):
            made = {key: self.filled(item, key) for key, item in value.items()}
            return json.dumps(made, separators=(",", ":")) if name.endswith("Document") else made
        return value

    def _place(self, name: str) -> str:
        fixed = {"account": self.account, "other": self.other, "s3": S3, "trust": self.trust()}
        if name in fixed:
            return fixed[name]
        if name in PROVIDERS:
            return PROVIDERS[name]()
        if "@" in name:
            return self._code(*name.split("@"))
        first, *rest = name.split(".")
        value = self.answers[first]
        for member in rest:
            value = value[member]
        return str(value)

    def _code(self, device: str, offset: str) -> str:
        """The code that the device made in the step called ``device`` shows so many steps from now."""
        seed = b32decode(self.answers[device]["VirtualMFADevice"]["Base32StringSeed"])
        return code_of(seed, step_at(int(self.daypass.clock.now())) + int(offset))

    def trust(self, principal: object = None) -> str:
        """A trust policy for ``principal``, else for the account."""
        statement = {"Effect": "Allow", "Principal": {"AWS": principal or self.account}, "Action": "sts:AssumeRole"}
        return json.dumps({"Version": "2012-10-17", "Statement": statement})


def agrees(expected: Any, actual: Any) -> bool:
    """Whether an answer is the expected one; ``…`` stands for any value, a text may stand for a decoded document."""
    if expected == "…":
        return True
    if isinstance(expected, str) and isinstance(actual, dict):
        return bool(json.loads(expected) == actual)
    if isinstance(expected, dict) and isinstance(actual, dict):
        return expected.keys() == actual.keys() and all(agrees(expected[key], actual[key]) for key in expected)
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(map(agrees, expected, actual))
    return bool(expected == actual)
