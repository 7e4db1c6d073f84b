"""What a platform cannot do: said before the key, kept out of the outbox, and no reason to let the rest be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.desk import Desk, NotAllowed
from console.intake import Intake
from console.language import translation
from console.limiting import limited, refusal, remarks
from console.planning import plan
from console.platform_health import health_words
from console.platforms.base import Batch
from console.platforms.limits import NONE, Limits
from console.platforms.matrix_kind import KIND as MATRIX
from console.platforms.onebot_kind import KIND as ONEBOT
from console.platforms.registry import OWN, find_kind, limits_of
from console.platforms.replay_kind import KIND as REPLAY
from console.platforms.telegram_kind import KIND as TELEGRAM
from console.settings import PlatformSettings, Settings
from console.words import taken_words
from rules.engine import Engine
from rules.records import Message
from rules.rulebook import parse
from store import actions, cases, decisions, lease, rulebooks, staff
from store.cases import CasePart
from store.database import Database
from store.records import ActionKind, ActionState, CaseState, Decision, PastDecision, Reach, Role
from tests.unit.made import NOON, Clock, finding, take
from widgets.language import install

RULEBOOK = """
version = 1
[ladder]
steps = ["warn", "mute 10m", "remove"]
[rules.ads]
kind = "words"
mode = "ask"
words = ["whatever"]
text = "No ads."
"""
HOUR = 3600.0
OLD = NOON - 48 * HOUR - 1
TOO_OLD = "Telegram bots delete for 48 hours, later only by hand"
WALL = Limits(frozenset([ActionKind.DELETE]))


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    yield
    install(translation("en"))


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """One platform of each of Vigil's own kinds, and one that only deletes."""
    settings.rulebook.write_text(RULEBOOK, "utf-8")
    known = {"tg": TELEGRAM.limits, "qq": ONEBOT.limits, "mx": MATRIX.limits, "re": REPLAY.limits}
    platforms = [PlatformSettings(name, "", None, tell(None)) for name, tell in known.items()]  # type: ignore[operator]
    return replace(settings, platforms=(*platforms, PlatformSettings("hall", "wall", None, WALL)))


@pytest.fixture
def sit(db: Database, settings: Settings, clock: Clock) -> Callable[[str], Desk]:
    """Gives a desk to ada, an admin, or mo, a moderator."""
    for name, role in {"ada": Role.ADMIN, "mo": Role.MODERATOR}.items():
        staff.add(db, name, role, "ada", NOON)
    return lambda name: Desk(db, settings, name, clock=clock)


def said(platform: str, number: int | str, time: float | None = NOON, kind: str = "text", member: str = "m") -> Message:
    return Message(platform, "g", str(number), member, f"ad {number}", time, kind)


def case_of(db: Database, *messages: Message) -> int:
    """One campaign's case of these messages."""
    (case_id,) = take(db, [(one, [finding(campaign="ad")]) for one in messages])
    return case_id


def reach(desk: Desk, case_id: int, decision: Decision) -> Reach:
    return next(one for one in desk.card(case_id).reaches if one.decision is decision)


def planned(db: Database) -> list[tuple[str, str]]:
    """What is in the outbox: the action, and the message it deletes or the member it reaches."""
    found = db.execute(
        "SELECT a.kind, CASE a.kind WHEN 'delete' THEN m.key ELSE p.key END FROM actions a"
        " LEFT JOIN messages m ON m.id = a.message_id LEFT JOIN members p ON p.id = a.member_id ORDER BY a.id"
    )
    return list(found.fetchall())


def test_a_message_that_is_too_old_stays_and_the_card_says_so(db: Database, sit: Callable[[str], Desk]) -> None:
    case_id = case_of(db, said("tg", 1, OLD), said("tg", 2, NOON - HOUR), said("tg", 3))
    foreseen = reach(sit("ada"), case_id, Decision.WARN)
    assert (foreseen.deletes, foreseen.steps, foreseen.refused) == (2, (("warn", 1),), "")
    assert foreseen.remarks == (f"1 of 3 too old: {TOO_OLD}",)
    taken = sit("ada").decide(case_id, Decision.WARN)
    assert planned(db) == [("delete", "2"), ("delete", "3"), ("warn", "m")]
    assert taken.remarks == foreseen.remarks
    assert taken_words(taken, "u", 5).endswith(f"u takes it back; 1 of 3 too old: {TOO_OLD}")


