"""What a body format is given and what it gives back."""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from werkzeug.http import parse_options_header

# Python knows many more "encodings" (zip, idna, unicode_escape …) that no sender of text means.
_CHARSETS = ("utf-8", "utf-16", "utf-32", "ascii", "iso8859", "cp12", "koi8", "shift_jis", "euc", "gb", "big5")
_TEXT_CONTROLS = "\t\n\r\f\x1b"


@dataclass(frozen=True, slots=True)
class Body:
    """A body with what the request said about it. `cut` tells that `data` is only its beginning."""

    data: bytes
    media_type: str = ""  # lower case, without parameters
    parameters: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False

    @classmethod
    def of(cls, data: bytes, content_type: str, *, limit: int) -> Body:
        """Return the body of a request, or the first `limit` bytes of it."""
        media_type, parameters = parse_options_header(content_type)
        return cls(data[:limit], media_type.strip().lower(), parameters, cut=len(data) > limit)

    @property
    def text(self) -> str | None:
        """The body as text in its charset (UTF-8 if it names none); None when it is not text."""
        charset = self.parameters.get("charset", "utf-8")
        try:
            name = codecs.lookup(charset).name
            if not name.startswith(_CHARSETS):
                return None
            # A cut may fall within a character: only a decoder that waits for the rest can tell it from a bad byte.
            text = codecs.getincrementaldecoder(name)().decode(self.data, final=not self.cut)
        except (LookupError, UnicodeError):
            return None
        return None if _has_controls(text) else text


@dataclass(frozen=True, slots=True)
class Part:
    """A form field or an uploaded file: `filename` is None for a field, `text` is None for bytes that are no text."""

    name: str
    filename: str | None
    content_type: str
    data: bytes
    text: str | None

    @property
    def size(self) -> int:
        """Bytes of the content."""
        return len(self.data)


@dataclass(frozen=True, slots=True)
class View:
    """What to show of a body.

    `text` is what the Pretty tab shows (None: nothing but hex), `language` names its highlighting, `note` is one
    sentence for the reader, `parts` are form fields and files, `image` is the media type of a safe preview.
    """

    name: str
    text: str | None = None
    language: str = "text"
    note: str = ""
    parts: Sequence[Part] = ()
    image: str | None = None


def _has_controls(text: str) -> bool:
    """Return whether `text` holds control characters that no text has, which mark binary data."""
    return any(character < " " and character not in _TEXT_CONTROLS for character in set(text))
