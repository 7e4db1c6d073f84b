"""The SQLite store: one file, one module an aggregate. Knows nothing of screens or platforms."""
