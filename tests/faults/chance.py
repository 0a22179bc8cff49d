"""What chance decides in a run can be decided the same way again."""

import os
import random


def seed() -> int:
    """The seed of this run: `ESSAIM_FAULTS_SEED`, else one drawn now, to be printed."""
    return int(os.environ.get("ESSAIM_FAULTS_SEED") or random.SystemRandom().randrange(1_000_000))
