"""Stations that see the same rows end equal, prove it at every sync, and heal when they are not."""

import pathlib
import re
import shutil
import sqlite3
import unittest
import urllib.request

import support


def replica(station):
    return sqlite3.connect(pathlib.Path(station.home) / "replica.db")


def figures(server):
    """What /metrics says, each line checked for its form."""
    with urllib.request.urlopen(server.address + "/metrics", timeout=10) as response:
        lines = response.read().decode().splitlines()
    described, found = set(), {}
    for line in lines:
        if line.startswith("#"):
            kind, name = re.fullmatch(r"# (HELP|TYPE) (satchel_\w+) .+", line).groups()
            described.add(name)
            continue
        name, labels, value = re.fullmatch(r"(satchel_\w+)(\{\w+=\"[^\"]+\"\})? (\d+(?:\.\d+)?)",
                                           line).groups()
        assert re.sub("_(bucket|sum|count)$", "", name) in described or name in described, line
        assert name + (labels or "") not in found, line
        found[name + (labels or "")] = float(value)
    return found


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
            proofs = database.execute("select value, name from station_setting where name in"
                                      " ('scopes_proof', 'head_id')").fetchall()
        shutil.rmtree(home)
        former.rename(home)
        with replica(station) as database:
            database.execute("update station_progress set cursor = ?, held = ?,"
                             " request_counter = ?", progress)
            database.executemany("update station_setting set value = ? where name = ?", proofs)

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
        told = figures(self.company_.server)
        self.assertEqual([told[f"satchel_{name}_total"] for name in
                          ("digest_differences", "heals", "rebuilds")], [1, 1, 1])
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


class Tombstones(support.TestCase):
    """What says that rows left goes when everybody has passed it; who is behind gets everything again."""

    def setUp(self):
        self.company_ = self.company()
        self.hq = self.company_.hq
        self.server = self.company_.server

    def count(self):
        with sqlite3.connect(pathlib.Path(self.server.folder) / "master.db") as database:
            return database.execute("select count(*) from feed where gone = 1").fetchone()[0]

    def purge(self):
        """The first contact after a start looks for what need not be remembered."""
        self.server.stop()
        self.server.start()
        self.hq.sync()

    def test_figures(self):
        told = figures(self.server)
        with sqlite3.connect(pathlib.Path(self.server.folder) / "master.db") as database:
            rows, = database.execute("select count(*) from feed where gone = 0").fetchone()
            entries, = database.execute("select max(entry) from journal").fetchone()
            kept, = database.execute("select sum(length(content) + length(outcome))"
                                     " from journal").fetchone()
        self.assertEqual(told["satchel_feed_rows"], rows)
        self.assertEqual(told["satchel_journal_entries"], entries)
        self.assertEqual(told["satchel_journal_bytes"], kept)
        self.assertEqual(told["satchel_tombstones"], 0)
        self.assertEqual(told["satchel_queue"], 0)
        self.assertEqual(told["satchel_quarantined_bundles"], 0)
        self.assertEqual(told['satchel_stations_seen{age="5m"}'], 1)
        self.assertEqual(told['satchel_stations_seen{age="never"}'], 0)
        self.assertGreater(told["satchel_database_bytes"], kept)
        self.assertGreater(told['satchel_verdicts_total{kind="merged"}'], 0)
        buckets = [value for name, value in told.items()
                   if name.startswith("satchel_sync_duration_seconds_bucket")]
        self.assertEqual(buckets, sorted(buckets))
        self.assertEqual(buckets[-1], told["satchel_sync_duration_seconds_count"])
        self.assertGreater(buckets[-1], 0)
        self.hq.do("customer.register", name="One more")
        self.hq.sync()
        more = figures(self.server)
        self.assertGreater(more["satchel_journal_bytes"], kept)
        self.assertEqual(more['satchel_verdicts_total{kind="merged"}'],
                         told['satchel_verdicts_total{kind="merged"}'] + 1)
        self.hand_around("Ann Reed", "Cy Dow")
        self.assertEqual(figures(self.server)["satchel_tombstones"], self.count())
        self.assertGreater(self.count(), 0)

    def hand_around(self, *owners):
        northwind, = [row for row in self.hq.ask("customer.list", limit=1000)
                      if row["name"] == "Northwind"]
        for owner in owners:
            self.hq.do("customer.assign_bulk", customers=[northwind["id"]], to=owner)
        self.hq.sync()

    def test_back_to_zero(self):
        ann = self.company_.station("ann", "Ann Reed")
        cy = self.company_.station("cy", "Cy Dow")
        self.hand_around("Ann Reed", "Cy Dow")
        before = self.count()
        self.assertGreater(before, 0)
        cy.sync()
        cy.sync()
        self.hq.sync()
        self.purge()
        self.assertGreater(self.count(), 0)  # Ann has not passed them
        ann.sync()
        ann.sync()
        self.purge()
        self.assertEqual(self.count(), 0)
        for station in (ann, cy, self.hq):
            station.sync()
            self.assertEqual(station.status()["rebuilds"], 0)
            station.verify()
        self.server.verify()

    def test_behind_the_horizon(self):
        """A station that was away for too long gets everything again, and what it had to send is merged."""
        ann = self.company_.station("ann", "Ann Reed")
        fresh = self.hq.do("customer.register", name="Fresh")["id"]
        self.hq.do("customer.assign_bulk", customers=[fresh], to="Ann Reed")
        self.hq.sync()
        ann.sync()
        mine = ann.do("customer.register", name="Made on the way")
        self.assertIn(fresh, {row["id"] for row in ann.ask("customer.list", limit=1000)})
        self.hq.do("customer.assign_bulk", customers=[fresh], to="Cy Dow")
        self.hq.sync()
        with sqlite3.connect(pathlib.Path(self.server.folder) / "master.db") as database:
            limit, = database.execute("select max(gsn) from feed where gone = 1").fetchone()
        self.server.stop()
        self.server.clock = "+100d"
        self.server.start()
        self.hq.clock = "+100d"
        self.hq.sync()
        self.assertEqual(self.count(), 0)
        ann.clock = "+100d"
        report = ann.sync()
        self.assertEqual((report["merged"], report["refused"], report["waiting"]), (1, 0, 0))
        self.assertEqual(ann.status()["rebuilds"], 1)
        after = {row["id"] for row in ann.ask("customer.list", limit=1000)}
        self.assertNotIn(fresh, after)
        self.assertIn(mine["id"], after)
        self.assertGreater(report["cursor"], limit)
        ann.verify()
        self.hq.sync()
        self.hq.verify()
        self.server.verify()

    def test_a_horizon_that_is_none_is_refused(self):
        self.server.stop()
        for days in ("0", "3651", "soon", "7d"):
            with self.assertRaisesRegex(support.Failure, "parameter.invalid"):
                self.server.run("serve", "--data", self.server.folder, "--horizon", days)


if __name__ == "__main__":
    unittest.main()
