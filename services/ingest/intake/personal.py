"""Finds e-mail addresses and phone numbers in texts that will be public."""

import re
import unicodedata
from typing import Literal

_ADDRESS = re.compile(
    r"[\w.+-]+\s?(?:@|\(at\)|\[at\]|\(a\)|\barobase\b)\s?[\w-]+\s?(?:\.|\(dot\)|\[dot\]|\bpoint\b)\s?[a-z]{2,}",
    re.IGNORECASE,
)
_GAP = r"[\s.\-/_]{0,2}"
_PAIRS = r"(?:\d{8}|(?:[\s.\-/_]{1,2}\d{2}){4})"  # all apart or all together: « 01/02/2027 15 h » is no number
_FRENCH = re.compile(rf"(?<!\d)(?<!\d[-/.])(?:(?:\+|00){_GAP}33{_GAP}(?:\(0\){_GAP})?|0)[1-9]{_PAIRS}(?!\d)")
_FOREIGN = re.compile(rf"(?<![\w+])\+\d{{1,3}}(?:{_GAP}\d){{7,12}}(?!\d)")


def found_in(text: str) -> Literal["adresse-dans-le-texte", "telephone-dans-le-texte"] | None:
    """The code of the fault when the text holds an address or a phone number, in any usual spelling."""
    plain = unicodedata.normalize("NFKC", text)
    if _ADDRESS.search(plain):
        return "adresse-dans-le-texte"
    if _FRENCH.search(plain) or _FOREIGN.search(plain):
        return "telephone-dans-le-texte"
    return None


def without_contacts(text: str) -> str:
    """The text with each address and phone number replaced by an ellipsis."""
    plain = unicodedata.normalize("NFKC", text)
    for pattern in (_ADDRESS, _FRENCH, _FOREIGN):
        plain = pattern.sub("…", plain)
    return plain
