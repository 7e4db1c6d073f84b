"""Folding: a text's comparable form, with the way back to the characters that were really written.

Two texts that look or read alike fold to the same characters. A folded text is for comparing, never for
showing: it has no spaces, no punctuation, no emoji, and letters of other alphabets that look Latin are Latin.
Sources: Unicode NFKC (UAX #15), confusable letters (UTS #39, the few that chat really uses), and the Unicode
names, which say of nearly every ornamented letter which letter it is.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

# The commonest traditional characters that have one simplified form, and those forms in the same order.
_TRADITIONAL = (
    "愛礙襖罷擺敗頒辦絆幫綁鎊謗寶報飽貝輩備憊筆畢幣閉邊編貶變辯標錶賓餅撥缽補財採參殘慚慘燦倉蒼艙冊側測層產闡長嚐償腸廠場"
    "暢鈔車徹塵陳襯撐稱懲誠騁癡遲馳恥齒熾衝蟲寵籌綢醜處礎儲觸傳瘡闖創錘純詞辭賜聰從湊竄錯達帶貸單擔膽誕彈當擋黨蕩檔導島"
    "搗禱盜燈鄧敵滌遞點墊電澱釣調諜疊釘頂訂東動棟凍鬥獨讀賭鍍鍛斷緞對隊噸頓奪額惡餓兒爾發髮罰閥範飯訪飛廢費紛墳奮憤糞豐楓"
    "鋒風瘋馮縫諷鳳膚輻撫輔賦復複負婦該鈣蓋趕幹岡剛鋼綱崗鎬擱個給鞏貢鉤溝構購夠顧關觀館慣貫廣規歸龜閨軌詭櫃貴輥滾鍋國過"
    "駭韓漢號賀鶴轟鴻紅後護滬戶嘩華畫話懷壞歡環還緩換煥黃謊揮輝毀賄會匯穢燴渾夥獲貨禍擊機積飢雞績輯級擠幾濟繼際計記紀夾價駕"
    "監堅箋間艱繭檢鹼揀撿簡儉減薦鑑踐賤見鍵艦劍餞漸濺漿獎講醬膠澆驕嬌攪僥腳餃繳絞較階節潔結誡屆緊錦僅謹進晉盡勁荊莖驚經頸"
    "靜鏡徑競淨糾廄舊駒舉據鋸懼劇鵑絹覺決訣絕鈞軍駿開凱殼課墾懇摳庫褲誇塊寬礦曠況虧饋潰擴闊蠟臘萊來賴藍欄攔籃闌蘭瀾攬覽懶纜"
    "爛濫撈勞澇樂鐳壘類淚籬離裏裡鯉禮麗厲勵礫歷曆瀝隸倆聯蓮連鐮憐漣簾斂臉鏈戀煉練糧涼兩輛諒療遼鐐獵臨鄰鱗賃齡鈴靈嶺領餾劉"
    "龍聾籠壟攏隴樓婁摟簍蘆盧顱廬爐擄滷虜魯賂祿錄陸驢呂鋁侶屢縷慮濾綠巒攣孿灤亂掄輪倫侖淪綸論蘿羅邏鑼籮騾駱絡媽瑪碼螞馬罵嗎"
    "買麥賣邁脈瞞饅蠻滿謾貓錨鉚貿麼黴沒門悶們錳夢謎彌覓綿緬廟滅憫閩鳴銘謬謀畝鈉納難撓腦惱鬧餒內擬膩攆釀鳥聶鑷鎳檸獰寧擰濘鈕"
    "紐膿濃農瘧諾歐鷗毆嘔盤龐賠噴鵬騙飄頻貧蘋憑評潑頗撲鋪樸譜臍齊騎豈啟氣棄訖牽釺鉛遷簽謙錢鉗潛淺譴塹槍嗆牆薔強搶鍬橋喬"
    "僑翹竅竊欽親寢輕氫傾頃請慶瓊窮趨區軀驅顴權勸卻鵲確讓饒擾繞熱韌認紉榮絨軟銳閏潤灑薩賽傘喪騷掃澀殺紗篩曬刪閃陝贍繕傷賞"
    "燒紹賒攝懾設紳審嬸腎滲聲繩勝聖師獅濕詩屍時蝕實識駛勢適釋飾視試壽獸樞輸書贖屬術樹豎數帥雙誰稅順說碩爍絲飼聳慫頌訟誦擻"
    "蘇訴肅雖隨綏歲孫損筍縮瑣鎖獺撻態攤貪癱灘壇譚談嘆湯燙濤絛討騰謄銻題體屜條貼鐵廳聽銅統頭禿圖塗團頹蛻脫鴕馱駝橢窪襪彎灣頑"
    "萬網韋違圍為濰維葦偉偽緯謂衛溫聞紋穩問甕撾蝸渦窩臥嗚鎢烏誣無蕪吳塢霧務誤錫犧襲習銑戲細蝦轄峽俠狹廈嚇鮮纖鹹賢銜閒顯險現"
    "獻縣餡羨憲線廂鑲鄉詳響項蕭囂銷曉嘯協挾攜脅諧寫瀉謝鋅釁興洶鏽繡虛噓須許敘緒續軒懸選癬絢學勳詢尋馴訓訊遜壓鴉鴨啞亞訝閹煙"
    "鹽嚴顏閻豔厭硯彥諺驗鴦楊揚瘍陽癢養樣瑤搖堯遙窯謠藥爺頁業葉醫銥頤遺儀蟻藝億憶義詣議誼譯異繹蔭陰銀飲隱櫻嬰鷹應纓瑩螢營熒蠅"
    "贏穎喲擁傭癰踴詠湧優憂郵鈾猶遊誘輿魚漁娛與嶼語籲禦獄譽預馭鴛淵轅園員圓緣遠願約躍鑰嶽粵悅閱雲鄖勻隕運蘊醞暈韻雜災載攢暫讚"
    "贓髒鑿棗責擇則澤賊贈軋鍘閘柵詐齋債氈盞斬輾嶄棧戰綻張漲帳賬脹趙蟄轍鍺這貞針偵診鎮陣掙睜猙爭幀鄭證織職執紙摯擲幟質滯鐘終種腫"
    "眾謅軸皺晝驟豬諸誅燭矚囑貯鑄築駐專磚轉賺樁莊裝妝壯狀錐贅墜綴諄準濁茲資漬蹤綜總縱鄒詛組鑽並來臺颱檯薑麵鬆遊週製捲採註係繫"
    "隻託佈佔嘗製嚮曬瞭僱鬱籲闆於爲羣綫啓衆喫迴貳"
)
_SIMPLIFIED = (
    "爱碍袄罢摆败颁办绊帮绑镑谤宝报饱贝辈备惫笔毕币闭边编贬变辩标表宾饼拨钵补财采参残惭惨灿仓苍舱册侧测层产阐长尝偿肠厂场"
    "畅钞车彻尘陈衬撑称惩诚骋痴迟驰耻齿炽冲虫宠筹绸丑处础储触传疮闯创锤纯词辞赐聪从凑窜错达带贷单担胆诞弹当挡党荡档导岛"
    "捣祷盗灯邓敌涤递点垫电淀钓调谍叠钉顶订东动栋冻斗独读赌镀锻断缎对队吨顿夺额恶饿儿尔发发罚阀范饭访飞废费纷坟奋愤粪丰枫"
    "锋风疯冯缝讽凤肤辐抚辅赋复复负妇该钙盖赶干冈刚钢纲岗镐搁个给巩贡钩沟构购够顾关观馆惯贯广规归龟闺轨诡柜贵辊滚锅国过"
    "骇韩汉号贺鹤轰鸿红后护沪户哗华画话怀坏欢环还缓换焕黄谎挥辉毁贿会汇秽烩浑伙获货祸击机积饥鸡绩辑级挤几济继际计记纪夹价驾"
    "监坚笺间艰茧检碱拣捡简俭减荐鉴践贱见键舰剑饯渐溅浆奖讲酱胶浇骄娇搅侥脚饺缴绞较阶节洁结诫届紧锦仅谨进晋尽劲荆茎惊经颈"
    "静镜径竞净纠厩旧驹举据锯惧剧鹃绢觉决诀绝钧军骏开凯壳课垦恳抠库裤夸块宽矿旷况亏馈溃扩阔蜡腊莱来赖蓝栏拦篮阑兰澜揽览懒缆"
    "烂滥捞劳涝乐镭垒类泪篱离里里鲤礼丽厉励砾历历沥隶俩联莲连镰怜涟帘敛脸链恋炼练粮凉两辆谅疗辽镣猎临邻鳞赁龄铃灵岭领馏刘"
    "龙聋笼垄拢陇楼娄搂篓芦卢颅庐炉掳卤虏鲁赂禄录陆驴吕铝侣屡缕虑滤绿峦挛孪滦乱抡轮伦仑沦纶论萝罗逻锣箩骡骆络妈玛码蚂马骂吗"
    "买麦卖迈脉瞒馒蛮满谩猫锚铆贸么霉没门闷们锰梦谜弥觅绵缅庙灭悯闽鸣铭谬谋亩钠纳难挠脑恼闹馁内拟腻撵酿鸟聂镊镍柠狞宁拧泞钮"
    "纽脓浓农疟诺欧鸥殴呕盘庞赔喷鹏骗飘频贫苹凭评泼颇扑铺朴谱脐齐骑岂启气弃讫牵钎铅迁签谦钱钳潜浅谴堑枪呛墙蔷强抢锹桥乔"
    "侨翘窍窃钦亲寝轻氢倾顷请庆琼穷趋区躯驱颧权劝却鹊确让饶扰绕热韧认纫荣绒软锐闰润洒萨赛伞丧骚扫涩杀纱筛晒删闪陕赡缮伤赏"
    "烧绍赊摄慑设绅审婶肾渗声绳胜圣师狮湿诗尸时蚀实识驶势适释饰视试寿兽枢输书赎属术树竖数帅双谁税顺说硕烁丝饲耸怂颂讼诵擞"
    "苏诉肃虽随绥岁孙损笋缩琐锁獭挞态摊贪瘫滩坛谭谈叹汤烫涛绦讨腾誊锑题体屉条贴铁厅听铜统头秃图涂团颓蜕脱鸵驮驼椭洼袜弯湾顽"
    "万网韦违围为潍维苇伟伪纬谓卫温闻纹稳问瓮挝蜗涡窝卧呜钨乌诬无芜吴坞雾务误锡牺袭习铣戏细虾辖峡侠狭厦吓鲜纤咸贤衔闲显险现"
    "献县馅羡宪线厢镶乡详响项萧嚣销晓啸协挟携胁谐写泻谢锌衅兴汹锈绣虚嘘须许叙绪续轩悬选癣绚学勋询寻驯训讯逊压鸦鸭哑亚讶阉烟"
    "盐严颜阎艳厌砚彦谚验鸯杨扬疡阳痒养样瑶摇尧遥窑谣药爷页业叶医铱颐遗仪蚁艺亿忆义诣议谊译异绎荫阴银饮隐樱婴鹰应缨莹萤营荧蝇"
    "赢颖哟拥佣痈踊咏涌优忧邮铀犹游诱舆鱼渔娱与屿语吁御狱誉预驭鸳渊辕园员圆缘远愿约跃钥岳粤悦阅云郧匀陨运蕴酝晕韵杂灾载攒暂赞"
    "赃脏凿枣责择则泽贼赠轧铡闸栅诈斋债毡盏斩辗崭栈战绽张涨帐账胀赵蛰辙锗这贞针侦诊镇阵挣睁狰争帧郑证织职执纸挚掷帜质滞钟终种肿"
    "众诌轴皱昼骤猪诸诛烛瞩嘱贮铸筑驻专砖转赚桩庄装妆壮状锥赘坠缀谆准浊兹资渍踪综总纵邹诅组钻并来台台台姜面松游周制卷采注系系"
    "只托布占尝制向晒了雇郁吁板于为群线启众吃回贰"
)

# Look-alikes by pairs, after case folding: Cyrillic, Greek, Armenian, phonetic. Where capital and small
# letter look like two different Latin ones (н and Н), the capital decides: it makes the better disguise.
# They are exchanged everywhere, not only in words of mixed script: so a Russian word with Latin letters in it
# and the same word written honestly fold alike, and folding twice changes nothing. Whoever looks for a Latin
# word goes back to the original by `Folded.span` and sees whether it was Latin there (words.py does).
_LOOK_ALIKES = (
    "аa вb еe іi јj кk мm нh оo рp сc тt уy үy хx һh ԁd ԛq ԝw ѕs ӏl "
    "αa βb εe ζz ηh ιi κk μm νv οo ρp τt υy χx ϲc օo ոn սu հh ıi ɑa ɡg ƅb"
)
# The numerals of cheques, a usual disguise of account numbers, and the circle that stands for nought.
_NUMERALS = "零0 〇0 壹1 贰2 叁3 肆4 伍5 陆6 柒7 捌8 玖9"

_PLAIN: dict[str, str] = {
    **dict(zip(_TRADITIONAL, _SIMPLIFIED, strict=True)),
    **{pair[0]: pair[1] for pair in (_LOOK_ALIKES + " " + _NUMERALS).split()},
    # An apostrophe stands inside a word; the fillers are letters to Unicode and nothing to the eye.
    **dict.fromkeys("'’ʼ`´＇\u115f\u1160\u3164\uffa0", ""),
}

_NAMED_LETTER = re.compile(
    r"(?:NEGATIVE (?:CIRCLED|SQUARED) )?LATIN (?:(?:SMALL|CAPITAL) LETTER|LETTER SMALL CAPITAL) ([A-Z])"
    r"(?: WITH .+)?"
)
# Marks that ornament letters of any script. Marks of one script, such as the kana's voicing, belong to its
# spelling and stay.
_ORNAMENTS = re.compile(
    "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f\U000e0100-\U000e01ef]+"
)

_SEPARATOR = " "
_KEPT_FOLDS = 1 << 16


def _step(char: str) -> str:
    """One step of folding one character: letters, " " for what separates words, "" for what nobody sees."""
    plain = _PLAIN.get(char)
    if plain is not None:
        return plain
    if char.isspace():
        return _SEPARATOR
    category = unicodedata.category(char)
    if category[0] == "C" or _ORNAMENTS.match(char):
        return ""
    if category[0] == "N":
        number = unicodedata.numeric(char)
        if number == int(number) >= 0:
            return str(int(number))
    compatible = unicodedata.normalize("NFKC", char).casefold()
    if compatible != char:
        return compatible
    name = _NAMED_LETTER.fullmatch(unicodedata.name(char, ""))
    if name is not None:
        return name[1].lower()
    if category[0] in "ZPS":
        return _SEPARATOR
    bare = _ORNAMENTS.sub("", unicodedata.normalize("NFD", char))
    return unicodedata.normalize("NFC", bare)


class _Folds(dict[str, str]):
    """What each character folds to, worked out when first met."""

    def __missing__(self, char: str) -> str:
        before, after = "", char
        while after != before:
            before, after = after, "".join(map(_step, after))
        if len(self) < _KEPT_FOLDS:
            self[char] = after
        return after


class _Joins(dict[str, bool]):
    """Whether a folded character may join the one before it: marks of a script, and Hangul's later parts."""

    def __missing__(self, char: str) -> bool:
        joins = unicodedata.category(char)[0] == "M" or "\u1161" <= char <= "\u11ff"
        if len(self) < _KEPT_FOLDS:
            self[char] = joins
        return joins


