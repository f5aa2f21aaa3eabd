"""Access keys of an account's root user: none, unless the operator makes one. Not an AWS API, like ``accounts``."""

from __future__ import annotations

from daypass.operations.call import Call
from daypass.operations.registry import operation
from daypass.principals import Root
from daypass.services.accounts import require_operator
from daypass.services.iam.access_keys import issue_key, keys_of


@operation("daypass:CreateRootAccessKey", "changes")
def create_root_access_key(call: Call) -> dict[str, object]:
    """Make an access key of the root user of the operator's account; ``AccessKey`` holds its secret, for the only time.

    # INVARIANT: 2. root credentials come from the operator's hand or from root itself.
    #   tests/services/test_root_keys.py::test_nobody_but_the_operator_makes_root_keys
    """
    require_operator(call)
    return {"AccessKey": issue_key(call, _root(call))}


@operation("daypass:DeleteRootAccessKeys", "changes")
def delete_root_access_keys(call: Call) -> dict[str, object]:
    """Delete all access keys of the root user. Result: ``AccessKeyIds`` of those that are gone."""
    require_operator(call)
    keys = keys_of(call, _root(call))
    for key in keys:
        call.delete(key)
    return {"AccessKeyIds": [key.id for key in keys]}


def _root(call: Call) -> Root:
    return Root(call.account.id, call.account.partition)
