"""The words that announce a contact: what each announces, and how surely."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick

from rules.fold import text_of
from rules.marked import BETWEEN, MarkedBatch
from rules.weaker import sounds

EXPLICIT = 95
"""Score of a contact right behind a cue that says "add me there" or "here is the number"."""
BRAND = 85
"""Right behind the mere name of a messenger."""
WEAK = 72
"""Right behind a word that asks to be contacted, by whatever way."""
TOUCHING = 70
"""Of ordinary words, which are cues only where they touch a long number."""
SOUND_COST = 10
"""Taken off where the cue is written by other characters of the same sound."""

_SHORTEST_SOUND = 3
PRIVATE = 45
"""A mention of private messages, by itself."""
CALLED = 65
"""A call to write in private."""

# Kind, power, words. Apart from the sounds of three characters and more, spellings are listed: two characters of
# the same sound are another word too often.
_CUES = (
    ("wechat", EXPLICIT, """
        加微信 加我微信 加個微信 加个微信 微信号 微信帐号 微信账号 微信id 微信搜 微信联系 微信咨询 联系微信
        咨询微信 我的微信 我微信 加v 加我v 加w 加我w 加vx 加wx 加v信 加薇 加威 加微 加我微 加徽 加维 加卫星
        加我卫星 加薇信 加微心 加v心 家v 佳v 嘉v 珈v 加+v 家薇 佳薇 佳微 嘉微 伽微 +v +vx +wx +微 +微信 +薇 +威
        +v信 +卫星 添加微信 扫微信 v信号 vx号 wx号 v号 微号 薇号 addmeonwechat addmywechat wechatid mywechat
        weixinid weixinhao jiaweixin jiawx jiavx вичат """),
    ("wechat", BRAND, """
        微信 威信 微心 微芯 薇信 薇心 薇芯 维信 徽信 v信 v心 卫信 魏信 微星 威心 溦信 葳信 卫星 私微 私薇 微🛰 vx
        wx vxin weixin wechat wxid 绿泡泡 绿色软件 """),
    ("qq", EXPLICIT, """
        加qq 加我qq 加扣 加扣扣 加q 加我q 加企鹅 qq号 qq号码 qq账号 q号 扣号 扣扣号 企鹅号 +q +qq +扣 +扣扣 +🐧
        加🐧 +企鹅 加抠 加蔻 加秋秋 加球球 联系qq qq联系 咨询qq 我的qq 我qq 加这qq addmyqq """),
    ("qq", BRAND, "qq 扣扣 抠抠 蔻蔻 叩叩 秋秋 企鹅 🐧 企额 qiuqiu"),
    ("group", EXPLICIT, """
        群号 群号码 裙号 羣号 qq群 q群 qq裙 q裙 扣群 扣扣群 扣裙 企鹅群 企鹅裙 🐧群 🐧裙 加群 加裙 进群 进裙
        入群 入裙 交流群 交流裙 交流qq群 官方群 售后群 福利群 福利裙 粉丝群 粉丝裙 外部群 内部群 外部裙 资源群
        资源裙 群聊 +群 +裙 新群 新裙 总群 讨论群 反馈群 玩家群 水群号 二群 一群 三群 2群 1群 3群 4群 5群 加君羊
        qq君羊 君羊号 qqgroup wechatgroup qun号 """),
    ("group", WEAK, "群 裙 君羊 后裙 qun 峮 神秘数字 神秘代码 神秘号码 神笔代码 神秘数学"),
    ("phone", EXPLICIT, """
        联系电话 咨询电话 电话号码 手机号 手机号码 服务热线 咨询热线 热线电话 订购热线 订餐电话 预约电话
        电话微信 微信电话 同微信 微信同号 手机微信 callme callnow phonenumber myphone номертелефона мойномер
        позвоните звоните позвони звонитенаномер """),
    ("phone", WEAK, """
        电话 热线 手机 致电 来电 详询 咨询 联系 联系我 联系人 订购 预约 详情请咨询 tel 📱 phone mobile telephone
        call contact телефон тел звонить whatsappviber viber """),
    ("telegram", EXPLICIT, """
        addmeontelegram mytelegram telegramid telegramhandle telegramme textmeontelegram messagemeontelegram
        contactmeontelegram dmmeontelegram writemeontelegram ontelegram viatelegram 加电报 加飞机 电报号 飞机号
        加tg tg号 +tg 加✈ ✈号 飞机联系 电报联系 tg联系 联系tg 联系飞机 联系电报 纸飞机号 加纸飞机
        пишитевтелеграм пишивтелеграм пишитевтелеграмм пишивтелеграмм пишитевтг пишивтг мойтелеграм мойтг
        поискетелеграм поискетелеграма поискетелеграмм поисктелеграма поисктелеграм поисктелеграмм пишивтелегу
        пишитевтелегу """),
    ("telegram", BRAND, """
        telegram telegam telegramm tg telega teleqram 电报 飞机 纸飞机 ✈ телеграм телеграмм телеграмме телеграме
        тг телега телегу телеге телеграмканал телеграмбот """),
    ("whatsapp", EXPLICIT, """
        addmeonwhatsapp mywhatsapp whatsappme textmeonwhatsapp messagemeonwhatsapp contactmeonwhatsapp
        writemeonwhatsapp onwhatsapp viawhatsapp whatsappnumber whatsappno whatsapponly 加whatsapp пишитевватсап
        пишивватсап пишитевwhatsapp """),
    ("whatsapp", BRAND, """
        whatsapp whatsap watsapp whatapp whatzapp whatsup whatsappp wsapp ватсап вацап воцап вотсап ватсапп
        вотсапп """),
    ("line", EXPLICIT, """
        加line lineid 加赖 加我赖 加我line 我的line line号 賴id 赖id 官方line linegroup addmeonline 加賴 +line
        +赖 """),
    ("line", BRAND, "line联系 私line 私赖"),
    ("invite", EXPLICIT, """
        邀请码 推荐码 推广码 注册码填 填写邀请码 我的邀请码 邀请口令 invitecode invitationcode referralcode
        referalcode refcode promocode myreferral реферальныйкод кодприглашения инвайткод промокод инвайт """),
    ("write", WEAK, """
        пиши пишите пишем писать напиши напишите отпиши отпишите связь связи связаться свяжитесь обращайтесь
        обращаться обращайся стучи стучите менеджер подробности подробнее вопросам сюда жмите жми переходи
        переходите заходи contact writeto writeme messageme textme dmme pmme dm reachme reachout inboxme textto
        hitmeup telegramus 联系 私聊 找我 咨询 加我 私信 客服 对接 канал канале подпишись подпишитесь бот joinus
        joinnow clickhere """),
    ("qq", TOUCHING, "加 找 +"),
    ("private", PRIVATE, """
        влс влк вличку вличке вличные вличныесообщения влички вприват вдирект вдиректе вличныесообщение
        личнымсообщением вличныхсообщениях вличныхсообщения вличнойпереписке личныхсообщениях вличкии вличкy
        влич вличныесообщ вособисті вособистi вприватні вприватнi dmme pmme inboxme messageme textme writeme
        inprivate privately sendmeamessage 私聊我 私我 私信我 滴滴我 找我私聊 私聊找我 加我私聊 加我qq 加我微信
        加微信 加qq 加我v 加vx 加我微 加我好友 加我为好友 私聊加 """),
    ("ask", 0, """
        пиши пишите пишем напиши напишите отпиши отпишите отпишись пишіть пиші напишіть стучи стучите стучитесь
        обращайтесь обращайся обращаться ждем ждём жду ожидаю подробности подробнее подробностями деталями
        детали вопросы вопросам вопросами интересно интересует заинтересовало предложения плюс кидай кидайте
        скидывай скидывайте заходи залетай welcome write message contact send dm interested details info
        подробно детально информация инфо обсудим расскажу отвечу узнай узнайте оставь оставляй оставляйте
        требуются нужны нужен нужно прайс цена ценой оплата загляни забирай забирайте сотрудники """),
    ("private", CALLED, """
        addmeontelegram textmeontelegram messagemeontelegram contactmeontelegram dmmeontelegram
        writemeontelegram addmeonwhatsapp textmeonwhatsapp messagemeonwhatsapp contactmeonwhatsapp
        writemeonwhatsapp whatsappme пишитевтелеграм пишивтелеграм пишитевтг пишивтг писатьвтг пишитевтелегу
        пишивтелегу пишитевватсап пишивватсап """),
)  # fmt: skip


class Cue(NamedTuple):
    """What a word announces: one of the kinds of contact, "write" (any of them), or "ask": what makes a call of a
    mention of private messages. `power` is the score of what is right behind it."""

    kind: str
    power: int


class Said(NamedTuple):
    """A cue in a squeezed text: from `start` to before `end`. `sounds`: only its sound is the cue's."""

    cue: Cue
    start: int
    end: int
    sounds: bool


