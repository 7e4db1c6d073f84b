"""What was learned from decisions: what a model finds, what it stands on, and how it is kept."""

from __future__ import annotations

import random
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.fold import fold_batch
from rules.learned import Example, Model, fit

GOODS = ["优惠券", "会员账号", "游戏代练", "二手显卡", "论文代写", "followers", "discount vouchers", "скидки"]
CALLS = [
    "扫码进群领取{}，加微信{}",
    "低价出{}，需要的私聊{}",
    "cheap {} here, write to me at {}",
    "продаю {}, пишите в лс {}",
]
TALK = [
    "今天晚上吃什么好呢", "这个问题我也遇到过，重启一下就好了", "明天几点开会？", "哈哈哈哈笑死我了",
    "有人知道怎么配置代理吗",
    "did anybody see the game last night", "the build is broken again, looking into it", "thanks, that works now",
    "кто-нибудь знает как это настроить?", "спасибо, помогло", "看了一下日志，好像是内存不够", "周末去爬山吗 {}",
]  # fmt: skip


def spam(count: int, seed: int) -> list[str]:
    chosen = random.Random(seed)
    return [chosen.choice(CALLS).format(chosen.choice(GOODS), chosen.randrange(10**5, 10**8)) for _ in range(count)]


def talk(count: int, seed: int) -> list[str]:
    chosen = random.Random(seed)
    return [
        f"{chosen.choice(TALK).format(chosen.randrange(9))} {chosen.choice(TALK)[: chosen.randrange(1, 9)]}"
        for _ in range(count)
    ]


def examples(seed: int = 1, spams: int = 40, hams: int = 40) -> list[Example]:
    return [Example(text, True) for text in spam(spams, seed)] + [Example(text, False) for text in talk(hams, seed)]


@lru_cache
def model() -> Model:
    made = fit(examples(), talk(400, 2))
    assert made is not None
    return made


def scores(made: Model, texts: list[str]) -> list[float]:
    return list(made.scores(texts, fold_batch(texts)).tolist())


def test_new_ads_of_the_kind_taught_reach_the_threshold_and_talk_does_not() -> None:
    ads, chat = scores(model(), spam(200, 7)), scores(model(), talk(1_000, 8))
    assert sum(score >= model().threshold for score in ads) >= 190
    assert sum(score >= model().threshold for score in chat) <= 1


def test_scores_are_probabilities() -> None:
    ads, chat = scores(model(), spam(200, 7)), scores(model(), talk(200, 8))
    assert sum(ads) / len(ads) > 80
    assert sum(chat) / len(chat) < 20


@pytest.mark.parametrize(
    "ad",
    [
        "低.价.出.游.戏.代.练",
        "低价出​遊‍戲代練，需要的私聊",
        "ｃｈｅａｐ ｆｏｌｌｏｗｅｒｓ ｈｅｒｅ",
        "прoдaю cкидки, пишитe в лc",
        "低价出游戏代恋",
    ],
)
def test_a_disguised_ad_is_found_as_well(ad: str) -> None:
    assert scores(model(), [ad])[0] >= model().threshold


def test_what_the_model_stands_on_is_told() -> None:
    made = fit([*examples(spams=3, hams=2), Example("promo", True)], ["hello there", "hello there", "你好"])
    assert made is not None
    assert made.examples == (4, 2)
    assert made.background == 5


@pytest.mark.parametrize(
    ("taught", "background"),
    [([], []), ([], ["hello"]), ([Example("ad", True)], []), ([Example("ok", False)], ["hello"])],
)
def test_with_one_side_only_there_is_nothing_to_learn(taught: list[Example], background: list[str]) -> None:
    assert fit(taught, background) is None


