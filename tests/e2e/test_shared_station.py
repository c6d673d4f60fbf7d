"""A station that several people share shows each of them what a station of his own shows, and nothing else."""

import json
import os
import random
import sqlite3
import unittest
import uuid

import library
import support

SEED = int(os.environ.get("SATCHEL_SEED", "0")) or random.SystemRandom().randrange(1 << 30)

REP, COLLEAGUE, MANAGER = "Anna Snelling", "Cecily Lampkin", "Dustin Brinkmann"
OTHER_REP, OTHER_MANAGER = "Darcel Schlecht", "Melvin Marxen"  # of another branch than Anna
PEOPLE = [REP, COLLEAGUE, MANAGER, OTHER_REP, "Hanna Quarters", "Ada Min", "Nobody Yet"]


class SharedStation(support.TestCase):

    @classmethod
    def setUpClass(cls):
        print(f"SATCHEL_SEED={SEED}")

    def setUp(self):
        self.random = random.Random(SEED)
        self.company_ = self.company(full=True)
        self.hq = self.company_.hq

    # --- a company in which rows are visible for every reason there is ----------------------------

    def rows(self, table, where="1"):
        with sqlite3.connect(f"file:{self.hq.home}/replica.db?mode=ro", uri=True) as db:
            return [str(uuid.UUID(bytes=row[0]))
                    for row in db.execute(f"select id from {table} where {where} order by id")]

    def person(self, name):
        (found,) = self.rows("app_user", f"name = '{name}'")
        return found

    def arrange(self, command, **values):
        """Makes it so at headquarters, unless it is so already."""
        given = {name.rstrip("_"): value for name, value in values.items()}
        result, error = self.desk.do(None, command, given)
        if error:
            self.assertIn(error[0], ("customer.same_owner", "opportunity.same_owner", "command.no_effect",
                                     "opportunity.owner_member"), error)
        return json.loads(result or "{}")

    def make_people(self):
        for name, role in (("Hanna Quarters", "hq"), ("Ada Min", "admin"), ("Nobody Yet", "rep")):
            self.hq.do("person.register", name=name, role=role)
        self.hq.do("person.unset_role", person="Nobody Yet", role="rep")
        anna = self.hq.ask("person.show", person=REP)[0]
        branches = {row["name"] for row in self.hq.ask("branch.list")}
        self.home = anna["branch"]
        self.away = sorted(branches - {self.home})[0]
        self.hq.do("person.lend", person=COLLEAGUE, branch=self.away)

    def make_customers(self):
        """Owned, shared, in pools, with folders; some of it taken back."""
        customers = self.rows("customer")
        self.random.shuffle(customers)
        for at, customer in enumerate(customers[:24]):
            if at % 4 != 3:
                self.arrange("customer.edit", customer=customer, branch=(self.home, self.away)[at // 12],
                           phone=f"1380000{at:04}")
            if at % 3 == 0:
                self.arrange("customer.assign", customer=customer, to=(REP, OTHER_REP, COLLEAGUE)[at % 9 // 3])
            if at % 12 == 1:
                self.arrange("customer.assign", customer=customer)  # into its branch's pool
            if at % 5 == 0:
                self.arrange("customer.share", customer=customer, with_=(COLLEAGUE, OTHER_REP)[at % 2], note="help")
            if at % 10 == 0:
                self.arrange("customer.unshare", customer=customer, with_=(COLLEAGUE, OTHER_REP)[at % 2])
            self.arrange("contact.add", customer=customer, name=f"Person {at}", phone=f"1390000{at:04}")
            self.arrange("customer.tag", customer=customer, tag=("key", "old")[at % 2])
            self.arrange("customer.add_address", customer=customer, line=f"Street {at}")
            self.arrange("interaction.log", customer=customer, summary=f"spoke {at}")
        self.arrange("customer.delete", customer=self.lonely_customer())

    def lonely_customer(self):
        return self.arrange("customer.register", name="Soon gone", owner=REP)["id"]

    def make_opportunities(self):
        deals = [row["id"] for row in self.hq.ask("opportunity.list", state="open", limit=2000)]
        self.random.shuffle(deals)
        for at, deal in enumerate(deals[:24]):
            if at % 2 == 0:
                self.arrange("opportunity.add_member", opportunity=deal, credit="10%",
                           person=(REP, OTHER_REP, COLLEAGUE, "Nobody Yet")[at % 8 // 2])
            if at % 8 == 4:
                self.arrange("opportunity.remove_member", opportunity=deal, person=COLLEAGUE)
            if at % 3 == 0:
                self.arrange("opportunity.assign", opportunity=deal, to=(REP, OTHER_REP)[at % 2])
            if at % 5 == 0:
                self.arrange("opportunity.add_product", opportunity=deal, product="GTX Basic", quantity=at + 1)
            if at % 7 == 0:
                self.arrange("opportunity.delete", opportunity=deal)
                continue
            self.arrange("interaction.log", opportunity=deal, summary=f"about it {at}", kind="visit")
            self.arrange("task.add", opportunity=deal, title=f"task {at}", due_at="2026-01-02 10:00",
                       assignee=(REP, OTHER_REP, MANAGER)[at % 3])
            self.arrange("reminder.set", opportunity=deal, title=f"ring {at}", due_at="2026-01-03 10:00",
                       user=(REP, COLLEAGUE, MANAGER)[at % 3])

    def make_trouble(self):
        """A conflict and a refusal at stations of their own; also the notices of them."""
        anna = self.company_.station("trouble", REP)
        deal, other = (row["id"] for row in anna.ask("opportunity.list", state="open", owner=REP, limit=2))
        anna.do("opportunity.edit", opportunity=deal, next_step="mine")
        # Together the two parts are more than the whole: whichever comes second is refused.
        anna.do("opportunity.add_member", opportunity=other, person="Nobody Yet", credit="60%")
        self.hq.do("opportunity.add_member", opportunity=other, person=OTHER_MANAGER, credit="60%")
        self.hq.do("opportunity.edit", opportunity=deal, next_step="theirs")
        self.hq.sync()
        anna.sync()
        self.hq.sync()
        self.assertTrue(self.hq.ask("conflict.list"))
        self.assertTrue(self.hq.ask("refusal.list"))

    def make_everything(self):
        self.make_people()
        self.desk = self.open(self.hq)
        self.make_customers()
        self.make_opportunities()
        self.hq.sync()
        self.make_trouble()

    # --- questions ---------------------------------------------------------------------------------

    def candidates(self, table, own):
        """Ids and names of rows of a table: the person's own, others', and what is none."""
        everything = self.rows(table) if table else []
        others = [row for row in everything if row not in own]
        chosen = [*self.random.sample(sorted(own), min(2, len(own))),
                  *self.random.sample(others, min(2, len(others))), str(uuid.UUID(int=7))]
        if table == "customer":
            chosen += [name for name, in self.names("customer", 2)]
        if table == "opportunity":
            chosen += [name for name, in self.names("opportunity", 2, "code")]
        if table == "app_user":
            chosen += [REP, MANAGER, "Nobody At All"]
        return chosen

    def names(self, table, count, column="name"):
        with sqlite3.connect(f"file:{self.hq.home}/replica.db?mode=ro", uri=True) as db:
            found = sorted(db.execute(f"select {column} from {table} where {column} is not null"))
        return self.random.sample(found, min(count, len(found)))

    def values_of(self, parameter, own):
        kind = parameter["type"]
        if kind == "id":
            return self.candidates(parameter["table"], own.get(parameter["table"], set()))
        if kind == "enum":
            return parameter["choices"]
        if kind == "bool":
            return [True, False]
        if kind == "code":
            return ["crm", "none such"]
        if kind == "int":
            return [1, 100000 if parameter["maximum"] >= 100000 else parameter["maximum"]]
        return {"date": ["2017-03-01", "2017-12-31"], "time": ["2017-03-01 00:00", "2026-12-31 23:00"],
                "text": ["a", "won", "key", "13800000004", "Isdom", "retail"]}.get(kind, [])

    def questions(self, query, own):
        """The arguments to ask with: what is needed, then each parameter by itself, then at random."""
        parameters = query["parameters"]
        choices = {one["name"]: self.values_of(one, own) for one in parameters}
        needed = [one["name"] for one in parameters if not one["optional"] and one["default"] is None]
        base = {name: choices[name][0] for name in needed if choices[name]}
        wide = {"limit": 100000} if "limit" in choices else {}
        yield {**base, **wide}
        for name, values in choices.items():
            for value in self.random.sample(values, min(3, len(values))):
                yield {**base, name: value}
        for _ in range(2):
            chosen = self.random.sample(sorted(choices), min(2, len(choices)))
            yield {**base, **{name: self.random.choice(choices[name]) for name in chosen if choices[name]}}

    @staticmethod
    def visible(station, user, describe):
        """The ids that the person's own station gives, by table."""
        own = {}
        for query, table in (("customer.list", "customer"), ("opportunity.list", "opportunity"),
                             ("contact.list", "contact"), ("task.list", "task")):
            rows = json.loads(station.ask(user, query, {"limit": 100000})[0] or "[]")
            own[table] = {row["id"] for row in rows}
        return own

    def compare(self, one, other, user, query, values):
        """Asked of both at once; what depends on the present moment may need a second look."""
        for attempt in range(3):
            expected, given = one.ask(None, query, values), other.ask(user, query, values)
            if expected == given:
                return
        self.fail(f"{user} asks {query} {values}: expected {str(expected)[:1500]}, shared {str(given)[:1500]}")

    def shared_station(self):
        """Headquarters' console: a station of everybody, that this process opens as a second one."""
        server = self.company_.server
        server.stop()
        server.start("--console", f"127.0.0.1:{support.free_port()}")
        console = support.Station(server.folder / "console")
        support.wait_until(lambda: (console.home / "replica.db").exists() and self.holds_rows(console),
                           "the console has the company's rows")
        return console

    @staticmethod
    def holds_rows(station):
        try:
            return station.status()["last_sync_at"]
        except support.Failure:  # not enrolled yet
            return False

    def open(self, station):
        opened = library.Station(station.home)
        self.addCleanup(opened.close)
        return opened

    def test_everybody_sees_what_his_own_station_shows(self):
        self.make_everything()
        stations = [self.company_.station(f"own{at}", user, "--ceiling", "rep manager hq admin")
                    for at, user in enumerate(PEOPLE)]
        enrolled = self.shared_station()
        self.company_.settle(enrolled, *stations)
        shared = self.open(enrolled)
        asked = 0
        told = {}
        for user, station in zip(PEOPLE, stations):
            own = self.open(station)
            describe = own.describe()
            visible = self.visible(own, None, describe)
            for query in describe["queries"]:
                for values in self.questions(query, visible):
                    self.compare(own, shared, user, query["name"], values)
                    asked += 1
            told[user] = visible
            inbox, given = (json.loads(one.look(who, "inbox")[0]) for one, who in ((own, None), (shared, user)))
            self.assertEqual(inbox["conflicts"], given["conflicts"])
            self.assertEqual(inbox["notices"], given["notices"])
            marks, given = (json.loads(one.look(who, "marks")[0]) for one, who in ((own, None), (shared, user)))
            self.assertEqual(marks["conflict"], given["conflict"])
            self.assertEqual(own.story(None), ("[]", None))
        self.assertGreater(asked, 3000)
        # Neither does it compare nothing with nothing, nor everything with everything.
        self.assertGreater(len(told[REP]["opportunity"]), 400)
        self.assertLess(len(told[REP]["opportunity"]), len(told[MANAGER]["opportunity"]))
        self.assertLess(len(told[MANAGER]["opportunity"]), len(told["Hanna Quarters"]["opportunity"]))
        self.assertEqual(told["Ada Min"]["opportunity"], set())
        self.assertGreater(len(told["Nobody Yet"]["opportunity"]), 0)

    def test_nobody_works_on_what_he_does_not_see(self):
        enrolled = self.shared_station()
        self.company_.server.stop()  # so that nothing is sent meanwhile
        shared = self.open(enrolled)
        hers = json.loads(shared.ask(REP, "opportunity.list", {"state": "open", "limit": 1})[0])[0]
        his = json.loads(shared.ask(OTHER_REP, "opportunity.list", {"state": "open", "limit": 1})[0])[0]
        nobodys = str(uuid.UUID(int=7))

        def refused(command, **values):
            result, error = shared.do(REP, command, values)
            self.assertIsNone(result)
            return error

        for deal in (his["id"], his["code"], his["name"]):
            as_none = refused("opportunity.edit", opportunity=nobodys, next_step="x")
            self.assertEqual(refused("opportunity.edit", opportunity=deal, next_step="x"), as_none)
            self.assertEqual(as_none[:2], ("parameter.not_found", "opportunity"))
        self.assertIsNone(shared.do(REP, "opportunity.edit", {"opportunity": hers["id"], "next_step": "call"})[1])
        # A name that a colleague's customer has is no duplicate that she could know of.
        result, error = shared.do(OTHER_REP, "customer.register", {"name": "Quiet Ltd", "phone": "13812345678"})
        self.assertIsNone(error)
        quiet = json.loads(result)["id"]
        self.assertIsNone(shared.do(REP, "customer.register", {"name": "Quiet Ltd", "phone": "13812345678"})[1])
        self.assertEqual(refused("interaction.log", customer=quiet, summary="x")[0], "parameter.not_found")
        self.assertEqual(refused("customer.restore", customer=quiet)[0], "parameter.not_found")
        # What is told of work stays with its author.
        self.assertEqual({entry["command"] for entry in json.loads(shared.story(OTHER_REP)[0])}, {"customer.register"})
        self.assertEqual([entry["command"] for entry in json.loads(shared.story(REP)[0])],
                         ["customer.register", "opportunity.edit"])
        self.assertIn(quiet, json.loads(shared.look(OTHER_REP, "marks")[0])["pending"])
        self.assertNotIn(quiet, json.loads(shared.look(REP, "marks")[0])["pending"])
        self.assertIn(hers["id"], json.loads(shared.look(MANAGER, "marks")[0])["pending"])
        self.company_.server.start()
        enrolled.sync()
        self.hq.sync()
        self.assertEqual(len(self.hq.ask("customer.list", text="Quiet Ltd")), 2)


if __name__ == "__main__":
    unittest.main()
