"""Stations that see the same rows end equal, prove it at every sync, and heal when they are not."""

import pathlib
import shutil
import sqlite3
import unittest

import support


def replica(station):
    return sqlite3.connect(pathlib.Path(station.home) / "replica.db")


class Equality(support.TestCase):

    def setUp(self):
        self.company_ = self.company()
        self.hq = self.company_.hq

    def integer(self, station, sql):
        with replica(station) as database:
            return database.execute(sql).fetchone()[0]

    def assertEqualToHeadquarters(self, *stations):
        for station in stations:
            status = station.status()
            self.assertFalse(status["differs"], station.home)
            station.verify()
        self.company_.server.verify()

    def test_every_kind_of_station_counts_what_headquarters_counts(self):
        """Whoever sees rows in several ways (his own, his team's) counts them as often."""
        company = self.company_
        ann = company.station("ann", "Ann Reed")
        mia = company.station("mia", "Mia Stone")
        bob = company.station("bob", "Bob Lane")
        mine = ann.do("customer.register", name="Mine")
        ann.do("interaction.log", customer=mine["id"], kind="visit", summary="Hello")
        company.settle(ann, mia, bob)
        self.assertGreater(self.integer(mia, "select count(*) from station_places"), 0)
        for share in ("customer.share", "customer.unshare") * 2:
            self.hq.do(share, customer=mine["id"], with_="Bob Lane")
            company.settle(ann, mia, bob)
        for owner in ("Bob Lane", "Cy Dow", "Mia Stone", "Ann Reed"):
            self.hq.do("customer.assign_bulk", customers=[mine["id"]], to=owner)
            company.settle(ann, mia, bob)
        self.assertEqualToHeadquarters(ann, mia, bob, self.hq)
        for station in (ann, mia, bob, self.hq):
            self.assertEqual(station.status()["digest_differences"], 0)

    def make_stale(self, station):
        """As after a pull that left something out: the cursor is at the head, rows of before are here."""
        home = pathlib.Path(station.home)
        former = home.parent / "former"
        station.sync()
        shutil.copytree(home, former)
        northwind, = [row for row in self.hq.ask("customer.list", limit=1000)
                      if row["name"] == "Northwind"]
        self.hq.do("customer.edit", customer=northwind["id"], name="Northwind Traders")
        self.hq.sync()
        station.sync()
        with replica(station) as database:
            progress = database.execute("select cursor, held, request_counter from"
                                        " station_progress").fetchone()
            proof = database.execute("select value from station_setting"
                                     " where name = 'scopes_proof'").fetchone()
        shutil.rmtree(home)
        former.rename(home)
        with replica(station) as database:
            database.execute("update station_progress set cursor = ?, held = ?,"
                             " request_counter = ?", progress)
            database.execute("update station_setting set value = ? where name = 'scopes_proof'",
                             proof)

    def names(self, station):
        return {row["name"] for row in station.ask("customer.list", limit=1000)}

    def test_a_stale_station_heals_itself(self):
        mia = self.company_.station("mia", "Mia Stone")
        self.make_stale(mia)
        self.assertNotIn("Northwind Traders", self.names(mia))
        mine = mia.do("customer.register", name="Not yet sent")
        report = mia.sync(differences=1)
        self.assertEqual(report["healed"], 1)
        self.assertEqual(report["waiting"], 0)
        self.assertIn("Northwind Traders", self.names(mia))
        self.assertIn("Not yet sent", self.names(mia))
        status = mia.status()
        self.assertEqual((status["differs"], status["digest_differences"], status["rebuilds"],
                          status["rebuilding"]), (False, 1, 1, None))
        self.hq.sync()
        self.assertIn(mine["id"], {row["id"] for row in
                                   self.hq.ask("customer.list", limit=1000)})
        self.assertEqualToHeadquarters(mia, self.hq)

    def test_it_heals_itself_once_an_hour_and_at_once_when_asked(self):
        hq = self.hq
        with replica(hq) as database:
            database.execute("update station_progress set digest = digest + 1")
        self.assertEqual(hq.sync(differences=1)["healed"], 1)
        with replica(hq) as database:
            database.execute("update station_progress set digest = digest + 1")
        report = hq.sync(differences=1)
        self.assertEqual((report["healed"], report["rounds"]), (0, 1))
        self.assertTrue(hq.status()["differs"])
        self.assertIn("differs", hq.run("status"))
        with self.assertRaisesRegex(support.Failure, "verify.digest"):
            hq.verify()
        hq.run("verify", "--heal")
        status = hq.status()
        self.assertEqual((status["differs"], status["digest_differences"], status["rebuilds"]),
                         (False, 2, 2))
        # an hour later it would have done so by itself
        with replica(hq) as database:
            database.execute("update station_progress set digest = digest + 1")
            database.execute("update station_setting set value = value - 3600000"
                             " where name = 'healed_at'")
        self.assertEqual(hq.sync(differences=1)["healed"], 1)
        self.assertEqualToHeadquarters(hq)

    def test_a_cut_rebuild_goes_on(self):
        """Whatever was here stays in sight until all of it has come."""
        mia = self.company_.station("mia", "Mia Stone")
        before = self.names(mia)
        with replica(mia) as database:
            database.execute("insert into station_setting values ('rebuild', 'asked')")
        mia.link.cut()
        with self.assertRaises(support.Failure):
            mia.sync()
        self.assertEqual(self.names(mia), before)
        self.assertEqual(mia.status()["rebuilding"], "asked")
        mia.link.restore()
        mia.sync()
        self.assertEqual(self.names(mia), before)
        self.assertIsNone(mia.status()["rebuilding"])
        self.assertEqualToHeadquarters(mia)

    def test_a_server_of_before_counts_once(self):
        """A master without sums gets them when it is opened, and they are right."""
        self.company_.server.stop()
        path = pathlib.Path(self.company_.server.folder) / "master.db"
        with sqlite3.connect(path) as database:
            former = database.execute("select * from scope_sum order by 1").fetchall()
            database.execute("drop table scope_sum")
        self.company_.server.start()
        with sqlite3.connect(path) as database:
            self.assertEqual(database.execute("select * from scope_sum order by 1").fetchall(),
                             former)
            self.assertGreater(len(former), 3)
        self.hq.sync()
        self.assertEqualToHeadquarters(self.hq)


if __name__ == "__main__":
    unittest.main()
