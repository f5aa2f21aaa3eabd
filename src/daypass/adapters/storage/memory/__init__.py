"""The accounts in memory: found without waiting, bounded, and kept as new as what the host has acknowledged."""
