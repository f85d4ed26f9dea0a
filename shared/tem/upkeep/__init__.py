"""Looking after an installation: accounts, migrations, replicas, check, backup, restore, move."""
