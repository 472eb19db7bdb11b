"""The README tells the truth: its settings, commands, links and addresses are those of the code."""

from __future__ import annotations

import re

import pytest

from receiver.settings import ReceiverSettings
from sender.settings import SenderSettings
from tests.docs.settings_table import README, write

ROOT = README.parent
DOCUMENTS = ["README.md", "DESIGN.md", "CONTRIBUTING.md", "CHANGELOG.md"]


def test_the_settings_tables_are_those_of_the_classes():
    text = README.read_text("utf-8")
    assert text == write(text), "run `make docs`"


@pytest.mark.parametrize("settings", [SenderSettings, ReceiverSettings])
def test_every_setting_has_its_variable_and_its_words(settings):
    for field in settings.model_fields.values():
        assert re.fullmatch(r"[A-Z_]+", str(field.validation_alias))
        assert len(field.description or "") > 15


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name):
    for target in re.findall(r"\]\(([^)#]+)\)|<img[^>]* src=\"([^\"]+)\"", (ROOT / name).read_text("utf-8")):
        path = "".join(target)
        assert path.startswith("https://") or (ROOT / path).exists(), path


@pytest.mark.parametrize("name", DOCUMENTS)
def test_named_commands_exist(name):
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    for command in re.findall(r"\bmake ([a-z-]+)\b(?=[`\s].*)", "\n".join(_code(name))):
        assert command in targets, command


def _code(name):
    """Yield what a document shows as code."""
    for block, span in re.findall(r"```\w*\n(.*?)```|`([^`\n]+)`", (ROOT / name).read_text("utf-8"), re.DOTALL):
        yield (block or span) + "\n"
