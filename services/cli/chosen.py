"""Some of the four services, as named to a command."""

from typing import Annotated

import typer

from services.cli.refusing import MISUSED, refuse
from shared.events.registry import SAID_BY


def _known(given: list[str] | None) -> list[str] | None:
    """Those given, each once; leaves naming the first that is none."""
    for service in given or ():
        if service not in SAID_BY:
            refuse(f"« {service} » n'est pas un service ; il y a : {', '.join(SAID_BY)}", MISUSED)
    return list(dict.fromkeys(given)) if given else None


Services = Annotated[
    list[str] | None, typer.Argument(callback=_known, help="Seulement ces services ; les quatre sinon.")
]
