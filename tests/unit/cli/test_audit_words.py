"""What an audit finds is said in French, with its ids, and with what to do about it."""

import re
from pathlib import Path

import pytest

from services.cli.audit_words import WORDS, french, remedy, report, sentence
from shared.auditing import Finding

ROOT = Path(__file__).resolve().parents[3]
_CODE = re.compile(r"""(?:Finding\(\s*(?:SERVICE|service|sayer)|Difference\(|_apart\()\s*,?\s*"([a-z -]+)\"""")


def test_each_finding_that_a_module_can_make_has_its_words() -> None:
    paths = [*ROOT.glob("services/*/audit*.py"), *ROOT.glob("shared/audit*.py")]
    said = {code for path in paths for code in _CODE.findall(path.read_text(encoding="utf-8"))}
    assert said == set(WORDS)


def test_a_line_names_service_id_and_both_values_in_french() -> None:
    line = sentence(Finding("console", "view", "projects/prj-a", "live", "erased"))
    assert line == (
        "console : ce qui est tenu n'est pas ce qui a été dit : projects/prj-a (attendu : présent ; trouvé : effacé)"
    )


def test_a_thousand_differences_are_counted_by_kind_with_the_remedy_before_twenty_of_each() -> None:
    many = [Finding("notifier", "unsent", f"deliveries/{n}", "version 1", "absent") for n in range(1079)]
    found = [*many, Finding("console", "view", "projects/prj-a", "live", "erased")]
    said = list(report(found, whole=False))
    assert "1\u202f080\u00a0différences :" in said[0]
    assert said[1].strip() == "1079 notifier : ce qui a été dit n'est pas dans le sujet"
    assert said.index("À faire : arrêtez console, lancez « essaim rebuild console », puis démarrez-le") == 4
    assert len([line for line in said if "deliveries/" in line]) == 20
    assert any("1\u202f059\u00a0autres : --all" in line for line in said)
    assert len([line for line in report(found, whole=True) if "deliveries/" in line]) == 1079
    assert list(report([], whole=False)) == ["Aucune différence."]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("none", "rien"),
        ("withdrawn", "ne tient plus"),
        ("offset 12", "position 12"),
        ("told to commitment eng-a", "averti pour l'engagement eng-a"),
        ("no interest of offer", "pas d'intérêt dit par l'offre"),
        ("interested by project", "interested dit par le projet"),
        ("eng-told 0.500000, eng-b 0.400000", "eng-told 0.500000, eng-b 0.400000"),
    ],
)
def test_phrases_are_french_and_ids_stay(value: str, said: str) -> None:
    assert french(value) == said


@pytest.mark.parametrize(
    ("service", "what", "command"),
    [
        ("matcher", "offer list", "essaim rebuild matcher"),
        ("console", "view", "essaim rebuild console"),
        ("console", "offset", "essaim restored console"),
        ("ingest", "unsent", "essaim restored ingest"),
        ("matcher", "standstill", "essaim status"),
        ("notifier", "told-twice", "prévenez"),
    ],
)
def test_a_remedy_names_a_command_that_this_service_has(service: str, what: str, command: str) -> None:
    assert command in remedy(Finding(service, what, "x", "a", "b"))
