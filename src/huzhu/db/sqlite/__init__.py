"""Django's SQLite behind a gate: writers queue for a file lock instead of for SQLite's own, which has no queue."""
