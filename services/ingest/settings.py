"""What ingest reads from its environment, once, at start."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.listed import Listed
from shared.proxies import Networks
from shared.secrets import secrets_dir


class Settings(BaseSettings):
    """Every setting of ingest; environment names carry the prefix `INGEST_`."""

    model_config = SettingsConfigDict(
        env_prefix="INGEST_", env_ignore_empty=True, frozen=True, extra="ignore", secrets_dir=secrets_dir()
    )

    database_url: str = Field(description="PostgreSQL, as the role whose schema is `ingest`.")
    kafka_bootstrap_servers: str = Field(description="Brokers, as host:port joined by commas.")
    topic_prefix: str = Field("essaim.", description="What precedes the name of each topic.")
    service_token: SecretStr = Field(description="Shared secret of the internal reads between services.")
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
    otlp_endpoint: str | None = Field(
        None,
        description="Where traces go: OTLP over HTTP, the whole address with `/v1/traces`.",
    )
    set_aside_all: Listed = Field(
        (),
        description="Topics, by commas, of which any number of unreadable records is set aside.",
    )
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR.")
