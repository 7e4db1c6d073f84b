"""The last net under everything an app paints, its own widgets or Textual's."""

from __future__ import annotations

import re

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter


class SafeFilter(LineFilter):
    """The last net: whatever still reaches a line of the app is removed there, its cells kept.

    An app adds one instance to what its `get_line_filters` returns. Strips remember what a filter made of
    them, so that a line costs this once.
    """

    _UNSAFE = re.compile(
        "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
        "\u2028-\u202e\u2060-\u206f\u20e3\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U0001f3fb-\U0001f3ff"
        "\U000e0000-\U000e0fff]"
    )

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments without what is unsafe, each as wide as it was."""
        unsafe = self._UNSAFE
        if not any(unsafe.search(segment.text) for segment in segments if not segment.control):
            return segments
        return [
            segment
            if segment.control or not unsafe.search(segment.text)
            else Segment(set_cell_size(unsafe.sub("", segment.text), cell_len(segment.text)), segment.style)
            for segment in segments
        ]
