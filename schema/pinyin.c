/*
 * Readings of Chinese characters: ICU's, and a table of those that names and places have besides.
 *
 * ICU's transliterator is opened at the first question: that takes a tenth of a second, a character some
 * microseconds. A character is asked once.
 */
#include "schema/pinyin.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/utrans.h>

#include "schema/base/limits.h"

enum { FIRST = 0x3400, LAST = 0x9fff, LETTERS = 7, RULES = 16, ROOM = 32 };

/* Unasked, without a reading, with one. */
enum state { STATE_NEW, STATE_NONE, STATE_KNOWN };

struct reading {
    char letters[LETTERS]; /* with its NUL */
    uint8_t state;
};

_Static_assert(sizeof(struct reading) * (LAST - FIRST + 1) <= LIMIT_PINYIN_MEMORY,
               "the readings fit their limit");

struct pinyin {
    UTransliterator *transliterator;
    bool tried;
    struct reading readings[LAST - FIRST + 1];
};

/* Surnames (单 shan, 曾 zeng), places (厦门, 重庆) and words of company names (银行) that are read in another way than ICU
 * says, by code point. */
static const struct {
    uint32_t point;
    char readings[PINYIN_READINGS - 1][LETTERS];
} OTHERS[] = {
    {U'万', {"mo"}},    {U'乐', {"yue"}},   {U'乘', {"sheng"}},  {U'乜', {"nie"}},
    {U'亲', {"qing"}},  {U'什', {"shi"}},   {U'仇', {"qiu"}},    {U'仔', {"zai"}},
    {U'会', {"kuai"}},  {U'传', {"zhuan"}}, {U'伺', {"si"}},     {U'伽', {"qie", "ga"}},
    {U'佛', {"fo"}},    {U'佴', {"nai"}},   {U'侗', {"tong"}},   {U'侥', {"yao"}},
    {U'便', {"pian"}},  {U'俟', {"si"}},    {U'俩', {"liang"}},  {U'六', {"lu"}},
    {U'冯', {"ping"}},  {U'刨', {"bao"}},   {U'削', {"xiao"}},   {U'劲', {"jing"}},
    {U'勒', {"le"}},    {U'匙', {"chi"}},   {U'区', {"ou"}},     {U'单', {"shan"}},
    {U'卜', {"bu"}},    {U'卡', {"qia"}},   {U'厦', {"xia"}},    {U'参', {"shen"}},
    {U'句', {"gou"}},   {U'叨', {"tao"}},   {U'召', {"shao"}},   {U'叶', {"xie"}},
    {U'吁', {"yu"}},    {U'合', {"ge"}},    {U'吓', {"he"}},     {U'否', {"pi"}},
    {U'吭', {"hang"}},  {U'吱', {"zi"}},    {U'吾', {"yu"}},     {U'员', {"yun"}},
    {U'呱', {"gua"}},   {U'和', {"huo"}},   {U'咖', {"ga"}},     {U'咳', {"ke"}},
    {U'咽', {"ye"}},    {U'嚼', {"jiao"}},  {U'囤', {"tun"}},    {U'圈', {"juan"}},
    {U'圩', {"xu"}},    {U'埋', {"man"}},   {U'埔', {"pu"}},     {U'堡', {"bu", "pu"}},
    {U'塞', {"se"}},    {U'壳', {"qiao"}},  {U'奇', {"ji"}},     {U'姥', {"mu"}},
    {U'娜', {"nuo"}},   {U'宓', {"fu"}},    {U'宿', {"xiu"}},    {U'尉', {"yu"}},
    {U'尾', {"yi"}},    {U'屏', {"bing"}},  {U'属', {"zhu"}},    {U'峒', {"tong"}},
    {U'差', {"chai"}},  {U'巷', {"hang"}},  {U'幢', {"zhuang"}}, {U'度', {"duo"}},
    {U'弄', {"long"}},  {U'弹', {"tan"}},   {U'强', {"jiang"}},  {U'恶', {"wu"}},
    {U'扁', {"pian"}},  {U'扎', {"za"}},    {U'折', {"she"}},    {U'抹', {"ma"}},
    {U'拓', {"tuo"}},   {U'择', {"zhai"}},  {U'括', {"gua"}},    {U'拾', {"she"}},
    {U'挟', {"jia"}},   {U'提', {"di"}},    {U'摩', {"ma"}},     {U'攒', {"cuan"}},
    {U'数', {"shuo"}},  {U'於', {"wu"}},    {U'晟', {"sheng"}},  {U'曝', {"bao"}},
    {U'曾', {"zeng"}},  {U'朝', {"zhao"}},  {U'期', {"ji"}},     {U'朴', {"piao"}},
    {U'杉', {"sha"}},   {U'枞', {"zong"}},  {U'柏', {"bo"}},     {U'柞', {"zuo"}},
    {U'查', {"zha"}},   {U'栖', {"xi"}},    {U'校', {"jiao"}},   {U'核', {"hu"}},
    {U'桔', {"jie"}},   {U'桧', {"hui"}},   {U'模', {"mu"}},     {U'歙', {"xi"}},
    {U'殖', {"shi"}},   {U'殷', {"yan"}},   {U'氏', {"zhi"}},    {U'氓', {"meng"}},
    {U'沈', {"chen"}},  {U'泌', {"bi"}},    {U'泷', {"shuang"}}, {U'洗', {"xian"}},
    {U'浒', {"xu"}},    {U'浚', {"xun"}},   {U'涡', {"guo"}},    {U'溃', {"hui"}},
    {U'澄', {"deng"}},  {U'澹', {"tan"}},   {U'瀑', {"bao"}},    {U'炅', {"gui"}},
    {U'炮', {"bao"}},   {U'烙', {"luo"}},   {U'熟', {"shou"}},   {U'爪', {"zhua"}},
    {U'牟', {"mu"}},    {U'率', {"shuai"}}, {U'琢', {"zhuo"}},   {U'甚', {"shi"}},
    {U'畜', {"xu"}},    {U'番', {"pan"}},   {U'疟', {"yao"}},    {U'百', {"bo"}},
    {U'盖', {"ge"}},    {U'盛', {"cheng"}}, {U'省', {"xing"}},   {U'石', {"dan"}},
    {U'祭', {"zhai"}},  {U'种', {"chong"}}, {U'秘', {"bi"}},     {U'称', {"chen"}},
    {U'稽', {"qi"}},    {U'粘', {"nian"}},  {U'系', {"ji"}},     {U'纤', {"qian"}},
    {U'约', {"yao"}},   {U'绰', {"chao"}},  {U'综', {"zeng"}},   {U'绿', {"lu"}},
    {U'缉', {"qi"}},    {U'缪', {"miao"}},  {U'缴', {"zhuo"}},   {U'翟', {"zhai"}},
    {U'肋', {"lei"}},   {U'胖', {"pan"}},   {U'脉', {"mo"}},     {U'脯', {"fu"}},
    {U'臭', {"xiu"}},   {U'色', {"shai"}},  {U'芥', {"gai"}},    {U'茄', {"qie"}},
    {U'茜', {"xi"}},    {U'荥', {"ying"}},  {U'莘', {"xin"}},    {U'莞', {"wan"}},
    {U'落', {"la"}},    {U'葚', {"shen"}},  {U'蔓', {"wan"}},    {U'蔚', {"yu"}},
    {U'蕃', {"bo"}},    {U'薄', {"bo"}},    {U'藏', {"zang"}},   {U'虹', {"jiang"}},
    {U'蚌', {"beng"}},  {U'蛤', {"ge"}},    {U'血', {"xie"}},    {U'行', {"hang"}},
    {U'褚', {"zhe"}},   {U'褪', {"tun"}},   {U'覃', {"qin"}},    {U'角', {"jue"}},
    {U'解', {"xie"}},   {U'识', {"zhi"}},   {U'调', {"tiao"}},   {U'谌', {"shen"}},
    {U'貉', {"he"}},    {U'贲', {"bi"}},    {U'费', {"bi"}},     {U'贾', {"gu"}},
    {U'趄', {"qie"}},   {U'蹊', {"xi"}},    {U'车', {"ju"}},     {U'轧', {"zha"}},
    {U'辟', {"bi"}},    {U'还', {"huan"}},  {U'迫', {"pai"}},    {U'适', {"kuo"}},
    {U'遗', {"wei"}},   {U'郇', {"xun"}},   {U'郗', {"chi"}},    {U'都', {"du"}},
    {U'重', {"chong"}}, {U'钥', {"yue"}},   {U'铅', {"yan"}},    {U'铛', {"cheng"}},
    {U'长', {"chang"}}, {U'阿', {"e"}},     {U'陆', {"liu"}},    {U'降', {"xiang"}},
    {U'隗', {"wei"}},   {U'隽', {"jun"}},   {U'雀', {"qiao"}},   {U'露', {"lou"}},
    {U'颉', {"xie"}},   {U'驮', {"duo"}},   {U'黑', {"he"}},     {U'龟', {"qiu", "jun"}},
};

