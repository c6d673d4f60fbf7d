"""A sync round by files, where there is no network: whatever may happen to the files on their way."""

import os
import unittest

import support


class BundleFile(support.TestCase):

    def setUp(self):
        self.company_ = self.company()
        self.server, self.hq = self.company_.server, self.company_.hq
        self.anna = self.company_.station("anna", "Ann Reed")
        self.stick = self.folder()
        self.cut()

    def cut(self):
        self.company_.links["anna"].cut()

    def restore(self):
        self.company_.links["anna"].restore()

    def export(self, station, name):
        return station.json("bundle", "export", self.stick / name)

    def import_(self, station, name):
        return station.json("bundle", "import", self.stick / name)

    def take(self, name, answer=None, *options):
        answer = ["--answer", self.stick / answer] if answer else []
        return self.server.run("bundle", "import", "--data", self.server.folder,
                               self.stick / name, *answer, *options)

    def phone(self, station):
        return station.ask("customer.show", customer="Northwind")[0]["phone"]

    def visits(self, station):
        return [row["summary"] for row in station.ask("interaction.list", customer="Northwind")
                if row.get("summary")]

    def work(self, *summaries):
        for summary in summaries:
            self.anna.do("interaction.log", kind="visit", customer="Northwind", summary=summary)

    def check_equal(self, expected):
        self.hq.sync()
        for station in (self.anna, self.hq):
            visits = self.visits(station)
            self.assertEqual(sorted(visits), sorted(expected), station.home)
            station.verify()
        self.server.verify()

    def test_a_round_by_files(self):
        self.hq.do("customer.edit", customer="Northwind", phone="555-0100")
        self.hq.sync()
        self.work("one", "two")
        report = self.export(self.anna, "question")
        self.assertEqual(report["transactions"], 2)
        self.assertEqual(report["bytes"], (self.stick / "question").stat().st_size)
        self.assertEqual(self.anna.status()["waiting"], 2)
        said = self.take("question", "answer")
        self.assertIn("1 bundles with 2 transactions; 2 merged, 0 of them with a conflict", said)
        # Nobody who finds the stick reads anything, or changes it unseen.
        for name in ("question", "answer"):
            self.assertNotIn(b"Northwind", (self.stick / name).read_bytes())
            self.assertEqual((self.stick / name).stat().st_mode & 0o777, 0o600)
        report = self.import_(self.anna, "answer")
        self.assertEqual((report["merged"], report["waiting"]), (2, 0))
        self.assertEqual(self.phone(self.anna), "555-0100")
        self.check_equal(["one", "two"])
        # The next round begins where this one ended.
        self.hq.do("customer.edit", customer="Northwind", phone="555-0101")
        self.hq.sync()
        self.export(self.anna, "question2")
        self.take("question2", "answer2")
        report = self.import_(self.anna, "answer2")
        self.assertEqual(self.phone(self.anna), "555-0101")
        self.assertLess(report["rows_received"], 10)
        self.assertTrue(self.anna.status()["last_sync_at"])

    def test_people_read_it_in_their_language(self):
        self.work("one")
        self.assertIn("holds 1 transaction (", self.anna.run("bundle", "export", self.stick / "a"))
        self.assertIn("包含 1 项操作", self.anna.run("--lang", "zh", "bundle", "export", self.stick / "b"))
        self.take("b", "answer")
        self.assertIn("收到", self.anna.run("--lang", "zh", "bundle", "import", self.stick / "answer"))
        self.assertIn("没有新内容", self.anna.run("--lang", "zh", "bundle", "import", self.stick / "answer"))
        self.assertIn("Nothing new", self.anna.run("bundle", "import", self.stick / "answer"))

    def test_an_answer_that_never_comes(self):
        self.work("one", "two")
        self.export(self.anna, "question")
        self.take("question")  # nobody wanted an answer
        self.work("three")
        self.restore()
        report = self.anna.sync()
        self.assertEqual((report["merged"], report["waiting"]), (3, 0))
        self.check_equal(["one", "two", "three"])

    def test_an_answer_that_comes_late_and_twice(self):
        self.work("one")
        self.export(self.anna, "question")
        self.take("question", "answer")
        self.hq.do("customer.edit", customer="Northwind", phone="555-0100")
        self.hq.sync()
        self.restore()
        self.work("two")
        self.anna.sync()
        self.cut()
        cursor = self.anna.status()["cursor"]
        for _ in range(2):
            report = self.import_(self.anna, "answer")
            self.assertEqual((report["merged"], report["rows_received"]), (0, 0))
            self.assertEqual(self.anna.status()["cursor"], cursor)
            self.assertEqual(self.phone(self.anna), "555-0100")  # not as the answer knew it
        self.work("three")
        self.export(self.anna, "question2")
        self.take("question2", "answer2")
        self.assertEqual(self.import_(self.anna, "answer2")["merged"], 1)
        self.check_equal(["one", "two", "three"])

    def test_files_that_overtake_each_other(self):
        self.work("one")
        self.export(self.anna, "first")
        self.work("two")
        self.export(self.anna, "second")
        self.assertIn("2 bundles with 2", self.take("second", "second-answer"))
        self.assertIn("1 bundles with 1", self.take("first", "first-answer"))
        self.take("second", "second-again")
        self.assertEqual(self.import_(self.anna, "second-answer")["merged"], 2)
        self.assertEqual(self.import_(self.anna, "first-answer")["merged"], 0)
        self.assertEqual(self.import_(self.anna, "second-again")["merged"], 0)
        self.assertEqual(self.anna.status()["waiting"], 0)
        self.check_equal(["one", "two"])

    def test_the_first_answer_alone(self):
        """An answer to an older file settles what that file held, and brings its rows."""
        self.work("one")
        self.export(self.anna, "first")
        self.work("two")
        self.export(self.anna, "second")
        self.take("first", "answer")
        report = self.import_(self.anna, "answer")
        self.assertEqual((report["merged"], report["waiting"]), (1, 1))
        self.restore()
        self.assertEqual(self.anna.sync()["merged"], 1)
        self.check_equal(["one", "two"])

    def test_conflicts_and_refusals_come_back(self):
        self.hq.do("opportunity.lose", opportunity="D003", reason="price")
        self.hq.sync()
        self.anna.do("opportunity.win", opportunity="D003")
        self.anna.do("customer.edit", customer="Northwind", phone="555-0001")
        self.export(self.anna, "question")
        self.take("question", "answer")
        report = self.import_(self.anna, "answer")
        self.assertEqual((report["merged"], report["refused"]), (1, 1))
        self.assertEqual(len(self.anna.inbox()["refusals"]), 1)
        self.anna.verify()

    def test_files_in_the_wrong_place(self):
        bob = self.company_.station("bob", "Bob Lane")
        self.export(self.anna, "question")
        self.take("question", "answer")
        self.assertRefused("parcel.station", "file", self.import_, bob, "answer")
        self.assertRefused("parcel.kind", "file", self.import_, self.anna, "question")
        self.assertRefused("parcel.exists", "file", self.export, self.anna, "question")
        self.assertRefused("file.read", "file", self.import_, self.anna, "nothing")
        other = self.company()
        eve = other.station("eve", "Ann Reed")
        self.assertRefused("parcel.company", "file", self.import_, eve, "answer")
        self.export(eve, "foreign")
        for name, code in (("foreign", "parcel.company"), ("answer", "parcel.kind"),
                           ("nothing", "file.read")):
            with self.assertRaises(support.Failure) as caught:
                self.take(name)
            self.assertIn(f"({code}", caught.exception.errors)
        with self.assertRaises(support.Failure) as caught:
            self.take("question", "answer")
        self.assertIn("(parcel.exists", caught.exception.errors)
        # A copy of the station that was made before does not know the question.
        self.server.verify()

    def test_a_question_that_this_copy_did_not_ask(self):
        copy = support.Station(self.company_.folder / "copy")
        support.copy_folder(self.anna.home, copy.home)
        self.export(self.anna, "question")
        self.take("question", "answer")
        self.assertRefused("parcel.unknown", "file", self.import_, copy, "answer")

    def test_files_that_were_cut_or_altered(self):
        self.work("one", "two")
        self.export(self.anna, "question")
        whole = (self.stick / "question").read_bytes()
        self.check_broken(whole, lambda name: self.take(name))
        self.hq.sync()
        self.assertEqual(self.visits(self.hq), [])
        self.take("question", "answer")
        whole = (self.stick / "answer").read_bytes()
        self.check_broken(whole, lambda name: self.import_(self.anna, name))
        self.assertEqual(self.anna.status()["waiting"], 2)
        self.assertEqual(self.import_(self.anna, "answer")["merged"], 2)
        self.check_equal(["one", "two"])

    def check_broken(self, whole, take):
        middle = len(whole) // 2
        altered = bytes([whole[middle] ^ 1])
        broken = {
            "parcel.format": [b"", whole[:96], b"PK" + whole[2:], os.urandom(5000)],
            "parcel.newer": [whole[:15] + b"\x02" + whole[16:]],
            "parcel.truncated": [whole[:113], whole[:middle], whole[:-1]],
            "parcel.damaged": [whole[:middle] + altered + whole[middle + 1:], whole + b"\0"],
            "parcel.recipient": [whole[:65] + bytes(32) + whole[97:]],
        }
        for code, files in broken.items():
            for number, data in enumerate(files):
                name = f"broken-{code}-{number}"
                (self.stick / name).write_bytes(data)
                with self.subTest(name), self.assertRaises(support.Failure) as caught:
                    take(name)
                self.assertIn(code, caught.exception.errors)
                (self.stick / name).unlink()


