"""Every SQL statement of the console, by what it is about."""
