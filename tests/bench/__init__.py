"""Benchmarks: each figure beside its baseline in the same run. `make bench` prints them as a table."""
