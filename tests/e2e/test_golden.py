"""What earlier versions left on disk is read, taken in and proven by this one."""

import sqlite3
import unittest

import golden
import support
from golden import VERSIONS


class Golden(golden.TestCase):
    def check(self, version):
        company, stations = self.open(version)
        for name, waiting in self.expected(version)["waiting"].items():
            self.assertEqual(stations[name].status()["waiting"], waiting, name)
        company.settle(*stations.values())
        for name, station in stations.items():
            status = station.status()
            self.assertEqual((status["waiting"], status["attention"]), (0, 0), name)
            station.verify()
        card = stations["hq"].ask("customer.show", customer="Northwind")[0]
        self.assertEqual((card["phone"], card["email"], card["address"], card["website"]),
                         ("555-0002", "bob@northwind.example", "1 Main Street",
                          "https://northwind.example"))
        names = {row["name"] for row in stations["hq"].ask("customer.list", limit=1000)}
        self.assertIn("李明朗贸易有限公司", names)
        refusals = stations["anna"].inbox()["refusals"]
        self.assertEqual([row["command"] for row in refusals], ["opportunity.win"])
        self.check_picture(self.expected(version).get("file"), stations["hq"])
        company.server.verify("--files")

    def check_picture(self, file, hq):
        if file is not None:
            path = self.folder() / "picture"
            hq.run("file", "get", file, path)
            self.assertEqual(path.read_bytes(), golden.PICTURE)

    @staticmethod
    def change(database, *statements):
        with sqlite3.connect(database) as db:
            for statement in statements:
                db.execute(statement)
        db.close()

    def test_what_a_newer_headquarters_left_out_comes_after_the_update(self):
        """Anna's old program synced with a newer server before it was updated, and has work on its way."""
        folder = self.copy(VERSIONS[0])
        replica = folder / "anna" / "replica.db"
        self.change(replica, "insert or replace into station_setting (name, value)"
                             " values ('server_schema_version', 2)")
        company, stations = self.open_copy(folder)
        anna, hq = stations["anna"], stations["hq"]
        waiting = anna.status()["waiting"]
        self.assertGreater(waiting, 0)
        report = anna.sync()
        self.assertEqual(report["merged"] + report["refused"] + report["conflicts"], waiting)
        with sqlite3.connect(replica) as db:
            self.assertEqual(db.execute("select value from station_setting where name = 'rebuilds'").fetchone(), (1,))
        db.close()
        anna.verify()
        hq.sync()
        self.assertEqual(stations["bob"].sync()["waiting"], 0)
        self.assertEqual(anna.sync()["waiting"], 0)  # once is enough
        company.server.verify()

    def test_newer_data_is_refused_and_left_alone(self):
        folder = self.copy(VERSIONS[0])
        for database in (folder / "anna" / "replica.db", folder / "server" / "master.db"):
            self.change(database, "pragma user_version = 99")
        anna = support.Station(folder / "anna")
        self.assertRefused("database.newer", None, anna.json, "status")
        server = support.Server(folder / "server")
        with self.assertRaises(support.Failure) as caught:
            server.verify()
        self.assertIn("database.newer", caught.exception.errors)
        self.assertIn("install the newer program", caught.exception.errors)
        with sqlite3.connect(folder / "anna" / "replica.db") as db:
            self.assertEqual(db.execute("pragma user_version").fetchone(), (99,))
            self.assertGreater(db.execute("select count(*) from station_outbox where verdict is null").fetchone()[0], 0)
        db.close()

    def test_every_released_version(self):
        self.assertTrue(VERSIONS, "there is no golden folder")
        for version in VERSIONS:
            with self.subTest(version=version.name):
                self.check(version)


if __name__ == "__main__":
    unittest.main()
