"""What ingest reads from its environment, once, at start."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.proxies import Networks
from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Every setting of ingest; environment names carry the prefix `INGEST_`."""

    model_config = SettingsConfigDict(env_prefix="INGEST_")

    load_reference: bool = Field(
        True, description="Publishes at start the 20 territories and the funds that ship with Essaim, where unknown."
    )
    calls_per_minute: int = Field(1_200, ge=1, description="Calls that one API key may make in a minute.")
    ademe_url: str | None = Field(None, description="ADEME's feed of funds, polled where its address is given.")
    ile_de_france_url: str | None = Field(None, description="The Île-de-France region's feed of funds, likewise.")
    poll_every_s: int = Field(21_600, ge=60, description="Seconds between two polls of a feed that answers.")
    trusted_proxies: Networks = Field(
        (), description="Reverse proxies whose X-Forwarded-For and -Proto count: addresses or networks, by commas."
    )
