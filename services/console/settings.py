"""What the console reads from its environment, once, at start."""

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from shared.proxies import Networks
from shared.settings import MailingSettings


class Settings(MailingSettings):
    """Every setting of the console; environment names carry the prefix `CONSOLE_`."""

    model_config = SettingsConfigDict(env_prefix="CONSOLE_")

    link_secret: SecretStr = Field(description="Signs the links of mails and the tokens of forms.")
    ingest_url: str = Field("http://127.0.0.1:8001", description="Where ingest answers, without a final slash.")
    matcher_url: str = Field("http://127.0.0.1:8002", description="Where the matcher answers, without a final slash.")
    public_url: str = Field("http://127.0.0.1:8000", description="Address of these pages, as people reach them.")
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
