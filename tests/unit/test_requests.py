"""Join requests: each a case that is answered, and closed by itself once there is nothing left to answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.desk import Desk, NotAllowed
from console.intake import Intake
from console.platforms.base import Batch
from console.settings import Settings
from rules.engine import Engine
from rules.records import JOIN_REQUEST, Message, MessageKey
from rules.rulebook import RulebookError, parse
from store import audit, cases, decisions, lease, lessons, rulebooks, staff, statistics
from store.database import Database, open_database
from store.errors import Conflict
from store.records import ANSWERS, CaseState, Decision, DecisionState, Role
from tests.unit.made import NOON, message

RULEBOOK = """
version = 1
[rules.ads]
kind = "words"
mode = "{mode}"
words = ["cheap followers"]
text = "No ads."
"""


def knock(number: int | str, text: str = "", group: str = "g", member: str = "m") -> Message:
    return replace(message(number, text, group, member), kind="knock")


def came(number: int | str, group: str = "g", member: str = "m") -> Message:
    return replace(message(number, "", group, member), kind="join")


class Community:
    """A worker's intake and the staff's desks on one store."""

    def __init__(self, db: Database, settings: Settings, mode: str = "ask") -> None:
        rulebook = parse(RULEBOOK.replace("{mode}", mode))
        self.db, self.settings = db, settings
        generation = lease.take(db, "serve", NOON)
        number = rulebooks.put_in_force(db, rulebook.source, NOON)
        self.intake = Intake(db, settings, Engine(rulebook), generation, number, clock=lambda: NOON)
        if not staff.people(db):
            for name, role in (("olga", Role.OWNER), ("ada", Role.ADMIN), ("mo", Role.MODERATOR)):
                staff.add(db, name, role, "olga", NOON)

    def take(self, *batch: Message, gone: Sequence[MessageKey] = ()) -> None:
        self.intake.take(Batch(batch, "", gone=tuple(gone)), "test")

    def desk(self, name: str = "mo") -> Desk:
        return Desk(self.db, self.settings, name, clock=lambda: NOON)

    def open(self) -> list[int]:
        return [case.id for case in cases.listed(self.db)]

    def actions(self) -> list[tuple[str, str, str, str]]:
        """Kind, state, message and member of every action."""
        return self.db.execute(
            "SELECT a.kind, a.state, coalesce(m.key, ''), p.key FROM actions a LEFT JOIN messages m"
            " ON m.id = a.message_id JOIN members p ON p.id = a.member_id ORDER BY a.id"
        ).fetchall()

    def finish(self, state: str) -> None:
        self.db.execute("UPDATE actions SET state = ? WHERE state = 'waiting'", (state,))


@pytest.fixture
def community(db: Database, settings: Settings) -> Community:
    return Community(db, settings)


def test_a_request_is_a_case_whether_or_not_a_rule_finds_something(community: Community) -> None:
    community.take(
        knock(1, "hello, I like gardening"), knock(2, "cheap followers here", member="n"), knock(3, group="h")
    )
    rows = cases.listed(community.db)
    assert [(row.rule, row.score, row.messages) for row in rows] == [
        (JOIN_REQUEST, 0, 1), (JOIN_REQUEST, 100, 1), (JOIN_REQUEST, 0, 1),
    ]  # fmt: skip
    (shown,) = community.desk().card(rows[1].id).messages
    assert (shown.rule, shown.matched) == ("ads", "cheap followers")


@pytest.mark.parametrize(("decision", "kind"), [(Decision.ADMIT, "admit"), (Decision.REFUSE, "refuse")])
def test_a_moderator_answers_alone_with_what_the_platform_needs(
    community: Community, decision: Decision, kind: str
) -> None:
    community.take(knock("k1", "let me in"))
    (case_id,) = community.open()
    taken = community.desk().decide(case_id, decision)
    assert taken.approved
    assert taken.steps == ((kind, 1),)
    assert community.actions() == [(kind, "waiting", "k1", "m")]
    assert cases.get(community.db, case_id).state is CaseState.DECIDED


def test_the_card_leads_with_the_answers_and_says_why_nothing_else_can_be_done(community: Community) -> None:
    community.take(knock(1))
    card = community.desk().card(community.open()[0])
    assert [reach.decision for reach in card.reaches[:2]] == list(ANSWERS)
    refused = {reach.decision for reach in card.reaches if reach.refused}
    assert refused == {Decision.DELETE, Decision.LADDER, Decision.WARN, Decision.MUTE, Decision.REMOVE}
    assert card.step == ""
    for decision in refused:
        with pytest.raises(NotAllowed):
            community.desk("ada").decide(card.case.id, decision)
    assert community.open() == [card.case.id]


def test_nothing_but_a_request_can_be_admitted(community: Community) -> None:
    community.take(message(1, "cheap followers here"))
    (case_id,) = community.open()
    card = community.desk().card(case_id)
    assert not {reach.decision for reach in card.reaches} & set(ANSWERS)
    with pytest.raises(NotAllowed, match="nobody asks"):
        community.desk().decide(case_id, Decision.ADMIT)


def test_a_ban_refuses_as_well(community: Community) -> None:
    community.take(knock("k1", "cheap followers here"))
    community.desk("ada").decide(community.open()[0], Decision.BAN)
    assert community.actions() == [("refuse", "waiting", "k1", "m"), ("ban", "waiting", "", "m")]


def test_beside_an_offence_each_decision_does_what_is_its_own(community: Community) -> None:
    community.take(message(1, "cheap followers here"), knock("k2"))
    (case_id,) = community.open()
    reaches = {reach.decision: reach for reach in community.desk("ada").card(case_id).reaches}
    assert (reaches[Decision.WARN].deletes, reaches[Decision.WARN].steps) == (1, (("warn", 1),))
    assert (reaches[Decision.ADMIT].deletes, reaches[Decision.ADMIT].steps) == (0, (("admit", 1),))
    assert reaches[Decision.BAN].steps == (("ban", 1), ("refuse", 1))
    assert not any(reach.refused for reach in reaches.values())


def test_a_second_request_joins_and_the_later_one_is_answered(community: Community) -> None:
    community.take(knock("k1"))
    community.take(knock("k2", "please"), knock("k3", member="n"))
    first, other = community.open()
    assert cases.get(community.db, first).messages == 2
    community.desk().decide(first, Decision.ADMIT)
    assert community.actions() == [("admit", "waiting", "k2", "m")]
    assert community.open() == [other]


def test_undone_before_it_was_sent_it_can_be_answered_otherwise(community: Community) -> None:
    community.take(knock("k1"))
    (case_id,) = community.open()
    desk = community.desk()
    undone = desk.undo(desk.decide(case_id, Decision.ADMIT).decision_id)
    assert (undone.withdrawn, undone.lasting) == (1, ())
    desk.decide(case_id, Decision.REFUSE)
    assert [action[:2] for action in community.actions()] == [("admit", "withdrawn"), ("refuse", "waiting")]


def test_once_it_is_carried_out_an_answer_lasts(community: Community) -> None:
    community.take(knock("k1"))
    (case_id,) = community.open()
    desk = community.desk()
    number = desk.decide(case_id, Decision.ADMIT).decision_id
    community.finish("done")
    with pytest.raises(Conflict, match="was sent already, it lasts"):
        desk.undo(number)
    assert community.open() == []


def test_of_two_who_answer_at_once_the_second_is_told_who_was_first(community: Community) -> None:
    community.take(knock("k1"))
    (case_id,) = community.open()
    community.desk().decide(case_id, Decision.ADMIT)
    with pytest.raises(Conflict, match="mo decided admit"):
        community.desk("ada").decide(case_id, Decision.REFUSE)


def test_a_failed_answer_can_be_given_again(community: Community) -> None:
    community.take(knock("k1"))
    (case_id,) = community.open()
    desk = community.desk()
    desk.decide(case_id, Decision.ADMIT)
    community.finish("failed")
    desk.undo()
    assert desk.decide(case_id, Decision.ADMIT).approved


@pytest.mark.parametrize(
    ("batches", "reason"),
    [
        ([[knock("k1")], [came(2)]], "has joined meanwhile"),
        ([[knock("k1"), knock("k2"), came(3)]], "has joined meanwhile"),
    ],
)
def test_who_came_in_meanwhile_leaves_nothing_to_answer(
    community: Community, batches: list[list[Message]], reason: str
) -> None:
    for batch in batches:
        community.take(*batch)
    assert community.open() == []
    (past,) = decisions.of_case(community.db, 1)
    assert (past.decision, past.state, past.by, past.reason) == (
        Decision.DISMISS, DecisionState.APPROVED, "vigil", reason,
    )  # fmt: skip


def test_a_request_taken_back_leaves_nothing_to_answer(community: Community) -> None:
    community.take(knock("k1"), knock("k2", group="h"))
    community.take(gone=[MessageKey("replay", "g", "k1"), MessageKey("replay", "g", "unknown")])
    assert community.open() == [2]
    (past,) = decisions.of_case(community.db, 1)
    assert past.reason == "the request was taken back, or answered elsewhere"


def proposed(db: Database, settings: Settings, decision: Decision = Decision.ADMIT) -> Community:
    """A request whose answer of a moderator waits for an admin."""
    careful = replace(settings, access={**settings.access, decision: Role.ADMIN})
    community = Community(db, careful)
    community.take(knock("k1"))
    assert not community.desk().decide(community.open()[0], decision).approved
    return community


@pytest.mark.parametrize("decision", ANSWERS)
@pytest.mark.parametrize("joined", [True, False])
def test_an_answer_that_nobody_waits_for_is_approved_by_nobody(
    db: Database, settings: Settings, decision: Decision, joined: bool
) -> None:
    community = proposed(db, settings, decision)
    if joined:
        community.take(came(2))
    else:
        community.take(gone=[MessageKey("replay", "g", "k1")])
    assert decisions.proposals(db) == []
    assert community.open() == []
    assert [state for _, state, _, _ in community.actions()] == ["withdrawn"]
    closed, answer = decisions.of_case(db, 1)
    why = "has joined meanwhile" if joined else "the request was taken back, or answered elsewhere"
    assert (closed.decision, closed.by, closed.reason) == (Decision.DISMISS, "vigil", why)
    assert (answer.state, answer.approver, answer.answer) == (DecisionState.REJECTED, "vigil", why)
    assert [(row.event, row.staff) for row in audit.rows(db)[:2]] == [
        ("case.decide", "vigil"), ("decision.rejected", "vigil"),
    ]  # fmt: skip
    with pytest.raises(Conflict, match="vigil rejected it"):
        community.desk("ada").approve(answer.id)


def test_who_asks_again_while_an_answer_waits_is_still_to_be_answered(db: Database, settings: Settings) -> None:
    community = proposed(db, settings)
    community.take(knock("k2"), gone=[MessageKey("replay", "g", "k1")])
    assert decisions.proposals(db) == []
    (case_id,) = community.open()
    community.desk("ada").decide(case_id, Decision.ADMIT)
    assert ("admit", "waiting", "k2", "m") in community.actions()


def test_a_ban_that_was_proposed_of_whoever_asks_still_waits(db: Database, settings: Settings) -> None:
    community = proposed(db, settings, Decision.BAN)
    community.take(came(2))
    assert [proposal.decision for proposal in decisions.proposals(db)] == [Decision.BAN]


def test_only_the_last_of_two_requests_taken_back_closes_the_case(community: Community) -> None:
    community.take(knock("k1"), knock("k2"))
    community.take(gone=[MessageKey("replay", "g", "k1")])
    community.desk().decide(community.open()[0], Decision.ADMIT)
    assert community.actions() == [("admit", "waiting", "k2", "m")]


@pytest.mark.parametrize(
    "before",
    [
        [came(1), knock("k2")],
        [knock("k1"), came(2, member="n")],
        [knock("k1"), came(2, group="h")],
        [message(1, "cheap followers here"), knock("k2"), came(3)],
    ],
    ids=["came before", "another came", "came elsewhere", "an offence is left"],
)
def test_what_is_still_to_be_decided_stays_open(community: Community, before: list[Message]) -> None:
    for one in before:
        community.take(one)
    assert len(community.open()) == 1


def test_a_rule_in_mode_auto_answers_nobody(db: Database, settings: Settings) -> None:
    community = Community(db, settings, mode="auto")
    community.take(knock("k1", "cheap followers here"))
    assert community.actions() == []
    assert community.intake.settle() == ()
    assert len(community.open()) == 1


@pytest.mark.parametrize("decision", [Decision.ADMIT, Decision.REFUSE, Decision.BAN, Decision.DISMISS])
def test_an_answer_teaches_nothing_and_speaks_for_no_rule(community: Community, decision: Decision) -> None:
    before = lessons.fingerprint(community.db)
    community.take(knock("k1", "cheap followers here, really cheap"))
    community.desk("ada").decide(community.open()[0], decision)
    community.finish("done")
    assert lessons.lessons(community.db) == []
    assert lessons.background_size(community.db, 100) == 0
    assert statistics.by_rule(community.db, 0.0) == {}
    verdicts = statistics.verdicts(community.db)
    assert statistics.decided_messages(community.db, 1, 10, verdicts) == {}
    if decision in ANSWERS:
        assert lessons.fingerprint(community.db) == before
        assert community.db.value("SELECT count(*) FROM strikes") == 0


def test_who_was_let_in_once_has_no_record(community: Community) -> None:
    community.take(knock("k1"))
    community.desk().decide(community.open()[0], Decision.ADMIT)
    community.take(message(5, "cheap followers here"))
    (member,) = community.desk().card(community.open()[0]).members
    assert (member.strikes, member.earlier) == (0, 0)


def test_an_account_that_is_invited_itself_says_so(community: Community) -> None:
    community.take(replace(knock("k1"), extra='{"invites":"this account"}'))
    (shown,) = community.desk().card(community.open()[0]).messages
    assert "invites" in shown.matched


def test_no_rule_can_be_called_as_requests_are() -> None:
    with pytest.raises(RulebookError, match=rf":3: rules\.{JOIN_REQUEST}: .*another name"):
        parse(f'version = 1\n\n[rules.{JOIN_REQUEST}]\nkind = "words"\nwords = ["x"]\n')


@given(st.lists(st.tuples(st.sampled_from("kjgwdu"), st.sampled_from("mn"), st.sampled_from("gh")), max_size=20))
def test_whatever_comes_no_request_waits_without_an_open_case(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, str]]
) -> None:
    path = tmp_path_factory.mktemp("requests") / "vigil.db"
    db = open_database(path, create=True)
    try:
        community = Community(db, Settings(path.with_name("vigil.toml"), path, path.with_name("rulebook.toml")))
        waiting: dict[tuple[str, str], list[str]] = {}
        for number, (what, member, group) in enumerate(steps):
            mine = waiting.setdefault((group, member), [])
            match what:
                case "k":
                    community.take(knock(f"k{number}", group=group, member=member))
                    mine.append(f"k{number}")
                case "j":
                    community.take(came(number, group, member))
                    mine.clear()
                case "g" if mine:
                    community.take(gone=[MessageKey("replay", group, mine.pop())])
                case "d" if community.open():
                    case_id = community.open()[0]
                    community.desk().decide(case_id, Decision.ADMIT)
                    key = db.execute(
                        "SELECT g.key, p.key FROM cases c JOIN groups g ON g.id = c.group_id"
                        " JOIN members p ON p.id = c.member_id WHERE c.id = ?", (case_id,)
                    ).fetchone()  # fmt: skip
                    waiting[key] = []
            expected = sorted(key for key, requests in waiting.items() if requests)
            found = db.execute(
                "SELECT g.key, p.key FROM cases c JOIN groups g ON g.id = c.group_id"
                " JOIN members p ON p.id = c.member_id WHERE c.state = 'open'"
            )
            assert sorted(found.fetchall()) == expected
    finally:
        db.close()
