"""How a window above a screen looks."""

from __future__ import annotations


def window_css(name: str, size: str, more: str = "") -> str:
    """The style of the screen class `name`, a window of this size in its middle; `more` are rules of its own."""
    return f"""
    {name} {{
        align: center middle;
        & > Vertical {{
            {size};
            border: round $accent; padding: 0 1; background: $surface;
        }}
        & .title {{ text-style: bold; height: auto; }}
        & .hint {{ text-style: dim; height: auto; }}
        {more}
    }}
"""