_folds = _Folds()
_joins = _Joins()


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text.

    `origin[i]` is the index in the original, in code points, of the character that `text[i]` came from; it
    never falls. `starts` are the indices in `text`, ascending, where a new word begins: a separator stood
    before them in the original. Index 0 is not among them.
    """

    text: str
    origin: tuple[int, ...]
    starts: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where `text[start:end]` stands in the original: code points, end exclusive.

        Raises IndexError when the slice is not inside the text or is empty.
        """
        if not 0 <= start < end <= len(self.origin):
            raise IndexError(f"no characters {start} to {end} in a folded text of {len(self.origin)}")
        return self.origin[start], self.origin[end - 1] + 1


def fold(text: str) -> Folded:
    """The comparable form of `text`, without separators. Linear in its length; folding twice changes nothing.

    Any string is accepted, lone surrogates among them (they fold to nothing).
    """
    letters: list[str] = []
    origin: list[int] = []
    starts: list[int] = []
    apart = False
    for index, char in enumerate(text):
        piece = _folds[char]
        if piece == _SEPARATOR:
            apart = True
            continue
        for letter in piece:
            if letter == _SEPARATOR:
                apart = True
                continue
            if letters and _joins[letter]:
                joined = unicodedata.normalize("NFC", letters[-1] + letter)
                if len(joined) == 1:
                    letters[-1] = joined
                    continue
            if apart:
                apart = False
                if letters:
                    starts.append(len(letters))
            letters.append(letter)
            origin.append(index)
    return Folded("".join(letters), tuple(origin), tuple(starts))
