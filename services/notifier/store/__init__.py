"""Every SQL statement of the notifier: connection first, values bound."""
