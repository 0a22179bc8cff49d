"""Alert rules and the dashboard ask for what is exported, and each alert has its line in the operator's page."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterable
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client import Metric

from deploy.documents import ROOT, SERVICES
from services.matcher.measures import of_ages
from services.matcher.store.leases import Age
from services.notifier.measures import of_undelivered
from services.notifier.store.mails import Undelivered
from shared import measures
from shared.telemetry import AtWork, database_up, of_process, of_tables

FOLDER = ROOT / "deploy" / "observability"
RULES: list[dict[str, Any]] = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"][0]["rules"]
DASHBOARD: dict[str, Any] = json.loads((FOLDER / "dashboard.json").read_text())
PAGE = (ROOT / "docs" / "operator.md").read_text()
GIVEN_BY_PROMETHEUS = {"up", "job", "instance", "le"}
WORDS_OF_PROMQL = {"by", "max", "min", "sum", "rate", "time", "min_over_time", "max_over_time", "histogram_quantile"}


def exported() -> dict[str, set[str]]:
    """Each measure, by its name without suffixes, with the labels that it has."""
    row = {"events": 1, "oldest_seconds": 1, "refused": 1, "differences": 1, "audited_at": 1}
    found: list[Metric] = [
        *of_process(AtWork({"matches/0": 1})),
        *of_tables(row, {"matches": 1}),
        *of_ages([Age(0, "http://matcher", 1, 1)]),
        *of_undelivered(Undelivered(1, 1, 1, 1)),
        database_up(True),
    ]
    labels = {each.name: {name for sample in each.samples for name in sample.labels} for each in found}
    for each in (measures.REQUEST_SECONDS, measures.HANDLER_SECONDS, measures.HANDLED_RECORDS, measures.HANDLED_AT):
        (family,) = each.collect()
        labels[family.name] = set(each._labelnames)
    return labels


def questions() -> dict[str, str]:
    """Every question to Prometheus, by the alert or the panel that asks it."""
    asked = {rule["alert"]: rule["expr"] for rule in RULES}
    for panel in DASHBOARD["panels"]:
        asked |= {f"{panel['title']} {target['refId']}": target["expr"] for target in panel["targets"]}
    return asked


def names_in(expression: str) -> Iterable[str]:
    """The names of an expression, of metrics, labels, and functions, without what is quoted, and times."""
    return re.findall(r"[A-Za-z_]\w*", re.sub(r'"[^"]*"|\[\w+\]', "", expression))


@pytest.mark.parametrize(("asker", "expression"), questions().items())
def test_what_is_asked_for_is_exported(asker: str, expression: str) -> None:
    known = exported()
    bare = {name: re.sub(r"_(bucket|count|sum|total)$", "", name) for name in names_in(expression)}
    asked = [metric for metric in bare.values() if metric in known or metric == "up"]
    assert asked, asker
    labels = set().union(*(known.get(metric, set()) for metric in asked))
    allowed = known.keys() | labels | GIVEN_BY_PROMETHEUS | WORDS_OF_PROMQL
    assert [name for name, metric in bare.items() if metric not in allowed] == []


@pytest.mark.parametrize(("asker", "expression"), questions().items())
def test_what_is_asked_is_promql(asker: str, expression: str) -> None:
    """Prometheus refuses a whole file of rules for one that it cannot parse, Grafana shows an empty panel."""
    assert promql_parser.parse(expression), asker


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ("sum by (job) (up", "parenthesis"),
        ("rate(essaim_problems) > 0", "expected type matrix"),
        ("most(essaim_problems)", "unknown function"),
    ],
)
def test_what_is_no_promql_is_told(broken: str, why: str) -> None:
    """The check above would let nothing of this pass."""
    with pytest.raises(ValueError, match=why):
        promql_parser.parse(broken)


def test_what_is_exported_is_looked_at() -> None:
    looked_at = " ".join(questions().values())
    assert [name for name in exported() if name not in looked_at] == []


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_each_alert_says_what_is_wrong_and_where_the_remedy_stands(rule: dict[str, Any]) -> None:
    assert rule["annotations"]["summary"]
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"]["runbook"] == "docs/operator.md#alerts"
    table = PAGE.partition("### Alerts\n")[2].partition("\n### ")[0]
    assert re.search(rf"^\| `{rule['alert']}` \| \S", table, re.MULTILINE)


def test_the_page_has_no_alert_that_is_gone() -> None:
    named = re.findall(r"^\| `(Essaim\w+)` \|", PAGE, re.MULTILINE)
    assert sorted(named) == sorted(rule["alert"] for rule in RULES)


def test_every_service_is_scraped_under_its_name() -> None:
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    assert [each["job_name"] for each in config["scrape_configs"]] == list(SERVICES)
    assert config["rule_files"] == ["alerts.yml"]


def test_panels_do_not_overlap() -> None:
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in DASHBOARD["panels"]]
    assert len(set(places)) == len(places)


def test_prometheus_itself_accepts_the_rules_where_it_is_installed() -> None:
    tool = shutil.which("promtool")
    checked = subprocess.run([tool, "check", "rules", FOLDER / "alerts.yml"], check=False) if tool else None
    assert checked is None or checked.returncode == 0
