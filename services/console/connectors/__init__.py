"""The internal reads of other services, and the deposits made for a person, over HTTP."""
