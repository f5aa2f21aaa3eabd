"""All finding codes of Access Analyzer's ValidatePolicy: what each says here, or why it is never said.

``says`` is our own sentence, filled in by the rule that finds it: what is wrong, and what to do. The reference page of
the documentation is made from this table, and the tests ask of every code for a case that raises it and one that does
not.

Source: IAM User Guide, "IAM policy validation check reference".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from daypass.policy.lint.finding import FindingType


@dataclass(frozen=True, slots=True)
class Code:
    """One code. ``missing``: why no rule finds it; empty where one does."""

    name: str
    type: FindingType
    says: str
    missing: str = ""


_ERRORS = {
    # ── text and structure
    "JSON_SYNTAX_ERROR": "This is not a JSON document that may be a policy: {fault}.",
    "DATA_TYPE_MISMATCH": "{what} must be {expected}.",
    "INVALID_POLICY_ELEMENT": "`{name}` is no element of {where}{hint}.",
    "MISSING_STATEMENT": "The policy says nothing; add a Statement.",
    "MISSING_EFFECT": "Add an Effect: Allow or Deny.",
    "INVALID_EFFECT": "`{effect}` is no effect; write Allow or Deny, with these letters.",
    "MISSING_ACTION": "Add an Action or NotAction.",
    "MISSING_RESOURCE": "Add a Resource or NotResource.",
    "MISSING_PRINCIPAL": "Add a Principal: this kind of policy says of whom it speaks.",
    "INVALID_VERSION": (
        "`{version}` is no version; write 2012-10-17 (2008-10-17 is the old language, without variables)."
    ),
    "UNSUPPORTED_ELEMENT_COMBINATION": "{one} and {other} cannot stand in one statement; remove one of them.",
    "UNIQUE_SIDS_REQUIRED": "The Sid `{sid}` occurs twice; give each statement one of its own.",
    "UNSUPPORTED_SID": "A Sid has letters A-Z, a-z and digits only.",
    # ── actions
    "INVALID_ACTION": "`{action}` does not exist{hint}.",
    "INVALID_SERVICE_IN_ACTION": "There is no service `{service}`{hint}.",
    "UNSUPPORTED_ACTION_IN_POLICY": (
        "A role trust policy knows only the actions by which STS opens sessions, not `{action}`."
    ),
    "UNSUPPORTED_ACTION_FOR_CONDITION_KEY": (
        "`{key}` is never there for {actions}, so the condition is not about them; give them a statement without it."
    ),
    # ── resources
    "INVALID_ARN_PREFIX": "A resource is `*` or an ARN, which begins with `arn:`.",
    "MISSING_ARN_FIELD": "An ARN has six fields, arn:partition:service:region:account:resource; this one has {count}.",
    "INVALID_PARTITION": "There is no partition `{partition}`; use one of {partitions}.",
    "INVALID_ARN_SERVICE_CASE": "The service in an ARN is written in lower case: `{service}`.",
    "INVALID_SERVICE": "There is no service `{service}`{hint}.",
    "INVALID_ARN_REGION": "There is no region `{region}`.",
    "INVALID_ARN_ACCOUNT": "`{account}` is no account id; it has 12 digits.",
    "INVALID_ARN_RESOURCE": "`{resource}` has the form of no resource of {service}; its ARNs end as {forms}.",
    "ARN_REGION_NOT_ALLOWED": "This ARN of {service} has no region; leave the field empty.",
    "ARN_ACCOUNT_NOT_ALLOWED": "This ARN of {service} has no account; leave the field empty.",
    "MISSING_ARN_REGION": "This ARN of {service} needs a region, or `*` for all of them.",
    "MISSING_ARN_ACCOUNT": "This ARN of {service} needs an account, or `*` for all of them.",
    # ── principals
    "UNSUPPORTED_PRINCIPAL": "This kind of policy speaks of whoever it is attached to; remove {element}.",
    "INVALID_PRINCIPAL_FORMAT": (
        '`{value}` names nobody; write {{"AWS": …}} with an account, a user, a role or a session.'
    ),
    "INVALID_PRINCIPAL_KEY": "`{kind}` is no type of principal; there are AWS, Service, Federated and CanonicalUser.",
    "UNSUPPORTED_WILDCARD_IN_PRINCIPAL": (
        "Wildcards have no meaning in a principal; name it in full, or use a condition."
    ),
    "INVALID_SERVICE_PRINCIPAL_FORMAT": "`{value}` is no service principal; they look like `ec2.amazonaws.com`.",
    "FEDERATED_PRINCIPAL_NOT_SUPPORTED": (
        "Federated principals are known to role trust policies only; name the role that they assume."
    ),
    "UNSUPPORTED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL": (
        "{keys} is never there when an AWS service asks, so this grants nothing; use aws:SourceAccount or "
        "aws:SourceOrgID."
    ),
    # ── trust policies
    "ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL": (
        "A role trust policy has no NotPrincipal; list who may in Principal."
    ),
    "ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL": (
        'A role trust policy takes no bare `*`; name who may assume it (for everyone: {{"AWS": "*"}}).'
    ),
    "ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE": "A role trust policy is about its role; remove {element}.",
    "MISSING_ACTION_FOR_CONDITION_KEY": "`{key}` is about {action}, which this statement does not name; add it.",
    "INVALID_FEDERATED_PRINCIPAL_SYNTAX_IN_ROLE_TRUST_POLICY": (
        "`{value}` is no identity provider: write a domain name or the ARN of a provider."
    ),
    "MISMATCHED_ACTION_FOR_PRINCIPAL": (
        "`{action}` is not for `{value}`: SAML providers go with sts:AssumeRoleWithSAML, OIDC providers with "
        "sts:AssumeRoleWithWebIdentity, all others with sts:AssumeRole."
    ),
    "MISSING_ACTION_FOR_ROLES_ANYWHERE_TRUST_POLICY": (
        "rolesanywhere.amazonaws.com needs sts:AssumeRole, sts:SetSourceIdentity and sts:TagSession; add {actions}."
    ),
    # ── conditions
    "INVALID_CONDITION_OPERATOR": "There is no condition operator `{operator}`{hint}.",
    "NULL_WITH_IF_EXISTS": "Null asks whether a key is there; IfExists has no meaning with it.",
    "INVALID_CONDITION_KEY_FORMAT": "A condition key is written service:key; `{key}` is not.",
    "INVALID_GLOBAL_CONDITION_KEY": "There is no global key `{key}`{hint}.",
    "UNSUPPORTED_GLOBAL_CONDITION_KEY": "`{key}` is not supported; use {instead}.",
    "INVALID_SERVICE_CONDITION_KEY": "{service} has no key `{key}`{hint}.",
    "DUPLICATE_KEYS_WITH_DIFFERENT_CASE": "`{key}` is the same key as `{other}`; put their values into one list.",
    "INVALID_CONDITION_DATA_TYPE": "The values of one key must be of one JSON type.",
    "INVALID_CONDITION_MULTIPLE_BOOLEAN": "One truth value is enough: a key is either true or false.",
    "MISSING_QUALIFIER": "`{key}` has several values; write ForAnyValue:{operator} or ForAllValues:{operator}.",
    "MISSING_TAG_KEY_IN_CONDITION": "Say which tag: `{key}/TAG`.",
    "TYPE_MISMATCH_IP_RANGE": "`{value}` is no IP address or range (203.0.113.0/24).",
    "PRIVATE_IP_ADDRESS": "Requests to AWS come from public addresses, so this never holds; use aws:VpcSourceIp.",
    "PRIVATE_NOT_IP_ADDRESS": "Requests to AWS come from public addresses, so this always holds; use aws:VpcSourceIp.",
    "INVALID_REGION": "There is no region `{value}`.",
    "INVALID_VPC_FORMAT": "A VPC is `vpc-` and 8 or 17 letters and digits.",
    "INVALID_VPCE_FORMAT": "A VPC endpoint is `vpce-` and 8 or 17 letters and digits.",
    "INVALID_KMS_KEY_VALUE": "The value of `{key}` is the ARN of a KMS key: arn:aws:kms:REGION:ACCOUNT:key/ID.",
    "WILDCARD_USAGE_TOO_PERMISSIVE": "A wildcard in `{key}` lets in who has a similar name; write the whole value.",
    # ── variables
    "MISSING_BRACE_IN_VARIABLE": "The variable does not end; add `}}`.",
    "MISSING_QUOTE_IN_VARIABLE": "A default stands between single quotes: ${{key, 'text'}}.",
    "UNSUPPORTED_SPACE_IN_VARIABLE": "The name of a variable has no blanks; a default follows a comma and one blank.",
    "EMPTY_VARIABLE": "The variable names no key.",
    "INVALID_VARIABLE_FOR_OPERATOR": "{operator} knows no variables; only String and Arn operators do.",
    "VARIABLE_UNSUPPORTED_IN_ELEMENT": "Variables mean something in Resource and Condition only, not in {element}.",
    "VARIABLE_UNSUPPORTED_IN_VERSION": 'Variables are plain text unless the policy says "Version": "2012-10-17".',
    "VARIABLE_USAGE_TOO_PERMISSIVE": (
        "What stands in a variable decides who gets in by `{key}`; write the value itself."
    ),
    # ── organization policies, sizes
    "SCP_SYNTAX_ERROR_PRINCIPAL": "A service control policy speaks of all principals of an account; remove {element}.",
    "RCP_SYNTAX_ERROR_PRINCIPAL": 'A resource control policy has "Principal": "*" and nothing else.',
    "RCP_SYNTAX_ERROR_ALLOW": "Only AWS's own RCPFullAWSAccess allows: all actions and resources, without condition.",
    "RCP_SYNTAX_ERROR_NOTACTION": "A resource control policy has no NotAction; list the actions.",
    "RCP_SYNTAX_ERROR_ACTION": (
        "A resource control policy names the service of each action it denies, one whose resources RCPs reach."
    ),
    "POLICY_SIZE_EXCEEDS_SCP_QUOTA": "The policy has {size} characters, a service control policy at most {quota}.",
    "POLICY_SIZE_EXCEEDS_RCP_QUOTA": "The policy has {size} characters, a resource control policy at most {quota}.",
}

_SECURITY_WARNINGS = {
    "ALLOW_WITH_NOT_PRINCIPAL": "Allow with NotPrincipal would grant to all strangers; list who may in Principal.",
    "FORALLVALUES_WITH_SINGLE_VALUED_KEY": (
        "`{key}` has one value, and ForAllValues holds when it is missing: remove ForAllValues."
    ),
    "FORANYVALUE_WITH_AUDIENCE_CLAIM_TYPE": "`{key}` has one value; remove ForAnyValue.",
    "STRING_LIKE_OPERATOR_WITH_ARN_CONDITION_KEYS": (
        "`{key}` is an ARN: a wildcard under {operator} reaches across its fields; use {instead}."
    ),
    "PASS_ROLE_WITH_NOT_RESOURCE": "All roles but the listed ones can be passed; list in Resource those that may.",
    "PASS_ROLE_WITH_STAR_IN_ACTION_AND_NOT_RESOURCE": (
        "The wildcard includes iam:PassRole, and all roles but the listed ones can be passed; list those that may."
    ),
    "PASS_ROLE_WITH_NOT_ACTION_AND_NOT_RESOURCE": (
        "NotAction includes iam:PassRole, and all roles but the listed ones can be passed; list those that may."
    ),
    "PASS_ROLE_WITH_STAR_IN_RESOURCE": "Every role can be passed; name the roles, or add iam:PassedToService.",
    "PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE": (
        "The wildcard includes iam:PassRole, and every role can be passed; name the roles, or add iam:PassedToService."
    ),
    "PASS_ROLE_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION": (
        "NotAction includes iam:PassRole, and every role can be passed; name the roles, or add iam:PassedToService."
    ),
    "MISSING_PAIRED_CONDITION_KEYS": "`{key}` alone says little; add {others} to the same block.",
    "DENY_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE": (
        "`{key}` is never there for {services}, so their actions are not denied; deny them without it."
    ),
    "DENY_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE": (
        "`{key}` is never there for some services that NotAction includes, so they are not denied; list "
        "actions in Action."
    ),
    "RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL": (
        "{service} may come here for anybody; add aws:SourceArn, aws:SourceAccount, aws:SourceOrgID or "
        "aws:SourceOrgPaths."
    ),
    "MISSING_CONDITION_KEY_FOR_OIDC_PRINCIPAL": (
        "Whoever {provider} signs in may assume this role; add a condition on {provider}:aud or :sub."
    ),
    "MISSING_GITHUB_REPO_CONDITION_KEY": (
        "Every repository on GitHub may assume this role; add a condition on token.actions.githubusercontent.com:sub."
    ),
    "DYNAMODB_ATTRIBUTES_WITHOUT_SELECT": (
        "A request that names no attributes gets all of them; add dynamodb:Select with SPECIFIC_ATTRIBUTES."
    ),
    "S3_PREFIX_IN_NEGATIVE_CONTEXT": (
        "A shorter prefix than these escapes the condition; allow with StringLike or deny with StringNotLike."
    ),
}

_WARNINGS = {
    "CREATE_SLR_WITH_NOT_RESOURCE": "All service-linked roles but the listed ones can be made; list those that may.",
    "CREATE_SLR_WITH_STAR_IN_ACTION_AND_NOT_RESOURCE": (
        "The wildcard includes iam:CreateServiceLinkedRole for all roles but the listed ones; list those "
        "that may be made."
    ),
    "CREATE_SLR_WITH_NOT_ACTION_AND_NOT_RESOURCE": (
        "NotAction includes iam:CreateServiceLinkedRole for all roles but the listed ones; list those that may be made."
    ),
    "CREATE_SLR_WITH_STAR_IN_RESOURCE": "Every service-linked role can be made; name them.",
    "CREATE_SLR_WITH_STAR_IN_ACTION_AND_RESOURCE": (
        "The wildcard includes iam:CreateServiceLinkedRole, and every service-linked role can be made; name them."
    ),
    "CREATE_SLR_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION": (
        "NotAction includes iam:CreateServiceLinkedRole, and every service-linked role can be made; name them."
    ),
    "INVALID_DATE_VALUE": "`{value}` counts seconds since 1970; write a date, YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ.",
    "INVALID_ROLE_REFERENCE": "`{value}` is the unique id of a role, perhaps of a deleted one; write the role's ARN.",
    "INVALID_USER_REFERENCE": "`{value}` is the unique id of a user, perhaps of a deleted one; write the user's ARN.",
    "MISSING_VERSION": 'Add "Version": "2012-10-17"; without it variables are plain text.',
    "UNIQUE_SIDS_RECOMMENDED": "The Sid `{sid}` occurs twice; give each statement one of its own.",
    "WILDCARD_WITHOUT_LIKE_OPERATOR": "Under {operator} `*` and `?` are plain characters; for a wildcard use {like}.",
    "POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA": (
        "The policy has {size} characters without white space, at most {quota} fit."
    ),
    "POLICY_SIZE_EXCEEDS_ROLE_TRUST_POLICY_QUOTA": (
        "The policy has {size} characters without white space, a role trust policy at most {quota}."
    ),
    "TYPE_MISMATCH": "`{key}` is of type {type}, which {operator} does not compare; use {instead}.",
    "TYPE_MISMATCH_BOOLEAN": "`{value}` is neither true nor false.",
    "TYPE_MISMATCH_DATE": "`{value}` is no date; write YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ.",
    "TYPE_MISMATCH_NUMBER": "`{value}` is no number.",
    "TYPE_MISMATCH_STRING": "`{value}` is not base64.",
    "SPECIFIC_GITHUB_REPO_AND_BRANCH_RECOMMENDED": (
        "`{value}` fits repositories or branches of others too; write repo:OWNER/NAME:ref:refs/heads/BRANCH."
    ),
}

_SUGGESTIONS = {
    "EMPTY_ARRAY_ACTION": "No action is listed, so the statement does nothing.",
    "EMPTY_ARRAY_CONDITION": "No value is listed for `{key}`, so nothing matches.",
    "EMPTY_ARRAY_CONDITION_FORALLVALUES": (
        "No value is listed: this holds only while `{key}` is missing; use Null for that."
    ),
    "EMPTY_ARRAY_CONDITION_FORANYVALUE": "No value is listed for `{key}`, so this never holds.",
    "EMPTY_ARRAY_CONDITION_IFEXISTS": (
        "No value is listed: this holds only while `{key}` is missing; use Null for that."
    ),
    "EMPTY_ARRAY_PRINCIPAL": "No principal is listed, so the statement speaks of nobody.",
    "EMPTY_ARRAY_RESOURCE": "No resource is listed, so the statement does nothing.",
    "EMPTY_OBJECT_CONDITION": "The condition is empty and always holds; remove it.",
    "EMPTY_OBJECT_PRINCIPAL": "No principal is named, so the statement speaks of nobody.",
    "EMPTY_SID_VALUE": "The Sid is empty; remove it or give it a name.",
    "IMPROVE_IP_RANGE": "The bits behind the prefix have no effect; write {range}.",
    "NULL_WITH_QUALIFIER": "Null with {qualifier} {effect}; remove the qualifier.",
    "PRIVATE_IP_ADDRESS_SUBSET": "{values} is private and never seen by AWS; use aws:VpcSourceIp for it.",
    "PRIVATE_NOT_IP_ADDRESS_SUBSET": "{values} is private and never seen by AWS; use aws:VpcSourceIp for it.",
    "REDUNDANT_ACTION": "`{value}` is included in `{other}`.",
    "REDUNDANT_CONDITION_VALUE_NUM": "Of several numbers under {operator} only `{value}` counts.",
    "REDUNDANT_RESOURCE": "`{value}` is included in `{other}`.",
    "REDUNDANT_STATEMENT": "Statement {number} says the same.",
    "REDUNDANT_KEY_DUE_TO_WILDCARD_IN_CONDITION": "`*` under {operator} always holds; remove `{key}`.",
    "REDUNDANT_STATEMENT_DUE_TO_WILDCARD_IN_CONDITION": (
        "`*` under {operator} never holds, so the statement does nothing."
    ),
    "WILDCARD_IN_SERVICE_NAME": "A wildcard in the service name reaches services that come later; write it out.",
    "ALLOW_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE": (
        "`{key}` is never there for {services}, so their actions are not allowed; allow them without it."
    ),
    "ALLOW_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE": (
        "`{key}` is never there for some services that NotAction includes; list in Action what is to be allowed."
    ),
    "RECOMMENDED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL": (
        "{keys} does not tell for whom {service} comes; use aws:SourceArn, aws:SourceAccount, aws:SourceOrgID or "
        "aws:SourceOrgPaths."
    ),
    "IRRELEVANT_CONDITION_KEY_IN_POLICY": (
        "`{key}` says nothing in a policy of the resource itself; use it at the callers."
    ),
    "REDUNDANT_PRINCIPAL_IN_ROLE_TRUST_POLICY": "The session is included in its role `{role}`.",
    "CONFIRM_AUDIENCE_CLAIM_TYPE": (
        "See whether the provider's tokens have several audiences; if `{key}` has one value, remove {qualifier}."
    ),
}

_OLD_SCP = "the restriction is gone since September 2025: SCPs speak the full policy language"
_MISSING = {
    "DEPRECATED_GLOBAL_CONDITION_KEY": (
        FindingType.WARNING,
        "the one key that it was about, aws:ARN, is reported as UNSUPPORTED_GLOBAL_CONDITION_KEY",
    ),
    "POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA": (
        FindingType.WARNING,
        "each service has a quota of its own, and a document does not say where it will hang",
    ),
    "UNSUPPORTED_RESOURCE_ARN_IN_POLICY": (
        FindingType.ERROR,
        "a document does not say on what resource it will hang; role trust policies have no resource",
    ),
    "UNSUPPORTED_SYMBOL_IN_VARIABLE": (
        FindingType.ERROR,
        "AWS does not say which symbols; whatever else stands in a variable is looked up as a key",
    ),
    "SCP_SYNTAX_ERROR_ACTION_WILDCARD": (FindingType.ERROR, _OLD_SCP),
    "SCP_SYNTAX_ERROR_ALLOW_CONDITION": (FindingType.ERROR, _OLD_SCP),
    "SCP_SYNTAX_ERROR_ALLOW_NOTACTION": (FindingType.ERROR, _OLD_SCP),
    "SCP_SYNTAX_ERROR_ALLOW_RESOURCE": (FindingType.ERROR, _OLD_SCP),
    "SCP_SYNTAX_ERROR_NOTRESOURCE": (FindingType.ERROR, _OLD_SCP),
}


def _codes() -> Iterator[Code]:
    yield from (Code(name, FindingType.ERROR, says) for name, says in _ERRORS.items())
    yield from (Code(name, FindingType.SECURITY_WARNING, says) for name, says in _SECURITY_WARNINGS.items())
    yield from (Code(name, FindingType.WARNING, says) for name, says in _WARNINGS.items())
    yield from (Code(name, FindingType.SUGGESTION, says) for name, says in _SUGGESTIONS.items())
    yield from (Code(name, kind, "", why) for name, (kind, why) in _MISSING.items())


CODES = {code.name: code for code in _codes()}
"""Every code by its name."""
