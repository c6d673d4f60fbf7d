"""Where engines of this kind lose or garble work. One test per trap; each says in a sentence what goes wrong elsewhere."""

import collections
import random
import shutil
import sqlite3
import unittest
import uuid

import golden
import support
from support import BIN, Failure

SEED = 20261124


def rows(database, sql, *values):
    """What another program's database says, read without disturbing it."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as db:
        found = db.execute(sql, values).fetchall()
    db.close()
    return found


class Trap(support.TestCase):
    def assertEqualEverywhere(self, company, *stations):
        """Nothing waits, and contents and digests are those of headquarters."""
        company.settle(*stations)
        for station in (*stations, company.hq):
            status = station.status()
            self.assertEqual((status["waiting"], status["attention"], status["differs"],
                              status["digest_differences"]), (0, 0, False, 0), station.home)
            station.verify()
        company.server.verify()


class EarlierWriter(Trap):
    def test_who_edited_more_often_does_not_win(self):
        """The earlier writer wins because he edited the same cell more often."""
        company = self.company()
        ann, mia = company.station("ann", "Ann Reed"), company.station("mia", "Mia Stone")
        for customer, order in (("Northwind", (ann, mia)), ("Southgate", (mia, ann))):
            for number in range(5):
                ann.do("customer.edit", customer=customer, phone=f"555-{number}")
            mia.do("customer.edit", customer=customer, phone="555-later")
            company.settle(*order)
            for station in (ann, mia, company.hq):
                card, = station.ask("customer.show", customer=customer)
                self.assertEqual(card["phone"], "555-later", (customer, station.home))
        told = sorted(row["loser_text"] for row in ann.inbox()["conflicts"])
        self.assertEqual(told, ["555-4", "555-4"], "what lost is kept, and told to who wrote it")
        self.assertEqualEverywhere(company, ann, mia)


class Shop(support.Company):
    """A company of the simulator's domain, which has orders and a stock that everybody takes from."""

    class server_class(support.Server):
        program = BIN / "sim-satcheld"

    class station_class(support.Station):
        program = BIN / "sim-satchel"

        def look(self, sql, *values):
            return rows(self.home / "replica.db", sql, *values)

        def stock(self):
            return dict(self.look("select name, stock from product"))

    def open(self, stock):
        self.make(None)
        self.hq.do("branch.add", name="North")
        self.hq.do("person.register", name="Mia", roles=["rep", "manager"])
        for name in ("Ann", "Bob"):
            self.hq.do("person.register", name=name, manager="Mia", roles=["rep"])
        self.products = {name: str(uuid.uuid4()) for name in ("Apples", "Pears")}
        for name, key in self.products.items():
            self.hq.do("product.add", id=key, name=name, stock=stock, price=100)
        self.hq.sync()
        return self


class Counters(Trap):
    def test_100_less_30_less_50_is_20(self):
        """100 - 30 - 50 becomes 70 or 50: the later counter overwrites the earlier one."""
        shop = self.run_server(Shop(self, self.folder())).open(100)
        ann, bob = shop.station("ann", "Ann"), shop.station("bob", "Bob")
        for _ in range(3):
            for product in shop.products.values():
                ann.do("product.count", product=product, count=-10)
        bob.do("product.count", product=shop.products["Apples"], count=-50)
        self.assertEqual((ann.stock()["Apples"], bob.stock()["Apples"]), (70, 50))
        shop.settle(ann, bob)
        bob.do("product.count", product=shop.products["Pears"], count=-25)  # knows of Ann's
        ann.do("product.count", product=shop.products["Pears"], count=-25)
        shop.settle(bob, ann)
        for station in (ann, bob, shop.hq):
            self.assertEqual(station.stock(), {"Apples": 20, "Pears": 20}, station.home)
            self.assertEqual(station.inbox()["conflicts"], [])
        self.assertEqualEverywhere(shop, ann, bob)


