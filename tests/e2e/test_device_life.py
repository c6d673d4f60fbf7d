"""The life of a device: copied, restored, revoked, its keys replaced; and the server's key."""

import json
import shutil
import sqlite3
import unittest
import urllib.request

import support


class Life(support.TestCase):
    def setUp(self):
        self.company_ = self.company()
        self.ann = self.company_.station("ann", "Ann Reed")

    def copy(self, station, name):
        """The same station once more, as a backup tool or a cloned disk makes it."""
        support.copy_folder(station.home, self.company_.folder / name)
        return support.Station(self.company_.folder / name, link=station.link)

    def log(self, station, text):
        station.do("interaction.log", customer="Northwind", kind="note", summary=text)

    def summaries(self, station):
        return sorted(row["summary"] for row in
                      station.ask("interaction.list", customer="Northwind"))

    def phone(self, station):
        return station.ask("customer.show", customer="Northwind")[0]["phone"]

    def assertEqualEverywhere(self, expected, *stations):
        self.company_.settle(*stations)
        for station in (*stations, self.company_.hq):
            self.assertEqual(self.summaries(station), sorted(expected), station.home)
            station.verify()
        self.company_.server.verify()
        self.assertEqual(self.company_.hq.ask("conflict.list", all=True), [])


class Forks(Life):
    def test_a_clone_and_its_original_both_go_on(self):
        self.log(self.ann, "before")
        self.ann.sync()
        self.log(self.ann, "waiting in both")
        self.ann.do("customer.edit", customer="Northwind", phone="555-1")
        clone = self.copy(self.ann, "clone")
        self.log(self.ann, "ann alone")
        self.log(clone, "clone alone")
        self.ann.sync()
        clone.sync()
        codes = {station.status()["device_code"] for station in (self.ann, clone)}
        self.assertEqual(len(codes), 2, "the copy got a code of its own")
        self.assertFalse(clone.status()["fork"])
        expected = ["before", "waiting in both", "ann alone", "clone alone"]
        self.assertEqualEverywhere(expected, self.ann, clone)
        # Both work on, also on what was waiting in both, and neither is in conflict with himself.
        clone.do("customer.edit", customer="Northwind", phone="555-2")
        self.log(clone, "clone again")
        clone.sync()
        self.log(self.ann, "ann again")
        self.assertEqualEverywhere([*expected, "clone again", "ann again"], self.ann, clone)
        self.assertEqual(self.phone(self.ann), "555-2")

    def test_a_restored_station_goes_on(self):
        self.log(self.ann, "before")
        self.ann.sync()
        backup = self.copy(self.ann, "backup")
        for text in ("one", "two", "three"):
            self.log(self.ann, text)
            self.ann.sync()
        self.log(self.ann, "never sent, and gone with the disk")
        shutil.rmtree(self.ann.home)
        support.copy_folder(backup.home, self.ann.home)
        self.log(self.ann, "after")
        self.ann.do("customer.edit", customer="Northwind", phone="555-3")
        self.ann.sync()
        self.assertEqual(self.ann.status()["waiting"], 0)
        self.assertEqualEverywhere(["before", "one", "two", "three", "after"], self.ann)
        self.assertEqual(self.phone(self.company_.hq), "555-3")

    def test_three_copies_of_one_state(self):
        """Also copies of a copy that has found out already, but was not enrolled again."""
        self.log(self.ann, "before")
        first = self.copy(self.ann, "first")
        self.log(self.ann, "ann")
        self.log(first, "first")
        self.ann.sync()
        first.link.tear_after(0)  # its request arrives, no answer comes back
        self.assertRefused("transport.unreachable", None, first.sync)
        first.link.restore()
        second = self.copy(first, "second")
        self.log(second, "second")
        stations = (self.ann, first, second)
        self.assertEqualEverywhere(["before", "ann", "first", "second"], *stations)
        codes = {station.status()["device_code"] for station in stations}
        self.assertEqual(len(codes), 3)

    def test_cut_at_every_answer(self):
        """However often the line breaks while it is enrolled again, it is enrolled once."""
        clone = self.copy(self.ann, "clone")
        self.log(self.ann, "ann")
        self.log(clone, "clone")
        self.ann.sync()
        for count in (0, 100, 300, 500, 700, 900, 1200, 1500, 2000, 3000, 5000):
            clone.link.tear_after(count)
            try:
                clone.sync()
            except support.Failure as failure:
                self.assertTrue(failure.code.startswith("transport."), failure)
            clone.link.restore()
        self.assertEqualEverywhere(["ann", "clone"], self.ann, clone)
        listed = self.company_.server.run("devices", "--data", self.company_.server.folder)
        self.assertEqual(listed.count("Ann Reed"), 2, listed)


