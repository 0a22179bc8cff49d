"""What the notifier reads from its environment, once, at start."""

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from shared.settings import MailingSettings


class Settings(MailingSettings):
    """Every setting of the notifier; environment names carry the prefix `NOTIFIER_`."""

    model_config = SettingsConfigDict(env_prefix="NOTIFIER_")

    link_secret: SecretStr = Field(min_length=16, description="Signs the links of mails; the console has the same.")
    ingest_url: str = Field("http://127.0.0.1:8001", description="Where ingest answers, without a final slash.")
    public_url: str = Field("http://127.0.0.1:8000", description="Address of the console, as people reach it.")
    window_seconds: float = Field(60, ge=0, description="How long a first notice waits for others, to go together.")
    suggestions_apart_seconds: float = Field(
        3600, ge=0, description="The least time between two mails of suggestions to one person; the others wait."
    )
