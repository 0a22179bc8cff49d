"""Turns the HTML of feeds into plain paragraphs."""

import re
from html.parser import HTMLParser

_BLOCKS = frozenset({"p", "br", "div", "ul", "ol", "li", "h1", "h2", "h3", "h4", "h5", "h6", "tr", "table", "section"})
_SILENT = frozenset({"script", "style", "template", "noscript"})


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A block begins a line, an item a dash."""
        if tag in _SILENT:
            self._silent += 1
        if tag in _BLOCKS:
            self.parts.append("\n- " if tag == "li" else "\n")

    def handle_endtag(self, tag: str) -> None:
        """A block ends its line."""
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        if tag in _BLOCKS and tag != "li":
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        """Text, its own line ends being mere spaces."""
        if not self._silent:
            self.parts.append(re.sub(r"\s+", " ", data))


def text_of(html: object, most: int = 5_000) -> str:
    """The text of an HTML fragment, at most `most` characters, cut at a word; empty for what is no text."""
    if not isinstance(html, str):
        return ""
    parser = _Text()
    parser.feed(html)
    parser.close()
    lines = (re.sub(r"\s+", " ", line).strip() for line in "".join(parser.parts).splitlines())
    text = "\n".join(line for line in lines if line and line != "-")
    return clipped(text, most)


def clipped(text: str, most: int) -> str:
    """The text, or its beginning up to a word with an ellipsis."""
    if len(text) <= most:
        return text
    return text[: most - 1].rsplit(maxsplit=1)[0].rstrip(" ,;:") + "…"
