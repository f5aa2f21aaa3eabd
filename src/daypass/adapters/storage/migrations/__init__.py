"""Schema migrations: numbered, forward only, each in one transaction. Expand first, contract a minor release later."""

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007")
"""Every schema this code can open, oldest first; the last is what it needs. A database with another number is newer."""
