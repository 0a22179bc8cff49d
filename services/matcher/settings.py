"""What the matcher reads from its environment, once, at start."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Every setting of the matcher; environment names carry the prefix `MATCHER_`."""

    model_config = SettingsConfigDict(env_prefix="MATCHER_")

    address: str = Field(
        "http://127.0.0.1:8002", description="Where the other services reach this process; kept in its lease rows."
    )
    engine: Literal["compiled", "plain"] = Field(
        "compiled", description="`plain` has nothing to compile at start, and finds the same: for some hundred offers."
    )
    compiled_dir: Path | None = Field(
        None,
        description="Folder where the compiled engine is kept for the next start; nobody else may write there.",
    )
