"""SQLite and PostgreSQL: engines, tables that two share, migrations, accounts, replicas."""