class _Cues(NamedTuple):
    automaton: AhoCorasick
    words: list[str]
    cues: list[Cue]


@cache
def _known() -> _Cues:
    pairs = [(word, Cue(kind, power)) for kind, power, written in _CUES for word in written.split()]
    batch = MarkedBatch([word for word, _ in pairs])
    words = batch.squeezed.split(BETWEEN)[:-1]
    by_sound = text_of(sounds(batch.squeezed_codes)).split(BETWEEN)[:-1]
    return _Cues(AhoCorasick(by_sound), words, [cue for _, cue in pairs])


def said(squeezed: str, sounded: str, ends: Sequence[int]) -> dict[int, list[Said]]:
    """Every cue in squeezed texts, whether or not it is a word of its own, by the number of the text.

    `squeezed` are the texts one after the other, `sounded` their form by sound; text `i` ends before `ends[i]`.
    """
    known = _known()
    found: dict[int, list[Said]] = {}
    for index, start, end in known.automaton.find_matches_as_indexes(sounded, overlapping=True):
        word = known.words[index]
        exact = squeezed.startswith(word, start)
        if exact or len(word) >= _SHORTEST_SOUND:
            place = bisect_right(ends, start)
            first = ends[place - 1] if place else 0
            found.setdefault(place, []).append(Said(known.cues[index], start - first, end - first, not exact))
    return found