class Revoked(Life):
    def files(self, station):
        return sorted(path.name for path in station.home.iterdir())

    def assertNothingLeft(self, station):
        for name in self.files(station):
            self.assertTrue(name.startswith("replica.db") or name == "sync.lock", name)
            data = (station.home / name).read_bytes()
            for word in (b"Northwind", b"Southgate", b"Ann Reed", b"unsent"):
                self.assertNotIn(word, data, (name, word))

    def revoke(self, what):
        self.company_.server.run("revoke", "--data", self.company_.server.folder, "--device", what)

    def quarantine(self, *words):
        return self.company_.server.run("quarantine", *words, "--data", self.company_.server.folder)

    def test_a_revoked_station_sends_what_it_has_and_is_wiped(self):
        self.log(self.ann, "sent")
        self.ann.sync()
        self.log(self.ann, "unsent one")
        self.log(self.ann, "unsent two")
        self.revoke("ann")
        failure = self.assertRefused("station.revoked", None, self.ann.sync)
        self.assertIn("revoked", failure.message)
        self.assertNothingLeft(self.ann)
        for command in ("status", "sync", "inbox"):
            self.assertRefused("station.revoked", None, self.ann.json, command)
        self.company_.hq.sync()
        self.assertEqual(self.summaries(self.company_.hq), ["sent"])
        row, = json.loads(self.quarantine("list", "--json"))
        self.assertEqual((row["name"], row["transactions"]), ("ann", 2))
        self.assertIn("Released: 2 transactions", self.quarantine("release", "--device", "ann"))
        self.assertEqual(json.loads(self.quarantine("list", "--json")), [])
        with self.assertRaises(support.Failure) as caught:
            self.quarantine("release", "--device", "ann")
        self.assertIn("quarantine.empty", str(caught.exception))
        self.company_.hq.sync()
        self.assertEqual(self.summaries(self.company_.hq), ["sent", "unsent one", "unsent two"])
        self.company_.server.verify()
        # The folder is free for another station.
        self.ann.enrol(self.company_.server.invite("Ann Reed"), name="ann2")
        self.ann.sync()
        self.assertEqual(self.summaries(self.ann), ["sent", "unsent one", "unsent two"])

    def test_work_can_be_discarded(self):
        self.log(self.ann, "unsent")
        self.revoke("ann")
        self.assertRefused("station.revoked", None, self.ann.sync)
        self.assertIn("Discarded: 1", self.quarantine("discard", "--device", "ann"))
        self.company_.hq.sync()
        self.assertEqual(self.summaries(self.company_.hq), [])
        self.company_.server.verify()

    def test_quarantine_is_released_in_a_backup(self):
        """Before it is started for the first time: its history begins first, and only one does."""
        company = self.company_
        self.log(self.ann, "unsent")
        self.revoke("ann")
        self.assertRefused("station.revoked", None, self.ann.sync)
        company.hq.sync()
        backup = company.folder / "backup"
        company.server.run("backup", "--data", company.server.folder, "--to", backup)
        company.hq.do("customer.register", name="After the backup")
        company.hq.sync()
        company.server.stop()
        shutil.rmtree(company.server.folder)
        support.copy_folder(backup, company.server.folder)
        self.quarantine("release", "--device", "ann")
        company.server.start()
        company.hq.sync()
        self.assertEqual(self.summaries(company.hq), ["unsent"])
        self.assertIn("After the backup", str(company.hq.ask("customer.list")))
        with urllib.request.urlopen(company.server.address + "/healthz") as answer:
            self.assertEqual(json.load(answer)["epoch"], 2)
        company.server.verify()

    def test_a_family_is_revoked_as_one(self):
        self.log(self.ann, "before")
        clone = self.copy(self.ann, "clone")
        self.log(self.ann, "ann")
        self.log(clone, "clone")
        self.ann.sync()
        clone.sync()
        self.log(self.ann, "unsent of ann")
        self.log(clone, "unsent of clone")
        self.revoke(clone.status()["device_code"])
        for station in (self.ann, clone):
            self.assertRefused("station.revoked", None, station.sync)
            self.assertNothingLeft(station)
        self.quarantine("release", "--device", "ann")
        self.company_.hq.sync()
        self.assertEqual(self.summaries(self.company_.hq),
                         ["ann", "before", "clone", "unsent of ann", "unsent of clone"])
        self.company_.server.verify()

    def test_a_copy_that_was_never_enrolled_again(self):
        """Revoked before it found out that it is one: what it has goes into quarantine all the same."""
        clone = self.copy(self.ann, "clone")
        self.log(self.ann, "ann")
        self.log(clone, "unsent")
        self.ann.sync()
        self.revoke("ann")
        self.assertRefused("station.revoked", None, clone.sync)
        self.assertNothingLeft(clone)
        self.quarantine("release", "--device", "ann")
        self.company_.hq.sync()
        self.assertEqual(self.summaries(self.company_.hq), ["ann", "unsent"])
        self.company_.server.verify()

    def test_a_line_that_breaks_loses_nothing(self):
        self.log(self.ann, "unsent")
        self.revoke("ann")
        for count in (0, 100, 400):
            self.ann.link.tear_after(count)
            try:
                self.ann.sync()
            except support.Failure as failure:
                self.assertIn(failure.code.split(".")[0], ("transport", "station"))
            self.ann.link.restore()
        self.assertRefused("station.revoked", None, self.ann.sync)
        self.quarantine("release", "--device", "ann")
        self.company_.hq.sync()
        self.assertEqual(self.summaries(self.company_.hq), ["unsent"])


