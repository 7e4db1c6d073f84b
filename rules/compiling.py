"""Has every loop compiled, and kept where it is kept: `python -m rules.compiling`, once, when Vigil is installed."""

from __future__ import annotations

from rules.engine import Engine
from rules.knowledge import Knowledge
from rules.learned import Example, fit
from rules.records import Message
from rules.rulebook import DEFAULT_RULEBOOK, parse


def main() -> None:
    """Learn a little, and judge a little by it."""
    talk = [f"good morning everybody, this is message {number}" for number in range(20)]
    ads = [Example(f"内部优惠券每天更新扫码进群领取{number}", True) for number in range(5)]
    model = fit(ads, talk)
    engine = Engine(parse(DEFAULT_RULEBOOK), Knowledge(model, (ads[0].text,), (talk[0],)))
    texts = [*talk, *(ad.text for ad in ads), "加微信 abc12345", "x" * 300]
    for number in range(3):
        engine.judge(
            [
                Message("p", "g", f"{number}.{place}", f"u{place % 3}", text, 1e9 + place)
                for place, text in enumerate(texts)
            ]
        )


if __name__ == "__main__":
    main()
