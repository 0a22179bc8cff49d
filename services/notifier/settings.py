"""What the notifier reads from its environment, once, at start."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.listed import Listed
from shared.secrets import secrets_dir
from shared.smtp import Tls


class Settings(BaseSettings):
    """Every setting of the notifier; environment names carry the prefix `NOTIFIER_`."""

    model_config = SettingsConfigDict(
        env_prefix="NOTIFIER_", env_ignore_empty=True, frozen=True, extra="ignore", secrets_dir=secrets_dir()
    )

    database_url: str = Field(description="PostgreSQL, as the role whose schema is `notifier`.")
    kafka_bootstrap_servers: str = Field(description="Brokers, as host:port joined by commas.")
    topic_prefix: str = Field("essaim.", description="What precedes the name of each topic.")
    service_token: SecretStr = Field(description="Shared secret of the internal reads between services.")
    link_secret: SecretStr = Field(min_length=16, description="Signs the links of mails; the console has the same.")
    ingest_url: str = Field("http://127.0.0.1:8001", description="Where ingest answers, without a final slash.")
    public_url: str = Field("http://127.0.0.1:8000", description="Address of the console, as people reach it.")
    smtp_host: str = Field("127.0.0.1", description="Server that takes our mails.")
    smtp_port: int = Field(8026, ge=1, le=65535, description="Its port.")
    smtp_tls: Tls = Field(
        "none", description="`starttls` or `tls`; a password sent to another machine asks for `starttls` anyway."
    )
    smtp_username: str | None = Field(None, description="With a password, how to sign in to it.")
    smtp_password: SecretStr | None = Field(None, description="Goes with the name.")
    mail_from: str = Field("essaim@localhost", pattern=r"^[!-~]+@[A-Za-z0-9.-]+$", description="Where mails come from.")
    window_seconds: float = Field(60, ge=0, description="How long a first notice waits for others, to go together.")
    suggestions_apart_seconds: float = Field(
        3600, ge=0, description="The least time between two mails of suggestions to one person; the others wait."
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
