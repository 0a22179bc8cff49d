"""HTTP and files in: checks and stores what partners submit, then tells the others."""
