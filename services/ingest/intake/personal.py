"""Finds e-mail addresses and phone numbers in texts that will be public."""

import html
import re
import unicodedata
from typing import Literal

_ADDRESS = re.compile(
    r"[\w.+-]{1,64}\s?(?:@|[(\[{]\s?(?:at|a|arr?obase)\s?[)\]}]|\barr?obase\b)\s?"
    r"[\w-]{1,64}\s?(?:\.|[(\[{]\s?(?:dot|point)\s?[)\]}]|\b(?:dot|point)\b)\s?[^\W\d_]{2,}"
    r"|[\w.+-]{1,64}\s(?:at|chez)\s[\w-]{1,64}(?:\s(?:dot|point)\s[a-z]{2,}|\.(?:fr|com|org|net|eu|info)\b)",
    re.IGNORECASE,
)
_GAP = r"[\s.\-/_]{0,3}"
_PAIRS = r"(?:\d{8}|(?:[\s.\-/_]{1,2}\d{2}){4})"  # all apart or all together: « 01/02/2027 15 h » is no number
_FRENCH = re.compile(rf"(?<!\d)(?<!\d[-/.])(?:(?:\+|00){_GAP}33{_GAP}(?:\(0\){_GAP})?|0)[1-9]{_PAIRS}(?!\d)")
_ONE_BY_ONE = re.compile(
    rf"(?<!\d)(?<!\d[\s.\-/_])(?:(?:\+|00){_GAP}33{_GAP}|0[\s.\-/_])(?!1\D2\D3\D4)[1-9](?:[\s.\-/_]\d){{8}}(?!\d)"
)
_GROUPED = re.compile(
    r"(?<!\d)(?<!\d[\s.\-/])0[1-9](?:(?P<gap>[\s.\-_])"
    r"(?:\d{3}(?P=gap)\d{3}(?P=gap)\d\d|\d{3}(?P=gap)\d\d(?P=gap)\d{3}|\d\d(?P=gap)\d{3}(?P=gap)\d{3})"
    r"|[\s.]\d{4}[\s.]\d{4}|\d\d(?P<pair>[\s.])\d\d(?P=pair)\d\d(?P=pair)\d\d)(?!\d)"
)
_FOREIGN = re.compile(rf"(?<![\w+])\+\d{{1,3}}(?:{_GAP}\d){{7,12}}(?!\d)")


_DASHED = re.compile(r"(?<!\d)(?<!\d[-/.])0[1-9](?:(?:\s?-\s?|\s{1,3})\d\d){4}(?!\d)(?!-\d)")
_MARKED = re.compile(
    r"(?<!\d)(?<!\d[:,*|•])(?!01\D+02\D+03)0[1-9](?P<mark>[:,]|\s?[*|•]\s?)"
    r"\d\d(?:(?P=mark)\d\d){3}(?!\d)(?!(?P=mark)\d)"
)
_BEGUN = re.compile(  # two pairs, then six digits in any groups, unless a year begins there
    r"(?<!\d)(?<!\d[\s.\-/])0[1-9][\s.\-]\d\d(?![\s.\-](?:19|20)\d\d(?!\d))(?:[\s.\-]?\d){6}(?!\d)"
)

_PHONES = (_FRENCH, _ONE_BY_ONE, _GROUPED, _FOREIGN, _DASHED, _MARKED, _BEGUN)
_BRACKETED = re.compile(r"\((\d\d)\)")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")


def found_in(text: str) -> Literal["adresse-dans-le-texte", "telephone-dans-le-texte"] | None:
    """The code of the fault when the text holds an address or a phone number, in any usual spelling."""
    plain = _plain(text)
    if _ADDRESS.search(plain):
        return "adresse-dans-le-texte"
    if any(pattern.search(plain) for pattern in _PHONES):
        return "telephone-dans-le-texte"
    return None


def without_contacts(text: str) -> str:
    """The text with each address and phone number replaced by an ellipsis."""
    if found_in(text) is None:
        return unicodedata.normalize("NFKC", text)
    plain = _plain(text)
    for pattern in (_ADDRESS, *_PHONES):
        plain = pattern.sub("…", plain)
    return plain


def _plain(text: str) -> str:
    """The text as a reader sees it: entities written out, dots, dashes and digits of any script made plain."""
    unescaped = html.unescape(html.unescape(text)).replace("%40", "@")
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFKC", unescaped)).replace("\u3002", ".").replace("\u00b7", ".")
    return _BRACKETED.sub(r"-\1-", "".join(map(_plain_character, plain)))


def _plain_character(character: str) -> str:
    if character.isascii():
        return character
    if character == "\u2212" or unicodedata.category(character) == "Pd":
        return "-"
    return str(unicodedata.digit(character, character))
