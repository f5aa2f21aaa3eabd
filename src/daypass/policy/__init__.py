"""Policies of IAM's language: checked when written, compiled once, asked at every request, explained on demand.

    check_document(text, kind)  →  Policy          write time: AWS's own messages, by kind of policy
    parse_policy(text)          →  Policy          a stored document, compiled
    Attached(policy, name, …)                      where it hangs
    PolicySet(identity, …)                         all that bears on one request
    RequestContext(action, resource, …)            the request
    evaluate(context, policies) →  Decision        allowed, explicitDeny or implicitDeny, and why

Pure: no I/O, no clock. Source: IAM User Guide, "IAM JSON policy element reference", "Policy evaluation logic".
"""

from daypass.policy.attached import Attached, PolicySet
from daypass.policy.context import KeyValue, RequestContext
from daypass.policy.decision import Decision
from daypass.policy.document import Kind, Policy, Statement
from daypass.policy.evaluate import evaluate
from daypass.policy.parse import check_document, check_tenancy, parse_policy, policy_size

__all__ = [
    "Attached",
    "Decision",
    "KeyValue",
    "Kind",
    "Policy",
    "PolicySet",
    "RequestContext",
    "Statement",
    "check_document",
    "check_tenancy",
    "evaluate",
    "parse_policy",
    "policy_size",
]