class Keys(Life):
    def rotate_server(self):
        self.company_.server.stop()
        self.company_.server.run("rotate-key", "--data", self.company_.server.folder)
        self.company_.server.start()

    def test_a_station_replaces_its_key(self):
        self.log(self.ann, "before")
        key = (self.ann.home / "device.key").read_bytes()
        self.ann.link.cut()
        self.log(self.ann, "sealed and not sent")
        self.assertRefused("transport.unreachable", None, self.ann.sync)
        old = self.copy(self.ann, "old")
        self.assertRefused("transport.unreachable", None, self.ann.json, "rotate-key")
        self.ann.link.restore()
        self.log(self.ann, "meanwhile")
        self.ann.sync()  # does what was asked for
        self.assertNotEqual((self.ann.home / "device.key").read_bytes(), key)
        self.log(self.ann, "after")
        self.ann.run("rotate-key")
        self.log(self.ann, "after two")
        self.assertEqualEverywhere(
            ["before", "sealed and not sent", "meanwhile", "after", "after two"], self.ann)
        # What still has the former key is nobody any more.
        self.log(old, "by a thief")
        self.assertRefused("device.key_rotated", None, old.sync)

    def test_a_lost_answer_while_the_key_is_replaced(self):
        for count in (0, 100, 300, 600):
            self.log(self.ann, f"work {count}")
            self.ann.link.tear_after(count)
            try:
                self.ann.run("rotate-key")
            except support.Failure:
                pass
            self.rotate_server()  # what is said again is signed with another key
            self.ann.link.restore()
            self.ann.sync()
        self.assertEqualEverywhere([f"work {count}" for count in (0, 100, 300, 600)], self.ann)

    def test_the_server_replaces_its_key(self):
        """Twice, while one station is away, with sealed work waiting and an invitation under way."""
        company = self.company_
        bob = company.station("bob", "Bob Lane")
        invitation = company.server.invite("Cy Dow")
        self.ann.link.cut()
        self.log(self.ann, "while away")
        self.assertRefused("transport.unreachable", None, self.ann.sync)
        with self.assertRaises(support.Failure) as caught:
            company.server.run("rotate-key", "--data", company.server.folder)
        self.assertIn("server.running", str(caught.exception))
        self.rotate_server()
        bob.sync()
        self.rotate_server()
        self.ann.link.restore()
        cy = support.Station(company.folder / "cy", link=company.link("cy"))
        cy.enrol(invitation, name="cy")
        cy.sync()
        dan = company.station("dan", "Ann Reed")
        for station in (self.ann, bob, dan, cy):
            station.sync()
            station.verify()
        self.assertEqualEverywhere(["while away"], self.ann, bob, dan)
        self.ann.run("rotate-key")
        self.log(self.ann, "after")
        self.assertEqualEverywhere(["while away", "after"], self.ann, bob, dan)

    def test_a_backup_has_the_older_keys(self):
        company = self.company_
        self.rotate_server()
        company.server.stop()
        backup = company.folder / "backup"
        company.server.run("backup", "--data", company.server.folder, "--to", backup)
        shutil.rmtree(company.server.folder)
        support.copy_folder(backup, company.server.folder)
        company.server.verify()
        company.server.start()
        self.ann.sync()  # it still pins the first key
        self.ann.verify()

    def test_a_copy_found_out_after_the_server_has_another_key(self):
        clone = self.copy(self.ann, "clone")
        self.log(self.ann, "ann")
        self.log(clone, "clone")
        self.ann.sync()
        self.rotate_server()
        clone.sync()
        self.assertEqualEverywhere(["ann", "clone"], self.ann, clone)


