"""The README's settings tables, made from the settings classes: `python -m tests.docs.settings_table` writes them."""

from __future__ import annotations

from pathlib import Path

from receiver.settings import ReceiverSettings
from sender.settings import SenderSettings
from shared.settings import CommonSettings

README = Path(__file__).parents[2] / "README.md"
START, END = "<!-- settings: written by `make docs` -->", "<!-- end of settings -->"


def tables() -> str:
    """Return the tables in Markdown: the settings of both services, then those of each."""
    common = set(CommonSettings.model_fields)
    groups = [
        ("Both services", CommonSettings, common),
        ("Sender", SenderSettings, set(SenderSettings.model_fields) - common),
        ("Receiver", ReceiverSettings, set(ReceiverSettings.model_fields) - common),
    ]
    return "\n\n".join(_table(title, settings, names) for title, settings, names in groups)


def write(text: str) -> str:
    """Return the README's `text` with its tables made anew."""
    before, rest = text.split(START)
    return f"{before}{START}\n{tables()}\n{END}{rest.split(END)[1]}"


def _table(title: str, settings: type[CommonSettings], names: set[str]) -> str:
    lines = [f"| {title} | Default | |", "|---|---|---|"]
    for name, field in settings.model_fields.items():
        if name in names:
            default = f"`{field.default}`" if field.default not in (None, "") else ""
            lines.append(f"| `{field.validation_alias}` | {default} | {field.description} |")
    return "\n".join(lines)


if __name__ == "__main__":
    README.write_text(write(README.read_text("utf-8")), "utf-8")
