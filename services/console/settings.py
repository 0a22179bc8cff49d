"""What the console reads from its environment, once, at start."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.listed import Listed
from shared.proxies import Networks
from shared.secrets import secrets_dir
from shared.smtp import Tls


class Settings(BaseSettings):
    """Every setting of the console; environment names carry the prefix `CONSOLE_`."""

    model_config = SettingsConfigDict(
        env_prefix="CONSOLE_", env_ignore_empty=True, frozen=True, extra="ignore", secrets_dir=secrets_dir()
    )

    database_url: str = Field(description="PostgreSQL, as the role whose schema is `console`.")
    kafka_bootstrap_servers: str = Field(description="Brokers, as host:port joined by commas.")
    topic_prefix: str = Field("essaim.", description="What precedes the name of each topic.")
    service_token: SecretStr = Field(description="Shared secret of the internal reads between services.")
    link_secret: SecretStr = Field(description="Signs the links of mails and the tokens of forms.")
    ingest_url: str = Field("http://127.0.0.1:8001", description="Where ingest answers, without a final slash.")
    matcher_url: str = Field("http://127.0.0.1:8002", description="Where the matcher answers, without a final slash.")
    public_url: str = Field("http://127.0.0.1:8000", description="Address of these pages, as people reach them.")
    smtp_host: str = Field("127.0.0.1", description="Server that takes sign-in mails.")
    smtp_port: int = Field(8026, ge=1, le=65535, description="Its port.")
    smtp_tls: Tls = Field(
        "none", description="`starttls` or `tls`; a password sent to another machine asks for `starttls` anyway."
    )
    smtp_username: str | None = Field(None, description="With a password, how to sign in to it.")
    smtp_password: SecretStr | None = Field(None, description="Goes with the name.")
    mail_from: str = Field("essaim@localhost", description="Address that sign-in mails come from.")
    contact_address: str = Field("contact@localhost", description="Shown on the pages: whom to write to.")
    demo: bool = Field(False, description="Offers one sign-in button per role, for addresses ending in example.org.")
    demo_addresses: dict[str, str] = Field(
        default_factory=dict, description="Role -> address signed in by its button; roles: see views/sign_in.py."
    )
    demo_mail_page: str | None = Field(
        None, description="Where the demonstration's mails are read: told to who asks for one."
    )
    decline_grace_s: int = Field(
        120, ge=0, le=3600, description="For how long a « Pas pour nous » or a conclusion can be taken back."
    )
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
