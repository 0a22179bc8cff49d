"""The four services and the command line that composes them."""