def test_what_is_too_old_altogether_is_not_deleted_but_its_writer_is_warned(
    db: Database, sit: Callable[[str], Desk]
) -> None:
    case_id = case_of(db, said("tg", 1, OLD), said("tg", 2, OLD))
    assert reach(sit("ada"), case_id, Decision.DELETE).refused == f"too old: {TOO_OLD}"
    with pytest.raises(NotAllowed, match=f"not allowed: too old: {TOO_OLD}"):
        sit("ada").decide(case_id, Decision.DELETE)
    assert planned(db) == []
    assert cases.get(db, case_id).state is CaseState.OPEN
    foreseen = reach(sit("ada"), case_id, Decision.BAN)
    assert (foreseen.refused, foreseen.deletes, foreseen.remarks) == ("", 0, (f"2 of 2 too old: {TOO_OLD}",))
    sit("ada").decide(case_id, Decision.BAN)
    assert planned(db) == [("ban", "m")]


@pytest.mark.parametrize(
    ("time", "goes"),
    [
        (NOON - 47.9 * HOUR, True),
        (NOON - 48 * HOUR + 60, False),  # by the time it is sent Telegram would refuse it
        (NOON - 48 * HOUR - 1, False),
        (None, True),  # nobody knows: it is tried
        (NOON + HOUR, True),
    ],
)
def test_two_days_are_counted_from_when_it_was_written(
    db: Database, sit: Callable[[str], Desk], time: float | None, goes: bool
) -> None:
    case_id = case_of(db, said("tg", 1, time))
    assert (reach(sit("ada"), case_id, Decision.DELETE).refused == "") is goes


def test_a_long_wait_in_the_outbox_counts_as_well(db: Database, settings: Settings, sit: Callable[[str], Desk]) -> None:
    case_id = case_of(db, said("tg", 1, NOON - 47.5 * HOUR))
    assert reach(sit("ada"), case_id, Decision.DELETE).refused == ""
    patient = Desk(db, replace(settings, undo_seconds=HOUR), "ada", clock=lambda: NOON)
    assert reach(patient, case_id, Decision.DELETE).refused


def test_an_edit_is_as_old_as_the_message_it_edits(db: Database, sit: Callable[[str], Desk]) -> None:
    take(db, [(said("tg", 1, OLD), [])])
    case_id = case_of(db, said("tg", "1 77", NOON, "edit"), said("tg", "8 78", NOON, "edit"))
    assert reach(sit("ada"), case_id, Decision.DELETE).remarks == (f"1 of 2 too old: {TOO_OLD}",)
    sit("ada").decide(case_id, Decision.DELETE)
    assert planned(db) == [("delete", "8 78")], "of what was written before Vigil came nobody knows the age"


@pytest.mark.parametrize("platform", ["mx", "qq", "re", "gone"])
def test_elsewhere_any_age_goes(db: Database, sit: Callable[[str], Desk], platform: str) -> None:
    case_id = case_of(db, said(platform, 1, OLD))
    foreseen = reach(sit("ada"), case_id, Decision.DELETE)
    assert (foreseen.refused, foreseen.remarks, foreseen.deletes) == ("", (), 1)


def test_a_key_for_what_the_platform_does_not_know_is_refused(db: Database, sit: Callable[[str], Desk]) -> None:
    case_id = case_of(db, said("hall", 1))
    desk = sit("ada")
    for decision in (Decision.WARN, Decision.MUTE, Decision.REMOVE, Decision.BAN):
        assert reach(desk, case_id, decision).refused == f"hall cannot {decision}"
        with pytest.raises(NotAllowed, match=f"hall cannot {decision}"):
            desk.decide(case_id, decision)
    assert reach(desk, case_id, Decision.DELETE).refused == ""
    ladder = reach(desk, case_id, Decision.LADDER)
    assert (ladder.refused, ladder.deletes, ladder.steps, ladder.remarks) == ("", 1, (), ("hall cannot warn",))
    desk.decide(case_id, Decision.LADDER)
    assert planned(db) == [("delete", "1")]


def test_a_step_of_the_ladder_that_cannot_be_done_keeps_nobody_below_it(
    db: Database, settings: Settings, clock: Clock
) -> None:
    staff.add(db, "ada", Role.ADMIN, "ada", NOON)
    quiet = Limits(frozenset(ActionKind) - {ActionKind.MUTE})
    desk = Desk(db, replace(settings, platforms=(PlatformSettings("hall", "wall", None, quiet),)), "ada", clock=clock)
    steps = []
    for number in range(4):
        (case_id,) = take(db, [(said("hall", number), [finding()])])
        proposed = desk.card(case_id).step
        steps.append((proposed, desk.decide(case_id, Decision.LADDER).steps))
    once_more, out = ("warn", (("warn", 1),)), ("remove", (("remove", 1),))
    assert steps == [once_more, once_more, out, out]


