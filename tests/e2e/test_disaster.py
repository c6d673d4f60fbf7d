"""Headquarters' disk is lost. What it had taken since yesterday's backup is still at the stations, and comes back."""

import shutil
import sqlite3
import unittest

import support

ROUNDS = 10
STATIONS = ("ann", "mia", "bob")
EACH = 12  # transactions of one round
OF_ITS_OWN = {"device": ("gsn", "created_at", "updated_at")}  # written when a device shows its certificate again


def rows_of(master):
    """Every row of every table of the domain, without what belongs to one history."""
    with sqlite3.connect(f"file:{master}?mode=ro", uri=True) as db:
        names = [name for name, in db.execute(
            "select m.name from sqlite_schema m where m.type = 'table' and exists"
            " (select 1 from pragma_table_info(m.name) where name = 'updated_by') order by 1")]
        dump = {}
        for name in names:
            columns = [row[1] for row in db.execute(f"pragma table_info({name})")
                       if row[1] not in OF_ITS_OWN.get(name, ("gsn",))]
            dump[name] = sorted(map(repr, db.execute(f"select {', '.join(columns)} from {name}")))
        return dump


class Disaster(support.TestCase):
    def ask(self, sql, *values):
        with sqlite3.connect(f"file:{self.company_.server.folder / 'master.db'}?mode=ro", uri=True) as db:
            return db.execute(sql, values).fetchall()

    def work(self):
        """120 transactions of three stations, each building on what the others did just before."""
        ann, mia, bob = (self.stations[name] for name in STATIONS)
        for i in range(ROUNDS):
            name = f"Customer {i}"
            ann.do("customer.register", name=name, kind="company")
            ann.do("interaction.log", customer=name, kind="call", summary="first call")
            ann.do("opportunity.register", customer=name, product="Alpha 1", name=f"Deal {i}")
            ann.do("customer.share", customer=name, with_="Bob Lane")
            ann.sync()
            mia.sync()
            mia.do("customer.edit", customer=name, phone=f"555-{i}")
            mia.do("customer.tag", customer=name, tag="watched")
            mia.do("task.add", customer=name, title="visit", assignee="Ann Reed")
            mia.do("interaction.log", customer=name, kind="visit", summary="second")
            mia.sync()
            bob.sync()
            bob.do("customer.edit", customer=name, phone=f"555-{i}-9", website=f"https://{i}.example")
            bob.do("contact.add", customer=name, name=f"Contact {i}")
            bob.do("interaction.log", customer=name, kind="call", summary="third")
            bob.do("customer.edit", customer=name, email=f"{i}@example.com")
            bob.sync()
            ann.sync()

    def set_up(self):
        company = self.company_ = self.company()
        self.stations = {"ann": company.station("ann", "Ann Reed"),
                         "mia": company.station("mia", "Mia Stone")}
        self.backup = company.folder / "backup"
        company.server.run("backup", "--data", company.server.folder, "--to", self.backup)
        head, = self.ask("select max(gsn) from gsn_log")[0]
        self.stations["bob"] = company.station("bob", "Bob Lane")  # after the backup
        self.work()
        self.done = {row[0] for row in self.ask(
            "select hex(g.id) from gsn_log g where g.gsn > ? and g.station > 0 and g.kind in (1, 2)", head)}
        self.assertEqual(len(self.done), EACH * ROUNDS)
        for station in self.stations.values():
            station.sync()
            self.assertEqual(station.status()["waiting"], 0)
        company.hq.sync()
        self.before = rows_of(company.server.folder / "master.db")

    def lose_the_disk(self):
        server = self.company_.server
        server.kill()
        shutil.rmtree(server.folder)
        shutil.copytree(self.backup, server.folder)
        server.start()

    def check_all_there(self, order):
        self.assertEqual(self.ask("select count(*) from deferred"), [(0,)], order)
        now = self.ask("select hex(id), kind from gsn_log where station > 0")
        self.assertEqual(len(now), len({row[0] for row in now}))
        self.assertEqual(self.done - {row[0] for row in now if row[1] in (1, 2)}, set(), order)
        self.assertEqual(self.ask("select * from conflict"), [], order)
        self.assertEqual(self.ask("select * from refusal"), [], order)
        self.company_.server.verify()

    def check_equal(self):
        company = self.company_
        company.settle(*self.stations.values())
        after = rows_of(company.server.folder / "master.db")
        for table, rows in self.before.items():
            self.assertEqual(after[table], rows, table)
        for name, station in self.stations.items():
            status = station.status()
            self.assertEqual((status["waiting"], status["attention"], status["refused"]), (0, 0, 0), name)
            station.verify()
        company.hq.verify()

    def drill(self, order):
        self.set_up()
        self.lose_the_disk()
        for name in order:
            self.stations[name].sync()
        self.check_all_there(order)
        self.check_equal()
        self.stations["bob"].do("customer.edit", customer="Customer 3", phone="555-after")
        self.company_.settle(*self.stations.values())
        self.assertEqual(self.stations["ann"].ask("customer.show", customer="Customer 3")[0]["phone"],
                         "555-after")
        self.company_.server.verify()

    def test_one_sync_each_brings_all_back(self):
        self.drill(("ann", "mia", "bob"))

    def test_also_when_the_last_to_build_is_the_first_to_come(self):
        self.drill(("bob", "mia", "ann"))


class Copy(support.TestCase):
    """A copy of the disk that does not say that it is one is put in its place, and goes on before anybody comes."""

    def lose(self, company, copy):
        company.server.stop()
        shutil.rmtree(company.server.folder)
        shutil.copytree(copy, company.server.folder)
        company.server.start()

    def test_who_knows_more_tells(self):
        company = self.company()
        ann = company.station("ann", "Ann Reed")
        company.server.stop()
        shutil.copytree(company.server.folder, company.folder / "copy")
        company.server.start()
        for number in range(3):
            ann.do("customer.register", name=f"Before {number}")
        ann.do("customer.edit", customer="Before 1", phone="1")
        ann.sync()
        bob = company.station("bob", "Bob Lane")  # the copy does not know him
        self.lose(company, company.folder / "copy")
        for number in range(5):  # passes the station's cursor
            company.hq.do("customer.register", name=f"Another history {number}")
        company.hq.sync()
        ann.do("customer.edit", customer="Before 2", phone="2")  # offline, and of the old history
        for station in (ann, bob):
            station.sync()
        company.settle(ann, bob)
        names = {row["name"]: row["phone"] for row in company.hq.ask("customer.list", limit=100)}
        self.assertEqual({name: names[name] for name in names if name.startswith("Before")},
                         {"Before 0": None, "Before 1": "1", "Before 2": "2"})
        for station in (ann, bob, company.hq):
            self.assertEqual(station.status()["waiting"], 0)
            station.verify()
        self.assertEqual(company.hq.ask("conflict.list", all=True), [])
        company.server.verify()
        self.lose(company, company.folder / "copy")  # once more, from the same copy
        ann.sync()
        company.settle(ann, bob)
        names = {row["name"] for row in ann.ask("customer.list", limit=100)}
        self.assertTrue({"Before 0", "Before 1", "Before 2"} <= names)
        names = {row["name"] for row in company.hq.ask("customer.list", limit=100)}
        self.assertTrue({f"Another history {number}" for number in range(5)} <= names)
        company.server.verify()


if __name__ == "__main__":
    unittest.main()
