"""Requests that nobody made: decided by the same ``evaluate``, and answered as AWS's policy simulator answers.

    Scene(principal, policies, …)            who asks, and everything that bears on it
    Simulation(scene).outcome(action, arn)   what would be decided, by which statements, and which keys were missing
    context_keys(policies)                   the condition keys and variables that policies ask about
    read_entries(entries)                    context keys with their types, as the simulator takes them
    principal_of, with_documents, …          a request and its policies as plain texts

Source: IAM API reference, SimulateCustomPolicy, SimulatePrincipalPolicy, GetContextKeysForCustomPolicy.
"""

from daypass.policy.simulate.asked import (
    KINDS,
    LEVELED,
    Documents,
    context_values,
    principal_of,
    resource_owner,
    with_documents,
)
from daypass.policy.simulate.entries import ContextEntry, read_entries
from daypass.policy.simulate.keys import context_keys
from daypass.policy.simulate.scene import Matched, Outcome, Scene, Simulation

__all__ = [
    "KINDS",
    "LEVELED",
    "ContextEntry",
    "Documents",
    "Matched",
    "Outcome",
    "Scene",
    "Simulation",
    "context_keys",
    "context_values",
    "principal_of",
    "read_entries",
    "resource_owner",
    "with_documents",
]
