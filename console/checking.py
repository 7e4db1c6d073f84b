"""`vigil check`: judges messages without storing anything, one JSON object a message on standard output."""

from __future__ import annotations

import sys
import time
from io import TextIOWrapper
from os import devnull
from pathlib import Path
from typing import TextIO

from console.collecting import collect_seldom
from console.explaining import explained
from console.learning import known_to
from console.platforms.replay import Replay
from console.printing import to_json
from rules.engine import Engine, verdict
from rules.knowledge import NOTHING_KNOWN, Knowledge
from rules.records import Finding, Message
from rules.rulebook import Rulebook
from store.database import open_database
from widgets.reasons import why


async def check(
    path: Path | None,
    rulebook: Rulebook,
    out: TextIO,
    err: TextIO,
    *,
    knowledge: Knowledge = NOTHING_KNOWN,
    scores: bool = False,
    explain: bool = False,
) -> None:
    """Judge the messages of a file, or of standard input; a summary goes to `err`. Raises ReplayError.

    With `scores` each object holds every rule's score. With `explain` it is text for people, findings alone.
    """
    collect_seldom()
    engine = Engine(rulebook, knowledge, every_score=scores)
    count = flagged = problems = 0
    seconds = 0.0
    async for batch in Replay(Path(devnull), path=path, speed=None).batches(None):
        for problem in batch.problems:
            print(f"vigil: {path or 'standard input'}: {problem}", file=err)
        started = time.perf_counter()
        found = engine.scored(batch.messages)
        seconds += time.perf_counter() - started
        for message, judged in zip(batch.messages, found, strict=True):
            flagged += verdict(judged.findings) == "flag"
            if explain:
                out.writelines(f"{line}\n" for line in explained(message, judged.findings))
                continue
            what = shape(message, judged.findings)
            if scores:
                what["scores"] = {rule: round(score, 4) for rule, score in judged.scores.items()}
            out.write(to_json(what) + "\n")
        out.flush()
        count += len(batch.messages)
        problems += len(batch.problems)
    rate = f"{count / seconds:,.0f} messages a second" if seconds else "nothing judged"
    print(f"vigil: {count} messages, {flagged} flagged, {problems} lines with problems; {rate}", file=err)


def shape(message: Message, findings: tuple[Finding, ...]) -> dict[str, object]:
    """The JSON object of one message. Offsets are code points of the original text, ends exclusive."""
    return {
        "id": message.id,
        "group": message.group,
        "verdict": verdict(findings),
        "findings": [
            {
                "rule": finding.rule,
                "kind": finding.kind,
                "mode": finding.mode,
                "score": round(finding.score, 2),
                "matched": finding.matched,
                "evidence": [{"start": e.start, "end": e.end, "matched": e.matched} for e in finding.evidence],
                "why": why(finding.kind, finding.score, finding.matched),
                **({"campaign": finding.campaign} if finding.campaign else {}),
                **(
                    {"earlier": [{"group": key.group, "id": key.id} for key in finding.earlier]}
                    if finding.earlier
                    else {}
                ),
            }
            for finding in findings
        ],
    }


def streams() -> tuple[TextIO, TextIO]:
    """Standard output that can write every character, whatever the locale, and standard error."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    return sys.stdout, sys.stderr


def known(store: Path | None, rulebook: Rulebook) -> Knowledge:
    """What the store taught, nothing without one. Raises StoreError."""
    if store is None:
        return NOTHING_KNOWN
    db = open_database(store)
    try:
        return known_to(db, rulebook)
    finally:
        db.close()
