"""ProvidedContexts of AssumeRole: facts about a person that a context provider vouches for.

Source: STS API reference, AssumeRole and ProvidedContext; IAM Identity Center User Guide, "Identity-enhanced IAM role
sessions"; Service Authorization Reference, AWS STS, SetContext.

AWS has one provider, IAM Identity Center, which issues the assertions itself (CreateTokenWithIAM). Nothing issues such
assertions for daypass, so every one is refused as invalid, once the caller is allowed to set a context at all. To open
the session without the context would be to open another session than the one that was asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from daypass.errors import ValidationError

_PROVIDER = "iam::aws:contextProvider/IdentityCenter"
_INVALID = "The context assertion of {} is not valid."


def context_providers(params: Mapping[str, Any], partition: str) -> tuple[str, ...]:
    """The ARNs of the providers whose contexts a call passes, in the order sent.

    Raises:
        ValidationError: a context that is not whole, or of a provider that there is not, or two of one.
    """
    found: list[str] = []
    for number, context in enumerate(params.get("ProvidedContexts") or (), 1):
        for member, name in (("ProviderArn", "providerArn"), ("ContextAssertion", "contextAssertion")):
            if member not in context:
                raise ValidationError(
                    f"1 validation error detected: Value null at 'providedContexts.{number}.member.{name}' failed to "
                    "satisfy constraint: Member must not be null"
                )
        arn = context["ProviderArn"]
        if arn != f"arn:{partition}:{_PROVIDER}" or arn in found:
            raise ValidationError(f"{arn} is invalid")
        found.append(arn)
    return tuple(found)


def unproven(providers: tuple[str, ...]) -> ValidationError:
    """The refusal of assertions that no issuer known here has signed: all there are.

    # INVARIANT: 1. no context is taken on the word of whoever passes it.
    #   tests/services/sts/test_assume_role.py::test_no_context_assertion_is_believed
    """
    return ValidationError(_INVALID.format(providers[0]), detail="no context provider here has issued an assertion")
