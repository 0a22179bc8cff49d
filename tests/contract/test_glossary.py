"""The glossary names what the code has."""

import re

from deploy.documents import ROOT

GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
SOURCES = "\n".join(
    path.read_text(encoding="utf-8") for folder in ("services", "shared") for path in (ROOT / folder).rglob("*.py")
)
ROW = re.compile(r"^\| ([^|]+) \| ([^|]*`[^|]*) \|", re.MULTILINE)


def test_the_domain_has_its_words() -> None:
    french = {word.strip() for terms, _ in ROW.findall(GLOSSARY) for word in terms.split(",")}
    assert {"projet", "engagement", "fonds", "offre", "défi", "territoire", "recevable", "adéquation"} <= french
    assert {"rapprochement", "mise en relation", "dépôt", "doublon", "conclusion"} <= french


def test_every_name_of_the_glossary_stands_in_the_code() -> None:
    names = [name for _, codes in ROW.findall(GLOSSARY) for name in re.findall(r"`([\w-]+)", codes)]
    assert len(names) > 20
    assert [name for name in names if not re.search(rf"\b{re.escape(name)}", SOURCES, re.IGNORECASE)] == []
