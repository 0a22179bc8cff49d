"""Renders a letter as its two parts, which say the same."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from services.notifier.messages.letter import Letter

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parents[1] / "templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def as_text(letter: Letter) -> str:
    """The text part."""
    return _templates.get_template("mail.txt").render(letter=letter)


def as_html(letter: Letter) -> str:
    """The HTML part: no image, no script, nothing fetched."""
    return _templates.get_template("mail.html").render(letter=letter)
