"""Which of the forms that an answer can have is wanted (RFC 9110, section 12.5.1)."""

from __future__ import annotations

from collections.abc import Sequence


def best(accept: str | None, offered: Sequence[str]) -> str | None:
    """Of the media types that are offered the one that an Accept header prefers, of equals the first.

    None if it wants none of them; the first offered without such a header.
    """
    if accept is None or not accept.strip():
        return offered[0]
    ranges = [_range(part) for part in accept.split(",")]
    ranked = [(_quality(each, ranges), -number, each) for number, each in enumerate(offered)]
    quality, _, media_type = max(ranked)
    return media_type if quality > 0 else None


def _range(part: str) -> tuple[str, float]:
    """A media range and its quality; what cannot be understood is not wanted."""
    name, *parameters = (piece.strip().lower() for piece in part.split(";"))
    quality = 1.0
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            try:
                quality = float(value)
            except ValueError:
                quality = 0.0
    return name, quality if 0.0 <= quality <= 1.0 else 0.0


def _quality(media_type: str, ranges: Sequence[tuple[str, float]]) -> float:
    """What the most specific range that covers a media type gives it."""
    kind = media_type.partition("/")[0]
    for wanted in (media_type, f"{kind}/*", "*/*"):
        given = [quality for name, quality in ranges if name == wanted]
        if given:
            return max(given)
    return 0.0