enum { OTHER_COUNT = sizeof OTHERS / sizeof *OTHERS };

struct pinyin *pinyin_open(void) {
    return calloc(1, sizeof(struct pinyin));
}

void pinyin_close(struct pinyin *pinyin) {
    if (!pinyin)
        return;
    if (pinyin->transliterator)
        utrans_close(pinyin->transliterator);
    free(pinyin);
}

static UTransliterator *transliterator_of(struct pinyin *pinyin) {
    static const char name[] = "Han-Latin; NFD";
    UChar id[RULES];
    UErrorCode status = U_ZERO_ERROR;
    if (pinyin->tried)
        return pinyin->transliterator;
    for (size_t i = 0; i < sizeof name; i++)
        id[i] = (UChar)name[i];
    pinyin->tried = true;
    pinyin->transliterator = utrans_openU(id, (int32_t)sizeof name - 1, UTRANS_FORWARD,
                                          NULL, 0, NULL, &status);
    if (U_FAILURE(status))
        pinyin->transliterator =
            NULL; /* without its data: search goes on without pinyin */
    return pinyin->transliterator;
}

/* Letters without their tones; the two dots of lü make a v. False when there is anything else. */
static bool letters_of(const UChar *text, int32_t size, char ret[LETTERS]) {
    static const UChar dots = 0x308;
    static const UChar first_mark = 0x300;
    static const UChar last_mark = 0x36f;
    size_t count = 0;
    for (int32_t i = 0; i < size; i++) {
        if (text[i] >= 'a' && text[i] <= 'z' && count < LETTERS - 1)
            ret[count++] = (char)text[i];
        else if (text[i] == dots && count > 0)
            ret[count - 1] = 'v';
        else if (text[i] < first_mark || text[i] > last_mark)
            return false;
    }
    ret[count] = '\0';
    return count > 0;
}

