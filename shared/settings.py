"""The settings that services share: those of every one, those of senders of mails; each adds its own and a prefix."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.listed import Listed
from shared.secrets import secrets_dir
from shared.smtp import Smtp, Tls


class ServiceSettings(BaseSettings):
    """The settings that all services have; read once, frozen, an empty variable counts as absent."""

    model_config = SettingsConfigDict(env_ignore_empty=True, frozen=True, extra="ignore", secrets_dir=secrets_dir())

    database_url: str = Field(description="PostgreSQL, as the service's own role, whose schema bears its name.")
    kafka_bootstrap_servers: str = Field(description="Brokers, as host:port joined by commas.")
    topic_prefix: str = Field("essaim.", description="What precedes the name of each topic.")
    service_token: SecretStr = Field(description="Shared secret of the internal reads between services.")
    otlp_endpoint: str | None = Field(
        None, description="Where traces go: OTLP over HTTP, the whole address with `/v1/traces`."
    )
    set_aside_all: Listed = Field(
        (), description="Topics, by commas, of which any number of unreadable records is set aside."
    )
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR.")


class MailingSettings(ServiceSettings):
    """Those of a service that sends mails, too."""

    smtp_host: str = Field("127.0.0.1", description="Server that takes our mails.")
    smtp_port: int = Field(8026, ge=1, le=65535, description="Its port.")
    smtp_tls: Tls = Field(
        "none", description="`starttls` or `tls`; a password sent to another machine asks for `starttls` anyway."
    )
    smtp_username: str | None = Field(None, description="With a password, how to sign in to it.")
    smtp_password: SecretStr | None = Field(None, description="Goes with the name.")
    mail_from: str = Field("essaim@localhost", pattern=r"^[!-~]+@[A-Za-z0-9.-]+$", description="Where mails come from.")

    def smtp(self) -> Smtp:
        """The mail server that they name."""
        return Smtp(
            self.smtp_host,
            self.smtp_port,
            self.mail_from,
            self.smtp_tls,
            self.smtp_username,
            self.smtp_password.get_secret_value() if self.smtp_password else None,
        )
