"""The pinned packages are what pyproject.toml asks for, with hashes, one version of each, and no registry's address."""

import re
import tomllib
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("ingest", "matcher", "notifier", "console")
SETS = {
    **{service: (service,) for service in SERVICES},
    "demo": (*SERVICES, "demo"),
    "dev": (*SERVICES, "demo", "dev"),
    "bench": (*SERVICES, "demo", "dev", "bench"),
}
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^ ;\\]+)", re.MULTILINE)


@cache
def pins(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    return {canonicalize_name(package): version for package, version in PIN.findall(text)}


def wanted(extras: tuple[str, ...]) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = project["optional-dependencies"]
    return [Requirement(line) for line in (*project["dependencies"], *(line for e in extras for line in optional[e]))]


@pytest.mark.parametrize("name", SETS)
def test_each_set_pins_what_is_asked(name: str) -> None:
    for requirement in wanted(SETS[name]):
        version = pins(name).get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement} is not in requirements/{name}.txt: make lock"
        assert requirement.specifier.contains(version), f"{requirement} is pinned to {version}: make lock"


@pytest.mark.parametrize("name", [*SETS, "uv", "build"])
def test_every_pin_has_hashes(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    assert blocks
    assert all("--hash=sha256:" in block for block in blocks)


def test_a_package_has_one_version_everywhere() -> None:
    for name in SETS:
        assert pins(name).items() <= pins("bench").items()


def test_a_service_is_not_given_the_tools_of_tests() -> None:
    for name in (*SERVICES, "demo"):
        assert not {"pytest", "mypy", "ruff", "playwright"} & pins(name).keys()


def test_a_service_and_tests_are_not_given_what_benchmarks_compare_with() -> None:
    for name in (*SERVICES, "demo", "dev"):
        assert not {"duckdb", "matplotlib", "tantivy"} & pins(name).keys()


def test_no_file_of_pins_bears_an_address() -> None:
    for path in (*(ROOT / "requirements").iterdir(), ROOT / "deploy" / "local" / "kafka-jars.lock"):
        assert "://" not in path.read_text(encoding="utf-8"), path
