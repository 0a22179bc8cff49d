"""Pure decisions of the matcher: who is eligible for what, how well it fits, and the life of a match."""
