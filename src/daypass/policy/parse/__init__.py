"""From text to ``Policy``: strict when written, with AWS's messages; the same grammar again when read back."""

from daypass.policy.parse.check import check_document
from daypass.policy.parse.compile import parse_policy
from daypass.policy.parse.text import policy_size
from daypass.policy.parse.trust import check_tenancy

__all__ = ["check_document", "check_tenancy", "parse_policy", "policy_size"]