def test_of_two_platforms_the_one_that_can_does(db: Database, sit: Callable[[str], Desk]) -> None:
    case_id = case_of(db, said("hall", 1), said("tg", 2, OLD), said("mx", 3, OLD))
    foreseen = reach(sit("ada"), case_id, Decision.MUTE)
    assert (foreseen.refused, foreseen.deletes, foreseen.steps, foreseen.groups) == ("", 2, (("mute", 2),), 3)
    assert foreseen.remarks == (f"1 of 3 too old: {TOO_OLD}", "hall cannot mute")
    sit("ada").decide(case_id, Decision.MUTE)
    assert planned(db) == [("delete", "1"), ("delete", "3"), ("mute", "m"), ("mute", "m")]


def test_a_request_is_answered_where_that_can_be_done(db: Database, sit: Callable[[str], Desk]) -> None:
    (there,) = take(db, [(said("hall", 1, kind="knock"), [finding("join-request")])])
    (here,) = take(db, [(said("tg", 1, OLD, kind="knock"), [finding("join-request")])])
    assert reach(sit("mo"), there, Decision.ADMIT).refused == "hall cannot admit"
    with pytest.raises(NotAllowed, match="hall cannot refuse"):
        sit("mo").decide(there, Decision.REFUSE)
    assert reach(sit("mo"), here, Decision.ADMIT).refused == "", "only deletions come too late"


@given(
    st.lists(
        st.builds(
            CasePart,
            message_id=st.integers(1, 50),
            group_id=st.integers(1, 3),
            member_id=st.none() | st.integers(1, 4),
            rule=st.just("ads"),
            deletable=st.booleans(),
            time=st.none() | st.floats(NOON - 100 * HOUR, NOON),
        ),
        max_size=12,
        unique_by=lambda part: part.message_id,
    ),
    st.sampled_from([decision for decision in Decision if decision is not Decision.DISMISS]),
    st.lists(
        st.builds(Limits, st.frozensets(st.sampled_from(ActionKind)), st.none() | st.floats(0, 100 * HOUR)),
        min_size=3,
        max_size=3,
    ),
)
def test_nothing_is_planned_that_cannot_be_done_and_nothing_is_lost_without_a_word(
    parts: list[CasePart], decision: Decision, limits: list[Limits]
) -> None:
    parts = [replace(part, platform=str(part.group_id)) for part in parts]

    def limits_of(platform: str) -> Limits:
        return limits[int(platform) - 1]

    whole = plan(parts, decision, {}, parse(RULEBOOK), "en", 600)
    found = limited(whole, parts, limits_of, NOON)
    left = [action for action in whole.actions if action not in found.actions]
    assert [action for action in whole.actions if action in found.actions] == list(found.actions), "in their order"
    assert all(action.kind in limits_of(str(action.group_id)).can for action in found.actions)
    told = {(one.platform, one.kind) for one in found.left_out}
    assert told == {(str(action.group_id), action.kind) for action in left}
    for one in found.left_out:
        assert 0 < one.count <= one.all
    deletions = sum(one.count for one in found.left_out if one.kind is ActionKind.DELETE)
    assert deletions + found.deletes() == whole.deletes()
    assert bool(remarks(found, limits_of)) is bool(left)
    if whole.actions and not found.actions:
        assert refusal(decision, found, limits_of)


def waits(desk: Desk, case_id: int) -> PastDecision:
    return desk.card(case_id).decisions[0]


def test_who_approves_reads_the_same_and_what_has_become_too_old_since(
    db: Database, sit: Callable[[str], Desk], clock: Clock
) -> None:
    case_id = case_of(db, said("tg", 1, OLD), said("tg", 2, NOON - 47 * HOUR), said("tg", 3))
    decision = sit("mo").decide(case_id, Decision.WARN).decision_id
    assert waits(sit("ada"), case_id).remarks == (f"1 of 3 too old: {TOO_OLD}",)
    clock.now += 2 * HOUR
    assert waits(sit("ada"), case_id).remarks == (f"2 of 3 too old: {TOO_OLD}",)
    sit("ada").approve(decision)
    assert waits(sit("ada"), case_id).remarks == (), "from now on what became of each action tells"
    assert planned(db) == [("delete", "2"), ("delete", "3"), ("warn", "m")]


