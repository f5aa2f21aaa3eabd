"""Figures with the ratio to their reference of the same run: `./dev bench`. How to read them: docs/benchmarks.md."""