@pytest.mark.parametrize(("alarms", "weight"), [(0.0, 1.0), (1.0, 1.0), (0.001, 0.0), (0.001, -1.0), (0.001, np.inf)])
def test_what_makes_no_sense_is_refused(alarms: float, weight: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        fit([Example("ad", True, weight), Example("ok", False)], [], alarms=alarms)


TEXTS = st.text("加微信群ab1 .?!\u200b\ud800🙂п", max_size=12)
TAUGHT = st.lists(st.builds(Example, TEXTS, st.booleans(), st.sampled_from([0.3, 1.0, 2.0])), max_size=8)


def same(one: Model | None, other: Model | None) -> bool:
    return (one.to_bytes() if one else None) == (other.to_bytes() if other else None)


@settings(max_examples=15, deadline=None)
@given(TAUGHT, st.lists(TEXTS, max_size=8), st.randoms())
def test_the_order_of_what_is_taught_changes_nothing(
    taught: list[Example], background: list[str], shuffling: random.Random
) -> None:
    before = fit(taught, background)
    taught, background = taught.copy(), background.copy()
    shuffling.shuffle(taught)
    shuffling.shuffle(background)
    assert same(before, fit(taught, background))


@settings(max_examples=6, deadline=None)
@given(TEXTS.filter(bool), st.booleans())
def test_what_is_taken_back_leaves_no_trace(text: str, label: bool) -> None:
    before = fit(examples(spams=5, hams=5), talk(20, 3))
    taught = [Example(text, label), *examples(spams=5, hams=5)]
    fit(taught, talk(20, 3))
    assert same(before, fit(taught[1:], talk(20, 3)))


def test_teaching_an_ad_again_counts_more() -> None:
    ad = "新到一批茶叶，欢迎选购"
    once = fit([*examples(), Example(ad, True)], talk(100, 2))
    often = fit([*examples(), Example(ad, True, 5.0)], talk(100, 2))
    assert once is not None
    assert often is not None
    assert scores(often, [ad]) > scores(once, [ad])


@pytest.mark.parametrize("size", [1, 3, 64])
def test_a_score_does_not_depend_on_the_batch(size: int) -> None:
    texts = [*spam(40, 5), "", *talk(40, 6), "\ud800", "女子好 加v"]
    whole = scores(model(), texts)
    parts = [score for start in range(0, len(texts), size) for score in scores(model(), texts[start : start + size])]
    assert parts == whole


@pytest.mark.parametrize(
    "ad", ["大家晚上好，低价出游戏代练，明天几点开会？", "嗯 低·价·出·游·戏·代·练 嗯", "嗯嗯低价出游戏代恋"]
)
def test_evidence_marks_the_telling_words(ad: str) -> None:
    found = model().evidence(ad, fold_batch([ad])[0])
    assert all(ad[one.start : one.end] == one.matched for one in found)
    heaviest = "".join(one.matched for one in found)
    assert "价" in heaviest
    assert "晚上" not in heaviest


HOSTILE = st.one_of(
    st.text(st.characters(exclude_categories=())),
    st.text("加微 v.Ⅴⓥаеѕ\u200b\u202e\ufe0f\u0301ｶﾊﾞ\u1100\u1161\ud800\0\n女子木林'①壹🅰🇨 "),
)


@settings(deadline=None)
@given(HOSTILE, st.integers(1, 5))
def test_any_text_has_a_score_and_evidence_inside_it(text: str, most: int) -> None:
    folded = fold_batch([text])[0]
    assert 0 < scores(model(), [text])[0] < 100
    found = model().evidence(text, folded, most)
    assert len(found) <= most
    assert [one.start for one in found] == sorted(one.start for one in found)
    assert all(0 <= one.start < one.end <= len(text) and one.matched == text[one.start : one.end] for one in found)


def test_a_huge_text_is_read() -> None:
    text = "低价出游戏代练，" * 50_000
    assert 0 < scores(model(), [text])[0] < 100
    assert model().evidence(text, fold_batch([text])[0])


def test_no_texts_have_no_scores() -> None:
    assert scores(model(), []) == []


def test_the_threshold_lies_above_what_the_community_writes() -> None:
    selling = [f"二手交流区：出一个{n}号显卡，八成新" for n in range(300)]
    stranger, native = fit(examples(), talk(300, 2)), fit(examples(), talk(300, 2) + selling[:150])
    assert stranger is not None
    assert native is not None
    assert max(scores(stranger, selling[150:])) > stranger.threshold
    assert max(scores(native, selling[150:])) < native.threshold


def test_fewer_alarms_wanted_means_a_higher_threshold() -> None:
    strict, loose = fit(examples(), talk(400, 2), alarms=0.0005), fit(examples(), talk(400, 2), alarms=0.05)
    assert strict is not None
    assert loose is not None
    assert strict.threshold > loose.threshold


def test_a_model_read_back_is_the_same() -> None:
    kept = model().to_bytes()
    again = Model.from_bytes(kept)
    texts = [*spam(20, 5), *talk(20, 6)]
    assert scores(again, texts) == scores(model(), texts)
    assert (again.threshold, again.background, again.examples) == (
        model().threshold, model().background, model().examples
    )  # fmt: skip
    assert again.to_bytes() == kept
    assert len(kept) < 2_000_000


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_a_damaged_model_is_refused(data: st.DataObject) -> None:
    kept = model().to_bytes()
    place = data.draw(st.integers(0, len(kept) - 1))
    damaged = data.draw(
        st.sampled_from([
            kept[:place], kept + b"\0", kept[:place] + bytes([kept[place] ^ 0x55]) + kept[place + 1 :],
        ])
    )  # fmt: skip
    with pytest.raises(ValueError, match="model"):
        Model.from_bytes(damaged)


@given(st.binary(max_size=200))
def test_what_is_no_model_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="model"):
        Model.from_bytes(data)