def test_a_ban_that_cannot_be_lifted_is_said_to_stay(db: Database, sit: Callable[[str], Desk]) -> None:
    case_id = case_of(db, said("qq", 1))
    assert reach(sit("mo"), case_id, Decision.BAN).lasting == ("delete", "ban")
    assert reach(sit("mo"), case_id, Decision.MUTE).lasting == ("delete",)
    decision = sit("mo").decide(case_id, Decision.BAN).decision_id
    assert "ban" in waits(sit("ada"), case_id).lasting
    sit("ada").approve(decision)
    generation = lease.take(db, "serve", NOON)
    for order in actions.claim(db, generation, NOON + 60, 10, "qq", "g"):
        actions.finish(db, order, generation, ActionState.DONE, "", NOON + 60)
    undone = sit("ada").undo(decision)
    assert (undone.inverses, undone.lasting) == ((), ((ActionKind.BAN, 1), (ActionKind.DELETE, 1)))
    assert planned(db) == [("delete", "1"), ("ban", "m")], "what QQ has no call for is not sent"


def test_a_ban_that_can_be_lifted_is_lifted(db: Database, sit: Callable[[str], Desk]) -> None:
    case_id = case_of(db, said("tg", 1))
    assert reach(sit("ada"), case_id, Decision.BAN).lasting == ("delete",)
    decision = sit("ada").decide(case_id, Decision.BAN).decision_id
    generation = lease.take(db, "serve", NOON)
    for order in actions.claim(db, generation, NOON + 60, 10, "tg", "g"):
        actions.finish(db, order, generation, ActionState.DONE, "", NOON + 60)
    assert sit("ada").undo(decision).inverses == ((ActionKind.UNBAN, 1),)


def test_a_rule_that_acts_by_itself_leaves_to_a_person_what_it_cannot_do(
    db: Database, settings: Settings, clock: Clock
) -> None:
    source = RULEBOOK.replace('"ask"', '"auto"')
    settings.rulebook.write_text(source, "utf-8")
    strict = replace(settings, platforms=(PlatformSettings("hall", "wall", None, Limits(frozenset())),))
    engine = Engine(parse(source))
    number = rulebooks.put_in_force(db, source, NOON)
    intake = Intake(db, strict, engine, lease.take(db, "serve", NOON), number, clock)
    taken = intake.take(Batch((Message("hall", "g", "1", "m", "whatever", NOON),), "1"), "hall")
    assert taken.automatic == ()
    (case,) = cases.listed(db)
    assert case.state is CaseState.OPEN
    assert decisions.of_case(db, case.id) == []
    # What comes after it is not held up, and where something can be done it is done by itself.
    taken = intake.take(Batch((Message("tg", "g", "2", "m", "whatever", NOON),), "2"), "tg")
    (decision,) = taken.automatic
    assert [case.id for case in cases.listed(db)] == [1], "the first one waits for a person"
    assert decisions.of_case(db, 2)[0].id == decision


@pytest.mark.parametrize("name", OWN)
def test_a_kind_and_its_platform_say_the_same(name: str) -> None:
    modules = {"replay": "Replay", "matrix": "Matrix", "onebot": "OneBot", "telegram": "Telegram"}
    kind = find_kind(name)
    assert kind is not None
    platform = getattr(__import__(f"console.platforms.{name}", fromlist=[name]), modules[name])
    assert limits_of(kind, None).can == platform.can


def test_a_kind_that_does_not_say_or_fails_to_has_no_limits_that_are_known() -> None:
    class Silent:
        keys = ()
        read = make = None

    class Failing(Silent):
        def limits(self, options: object) -> Limits:
            raise RuntimeError

    class Wrong(Silent):
        def limits(self, options: object) -> object:
            return {"can": []}

    for kind in (Silent(), Failing(), Wrong()):
        assert limits_of(kind, None) is NONE  # type: ignore[arg-type]
    assert NONE.cannot == ()


def chinese(text: str, **values: object) -> str:
    return translation("zh").gettext(text).format(**values)


def test_what_a_platform_cannot_do_is_said_in_the_readers_language(db: Database, sit: Callable[[str], Desk]) -> None:
    case_id = case_of(db, said("tg", 1, OLD), said("hall", 2))
    install(translation("zh"))
    assert reach(sit("ada"), case_id, Decision.MUTE).remarks == (
        chinese("{n} of {all} too old: {why}", n=1, all=2, why=chinese(TOO_OLD)),
        chinese("{platform} cannot {step}", platform="hall", step=chinese("mute")),
    )


@pytest.mark.parametrize("health", ["connected", "login refused", "has failed", "the account is not logged in to QQ"])
def test_how_a_platform_is_doing_is_said_in_the_readers_language(health: str) -> None:
    assert health_words(health) == health
    install(translation("zh"))
    assert health_words(health) == chinese(health)


def test_a_detail_and_anothers_own_phrase_are_said_as_they_are() -> None:
    install(translation("zh"))
    assert health_words("playing (60x)") == f"{chinese('playing')} (60x)"
    assert health_words("watching the {wall}") == "watching the {wall}"
    assert health_words("") == ""
