"""Requests that nobody made: decided by the same ``evaluate``, and answered as AWS's policy simulator answers.

    Scene(principal, policies, …)            who asks, and everything that bears on it
    Simulation(scene).outcome(action, arn)   what would be decided, by which statements, and which keys were missing
    context_keys(policies)                   the condition keys and variables that policies ask about
    read_entries(entries)                    context keys with their types, as the simulator takes them

Source: IAM API reference, SimulateCustomPolicy, SimulatePrincipalPolicy, GetContextKeysForCustomPolicy.
"""

from daypass.policy.simulate.entries import ContextEntry, read_entries
from daypass.policy.simulate.keys import context_keys
from daypass.policy.simulate.scene import Matched, Outcome, Scene, Simulation

__all__ = [
    "ContextEntry",
    "Matched",
    "Outcome",
    "Scene",
    "Simulation",
    "context_keys",
    "read_entries",
]
