"""People who sign in: accounts, invitations, passwords, sessions."""
