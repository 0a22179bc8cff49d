"""Three brokers, one of them away at a time: the installation goes on, nothing is lost and nothing is told twice."""

from collections.abc import Callable

from tests.faults.installation import Installation
from tests.faults.running import under_faults
from tests.faults.scale import PLAN

BROKERS = PLAN.cluster.brokers
"""How many the installation of this module has."""


async def test_a_cluster_that_loses_a_broker_at_a_time_loses_and_doubles_nothing(
    installation: Installation, say: Callable[[str], None], watch: Callable[[str], None]
) -> None:
    run = await under_faults(installation, PLAN.cluster, watch)
    say(f"behind {BROKERS} brokers, seed {run.seed}:\n{run.table}")
    assert not run.wrong, f"seed {run.seed}, {run.done}:\n" + "\n".join(run.wrong[:40])
    assert installation.restarts["broker"] == PLAN.cluster.broker_restarts
