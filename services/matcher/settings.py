"""What the matcher reads from its environment, once, at start."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.listed import Listed
from shared.secrets import secrets_dir


class Settings(BaseSettings):
    """Every setting of the matcher; environment names carry the prefix `MATCHER_`."""

    model_config = SettingsConfigDict(
        env_prefix="MATCHER_", env_ignore_empty=True, frozen=True, extra="ignore", secrets_dir=secrets_dir()
    )

    database_url: str = Field(description="PostgreSQL, as the role whose schema is `matcher`.")
    kafka_bootstrap_servers: str = Field(description="Brokers, as host:port joined by commas.")
    topic_prefix: str = Field("essaim.", description="What precedes the name of each topic.")
    service_token: SecretStr = Field(description="Shared secret of the internal reads between services.")
    address: str = Field(
        "http://127.0.0.1:8002", description="Where the other services reach this process; kept in its lease rows."
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
