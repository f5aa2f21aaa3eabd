"""The organization of this daypass: units, who stands where, control policies.

Not AWS's Organizations API: only whoever holds the data directory manages it. Names of operations, rules and codes of
refusals are those of that API, and every operation is a change of the management account, audited there.
"""

from daypass.services.organization import attachments, control_policies, placement, policy_types, root, units

__all__ = ["attachments", "control_policies", "placement", "policy_types", "root", "units"]
