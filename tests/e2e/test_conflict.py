"""Two people edit one customer without a network; time decides, and nothing is lost."""

import shutil
import time
import unittest

import support


@unittest.skipUnless(shutil.which("faketime"), "faketime is not installed")
class Conflict(support.TestCase):
    """The first edits at 10:00 (phone, three times, and the address), the second at 10:05 (phone), with
    a clock that is a day slow."""

    def setUp(self):
        self.company_ = self.company(full=True)
        self.first = self.company_.station("first", "Anna Snelling")
        self.second = self.company_.station("second", "Darcel Schlecht", clock="-1d")
        names = [{row["name"] for row in station.ask("customer.list", limit=1000000)}
                 for station in (self.first, self.second)]
        self.name = sorted(names[0] & names[1])[0]

    def edit_offline(self):
        for link in self.company_.links.values():
            link.cut()
        for phone in ("555-0001", "555-0002", "555-0003"):
            self.first.do("customer.edit", customer=self.name, phone=phone)
        self.first.do("customer.edit", customer=self.name, city="Springfield",
                      address="1 Main Street")
        self.second.do("customer.edit", customer=self.name, phone="555-9999")
        self.assertRefused("transport.unreachable", None, self.first.sync)
        for link in self.company_.links.values():
            link.restore()

    def card(self, station):
        return station.ask("customer.show", customer=self.name)[0]

    def check_merged(self):
        for station in (self.first, self.second, self.company_.hq):
            card = self.card(station)
            self.assertEqual((card["phone"], card["city"], card["address"]),
                             ("555-9999", "Springfield", "1 Main Street"), station.home)
        conflicts = self.company_.hq.ask("conflict.list", all=True)
        self.assertEqual(len(conflicts), 1, conflicts)
        mine = self.first.inbox()["conflicts"]
        self.assertEqual(len(mine), 1)
        self.assertEqual((mine[0]["winner_text"], mine[0]["loser_text"]), ("555-9999", "555-0003"))

    def check_restore(self):
        said = self.first.run("inbox", "restore", "1")
        self.assertIn(f'{self.name}, phone: "555-0003"', said)
        self.assertRefused("inbox.unknown", "number", self.first.json, "inbox", "restore", "1")
        self.assertRefused("inbox.unknown", "number", self.first.json, "inbox", "restore", "2")
        self.assertRefused("inbox.unknown", "number", self.second.json, "inbox", "restore", "1")
        self.company_.settle(self.first, self.second)
        for station in (self.first, self.second, self.company_.hq):
            self.assertEqual(self.card(station)["phone"], "555-0003", station.home)
            station.verify()
        self.assertEqual(self.first.inbox()["conflicts"], [])
        self.company_.server.verify()

    def test_the_first_syncs_first(self):
        self.edit_offline()
        self.company_.settle(self.first, self.second)
        self.check_merged()
        self.check_restore()

    def test_the_second_syncs_first(self):
        self.edit_offline()
        self.company_.settle(self.second, self.first)
        self.check_merged()
        self.check_restore()

    def test_a_slow_clock_is_corrected(self):
        """What the second notes down without a network carries headquarters' time, not his clock's."""
        self.company_.links["second"].cut()
        self.second.do("interaction.log", customer=self.name, kind="call", summary="By his clock")
        self.company_.links["second"].restore()
        self.second.sync()
        self.company_.hq.sync()
        row, = self.company_.hq.ask("interaction.list", customer=self.name)
        self.assertLess(abs(row["happened_at"] / 1000 - time.time()), 600)

    def test_different_cells_are_no_conflict(self):
        for link in self.company_.links.values():
            link.cut()
        self.first.do("customer.edit", customer=self.name, website="https://one.example")
        self.second.do("customer.edit", customer=self.name, email="two@example.com")
        for link in self.company_.links.values():
            link.restore()
        self.company_.settle(self.first, self.second)
        for station in (self.first, self.second):
            card = self.card(station)
            self.assertEqual((card["website"], card["email"]),
                             ("https://one.example", "two@example.com"))
        self.assertEqual(self.company_.hq.ask("conflict.list", all=True), [])


class Stage(support.TestCase):
    """One wins and another loses the same opportunity, apart: the later step stands, and a manager can put the other back."""

    def test_a_stage_is_put_back_with_its_step(self):
        company = self.company()
        ann, mia = company.station("ann", "Ann Reed"), company.station("mia", "Mia Stone")
        ann.do("opportunity.win", opportunity="D003")
        mia.do("opportunity.lose", opportunity="D003", reason="price")
        company.settle(ann, mia)
        stage = ann.ask("opportunity.show", opportunity="D003")[0]["stage_code"]
        self.assertEqual(stage, "lost")
        self.assertIn("opportunity.lost", [row["kind"] for row in ann.inbox()["notices"]])
        # out of a closed stage only managers go
        self.assertRefused("opportunity.stage_step", "stage", ann.json, "inbox", "restore", "1")
        mia.inbox()
        mia.run("inbox", "restore", "1")
        company.settle(ann, mia)
        for station in (ann, mia, company.hq):
            stage = station.ask("opportunity.show", opportunity="D003")[0]["stage_code"]
            self.assertEqual(stage, "won", station.home)
            steps = station.ask("opportunity.stage_history", opportunity="D003")
            self.assertEqual([step["to_stage"] for step in steps][-3:], ["won", "lost", "won"])
        company.server.verify()


if __name__ == "__main__":
    unittest.main()