static void ask(struct pinyin *pinyin, uint32_t point, struct reading *reading) {
    UTransliterator *transliterator = transliterator_of(pinyin);
    UChar text[ROOM] = {(UChar)point};
    UErrorCode status = U_ZERO_ERROR;
    int32_t size = 1;
    int32_t limit = 1;
    reading->state = STATE_NONE;
    if (!transliterator)
        return;
    utrans_transUChars(transliterator, text, &size, ROOM, 0, &limit, &status);
    if (U_SUCCESS(status) && letters_of(text, size, reading->letters))
        reading->state = STATE_KNOWN;
}

static size_t add_others(uint32_t point, size_t count, const char **ret) {
    size_t low = 0;
    size_t high = OTHER_COUNT;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (OTHERS[middle].point < point)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == OTHER_COUNT || OTHERS[low].point != point)
        return count;
    for (size_t i = 0; i < PINYIN_READINGS - 1 && OTHERS[low].readings[i][0]; i++)
        ret[count++] = OTHERS[low].readings[i];
    return count;
}

size_t pinyin_readings(struct pinyin *pinyin, uint32_t point,
                       const char *ret[PINYIN_READINGS]) {
    if (point < FIRST || point > LAST)
        return 0;
    struct reading *reading = &pinyin->readings[point - FIRST];
    if (reading->state == STATE_NEW)
        ask(pinyin, point, reading);
    if (reading->state == STATE_NONE)
        return 0;
    ret[0] = reading->letters;
    return add_others(point, 1, ret);
}
