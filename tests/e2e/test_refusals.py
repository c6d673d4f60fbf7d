"""Refused work and what builds on it: readable, mended, done again, given up; nothing waits behind it."""

import sqlite3
import unittest

import support


class Refusals(support.TestCase):

    def setUp(self):
        self.company_ = self.company()
        self.hq = self.company_.hq

    def refuse(self):
        """Ann makes a deal for a customer that she loses meanwhile: refused, and what builds on it falls with it."""
        ann = self.company_.station("ann", "Ann Reed")
        fresh = self.hq.do("customer.register", name="Fresh")["id"]
        self.hq.do("customer.assign_bulk", customers=[fresh], to="Ann Reed")
        self.hq.sync()
        ann.sync()
        deal = ann.do("opportunity.register", name="Deal", customer=fresh, amount="100.00")
        ann.do("interaction.log", opportunity=deal["id"], summary="About the deal")
        ann.do("customer.register", name="Nothing to do with it")
        self.hq.do("person.unset_role", person="Ann Reed", role="rep")
        self.hq.sync()
        return ann

    def open_at_hq(self):
        master = self.company_.server.folder / "master.db"
        with sqlite3.connect(f"file:{master}?mode=ro", uri=True) as db:
            return db.execute("select count(*) from refusal where settled_at is null").fetchone()[0]

    def test_refused_work_comes_back(self):
        ann = self.refuse()
        report = ann.sync()
        self.assertEqual((report["refused"], report["waiting"]), (3, 0))
        self.assertEqual(self.open_at_hq(), 3)
        inbox = ann.inbox()
        self.assertEqual([entry["command"] for entry in inbox["refusals"]],
                         ["customer.register", "interaction.log", "opportunity.register"])
        for entry in inbox["refusals"]:
            self.assertTrue(entry["code"])
            self.assertTrue(entry["changes"][0]["cells"])
        self.assertNotIn("Deal", {row["name"] for row in ann.ask("opportunity.list", limit=100)})
        self.hq.do("person.set_role", person="Ann Reed", role="rep")
        self.hq.sync()
        ann.sync()
        text = ann.run("inbox")
        self.assertIn("resubmit N", text)
        # the interaction first: what it builds on is not here
        with self.assertRaises(support.Failure) as caught:
            ann.run("inbox", "resubmit", "2")
        self.assertTrue(caught.exception.errors)
        ann.run("inbox", "resubmit", "3", "name=Bigger deal")
        ann.run("inbox", "resubmit", "2")
        ann.run("inbox", "discard", "1")
        self.assertEqual(ann.inbox()["refusals"], [])
        report = ann.sync()
        self.assertEqual((report["refused"], report["waiting"]), (0, 0))
        self.assertEqual(self.open_at_hq(), 0)  # the person's other devices need not ask him again
        self.hq.sync()
        deals = [row for row in self.hq.ask("opportunity.list", limit=100)
                 if row["name"] == "Bigger deal"]
        self.assertEqual(len(deals), 1)
        self.assertNotIn("Nothing to do with it",
                         {row["name"] for row in self.hq.ask("customer.list", limit=1000)})
        ann.sync()
        self.assertEqual(ann.inbox()["refusals"], [])
        for station in (ann, self.hq):
            station.verify()
        self.company_.server.verify()


if __name__ == "__main__":
    unittest.main()
