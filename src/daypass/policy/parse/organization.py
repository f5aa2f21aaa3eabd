"""Service and resource control policies.

Source: AWS Organizations User Guide, "SCP syntax", "RCP syntax"; API reference, MalformedPolicyDocumentException.
"""

from __future__ import annotations

from daypass.errors import Malformed, MalformedPolicyDocument
from daypass.policy.parse.identity import check_identity
from daypass.policy.parse.shape import VERSIONS, RawDocument, RawStatement, read_document, read_statement
from daypass.policy.parse.text import read_json

# fmt: off
RCP_SERVICES = frozenset({
    "aoss", "appconfig", "appstream", "autoscaling", "autoscaling-plans", "budgets", "clouddirectory", "cloudfront",
    "cloudsearch", "cloudtrail-data", "codeartifact", "codebuild", "codecommit", "codepipeline", "cognito-identity",
    "cognito-idp", "comprehend", "comprehendmedical", "compute-optimizer", "cost-optimization-hub", "dax", "dsql",
    "dynamodb", "ecr", "ecr-public", "events", "firehose", "fis", "fms", "gamelift", "health", "inspector-scan",
    "kendra", "kinesisvideo", "kms", "logs", "memorydb", "networkmonitor", "notifications", "opensearch",
    "pca-connector-ad", "personalize", "polly", "pricing", "resource-groups", "rolesanywhere", "s3", "secretsmanager",
    "servicediscovery", "signin", "sqs", "sts", "support", "swf", "textract", "timestream-influxdb", "transcribe",
    "transfer", "translate", "wafv2", "workspaces", "xray",
})
# fmt: on
"""Whose resources RCPs reach; IAM's they do not (AWS Organizations User Guide, "Services that support RCPs")."""

REFUSED = "The provided policy document does not meet the requirements of the specified policy type."


def check_scp(text: str) -> tuple[RawDocument, list[RawStatement]]:
    """The parts of a service control policy. Since September 2025 they speak IAM's full language.

    Raises:
        MalformedPolicyDocument: with the fault in ``detail``.
    """
    try:
        return check_identity(text, needs_version=True)
    except MalformedPolicyDocument as fault:
        raise MalformedPolicyDocument(REFUSED, detail=fault.message + f" {fault.detail}".rstrip()) from None


def check_rcp(text: str) -> tuple[RawDocument, list[RawStatement]]:
    """The parts of a resource control policy. Only AWS's own RCPFullAWSAccess allows; all others deny.

    Raises:
        MalformedPolicyDocument: with the fault in ``detail``.
    """
    try:
        document = read_document(read_json(text))
        if document.version != VERSIONS[0]:
            raise Malformed("`Version` is not 2012-10-17")
        statements = [read_statement(value, index) for index, value in enumerate(document.statements)]
        if not statements:
            raise Malformed("the policy has no statement")
        for statement in statements:
            _check_rcp_statement(statement)
    except Malformed as fault:
        raise MalformedPolicyDocument(REFUSED, detail=str(fault)) from None
    return document, statements


def _check_rcp_statement(statement: RawStatement) -> None:
    if statement.members.get("Principal") != "*":
        raise Malformed("the principal is not `*`")
    if not statement.actions:
        raise Malformed("no action is named; NotAction is not known here")
    if not (statement.resources or statement.not_resources):
        raise Malformed("no resource is named")
    if statement.effect == "Deny":
        for action in statement.actions:
            if action.partition(":")[0].lower() not in RCP_SERVICES:
                raise Malformed(f"`{action}` is of no service whose resources RCPs reach")
    elif statement.actions != ("*",) or statement.resources != ("*",) or statement.conditions:
        raise Malformed("Allow stands only in RCPFullAWSAccess")