class Unique(Trap):
    SAME = {"name": "Neumann & Sons", "phone": "13800000000", "tax_number": "91110000600037341L"}

    def test_the_same_made_apart_is_kept_twice_and_equal_everywhere(self):
        """Two stations make the same unique value apart, and differ for ever after."""
        company = self.company()
        ann, bob, mia = (company.station(name, user) for name, user in
                         (("ann", "Ann Reed"), ("bob", "Bob Lane"), ("mia", "Mia Stone")))
        made = {}
        for station, city in ((ann, "Springfield"), (bob, "Shelbyville")):
            made[city] = station.do("customer.register", kind="company", city=city, **self.SAME)["id"]
            # the same row made apart, since its key says what it is
            station.do("customer.tag", customer=made[city], tag="key")
            station.do("customer.tag", customer="Northwind", tag="key")
            # work behind it is not held up
            station.do("interaction.log", customer=made[city], kind="call", summary=city)
        self.assertRefused("customer.duplicate", "name", ann.do, "customer.register", kind="company", **self.SAME)
        company.settle(ann, bob, mia)
        for station in (mia, company.hq):
            found = {row["city"]: row["id"] for row in station.ask("customer.duplicates", phone="138 0000 0000")}
            self.assertEqual(found, made, f"both are there, and {station.home} shows them as the same")
            for city, customer in made.items():
                self.assertEqual([row["summary"] for row in station.ask("interaction.list", customer=customer)], [city])
            tags, = rows(station.home / "replica.db", "select count(*) from customer_tag t join customer c"
                                                      " on c.id = t.customer_id where c.name = 'Northwind'")
            self.assertEqual(tags, (1,))
        # Each goes on with his own, and whoever knows both gives one of them another name.
        bob.do("customer.edit", customer=made["Shelbyville"], phone="13800000001")
        mia.do("customer.edit", customer=made["Shelbyville"], name="Neumann (Shelbyville)")
        self.assertEqualEverywhere(company, ann, bob, mia)
        names = {row["id"]: (row["name"], row["phone"]) for row in company.hq.ask("customer.list", limit=1000)}
        self.assertEqual([names[made[city]] for city in ("Springfield", "Shelbyville")],
                         [(self.SAME["name"], self.SAME["phone"]), ("Neumann (Shelbyville)", "13800000001")])


