"""kill -9 of station or server at random moments: nothing acknowledged is lost, nothing is half visible.

    SATCHEL_SEED=…    replays the choices of a run that printed this seed
    SATCHEL_ROUNDS=…  another number of rounds than 200
"""

import os
import random
import time
import unittest

import support
from support import Failure

ROUNDS = int(os.environ.get("SATCHEL_ROUNDS", "200"))
SEED = os.environ.get("SATCHEL_SEED") or str(random.SystemRandom().randrange(1 << 32))


class Crash(support.TestCase):

    def setUp(self):
        print(f"SATCHEL_SEED={SEED} rounds={ROUNDS}", flush=True)
        self.random = random.Random(SEED)
        self.company_ = self.company()
        self.stations = [self.company_.station("ann", "Ann Reed"),
                         self.company_.station("bob", "Bob Lane")]
        self.acknowledged = [set(), set()]  # names of customers whose command ended with 0
        self.attempted = set()
        self.number = 0
        self.killed = {"command": 0, "sync": 0, "server": 0}

    def next_name(self):
        self.number += 1
        name = f"Crash {self.number:04d}"
        self.attempted.add(name)
        return name

    def start_register(self, station, name):
        """A customer with a contact: two tables, one transaction."""
        return station.start("do", "customer.register", f"name={name}",
                             f"contact_name=Contact {name}", "--json")

    def pause(self, longest):
        """Sleeping is the point here: the moment of the kill is what is drawn."""
        time.sleep(self.random.uniform(0, longest))

    def end(self, process):
        """Kills, unless it ended by itself; the status, 0 meaning acknowledged."""
        if process.poll() is None:
            process.kill()
        process.communicate()
        return process.returncode

    def kill_command(self, which):
        station, name = self.stations[which], self.next_name()
        process = self.start_register(station, name)
        self.pause(0.04)
        status = self.end(process)
        if status == 0:
            self.acknowledged[which].add(name)
        self.killed["command"] += status == -9
        self.check(which)

    def register(self, which):
        name = self.next_name()
        self.stations[which].run("do", "customer.register", f"name={name}",
                                 f"contact_name=Contact {name}")
        self.acknowledged[which].add(name)

    def kill_sync(self, which):
        self.register(which)
        process = self.stations[which].start("sync", "--json")
        self.pause(0.06)
        self.killed["sync"] += self.end(process) == -9
        self.check(which)

    def kill_server(self, which):
        self.register(which)
        process = self.stations[which].start("sync", "--json")
        self.pause(0.06)
        self.company_.server.kill()
        self.killed["server"] += 1
        process.communicate(timeout=support.wait_until.__defaults__[0])
        self.company_.server.start()
        self.check(which)

    def names(self, station):
        return {row["name"] for row in station.ask("customer.list", text="Crash", limit=1000000)}

    def check(self, which):
        """The station opens, has all that it acknowledged, and of the rest whole rows only."""
        station = self.stations[which]
        customers = self.names(station)
        self.assertLessEqual(self.acknowledged[which], customers)
        contacts = {row["name"] for row in station.ask("contact.list", limit=1000000)}
        for name in customers:
            self.assertIn(f"Contact {name}", contacts)

    def test_200_rounds(self):
        for _ in range(ROUNDS):
            which = self.random.randrange(2)
            self.random.choice([self.kill_command, self.kill_sync, self.kill_server])(which)
        self.settle_and_compare()
        print(f"killed: {self.killed}; acknowledged: {sum(map(len, self.acknowledged))} "
              f"of {self.number} customers", flush=True)

    def settle_and_compare(self):
        self.company_.settle(*self.stations)
        at_hq = self.names(self.company_.hq)
        for which, station in enumerate(self.stations):
            own = self.names(station)
            self.assertLessEqual(self.acknowledged[which], own)
            self.assertLessEqual(own, at_hq)
            self.assertEqual(station.status()["waiting"], 0)
            station.verify()
        self.assertLessEqual(at_hq, self.attempted)
        self.assertEqual(len(at_hq), len(self.company_.hq.ask("customer.list", text="Crash",
                                                             limit=1000000)))
        self.company_.hq.verify()
        self.company_.server.verify()


class Torn(support.TestCase):
    """The link tears in the middle of an answer, at every size; the sync goes on where it was."""

    def test_first_sync_in_pieces(self):
        company = self.company(full=True)
        station = company.station("darcel", "Darcel Schlecht", sync=False)
        link = company.links["darcel"]
        torn = 0
        for count in (100, 1000, 5000, 20000, 60000):
            link.tear_after(count)
            try:
                station.sync()
            except Failure as failure:
                self.assertTrue(failure.code.startswith("transport."), failure)
                torn += 1
            link.restore()
        self.assertGreater(torn, 0)
        station.sync()
        self.assertEqual(len(station.ask("opportunity.list", limit=1000000)), 747)
        station.verify()


if __name__ == "__main__":
    unittest.main()