class Restored(Life):
    """Headquarters' disk is lost, and with it what became of keys and copies since the backup."""

    def setUp(self):
        super().setUp()
        self.log(self.ann, "before the backup")
        self.ann.sync()
        self.backup = self.company_.folder / "backup"
        server = self.company_.server
        server.run("backup", "--data", server.folder, "--to", self.backup)

    def lose_the_disk(self):
        server = self.company_.server
        server.kill()
        shutil.rmtree(server.folder)
        support.copy_folder(self.backup, server.folder)
        server.start()

    def work_under_two_keys(self, station, name):
        self.log(station, f"{name}: under the former key")
        station.sync()
        station.run("rotate-key")
        self.log(station, f"{name}: under the next key")
        station.sync()
        return [f"{name}: under the former key", f"{name}: under the next key"]

    def test_keys_that_were_replaced_since(self):
        bob = self.company_.station("bob", "Bob Lane")  # the backup does not know him at all
        expected = ["before the backup", *self.work_under_two_keys(self.ann, "ann"),
                    *self.work_under_two_keys(self.ann, "ann again"), *self.work_under_two_keys(bob, "bob")]
        thief = self.copy(self.ann, "thief")
        self.ann.run("rotate-key")
        self.lose_the_disk()
        for station in (self.ann, bob):
            self.log(station, f"after {station.home.name}")
            station.sync()
        self.assertEqualEverywhere([*expected, "after ann", "after bob"], self.ann, bob)
        self.log(thief, "by a thief")  # the key before is a former one here, too
        self.assertRefused("device.key_rotated", None, thief.sync)
        self.ann.run("rotate-key")
        self.log(self.ann, "end")
        self.assertEqualEverywhere([*expected, "after ann", "after bob", "end"], self.ann, bob)

    def test_a_key_that_is_to_be_replaced_when_the_disk_is_lost(self):
        expected = ["before the backup", *self.work_under_two_keys(self.ann, "ann")]
        self.ann.link.cut()
        self.assertRefused("transport.unreachable", None, self.ann.json, "rotate-key")
        self.lose_the_disk()
        self.ann.link.restore()
        self.ann.sync()
        self.assertEqualEverywhere(expected, self.ann)

    def copies(self, parent):
        """A copy with a part in common and a part of its own, known to headquarters as a child of `parent`."""
        self.log(parent, "in common")
        parent.do("customer.edit", customer="Northwind", phone="555-1")
        parent.sync()
        clone = self.copy(parent, "clone")
        self.log(parent, "parent alone")
        parent.sync()
        self.log(clone, "clone alone")
        clone.sync()
        clone.do("customer.edit", customer="Northwind", phone="555-2")
        clone.sync()
        return clone, ["before the backup", "in common", "parent alone", "clone alone"]

    def families(self):
        with sqlite3.connect(f"file:{self.company_.server.folder / 'master.db'}?mode=ro", uri=True) as db:
            return db.execute("select c.code, p.code from station_kin k join station c on c.number = k.station"
                              " join station p on p.number = k.parent").fetchall()

    def test_a_copy_that_was_found_out_since(self):
        for first in ("parent", "clone"):
            with self.subTest(first=first):
                self.tearDown()
                self.setUp()
                clone, expected = self.copies(self.ann)
                family = self.families()
                self.assertEqual(len(family), 1)
                self.lose_the_disk()
                for station in (self.ann, clone) if first == "parent" else (clone, self.ann):
                    station.sync()
                self.assertEqualEverywhere(expected, self.ann, clone)
                self.assertEqual(self.phone(self.company_.hq), "555-2")
                self.assertEqual(len(self.families()), 1)

    def test_a_copy_of_a_station_that_the_backup_does_not_know(self):
        """Its original never comes back: all there is of both is at the copy."""
        dan = self.company_.station("dan", "Ann Reed")
        clone, expected = self.copies(dan)
        self.lose_the_disk()
        clone.sync()
        self.assertEqualEverywhere([text for text in expected if text != "parent alone"], clone, self.ann)
        self.assertEqual(self.phone(self.company_.hq), "555-2")
        self.assertEqual(len(self.families()), 1)
        server = self.company_.server
        server.run("revoke", "--data", server.folder, "--device", clone.status()["device_code"])
        self.assertRefused("station.revoked", None, clone.sync)
        self.assertRefused("station.revoked", None, dan.sync)


if __name__ == "__main__":
    unittest.main()
