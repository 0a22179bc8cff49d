"""The contract: everything the services say to one another, and nothing else."""
