"""The command line: help from the annotations, and how values look."""

import csv
import io
import os
import subprocess
import unittest

import support
from support import BIN


class CommandLine(support.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.shared = cls("company_for_all")
        cls.company_ = cls.shared.company()
        cls.hq = cls.company_.hq
        cls.ann = cls.company_.station("ann", "Ann Reed")

    @classmethod
    def tearDownClass(cls):
        cls.shared.doCleanups()

    def company_for_all(self):
        """Owns what setUpClass made."""

    def test_help(self):
        usage = self.ann.run("help")
        for name in ("enrol", "do", "ask", "sync", "status", "inbox", "import", "help", "story",
                     "verify", "move"):
            self.assertIn(f"  {name} ", usage)
        self.assertEqual(subprocess.run([BIN / "satchel"], capture_output=True).returncode, 2)
        self.assertIn("opportunity.win ", self.ann.run("help", "commands"))
        self.assertIn("opportunity.win_rate ", self.ann.run("help", "queries"))
        entry = self.ann.run("help", "opportunity.assign")
        for text in ("Hand an opportunity", "For: manager, hq", "note", "may be left out",
                     "satchel do opportunity.assign opportunity="):
            self.assertIn(text, entry)
        self.assertIn("赢单", self.ann.run("help", "commands", "--lang", "zh"))
        chinese = subprocess.run(self.ann.command("help"), capture_output=True, text=True,
                                 env={**os.environ, "LC_ALL": "zh_CN.UTF-8"})
        self.assertIn("同步", chinese.stdout)
        for words in (["help", "sync"], ["sync", "--help"]):
            self.assertIn("--watch", self.ann.run(*words))
        with self.assertRaises(support.Failure) as caught:
            self.ann.run("help", "opportunity.asign")
        self.assertIn("opportunity.assign", caught.exception.message)
        nowhere = support.Station(self.ann.home.parent / "no-station")
        for words in (["commands"], ["queries"], ["opportunity.win"]):
            self.assertEqual(nowhere.run("help", *words), self.ann.run("help", *words))

    def test_chinese(self):
        def say(*words):
            return self.ann.run(*words, "--lang", "zh")
        self.assertIn("上次同步", say("status"))
        self.assertIn("已发送", say("sync"))
        self.assertIn("没有新内容", say("inbox"))
        self.assertRegex(say("story"), "已合并|本站最近没有操作")
        with self.assertRaises(support.Failure) as caught:
            say("do", "opportunity.win")
        self.assertIn("字段 opportunity", caught.exception.message)
        self.assertIn("请填写“商机”。", caught.exception.message)
        self.assertIn("详情：", caught.exception.message)
        table = say("ask", "opportunity.list", "state=open").splitlines()
        for title in ("商机名称", "客户", "阶段", "金额", "负责人", "登记日期"):
            self.assertIn(title, table[0])
        self.assertNotRegex(table[0], "[a-z]")
        self.assertIn("进行中", table[2])
        self.assertIn("（无记录）", say("ask", "opportunity.list", "text=nothing like this"))
        card = say("ask", "customer.show", "customer=Northwind")
        self.assertIn("客户名称：Northwind", card)
        self.assertIn("客户性质：企业", card)
        entry = say("help", "customer.register")
        for text in ("登记客户", "参数：", "客户级别", "可省略", "示例："):
            self.assertIn(text, entry)
        self.assertNotIn("可省略", self.ann.run("help", "customer.register"))

    def test_every_entry_has_help(self):
        description = self.hq.json("help")
        for list_ in ("commands", "queries"):
            self.assertGreater(len(description[list_]), 20)
            for entry in description[list_]:
                self.assertTrue(entry["title"], entry)
                self.assertTrue(entry["title_zh"], entry)
        self.hq.run("help", description["commands"][0]["name"])

    def test_every_query_answers(self):
        for query in self.hq.json("help")["queries"]:
            if all(parameter["optional"] or parameter["default"] is not None
                   for parameter in query["parameters"]):
                with self.subTest(query=query["name"]):
                    self.assertIsInstance(self.hq.ask(query["name"]), list)

    def test_values_for_people(self):
        table = self.hq.run("ask", "opportunity.win_rate")
        self.assertIn("83.33 %", table)
        self.assertIn("10,950.00", table)
        raw, = self.hq.ask("opportunity.win_rate")
        self.assertEqual((raw["win_rate_bp"], raw["won_amount_minor"]), (8333, 1095000))
        sheet = list(csv.DictReader(io.StringIO(self.hq.run("ask", "opportunity.win_rate", "--csv"))))
        self.assertEqual(sheet[0]["won_amount"], "10950.00")
        self.assertEqual(sheet[0]["win_rate"], "83.33%")

    def test_tables_align_with_wide_characters(self):
        self.hq.do("customer.register", name="上海明朗贸易", country="China")
        lines = self.hq.run("ask", "customer.list").splitlines()
        rule = lines[1]
        column = [i for i in range(len(rule)) if rule[i] == "-" and (i == 0 or rule[i - 1] == " ")]
        wide = next(line for line in lines if "上海明朗贸易" in line)
        # Each of its six characters takes two places, so the line has six characters fewer.
        country = lines[0].index("country")
        self.assertIn(country, column)
        self.assertEqual(wide.index("China"), country - 6)

    def test_cells_that_look_like_formulas(self):
        self.hq.do("customer.register", name='=HYPERLINK("x","y")', phone="+86 10 1234",
                   remark="-5")
        text = self.hq.run("ask", "customer.list", "text=HYPERLINK", "--csv")
        row = next(csv.DictReader(io.StringIO(text)))
        self.assertEqual(row["name"], "'=HYPERLINK(\"x\",\"y\")")
        self.assertEqual(row["phone"], "'+86 10 1234")
        self.assertTrue(self.hq.run("ask", "customer.list", "--bom").startswith("\ufeff"))

    def test_status_story_verify(self):
        self.ann.do("reminder.set", title="Call", due_at="2030-01-01 10:00")
        status = self.ann.status()
        self.assertEqual(status["waiting"], 1)
        self.assertEqual([actor["name"] for actor in status["actors"]], ["Ann Reed"])
        self.assertIn("Ann Reed", self.ann.run("status"))
        story = self.ann.json("story")
        self.assertEqual(story[0]["command"], "reminder.set")
        self.assertIn("reminder.set", self.ann.run("story", "--limit", "1"))
        report = self.ann.sync()
        self.assertEqual((report["transactions_sent"], report["merged"], report["waiting"]),
                         (1, 1, 0))
        self.assertIn("Sent 0 transactions", self.ann.run("sync"))
        self.ann.verify()

    def test_notices(self):
        deal = self.ann.ask("opportunity.show", opportunity="D003")[0]
        self.hq.sync()
        self.hq.do("opportunity.assign", opportunity=deal["id"], to="Bob Lane", note="Please")
        self.hq.sync()
        bob = self.company_.station("bob", "Bob Lane")
        notices = bob.inbox()["notices"]
        self.assertEqual(len(notices), 1, notices)
        self.assertIn("Please", bob.run("inbox"))
        bob.run("inbox", "read", "all")
        self.assertEqual(bob.inbox()["notices"], [])
        self.assertIn("Nothing new", bob.run("inbox"))
        self.assertRefused("inbox.unknown", None, bob.json, "inbox", "restore", "7")


if __name__ == "__main__":
    unittest.main()
