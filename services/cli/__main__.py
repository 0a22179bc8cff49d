"""`python -m services.cli` is `essaim`, where the package is not installed."""

from services.cli import main

if __name__ == "__main__":
    main()
