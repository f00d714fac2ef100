"""A fleet of schedulers to look at: processes that share a SQLite file, are killed and frozen, and a ledger."""