class FirstSync(support.TestCase):

    def test_a_first_sync_by_file(self):
        """Headquarters' second station gets everything by stick, in as many responses as it takes, though the server has
        another key meanwhile."""
        company = self.company(full=True)
        station = company.station("second", "Headquarters", sync=False)
        company.links["second"].cut()
        stick = self.folder()
        station.json("bundle", "export", stick / "question")
        company.server.stop()
        company.server.run("rotate-key", "--data", company.server.folder)
        company.server.start()
        said = company.server.run("bundle", "import", "--data", company.server.folder,
                                  stick / "question", "--answer", stick / "answer")
        self.assertNotIn("There is more", said)
        report = station.json("bundle", "import", stick / "answer")
        self.assertGreater(report["rounds"], 1)
        self.assertGreater(report["rows_received"], 20000)
        station.verify()
        count = "opportunity.list", {"limit": 100000}
        rows = [sorted(row["id"] for row in one.ask(count[0], **count[1])) for one in (station, company.hq)]
        self.assertEqual(len(rows[0]), 8800)
        self.assertEqual(rows[0], rows[1])

    def test_what_does_not_fit_is_gone_on_from(self):
        company = self.company(full=True)
        station = company.station("second", "Headquarters", sync=False)
        company.links["second"].cut()
        stick = self.folder()
        rounds = 0
        said = "There is more"
        while "There is more" in said:
            rounds += 1
            question, answer = stick / f"question{rounds}", stick / f"answer{rounds}"
            station.json("bundle", "export", question)
            said = company.server.run("bundle", "import", "--data", company.server.folder, question,
                                      "--answer", answer, "--limit", "1")
            self.assertLess(answer.stat().st_size, 3 * 1024 * 1024)
            station.json("bundle", "import", answer)
            if rounds == 1:
                company.links["second"].restore()  # a network in between does no harm
        self.assertEqual(len(station.ask("opportunity.list", limit=100000)), 8800)
        station.verify()


if __name__ == "__main__":
    unittest.main()
