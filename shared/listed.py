"""Settings that are lists are written as words joined by commas."""

from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_settings import NoDecode


def listed(value: Any) -> Any:
    """The words of a setting, without the blanks around them."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Listed = Annotated[tuple[str, ...], NoDecode, BeforeValidator(listed)]
"""A setting: words joined by commas, such as `matches,answers`."""
