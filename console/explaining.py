"""Findings as text for people: the message with its evidence marked, and a sentence for each rule."""

from __future__ import annotations

from collections.abc import Iterator

from console.printing import marked
from rules.engine import verdict
from rules.records import Finding, Message
from widgets.reasons import why
from widgets.safe import safe

SHOWN_CHARACTERS = 400
"""How much of a message's text is shown."""


def explained(message: Message, findings: tuple[Finding, ...]) -> Iterator[str]:
    """The lines about a message; none where nothing was found."""
    if not findings:
        return
    spans = [(one.start, one.end) for finding in findings for one in finding.evidence]
    where = f"{safe(message.group_name or message.group)} {safe(message.id)}"
    yield f"{where} {verdict(findings)}: {marked(message.text, spans, SHOWN_CHARACTERS)}"
    for finding in findings:
        places = ", ".join(f"{one.start}-{one.end}" for one in finding.evidence[:5])
        where = f"  [{places}]" if places else ""
        earlier = f"  +{len(finding.earlier)}" if finding.earlier else ""
        reason = safe(why(finding.kind, finding.score, finding.matched), SHOWN_CHARACTERS)
        yield f"  {finding.rule} ({finding.mode}): {reason}{where}{earlier}"
