"""Stations that stay online (`satchel sync --watch`) keep each other up to date by themselves."""

import subprocess
import time
import unittest

import support
from support import Watch, wait_until

SECONDS = 5  # the promise


class AutoSync(support.TestCase):

    def setUp(self):
        self.company_ = self.company()
        self.ann = self.company_.station("ann", "Ann Reed")
        self.bob = self.company_.station("bob", "Bob Lane")
        self.watches = [Watch(self.ann), Watch(self.bob)]
        for watch in self.watches:
            self.addCleanup(watch.stop)
            wait_until(lambda w=watch: any(event["event"] in ("online", "synced")
                                           for event in w.events), "online")

    def phone(self, station):
        return station.ask("customer.show", customer="Northwind")[0]["phone"]

    def test_a_change_arrives(self):
        for number, (source, sink) in enumerate(((self.ann, self.bob), (self.bob, self.ann))):
            phone = f"555-100{number}"
            source.do("customer.edit", customer="Northwind", phone=phone)
            started = time.monotonic()
            wait_until(lambda: self.phone(sink) == phone, "the other station has it", SECONDS)
            print(f"arrived after {time.monotonic() - started:.1f} s", flush=True)

    def test_after_an_outage(self):
        link = self.company_.links["bob"]
        link.cut()
        self.ann.do("customer.edit", customer="Northwind", phone="555-2000")
        wait_until(lambda: any(event["event"] == "offline" for event in self.watches[1].events),
                   "the station notices")
        self.bob.do("customer.edit", customer="Northwind", website="https://example.com")
        offline, = [event for event in self.watches[1].events if event["event"] == "offline"]
        self.assertTrue(offline["detail"]["code"].startswith("transport."))
        link.restore()
        wait_until(lambda: self.phone(self.bob) == "555-2000", "the other station has it")
        wait_until(lambda: self.ann.ask("customer.show", customer="Northwind")[0]["website"]
                   == "https://example.com", "the first station has what waited")

    def test_plain_words(self):
        for watch in self.watches:
            watch.stop()
        self.ann.do("customer.edit", customer="Northwind", phone="555-3000")
        with subprocess.Popen(self.ann.command("sync", "--watch"), stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True) as watch:
            try:
                lines = [watch.stdout.readline().strip() for _ in range(3)]
            finally:
                watch.terminate()
        said = " | ".join(lines)
        for text in ("online", "received 1 row", "sent 1 change"):
            self.assertIn(text, said)
        self.assertNotIn("{", said)

    def test_ends_cleanly(self):
        for watch in self.watches:
            self.assertEqual(watch.stop(), 0)


if __name__ == "__main__":
    unittest.main()
