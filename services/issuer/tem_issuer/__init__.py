"""The issuer, or mint: which stamps exist. The only service that can make one."""