class Interrupted(Trap):
    """An interrupted sync loses orders, or has them twice."""

    OFFSETS = 24
    STOCK = 100000

    def setUp(self):
        self.shop = self.run_server(Shop(self, self.folder())).open(self.STOCK)
        self.ann = self.shop.station("ann", "Ann")
        self.order = {"customer": str(uuid.uuid4()), "product": self.shop.products["Apples"],
                      "other": self.shop.products["Pears"], "count": 1}
        self.ann.do("customer.add", id=self.order["customer"], name="Northwind")
        self.placed = 0
        self.codes = collections.Counter()
        self.dice = random.Random(SEED)

    def place(self):
        """An order of two lines, which takes one apple and one pear."""
        self.ann.do("order.place", **self.order)
        self.placed += 1

    def offsets(self, size):
        """Places all over what is sent, its beginning and its end among them. Sizes differ by some bytes."""
        step = (size - 16) / self.OFFSETS
        return [0, 1, *(int(i * step + self.dice.random() * step) for i in range(self.OFFSETS)), size - 16]

    def measure(self):
        """How many bytes an order takes when nothing disturbs it, up and down."""
        link = self.ann.link
        self.ann.sync()
        up, down = link.bytes_up, link.bytes_down
        self.place()
        self.ann.sync()
        return link.bytes_up - up, link.bytes_down - down

    def torn(self, station, tear, offset):
        """True when the sync was cut off."""
        tear(offset)
        try:
            station.sync()
            return False
        except Failure as failure:
            self.assertTrue(failure.code.startswith("transport."), failure)
            self.codes[failure.code] += 1
            return True
        finally:
            station.link.restore()

    def taken(self):
        """Orders that headquarters has merged."""
        return rows(self.shop.server.folder / "master.db", "select count(*) from deal")[0][0]

    def assertOrders(self, station):
        """Each once, with both its lines, and what it took from the stock."""
        lines = "(select count(*) from deal_line l where l.deal_id = d.id)"
        self.assertEqual(station.look(f"select count(*), min({lines}), max({lines}) from deal d"),
                         [(self.placed, 2, 2)], station.home)
        left = self.STOCK - self.placed
        self.assertEqual(station.stock(), {"Apples": left, "Pears": left}, station.home)

    def test_cut_on_the_way_there(self):
        up, _ = self.measure()
        for offset in self.offsets(up):
            self.place()
            self.assertTrue(self.torn(self.ann, self.ann.link.tear_up_after, offset), offset)
            self.assertEqual(self.taken(), self.placed - 1, f"half a request counts for nothing ({offset})")
            self.ann.sync()
            self.assertEqual(self.taken(), self.placed)
        self.assertEqualEverywhere(self.shop, self.ann)
        self.assertOrders(self.shop.hq)

    def test_cut_on_the_way_back(self):
        _, down = self.measure()
        for offset in self.offsets(down):
            self.place()
            self.assertTrue(self.torn(self.ann, self.ann.link.tear_after, offset), offset)
            self.assertEqual(self.taken(), self.placed, f"headquarters has it, and nobody has heard ({offset})")
            self.assertEqual(self.ann.status()["waiting"], 1)
            self.ann.sync()
            self.assertEqual((self.taken(), self.ann.status()["waiting"]), (self.placed, 0))
        self.assertEqualEverywhere(self.shop, self.ann)
        self.assertOrders(self.shop.hq)
        self.assertOrders(self.ann)

    def test_cut_again_and_again_while_orders_come(self):
        """Nothing gets through for long; orders pile up, and others fetch them over a line as bad."""
        mia = self.shop.station("mia", "Mia")
        for _ in range(self.OFFSETS // 2):
            self.place()
            self.torn(self.ann, self.ann.link.tear_up_after, self.dice.randrange(1000))
            self.torn(self.ann, self.ann.link.tear_after, self.dice.randrange(600))
            self.torn(mia, mia.link.tear_after, self.dice.randrange(1000))
            seen = mia.look("select count(*), (select count(*) from deal_line) from deal")[0]
            self.assertEqual(seen[1], 2 * seen[0], "others see an order whole, or not yet")
        self.assertGreater(sum(self.codes.values()), self.OFFSETS // 2)
        self.assertEqualEverywhere(self.shop, self.ann, mia)
        for station in (self.ann, mia, self.shop.hq):
            self.assertOrders(station)


class RestoredPhone(Trap):
    def test_what_is_written_after_the_restore_arrives(self):
        """A phone restored from a backup numbers its writes as before, and they are dropped as known already."""
        company = self.company()
        ann = company.station("ann", "Ann Reed")
        ann.do("customer.register", name="Before the backup")
        ann.sync()
        ann.do("customer.register", name="Waiting in the backup")
        support.copy_folder(ann.home, company.folder / "backup")
        ann.sync()
        for number in range(3):
            ann.do("customer.register", name=f"After the backup {number}")
            ann.sync()
        shutil.rmtree(ann.home)
        support.copy_folder(company.folder / "backup", ann.home)
        for number in range(3):  # with the numbers that headquarters has seen
            ann.do("customer.register", name=f"After the restore {number}")
        ann.do("customer.edit", customer="Before the backup", phone="555-restored")
        ann.sync()
        self.assertEqualEverywhere(company, ann)
        expected = sorted(["Before the backup", "Waiting in the backup",
                           *(f"After the backup {number}" for number in range(3)),
                           *(f"After the restore {number}" for number in range(3))])
        for station in (ann, company.hq):
            found = {row["name"]: row["phone"] for row in station.ask("customer.list", limit=1000)}
            self.assertEqual(sorted(name for name in found if "the" in name.split()), expected)
            self.assertEqual(found["Before the backup"], "555-restored")
        self.assertEqual(company.hq.ask("conflict.list", all=True), [])


@unittest.skipUnless(shutil.which("faketime"), "faketime is not installed")
class Tombstones(Trap):
    def count(self, company):
        return rows(company.server.folder / "master.db", "select count(*) from feed where gone = 1")[0][0]

    def restart(self, company, clock=None):
        """The first contact after a start looks for what need not be remembered."""
        company.server.stop()
        company.server.clock = company.hq.clock = clock
        company.server.start()
        company.hq.sync()

    def test_they_go(self):
        """What was taken from somebody is remembered for ever, for a station that may never come again."""
        company = self.company()
        ann, cy = company.station("ann", "Ann Reed"), company.station("cy", "Cy Dow")
        ids = {row["name"]: row["id"] for row in company.hq.ask("customer.list", limit=1000)}

        def hand_over(name, *owners):
            for owner in owners:
                company.hq.do("customer.assign_bulk", customers=[ids[name]], to=owner)
            company.hq.sync()

        hand_over("Northwind", "Ann Reed", "Cy Dow")
        self.assertGreater(self.count(company), 0)
        company.settle(ann, cy)
        self.restart(company)
        self.assertEqual(self.count(company), 0, "everybody has passed them")

        # Now Ann is away, with work that nobody has yet, and longer than anybody waits.
        hand_over("Eastbank", "Ann Reed")
        ann.sync()
        kept = ann.do("customer.register", name="Made on the way")["id"]
        ann.do("customer.edit", customer="Eastbank", phone="555-late")
        hand_over("Eastbank", "Cy Dow")
        cy.sync()
        self.restart(company)
        self.assertGreater(self.count(company), 0, "Ann has not passed them")
        self.restart(company, "+100d")
        self.assertEqual(self.count(company), 0, "the horizon has passed")
        ann.clock = cy.clock = "+100d"
        report = ann.sync()
        self.assertEqual((report["merged"], report["refused"], report["waiting"]), (1, 1, 0))
        self.assertEqualEverywhere(company, ann, cy)
        mine = {row["id"] for row in ann.ask("customer.list", limit=1000)}
        self.assertIn(kept, mine)
        self.assertNotIn(ids["Eastbank"], mine)
        self.assertIn(kept, {row["id"] for row in company.hq.ask("customer.list", limit=1000)})
        # That she once might change this one, nobody remembers; what she wrote is kept and told.
        refusal, = ann.inbox()["refusals"]
        self.assertEqual((refusal["code"], refusal["changes"][0]["cells"][0]["value"]), ("scope.row", "555-late"))


class Upgrade(golden.TestCase, Trap):
    def waiting(self, folder):
        """Transactions that are only on a station yet, by station."""
        return {name: {key for key, in rows(folder / name / "replica.db",
                                            "select hex(id) from station_outbox where verdict is null")}
                for name in golden.PLACES[1:]}

    def test_unsent_work_of_released_versions_arrives(self):
        """An upgrade makes the local database anew, and with it goes what was not sent."""
        for version in golden.VERSIONS:
            with self.subTest(version=version.name):
                folder = self.copy(version)
                before = self.waiting(folder)
                self.assertEqual({name: len(keys) for name, keys in before.items()}, self.expected(version)["waiting"])
                self.assertGreater(len(before["anna"]), 1)
                company, stations = self.open_copy(folder)
                # Opened by today's program, without a network: it is all there.
                self.assertEqual(self.waiting(folder), before)
                self.assertEqualEverywhere(company, stations["anna"], stations["bob"])
                merged = {key for key, in rows(folder / "server" / "master.db", "select hex(id) from gsn_log")}
                refused = rows(folder / "server" / "master.db", "select hex(id), code from refusal")
                for name, keys in before.items():
                    self.assertLessEqual(keys, merged | {key for key, _ in refused}, name)
                self.assertEqual(len(refused), 1, "the one that headquarters' own work had made impossible")
                names = {row["name"] for row in company.hq.ask("customer.list", limit=1000)}
                self.assertIn("李明朗贸易有限公司", names)


if __name__ == "__main__":
    unittest.main()
