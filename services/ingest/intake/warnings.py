"""What is accepted as it stands and should be told to who submits it: days that are over already."""

from datetime import date

from services.ingest.intake.outcome import Accepted, Fault

_OVER = {"deadline": "echeance-passee", "closes_on": "cloture-passee"}


def warnings(accepted: Accepted, today: date) -> tuple[Fault, ...]:
    """One for each last day before `today`: what is over is kept and matched with nothing. Only for what is active."""
    if accepted.entity.status != "actif":
        return ()
    days = ((name, code, getattr(accepted.entity, name, None)) for name, code in _OVER.items())
    return tuple(Fault(name, code, {"value": day}) for name, code, day in days if day is not None and day < today)
