"""Condition blocks: operators by table, quantifiers, and the compiled test of one line of a block."""

from daypass.policy.conditions.quantify import USES, Use, compile_condition

__all__ = ["USES", "Use", "compile_condition"]
