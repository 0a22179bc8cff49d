"""`python -m shared.migrations SERVICE...`: brings schemas up to date; each is reached by `<SERVICE>_DATABASE_URL`."""

import asyncio
import sys

from shared.migrations import RefusedHistory, migrate
from shared.secrets import secret


def main(services: list[str]) -> int:
    """Exit code 0 once every schema is up to date; 1 with one line on standard error otherwise."""
    if not services:
        sys.stderr.write("usage: python -m shared.migrations SERVICE...\n")
        return 2
    for service in services:
        variable = f"{service.upper()}_DATABASE_URL"
        dsn = secret(variable)
        if not dsn:
            sys.stderr.write(f"{variable} is not set\n")
            return 1
        try:
            applied = asyncio.run(migrate(dsn, service))
        except (RefusedHistory, OSError) as error:
            sys.stderr.write(f"{service}: {error}\n")
            return 1
        sys.stdout.write(f"{service}: {', '.join(applied) or 'up to date'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
