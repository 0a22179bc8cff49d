"""Every SQL statement of the matcher: a package, since entities, leases, lists and heads together pass one file."""
