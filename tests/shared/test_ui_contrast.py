"""The colours of the tokens are told apart by everyone: WCAG 2.2, 1.4.3 (text) and 1.4.11 (controls, focus)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shared import ui

TOKENS = (Path(ui.__file__).parent / "static" / "tokens.css").read_text("utf-8")
PAIRS = dict(re.findall(r"--([\w-]+): light-dark\((#\w{6}, #\w{6})\)", TOKENS))
THEMES = {
    theme: {name: pair.split(", ")[at] for name, pair in PAIRS.items()} for at, theme in enumerate(("light", "dark"))
}

GROUNDS = ["bg", "surface", "sunken", "hover", "selected"]
TEXTS = ["ink", "ink-2", "ink-3", "accent", "accent-strong", "ok", "warn", "bad"]
TEXT_ON = [(text, ground) for text in TEXTS for ground in GROUNDS]
TEXT_ON += [(tone, f"{tone}-soft") for tone in ("accent", "ok", "warn", "bad")]
TEXT_ON += [(ink, f"{tone}-soft") for ink in ("ink", "ink-2") for tone in ("accent", "ok", "warn", "bad")]
TEXT_ON += [("accent-ink", "accent"), ("accent-ink", "accent-strong"), ("bad-ink", "bad")]
SHAPE_ON = [(shape, ground) for shape in ("line-control", "accent") for ground in ("bg", "surface", "sunken")]


def rgb(colour: str) -> list[float]:
    return [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]


def luminance(parts: list[float]) -> float:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: list[float], other: list[float]) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def mixed(over: list[float], under: list[float], share: float) -> list[float]:
    """What color-mix(in srgb, over share, transparent) looks like on `under`."""
    return [a * share + b * (1 - share) for a, b in zip(over, under, strict=True)]


def test_the_measure_itself() -> None:
    assert contrast(rgb("#000000"), rgb("#ffffff")) == pytest.approx(21)
    assert contrast(rgb("#777777"), rgb("#ffffff")) == pytest.approx(4.48, abs=0.01)  # the known near miss


def test_every_colour_has_a_value_for_both_themes() -> None:
    declared = set(re.findall(r"--([\w-]+): light-dark\(", TOKENS))
    assert declared - set(PAIRS) == {"shade", "veil"}  # translucent, never under or over text


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("text", "ground"), TEXT_ON)
def test_text_reaches_aa(theme: str, text: str, ground: str) -> None:
    colours = THEMES[theme]
    assert contrast(rgb(colours[text]), rgb(colours[ground])) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("shape", "ground"), SHAPE_ON)
def test_controls_and_focus_rings_reach_aa(theme: str, shape: str, ground: str) -> None:
    colours = THEMES[theme]
    assert contrast(rgb(colours[shape]), rgb(colours[ground])) >= 3


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("ground", ["surface", "selected", "hover", "bg"])
@pytest.mark.parametrize("share", [0.06, 0.08])
def test_grey_pills_reach_aa(theme: str, ground: str, share: float) -> None:
    """Tags, counts and quiet badges lie on a veil of ink."""
    colours = {name: rgb(colour) for name, colour in THEMES[theme].items()}
    assert contrast(colours["ink-2"], mixed(colours["ink"], colours[ground], share)) >= 4.5


def test_no_colour_stands_outside_the_tokens() -> None:
    rest = [path for path in Path(ui.__file__).parent.glob("static/*.css") if path.name != "tokens.css"]
    assert not re.search(r"#[0-9a-f]{3,8}\b|\brgb|\bhsl", "".join(path.read_text("utf-8") for path in rest))
