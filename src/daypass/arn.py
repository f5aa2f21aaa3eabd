"""Amazon Resource Names: ``arn:partition:service:region:account:resource``.

Source: AWS General Reference, "Amazon Resource Names".
"""

from __future__ import annotations

from typing import NamedTuple

from daypass.errors import Malformed

PARTITIONS = ("aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f")


def is_account(text: str) -> bool:
    """Whether ``text`` has the form of an account id: 12 digits."""
    return len(text) == 12 and text.isascii() and text.isdigit()


class Arn(NamedTuple):
    """One ARN in its six fields. ``resource`` is everything after the fifth colon."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    @classmethod
    def parse(cls, text: str) -> Arn:
        """Split ``text``; region and account may be empty.

        Raises:
            Malformed: it does not start with ``arn:``, or partition, service or resource is empty.
        """
        fields = text.split(":", 5)
        if len(fields) != 6 or fields[0] != "arn" or not (fields[1] and fields[2] and fields[5]):
            raise Malformed(f"`{text}` is not an ARN")
        return cls(*fields[1:])

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.resource}"

    @property
    def resource_type(self) -> str:
        """The word before the first ``/`` of the resource (``role`` of ``role/path/name``); all of it without ``/``."""
        return self.resource.split("/", 1)[0]

    @property
    def resource_name(self) -> str:
        """The last segment of the resource (``name`` of ``role/path/name``)."""
        return self.resource.rsplit("/", 1)[-1]
