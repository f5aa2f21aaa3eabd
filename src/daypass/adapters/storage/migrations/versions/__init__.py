"""One module a migration, named after its revision. A released one never changes."""
