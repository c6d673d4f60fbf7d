/*
 * One table. "%.0s" takes an English plural's "s" and prints nothing.
 */
#include "tools/satchel/words.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

static const char *const words[][2] = {
    /* status */
    {"company", "公司"},
    {"station", "工作站"},
    {"%s, %s (as %s)\n", "%s，%s（身份 %s）\n"},
    {"people", "人员"},
    {"folder", "文件夹"},
    {"server", "服务器"},
    {"last sync", "上次同步"},
    {"never", "从未"},
    {"last error", "上次错误"},
    {"fork", "副本"},
    {"yes: a copy; headquarters takes no work from it",
     "是：这是副本，总部不再接收它的操作"},
    {"rows", "行数"},
    {"to be sent", "待发送"},
    {"refused", "被拒"},
    {"need a look", "待查看"},
    {"clock", "时钟"},
    {"this clock is %" PRId64 " minutes behind headquarters'; corrected\n",
     "本机时钟比总部慢 %" PRId64 " 分钟；已校正\n"},
    {"this clock is %" PRId64 " minutes ahead of headquarters'; corrected\n",
     "本机时钟比总部快 %" PRId64 " 分钟；已校正\n"},
    {"What this station holds adds up.", "本站数据校验无误。"},
    {"equality", "一致性"},
    {"what is here differs from headquarters", "本站数据与总部不同"},
    {"everything comes once more", "正在重新接收全部数据"},
    /* bundle files */
    {"%s holds %" PRId64 " transaction%s (", "%s 包含 %" PRId64 " 项操作%.0s（"},
    {"), encrypted for headquarters.\nThere: satcheld bundle import FILE --answer FILE2; "
     "then here: satchel bundle import FILE2\n",
     "），已为总部加密。\n总部执行：satcheld bundle import 文件 --answer 文件2；然后本机执行："
     "satchel bundle import 文件2\n"},
    {"Nothing new: this answer was taken in before, or the station has synced since.",
     "没有新内容：该回复已经导入过，或者本站此后已同步。"},
    {"Received %" PRId64 " row%s.\n", "收到 %" PRId64 " 行%.0s。\n"},
    /* story and inbox */
    {"Nothing was done on this station lately.", "本站最近没有操作。"},
    {"waits to be sent", "等待发送"},
    {"on its way", "发送中"},
    {"merged", "已合并"},
    {"merged with a conflict", "已合并，有冲突"},
    {"refused by headquarters", "被总部拒绝"},
    {"no longer fits what others did", "与他人的操作不再相符"},
    {"emptied", "清空"},
    {"%s      overwritten by %s: %s (%s)\n", "%s      已被 %s 覆盖为 %s（%s）\n"},
    {"written later", "以后修改的为准"},
    {"written at the same moment", "同时修改"},
    {"the first value stays", "保留最先的值"},
    {"an earlier step", "较早的阶段变更"},
    {"the record was deleted", "记录已删除"},
    {"changed afterwards", "之后再次修改"},
    {"%s    … and %zu more rows\n", "%s    … 另有 %zu 行\n"},
    {"Nothing new.", "没有新内容。"},
    {"Conflicts (satchel inbox restore N puts the lost value back; keep N leaves it):",
     "冲突（satchel inbox restore N 恢复落选的值；keep N 保留现值）："},
    {"Refused by headquarters (satchel inbox resubmit N [name=value …] does it again; "
     "discard N gives it up):",
     "被总部拒绝（satchel inbox resubmit N [名称=值 …] 修改后重新提交；discard N 放弃）："},
    {"No longer fits what others did (resubmit N, discard N):",
     "与他人的操作不再相符（resubmit N 重新提交，discard N 放弃）："},
    {"Done again; the next sync tells headquarters.", "已重新提交；下次同步时发送总部。"},
    {"Given up.", "已放弃。"},
    {"Notices (satchel inbox read N, or all):",
     "通知（satchel inbox read N，或 all 全部标为已读）："},
    {", by ", "，来自 "},
    {"stands:", "现值："},
    {"lost:  ", "落选："},
    {"     %s \"%s\", by %s at ", "     %s “%s”，%s，"},
    {"     why:    %s\n", "     原因：%s\n"},
    {"     settled: %s\n", "     已处理：%s\n"},
    {"it was written later, by headquarters' time", "按总部时间，它写得更晚"},
    {"both at the same moment; the station's id decides", "同一时刻；由工作站编号决定"},
    {"the first value stays", "保留最先的值"},
    {"the other step was earlier than the present state", "另一步骤早于当前状态"},
    {"the row was deleted meanwhile", "该行已被删除"},
    {"Put back; the next sync tells all.", "已恢复；下次同步后所有人可见。"},
    {"Settled: the value that stands, stays.", "已处理：保留现值。"},
    {"Marked as read.", "已标为已读。"},
    /* sync */
    {"Sent %" PRId64 " transaction%s (", "已发送 %" PRId64 " 个事务%.0s（"},
    {"), received ", "），收到 "},
    {" row%s (", " 行%.0s（"},
    {") in %.1f s.", "），用时 %.1f 秒。"},
    {" %" PRId64 " rows left this station's view.", "%" PRId64 " 行已不在本站范围内。"},
    {"Headquarters merged %" PRId64 ", %" PRId64
     " of them with a conflict; refused %" PRId64 ".\n",
     "总部合并了 %" PRId64 " 个，其中 %" PRId64 " 个有冲突；拒绝了 %" PRId64 " 个。\n"},
    {"See: satchel inbox\n", "请看：satchel inbox\n"},
    {"%" PRId64 " transactions still wait.\n", "还有 %" PRId64 " 个事务待发送。\n"},
    {"What was here differed from headquarters; everything came once more, and it is equal "
     "again.\n",
     "本站数据曾与总部不同；已重新接收全部数据，现已一致。\n"},
    {"What is here differs from headquarters; an administrator should look: satchel verify "
     "--heal\n",
     "本站数据与总部不同，请管理员查看：satchel verify --heal\n"},
    {"what is here differs from headquarters: everything comes once more (%" PRId64
     " difference%s)",
     "本站数据与总部不同：正在重新接收全部数据（%" PRId64 " 处%.0s）"},
    {"equal to headquarters again (%" PRId64 " difference%s healed)",
     "已与总部一致（修复 %" PRId64 " 处%.0s）"},
    {"received %" PRId64 " row%s", "收到 %" PRId64 " 行%.0s"},
    {"gave up %" PRId64 " row%s", "移出 %" PRId64 " 行%.0s"},
    {"sent %" PRId64 " file%s", "上传 %" PRId64 " 个文件%.0s"},
    {"sent %" PRId64 " change%s", "发送 %" PRId64 " 项更改%.0s"},
    {"headquarters refused %" PRId64 " change%s; see: satchel inbox",
     "总部拒绝了 %" PRId64 " 项更改%.0s；请看：satchel inbox"},
    {"lost %" PRId64 " conflict%s; see: satchel inbox",
     "%" PRId64 " 处冲突%.0s落选；请看：satchel inbox"},
    {"offline: %s", "离线：%s"},
    {"online again", "重新在线"},
    {"online", "在线"},
    {"Keeping in step with headquarters; Ctrl-C ends.\n",
     "与总部保持同步；按 Ctrl-C 结束。\n"},
    /* rotate-key */
    {"This station signs with a new key.", "本工作站已启用新密钥。"},
    /* app */
    {"Port %d is taken; trying the next one.\n", "端口 %d 已被占用，改用下一个。\n"},
    {"Open this address in a browser on this device:\n\n  %s\n\n",
     "请在本机浏览器中打开：\n\n  %s\n\n"},
    {"It is for you alone: whoever has it works as you. Ctrl-C ends.\n",
     "此地址仅供本人使用：持有者即可以您的身份操作。按 Ctrl-C 结束。\n"},
    {"No browser could be started; open the address yourself.\n",
     "无法启动浏览器，请自行打开上面的地址。\n"},
    /* errors */
    {"satchel: %s (%s, field %s)\n", "satchel: 出错：%s（%s，字段 %s）\n"},
    {"satchel: %s (%s)\n", "satchel: 出错：%s（%s）\n"},
    {"  details: %s\n", "  详情：%s\n"},
    /* tables and help */
    {"(no rows)", "（无记录）"},
    {"Done.", "完成。"},
    {"%" PRId64 " file%s sent.\n", "已上传 %" PRId64 " 个文件%.0s。\n"},
    {"%lld files wait to be sent (", "%lld 个文件待上传（"},
    {"); %lld are kept here (", "），本机保存 %lld 个（"},
    {"\nFor: ", "\n角色："},
    {"\nParameters:\n", "\n参数：\n"},
    {"\nNo parameters.\n", "\n无参数。\n"},
    {"\nExamples:\n", "\n示例：\n"},
    {"\nQueries:\n", "\n查询：\n"},
    {"; may be left out", "；可省略"},
    {"; default %s", "；默认 %s"},
    {"; default %lld", "；默认 %lld"},
};

static bool chosen;

void words_choose(bool chinese) {
    chosen = chinese;
}

bool words_are_chinese(void) {
    return chosen;
}

const char *word(const char *english) {
    for (size_t i = 0; chosen && i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i][0], english) == 0)
            return words[i][1];
    return english;
}
