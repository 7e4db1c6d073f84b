"""How the sounds of characters.bin are spelled, and the usual characters that have several.

`SYLLABLES` spells each toneless sound, in pinyin without marks (v for ü), before the character that stands for it in
`rules.tables.Tables.sound_pages`; it was made with pypinyin, see NOTICE.md. `READINGS` lists characters that people
read in more than one way in names and words, with all of those. `NUMERALS` are those of cheques, which fold to digits;
some are surnames as well.
"""

SYLLABLES = """
a啊 ai埃 an鞍 ang肮 ao凹 ba芭 bai白 ban斑 bang邦 bao苞 bei杯 ben奔 beng崩 bi逼 bian鞭 biang𰻝 biao标 bie鳖 bin彬 bing兵
bo剥 bu捕 ca擦 cai猜 can餐 cang苍 cao操 ce厕 cei𤭢 cen岑 ceng层 cha插 chai拆 chan搀 chang昌 chao超 che车 chen郴 cheng撑
chi吃 chong充 chou抽 chu初 chua㔍 chuai揣 chuan川 chuang疮 chui吹 chun春 chuo戳 ci疵 cong聪 cou凑 cu粗 cuan蹿 cui摧
cun村 cuo磋 da搭 dai呆 dan耽 dang当 dao刀 de德 den㩐 deng蹬 di堤 dian颠 diao碉 die跌 din𨈖 ding丁 diu丢 dong东 dou兜
du督 duan端 dui堆 dun墩 duo掇 e蛾 ei诶 en恩 eng鞥 er而 fa发 fan藩 fang坊 fei菲 fen芬 feng丰 fiao覅 fo仏 fou否 fu佛 ga噶
gai该 gan干 gang冈 gao篙 ge哥 gei给 gen根 geng耕 gong工 gou钩 gu辜 gua刮 guai乖 guan棺 guang光 gui瑰 gun辊 guo锅 ha蛤
hai骸 han酣 hang夯 hao壕 he呵 hei嘿 hen痕 heng哼 hm噷 hong轰 hou喉 hu呼 hua花 huai槐 huan欢 huang荒 hui灰 hun荤 huo豁
ji击 jia嘉 jian歼 jiang僵 jiao蕉 jie揭 jin巾 jing荆 jiong炯 jiu揪 ju桔 juan捐 jue嚼 jun均 ka喀 kai开 kan槛 kang康 kao考
ke坷 ken肯 keng坑 kong空 kou抠 ku枯 kua夸 kuai块 kuan宽 kuang匡 kui亏 kun坤 kuo括 la垃 lai莱 lan蓝 lang琅 lao捞 le乐
lei勒 leng棱 li厘 lia俩 lian联 liang粮 liao撩 lie列 lin琳 ling玲 liu溜 lo囖 long龙 lou楼 lu芦 luan峦 lun抡 luo萝 lv驴
lve掠 m呣 ma妈 mai埋 man瞒 mang芒 mao猫 me么 mei玫 men门 meng萌 mi眯 mian棉 miao苗 mie蔑 min民 ming明 miu谬 mo摸 mou谋
mu拇 n嗯 na拿 nai氖 nan南 nang囊 nao挠 ne呢 nei馁 nen嫩 neng能 ni妮 nian蔫 niang娘 niao鸟 nie捏 nin您 ning柠 niu牛
nong脓 nou耨 nu奴 nuan暖 nun黁 nuo挪 nv女 nve虐 o哦 ou欧 pa啪 pai拍 pan攀 pang乓 pao抛 pei呸 pen喷 peng砰 pi辟 pian篇
piao飘 pie撇 pin拼 ping乒 po泊 pou剖 pu脯 qi期 qia掐 qian牵 qiang枪 qiao橇 qie切 qin钦 qing青 qiong琼 qiu秋 qu趋 quan圈
que缺 qun裙 ran然 rang瓤 rao饶 re惹 ren壬 reng扔 ri日 rong戎 rou揉 ru茹 rua挼 ruan软 rui蕊 run闰 ruo若 sa撒 sai腮 san三
sang桑 sao搔 se瑟 sen森 seng僧 sha莎 shai筛 shan珊 shang墒 shao梢 she奢 shen砷 sheng声 shi匙 shou收 shu蔬 shua刷
shuai摔 shuan栓 shuang霜 shui谁 shun吮 shuo说 si斯 song松 sou搜 su苏 suan酸 sui虽 sun孙 suo蓑 ta塌 tai胎 tan坍 tang汤
tao掏 te特 teng藤 ti梯 tian天 tiao挑 tie贴 ting厅 tong通 tou偷 tu凸 tuan湍 tui推 tun吞 tuo拖 wa挖 wai歪 wan豌 wang汪
wei威 wen瘟 weng嗡 wo挝 wong𥦷 wu巫 xi昔 xia瞎 xian掀 xiang相 xiao萧 xie楔 xin薪 xing星 xiong兄 xiu休 xu墟 xuan轩 xue削
xun勋 ya压 yan焉 yang殃 yao邀 ye椰 yi一 yin茵 ying英 yo哟 yong拥 you幽 yu迂 yuan鸳 yue曰 yun耘 za匝 zai栽 zan咱 zang赃
zao遭 ze责 zei贼 zen怎 zeng增 zha扎 zhai摘 zhan瞻 zhang长 zhao招 zhe遮 zhen珍 zheng蒸 zhi芝 zhong中 zhou舟 zhu珠
zhua抓 zhuai拽 zhuan专 zhuang桩 zhui锥 zhun谆 zhuo捉 zi兹 zong鬃 zou邹 zu租 zuan钻 zui嘴 zun尊 zuo琢
"""

