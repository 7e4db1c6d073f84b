"""What a staff member may do with draws: opening, entering, closing, drawing, redrawing, telling the groups."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rules import draw as rule
from rules import draw_words
from rules.draw import Person
from rules.draw_result import Listed, Result, parse_list, render
from store import draw_entrants, draws, posts
from store.draw_records import Draw, DrawState, Entrant, NewDraw, Place, PlaceState
from store.errors import Conflict, StoreError
from store.vault import Vault, open_vault
from widgets.language import say

if TYPE_CHECKING:
    from console.desk import Desk

SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Closed:
    """A draw whose list is closed: the text to publish, how many entered and are not on the list, and whether it was
    closed before."""

    draw: Draw
    text: str
    left_out: int
    known: bool


@dataclass(frozen=True, slots=True)
class Held:
    """A draw that was held, the result as a message to a group, and whether that had been done before."""

    draw: Draw
    text: str
    known: bool


class DrawDesk:
    """The draws' side of a desk. What changes a draw takes the role of settings.draw."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    @property
    def _language(self) -> str:
        return self.desk.settings.members_language

    def open(self, new: NewDraw) -> Draw:
        """Open a draw, and make its secret. Raises NotAllowed, Conflict, StoreError for words that cannot be,
        KeyUnavailable."""
        self._check()
        _check_words(new)
        secret = secrets.token_bytes(SECRET_BYTES)
        vault = open_vault(self.desk.db, create=True)
        with self.desk.db.transaction(durable=True):
            self._check()
            number = draws.add(
                self.desk.db, new, secret, rule.digest(secret.hex()), vault, self.desk.name, self.desk.now()
            )
            return draws.get(self.desk.db, number)

    def enter(self, draw_id: int, members: Sequence[int]) -> int:
        """Let members in by hand; returns how many had not entered. Raises NotAllowed, NotFound, Conflict."""
        with self.desk.db.transaction(durable=True):
            self._check()
            return draws.enter_by_hand(self.desk.db, draw_id, members, self.desk.name, self.desk.now())

    def commit(self, draw_id: int) -> Closed:
        """Close the list. Done again it changes nothing and tells the same. Raises NotAllowed, NotFound, Conflict."""
        db, now = self.desk.db, self.desk.now()
        with db.transaction(durable=True):
            self._check()
            draw = draws.get(db, draw_id)
            if draw.state is DrawState.CANCELLED:
                raise Conflict(say("the draw {name} is cancelled", name=draw.name))
            known, left_out = draw.state is not DrawState.OPEN, 0
            if not known:
                found, left_out = draw_entrants.entrants(db, draw, now)
                if not found:
                    raise Conflict(say("nobody can win the draw {name}: no entry is left to draw from", name=draw.name))
                lines = rule.entries(map(_person, found))
                text = rule.list_text(draw.name, draw.winners, draw.public_value_of, lines)
                draws.commit(db, draw, text, rule.digest(text), len(lines), self.desk.name, now)
                draw = draws.get(db, draw_id)
            return Closed(draw, self.closed_words(draw), left_out, known)

    def draw(self, draw_id: int, public_value: str = "") -> Held:
        """Draw the winners and publish the secret. Done again it changes nothing and tells the same. Raises
        NotAllowed, NotFound, Conflict, KeyUnavailable, Damaged."""
        db, now = self.desk.db, self.desk.now()
        value = rule.one_line(public_value)
        self._check()
        draw = draws.get(db, draw_id)
        _check_drawable(draw, value)
        vault = open_vault(db) if draw.state is DrawState.COMMITTED else None
        with db.transaction(durable=True):
            self._check()
            draw = draws.get(db, draw_id)
            _check_drawable(draw, value)
            known = draw.state is DrawState.DRAWN
            if not known:
                assert vault is not None
                self._hold(draw, vault, value, now)
                draw = draws.get(db, draw_id)
            return Held(draw, self.told(draw), known)

    def _hold(self, draw: Draw, vault: Vault, value: str, now: float) -> None:
        db = self.desk.db
        secret = draws.secret(db, draw, vault).reveal_bytes().hex()
        text = draws.entries(db, draw.id)
        if rule.digest(secret) != draw.secret_sha256 or rule.digest(text) != draw.list_sha256:
            raise Conflict(say("the list or the secret of {name} is not the one published any more", name=draw.name))
        drawn: list[Place] = []
        wins = 0
        for place in self._tickets(parse_list(text), secret, draw.list_sha256, value, 0):
            drawn.append(place)
            wins += place.state is PlaceState.WINNER
            if wins == draw.winners:
                break
        draws.hold(db, draw, secret, value, drawn, self.desk.name, now)

    def redraw(self, draw_id: int, instead_of: int, reason: str) -> Held:
        """Give the seat of the winner `instead_of`, a member's id, to the next ticket. For somebody who was replaced
        before it changes nothing and tells the same. Raises NotAllowed, NotFound, Conflict."""
        db, now = self.desk.db, self.desk.now()
        why = rule.one_line(reason)
        if not why:
            raise StoreError(say("a redraw needs a reason: it is part of the result"))
        with db.transaction(durable=True):
            self._check()
            draw = draws.get(db, draw_id)
            if draw.state is not DrawState.DRAWN:
                raise Conflict(say("the draw {name} was not drawn yet", name=draw.name))
            known = draws.places(db, draw_id)
            old = next((one for one in known if one.member_id == instead_of), None)
            if old is None or old.state is PlaceState.SKIPPED:
                raise Conflict(say("member {id} did not win the draw {name}", id=instead_of, name=draw.name))
            if old.state is PlaceState.REPLACED:
                return Held(draw, self.told(draw), True)
            listed = parse_list(draws.entries(db, draw_id))
            found: list[Place] = []
            for place in self._tickets(listed, draw.revealed, draw.list_sha256, draw.public_value, len(known)):
                found.append(place)
                if place.state is PlaceState.WINNER:
                    break
            if not found or found[-1].state is not PlaceState.WINNER:
                raise Conflict(
                    say("the list of {name} is at its end: nobody is left to take the place", name=draw.name)
                )
            found[-1] = replace(found[-1], instead_of=old.place)
            draws.redraw(db, draw, old, found, why, self.desk.name, now)
            draw = draws.get(db, draw_id)
            return Held(draw, self.told(draw), False)

    def _tickets(self, listed: Listed, secret: str, sha256: str, value: str, after: int) -> Iterator[Place]:
        """The places after `after`, in order; who was banned or has left meanwhile is skipped."""
        banned = draw_entrants.banned(self.desk.db)
        by_ticket = rule.order(secret, sha256, value, listed.lines)
        for number, index in enumerate(by_ticket[after:], after + 1):
            line = listed.lines[index]
            member_id, present = draw_entrants.present(self.desk.db, *rule.member_of(line))
            reason = "banned" if member_id in banned else "" if present else "left"
            yield Place(number, line, member_id, PlaceState.SKIPPED if reason else PlaceState.WINNER, reason=reason)

    def cancel(self, draw_id: int) -> Draw:
        """Call a draw off; done again it changes nothing. Raises NotAllowed, NotFound, Conflict for one that was
        drawn."""
        with self.desk.db.transaction(durable=True):
            self._check()
            draw = draws.get(self.desk.db, draw_id)
            if draw.state is not DrawState.CANCELLED:
                draws.cancel(self.desk.db, draw, self.desk.name, self.desk.now())
            return draws.get(self.desk.db, draw_id)

    def closed_words(self, draw: Draw) -> str:
        """What is published of a list that is closed. Raises Conflict before."""
        if not draw.list_sha256:
            raise Conflict(say("the list of {name} is not closed yet: vigil draw commit", name=draw.name))
        listed = parse_list(draws.entries(self.desk.db, draw.id))
        return draw_words.closed(listed, draw.secret_sha256, draw.list_sha256, self._language)

    def told(self, draw: Draw) -> str:
        """The result as a message to a group. Raises Conflict before the draw."""
        result = self.result(draw)
        return draw_words.told(result, parse_list(result.list_text), self._language)

    def full(self, draw: Draw) -> str:
        """The result as a file that anyone can verify. Raises Conflict before the draw."""
        return render(self.result(draw), self._language)

    def result(self, draw: Draw) -> Result:
        """What was drawn. Raises Conflict before the draw."""
        if draw.state is not DrawState.DRAWN or draw.drawn_at is None:
            raise Conflict(say("the draw {name} was not drawn yet", name=draw.name))
        found = draws.places(self.desk.db, draw.id)
        by_place = {one.place: one for one in found}
        return Result(
            datetime.fromtimestamp(draw.drawn_at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
            draw.revealed,
            draw.public_value,
            draws.entries(self.desk.db, draw.id),
            tuple(one.entry for one in found),
            tuple(
                (one.place, draw_words.why_skipped(one.reason == "banned", self._language))
                for one in found
                if one.state is PlaceState.SKIPPED
            ),
            tuple(
                (one.place, one.instead_of, by_place[one.instead_of].reason)
                for one in found
                if one.instead_of is not None
            ),
        )

    def post(self, draw_id: int, group_id: int) -> bool:
        """Have a group told: the result, before the draw that the list is closed. False when it was told so before.
        Raises NotAllowed, NotFound, Conflict."""
        db = self.desk.db
        with db.transaction(durable=True):
            self._check()
            draw = draws.get(db, draw_id)
            if draw.state is DrawState.CANCELLED:
                raise Conflict(say("the draw {name} is cancelled", name=draw.name))
            drawn = draw.state is DrawState.DRAWN
            text = self.told(draw) if drawn else self.closed_words(draw)
            # After a redraw there is another result to tell.
            step = str(len(draws.places(db, draw_id))) if drawn else "list"
            queued = posts.queue(db, f"draw{draw_id}.{step}", group_id, text, self.desk.now())
            if queued:
                draws.note_post(db, draw, group_id, self.desk.name, self.desk.now())
            return queued

    def _check(self) -> None:
        self.desk.check_role(self.desk.settings.draw)


def _person(entrant: Entrant) -> Person:
    return Person(entrant.platform, entrant.key, entrant.name)


def _check_words(new: NewDraw) -> None:
    if not new.name or new.name != rule.one_line(new.name, rule.LONGEST_NAME * 2) or new.name.isdecimal():
        raise StoreError(
            say("a draw's name has 1 to {limit} printable characters, and is no number", limit=rule.LONGEST_NAME * 2)
        )
    for words in (new.word, new.public_value_of):
        if words != rule.one_line(words):
            raise StoreError(
                say(
                    "a draw's word and public value have at most {limit} printable characters", limit=rule.LONGEST_WORDS
                )
            )


def _check_drawable(draw: Draw, value: str) -> None:
    """Raises Conflict, saying what has to be done first."""
    if draw.state is DrawState.CANCELLED:
        raise Conflict(say("the draw {name} is cancelled", name=draw.name))
    if draw.state is DrawState.OPEN:
        raise Conflict(
            say("the list of {name} is not closed yet: vigil draw commit, and publish what it prints", name=draw.name)
        )
    if value and not draw.public_value_of:
        raise Conflict(say("no public value was named before the list of {name} was closed", name=draw.name))
    if draw.state is DrawState.DRAWN and value not in ("", draw.public_value):
        raise Conflict(
            say("the draw {name} was held with the public value {value}", name=draw.name, value=draw.public_value)
        )
    if draw.state is DrawState.COMMITTED and draw.public_value_of and not value:
        raise Conflict(
            say("the draw {name} goes by a public value: --public-value, {what}", name=draw.name,
                what=draw.public_value_of)
        )  # fmt: skip
