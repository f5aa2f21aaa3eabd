"""The policy simulator: what a decision would be, without the call."""
