"""`python -m deploy.local`: the demonstration without the `essaim` command."""

import argparse
import sys

from deploy.local.demo import DemoOptions, run

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quiet", action="store_true")
    parser.add_argument("--servers-only", action="store_true")
    parser.add_argument("--stop-when-ready", action="store_true")
    sys.exit(run(DemoOptions(**vars(parser.parse_args()))))
