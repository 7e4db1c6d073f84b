"""What members are told of a draw, in their language: that it is closed, and who won."""

from __future__ import annotations

from typing import NamedTuple

from rules.draw import digest
from rules.draw_result import Listed, Result, winners_of

NAMED_WINNERS = 20
NAMED_CHANGES = 10
"""So many winners, and others who were passed over or replaced, are named in a message to a group, which must not grow
beyond what a chat service takes; the full result names all."""


class _Words(NamedTuple):
    closed: str
    closed_counts: str
    value_counts: str
    closed_ends: str
    result: str
    counts: str
    seat: str
    more: str
    changed: str
    skipped: str
    instead: str
    published: str
    value: str
    hashes: str
    ends: str
    banned: str
    left: str


_WORDS = {
    "en": _Words(
        closed="Draw “{name}”: the list is closed.",
        closed_counts="Entries: {entries}. Winners: {winners}.",
        value_counts="What also counts: {value}",
        closed_ends="The secret is published with the result; then anyone can recompute who won.",
        result="Draw “{name}”: the result.",
        counts="Entries: {entries}. Winners: {winners}.",
        seat="{seat}. {who}",
        more="… and {count} more; the full result names them",
        changed="{count} more were skipped or replaced; the full result names them",
        skipped="Skipped: {who} ({why})",
        instead="{new} instead of {old}: {why}",
        published="Secret: {secret}",
        value="{what}: {value}",
        hashes="SHA-256 of the list: {list}\nSHA-256 of the secret: {secret}",
        ends="Both hashes were published before. Anyone can check the full result: vigil draw verify FILE",
        banned="banned since the list was closed",
        left="has left since the list was closed",
    ),
    "zh": _Words(
        closed="抽奖“{name}”：名单已截止。",
        closed_counts="参与 {entries} 人，中奖名额 {winners} 个。",
        value_counts="同时计入的公开数值：{value}",
        closed_ends="密钥将与结果一同公布，届时任何人都可以重新计算中奖者。",
        result="抽奖“{name}”：结果公布。",
        counts="参与 {entries} 人，中奖 {winners} 人。",
        seat="{seat}. {who}",
        more="……另有 {count} 人，见完整结果",
        changed="另有 {count} 人被跳过或替补，见完整结果",
        skipped="跳过：{who}（{why}）",
        instead="{new} 替补 {old}：{why}",
        published="密钥：{secret}",
        value="{what}：{value}",
        hashes="名单的 SHA-256：{list}\n密钥的 SHA-256：{secret}",
        ends="以上两个 SHA-256 已在开奖前公布。任何人都可以核对完整结果：vigil draw verify 文件",
        banned="名单截止后被封禁",
        left="名单截止后已离群",
    ),
}


def closed(listed: Listed, secret_sha256: str, list_sha256: str, language: str) -> str:
    """What is published before the draw."""
    words = _words(language)
    lines = [
        words.closed.format(name=listed.name),
        words.closed_counts.format(entries=len(listed.lines), winners=listed.winners),
    ]
    if listed.public_value_of:
        lines.append(words.value_counts.format(value=listed.public_value_of))
    lines += [words.hashes.format(list=list_sha256, secret=secret_sha256), words.closed_ends]
    return "\n".join(lines)


def told(result: Result, listed: Listed, language: str) -> str:
    """The result as a message to a group. Raises DrawProblem."""
    words = _words(language)
    winners = winners_of(result, listed)
    lines = [
        words.result.format(name=listed.name),
        words.counts.format(entries=len(listed.lines), winners=len(winners)),
        *(words.seat.format(seat=seat, who=who(line)) for seat, line in enumerate(winners[:NAMED_WINNERS], 1)),
    ]
    if len(winners) > NAMED_WINNERS:
        lines.append(words.more.format(count=len(winners) - NAMED_WINNERS))
    places = result.places
    changes = [words.skipped.format(who=who(places[place - 1]), why=why) for place, why in result.skipped]
    changes += [
        words.instead.format(new=who(places[new - 1]), old=who(places[old - 1]), why=why)
        for new, old, why in result.redraws
    ]
    # The latest are what the group has not been told yet.
    if len(changes) > NAMED_CHANGES:
        lines.append(words.changed.format(count=len(changes) - NAMED_CHANGES))
    lines += changes[-NAMED_CHANGES:]
    if listed.public_value_of:
        lines.append(words.value.format(what=listed.public_value_of, value=result.public_value))
    lines += [
        words.published.format(secret=result.secret),
        words.hashes.format(list=digest(result.list_text), secret=digest(result.secret)),
        words.ends,
    ]
    return "\n".join(lines)


def who(line: str) -> str:
    """An entry's line for people: the name, with the id beside it."""
    _, key, *name = line.split(" ", 2)
    return f"{name[0]} ({key})" if name else key


def why_skipped(banned: bool, language: str) -> str:
    """Why an entry's turn passed: banned, or else no longer in any group."""
    words = _words(language)
    return words.banned if banned else words.left


def _words(language: str) -> _Words:
    return _WORDS.get(language, _WORDS["en"])