READINGS = """
阿a/e 艾ai/yi 拗ao/niu 扒ba/pa 柏bai/bo 薄bao/bo 堡bao/bu/pu 暴bao/pu 便bian/pian 扁bian/pian 剥bo/bao 伯bo/bai
泊bo/po 卜bu/bo 参can/shen/cen 藏cang/zang 曾zeng/ceng 查cha/zha 差cha/chai/ci 禅chan/shan 长chang/zhang
朝chao/zhao 车che/ju 尺chi/che 称cheng/chen 乘cheng/sheng 盛sheng/cheng 晟sheng/cheng 澄cheng/deng
谌chen/shen 匙chi/shi 种zhong/chong 重zhong/chong 仇chou/qiu 臭chou/xiu 畜chu/xu 传chuan/zhuan
幢chuang/zhuang 大da/dai 单dan/shan/chan 弹dan/tan 铛dang/cheng 地di/de 的de/di 翟zhai/di 调diao/tiao 都dou/du
度du/duo 囤dun/tun 恶e/wu 繁fan/po 佛fo/fu 否fou/pi 脯fu/pu 费fei/bi 咖ka/ga 干gan/qian 盖gai/ge 给gei/ji
贾jia/gu 莞guan/wan 桧gui/hui 炅gui/jiong 龟gui/jun/qiu 涡wo/guo 还hai/huan 咳ke/hai 行xing/hang/heng
巷xiang/hang 和he/huo/hu 黑hei/he 核he/hu 红hong/gong 虹hong/jiang 会hui/kuai 溃kui/hui 系xi/ji 奇qi/ji
祭ji/zhai 稽ji/qi 缉ji/qi 茄qie/jia 见jian/xian 槛kan/jian 降jiang/xiang 将jiang/qiang 强qiang/jiang
角jiao/jue 觉jue/jiao 校xiao/jiao 嚼jiao/jue 侥jiao/yao 解jie/xie 颉jie/xie 劲jin/jing 靓liang/jing 句ju/gou
咀ju/zui 圈quan/juan 隽jun/juan 卡ka/qia 壳ke/qiao 吭hang/keng 隗kui/wei 落luo/la/lao 乐le/yue/yao 勒le/lei
俩lia/liang 了le/liao 六liu/lu 露lu/lou 绿lv/lu 率lv/shuai 捋lv/luo 埋mai/man 脉mai/mo 蔓man/wan
氓mang/meng 没mei/mo 秘mi/bi 泌mi/bi 缪miao/mou/miu 乜mie/nie 模mo/mu 抹mo/ma 嘿hei/mo 万wan/mo 牟mou/mu
那na/nuo/nei 哪na/nei 娜na/nuo 南nan/na 呢ne/ni 能neng/nai 粘nian/zhan 弄nong/long 疟nve/yao 哦o/e 喔wo/o
区qu/ou 胖pang/pan 炮pao/bao 辟pi/bi 屏ping/bing 朴pu/piao/po 迫po/pai 埔pu/bu 瀑pu/bao 曝pu/bao 栖qi/xi
纤xian/qian 茜qian/xi 荨qian/xun 倩qian/qing 亲qin/qing 覃qin/tan/xun 瞿qu/ju 券quan/xuan 雀que/qiao 若ruo/re
塞sai/se 色se/shai 杉shan/sha 栅zha/shan 厦sha/xia 汤tang/shang 裳shang/chang 召zhao/shao 折zhe/she 蛇she/yi
什shen/shi 沈shen/chen 莘xin/shen 省sheng/xing 石shi/dan 识shi/zhi 似si/shi 拾shi/she 属shu/zhu
说shuo/shui/yue 宿su/xiu 拓tuo/ta 提ti/di 屯tun/zhun 褪tui/tun 尾wei/yi 蔚wei/yu 尉wei/yu 遗yi/wei 圩wei/xu
洗xi/xian 冼xian/xi 吓xia/he 邪xie/ye 血xue/xie 叶ye/xie 郗xi/chi 郇xun/huan 削xue/xiao 吁xu/yu 咽yan/ye
殷yin/yan 芫yan/yuan 钥yao/yue 么me/yao 员yuan/yun 俞yu/shu 粥zhou/yu 轧ya/zha/ga 扎zha/za 仔zai/zi 择ze/zhai
爪zhua/zhao 着zhe/zhao/zhuo 琢zhuo/zuo 卒zu/cu 宓mi/fu
"""

NUMERALS = "零ling 壹yi 贰er 叁san 肆si 伍wu 陆lu/liu 柒qi 捌ba 玖jiu 陸lu/liu 貳er"
