"""The tests: unit, app, terminal, platforms; benchmarks under bench."""
