"""Virtual MFA devices: how they are made, and whose they are."""
