"""Delegation requests, on the side that asks and on the side that is asked."""
