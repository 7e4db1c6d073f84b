"""The default rulebook with nothing learned: what it flags of harmless streams, and whether it counts floods right."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from rules.engine import Engine, verdict
from rules.fold import fold_batch
from rules.kinds import DuplicatesRule, FloodRule
from rules.records import Message, MessageKey
from rules.rulebook import DEFAULT_RULEBOOK, parse
from tests.bench.corpora import Rate, Row

_BATCH = 256


def print_default(corpora: dict[str, list[Row]]) -> None:
    """Prints, for each corpus that is a stream or has harmless messages, what the default rulebook flags of them."""
    print("The default rulebook with nothing learned: harmless messages flagged, for 1,000 (95 %)")
    print(f"{'corpus':<30} {'flagged':>12} {'per 1,000':>20}  by rule")
    for name, rows in corpora.items():
        harmless = [row for row in rows if not row.spam]
        messages = [_message(row) for row in harmless]
        flagged, rules = _flagged(messages)
        rate = Rate(len(set().union(*flagged.values())) if flagged else 0, len(messages))
        low, high = rate.interval()
        spread = f"{1000 * rate.share:.2f} ({1000 * low:.2f}-{1000 * high:.2f})"
        shown = ", ".join(f"{rule} {len(flagged[rule])}" for rule in rules if flagged[rule])
        print(f"{name:<30} {f'{rate.hits}/{rate.total}':>12} {spread:>20}  {shown}", flush=True)
        if any(message.time is not None and message.member for message in messages):
            _print_counts(messages, flagged)


def _message(row: Row) -> Message:
    return Message("measured", row.group, row.id, row.user, row.text, row.time)


def _flagged(messages: Sequence[Message]) -> tuple[dict[str, set[MessageKey]], list[str]]:
    """By rule the messages it flagged, those it named later as part of what it found among them."""
    rulebook = parse(DEFAULT_RULEBOOK)
    engine = Engine(rulebook)
    flagged: dict[str, set[MessageKey]] = defaultdict(set)
    for start in range(0, len(messages), _BATCH):
        batch = messages[start : start + _BATCH]
        for message, findings in zip(batch, engine.judge(batch), strict=True):
            if verdict(findings) == "flag":
                for finding in findings:
                    flagged[finding.rule] |= {message.key, *finding.earlier}
    return flagged, [rule.name for rule in rulebook.rules]


def _print_counts(messages: Sequence[Message], flagged: dict[str, set[MessageKey]]) -> None:
    """Floods by a plain count, and exact repeats that every count of near copies must hold, against the engine's."""
    for rule in parse(DEFAULT_RULEBOOK).rules:
        if isinstance(rule, FloodRule) and rule.messages:
            plain = _bursts(messages, rule.messages, rule.window)
            ours = flagged[rule.name]
            print(
                f"{'':<30} floods by a plain count {len(plain)}, of these flagged {len(plain & ours)}, "
                f"others {len(ours - plain)}"
            )
        elif isinstance(rule, DuplicatesRule):
            plain = _repeats(messages, rule)
            print(
                f"{'':<30} exact repeats by a plain count {len(plain)}, "
                f"of these flagged {len(plain & flagged[rule.name])}"
            )


def _bursts(messages: Sequence[Message], count: int, window: float) -> set[MessageKey]:
    """The messages of a member among `count` of theirs within `window` seconds, not all stamped to a full minute."""
    members: dict[tuple[str, str], list[tuple[float, MessageKey]]] = defaultdict(list)
    for message in messages:
        if message.time is not None and message.member:
            members[message.group, message.member].append((message.time, message.key))
    found: set[MessageKey] = set()
    for times in members.values():
        times.sort()
        for start in range(len(times) - count + 1):
            burst = times[start : start + count]
            first, last = burst[0][0], burst[-1][0]
            if last - first <= window and not (first == last and first % 60 == 0):
                found |= {key for _, key in burst}
    return found


def _repeats(messages: Sequence[Message], rule: DuplicatesRule) -> set[MessageKey]:
    """The messages with so many exact copies, by so many members or by one alone, as the rule wants, in one window."""
    digits = str.maketrans("0123456789", " " * 10)
    texts: dict[str, list[tuple[float, str, MessageKey]]] = defaultdict(list)
    for message, folded in zip(messages, fold_batch([message.text for message in messages]), strict=True):
        if message.time is not None and len(folded.text.translate(digits).replace(" ", "")) >= rule.min_length:
            texts[folded.text].append((message.time, f"{message.group} {message.member}", message.key))
    found: set[MessageKey] = set()
    for copies in texts.values():
        copies.sort()
        for start in range(len(copies)):
            near = [copy for copy in copies[start:] if copy[0] - copies[start][0] <= rule.window]
            members = {member for _, member, _ in near}
            if (len(near) >= rule.count and len(members) >= rule.min_members) or 0 < rule.alone <= len(near):
                found |= {key for _, _, key in near}
    return found
