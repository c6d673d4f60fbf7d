"""What is wrong is refused with a message that names the field and what is accepted; nothing is half done."""

import json
import subprocess
import unittest

import support
from support import BIN


class BadInput(support.TestCase):

    def setUp(self):
        self.company_ = self.company()
        self.ann = self.company_.station("ann", "Ann Reed")

    def state(self):
        return (self.ann.status()["waiting"],
                self.ann.ask("opportunity.list", limit=1000000),
                self.ann.ask("customer.list", limit=1000000))

    def test_nothing_is_done(self):
        before = self.state()
        for code, field, command, values in (
                ("command.unknown", None, "opportunity.winn", {"opportunity": "D003"}),
                ("parameter.unknown", "oportunity", "opportunity.win", {"oportunity": "D003"}),
                ("parameter.missing", "opportunity", "opportunity.win", {}),
                ("parameter.not_found", "opportunity", "opportunity.win", {"opportunity": "D999"}),
                # Somebody else's: it is not on this station, so it does not exist here.
                ("parameter.not_found", "opportunity", "opportunity.win", {"opportunity": "D005"}),
                ("role.missing", None, "opportunity.assign",
                 {"opportunity": "D003", "to": "Bob Lane"}),
                ("opportunity.closed", "opportunity", "opportunity.win", {"opportunity": "D001"}),
                ("stage.unknown", "stage", "opportunity.move_stage",
                 {"opportunity": "D003", "stage": "won"}),
                ("list.unknown", "reason", "opportunity.lose",
                 {"opportunity": "D003", "reason": "weather"}),
                ("opportunity.note_missing", "note", "opportunity.lose",
                 {"opportunity": "D003", "reason": "other"}),
                ("date.backdated", "on", "opportunity.win",
                 {"opportunity": "D003", "on": "2017-01-05"}),
                ("amount.negative", "amount", "opportunity.win",
                 {"opportunity": "D003", "amount": "-5"})):
            with self.subTest(command=command, values=values):
                failure = self.assertRefused(code, field, self.ann.do, command, **values)
                self.assertEqual(failure.status, 1)
        for field, values in (("due_at", {"title": "Call", "due_at": "tomorrow-ish"}),
                              ("offset_minutes", {"title": "Call", "due_at": "2030-01-01 10:00",
                                                  "offset_minutes": "ten"}),
                              ("title", {"title": "x" * 301, "due_at": "2030-01-01 10:00"})):
            with self.subTest(field=field):
                failure = self.assertRefused_any(field, self.ann.do, "reminder.set", **values)
                self.assertEqual(failure.status, 1)
        self.assertEqual(self.state(), before)

    def assertRefused_any(self, field, call, *arguments, **values):
        with self.assertRaises(support.Failure) as caught:
            call(*arguments, **values)
        self.assertEqual(caught.exception.field, field, caught.exception.errors)
        return caught.exception

    def test_messages_help(self):
        said = self.failure_text("do", "opportunity.winn", "opportunity=D003")
        self.assertIn("opportunity.win", said)
        said = self.failure_text("do", "opportunity.lose", "opportunity=D003", "reason=weather")
        self.assertIn("price", said)  # what is accepted
        self.assertIn("field reason", said)

    def failure_text(self, *words, status=1):
        done = subprocess.run(self.ann.command(*words), capture_output=True, text=True)
        self.assertEqual(done.returncode, status, done)
        self.assertTrue(done.stderr.startswith("satchel: "), done.stderr)
        self.assertEqual(done.stdout, "")
        return done.stderr

    def test_command_line(self):
        for words in (["asc"], ["ask"], ["do"], ["do", "--jsn", "x"], ["ask", "--csv=1", "x"],
                      ["inbox", "restore"], ["inbox", "burn", "1"], ["story", "--limit", "no"],
                      ["import"], ["move"], ["--lang", "fr", "status"], ["sync", "--home"],
                      ["import", "x", "--currency", "usd"]):
            with self.subTest(words=words):
                self.failure_text(*words, status=2)
        self.assertIn("ask", self.failure_text("asc", status=2))
        self.assertIn("--json", self.failure_text("ask", "--jsn", "x", status=2))
        self.assertIn("twice", self.failure_text("do", "opportunity.win", "opportunity=1",
                                                 "opportunity=2"))
        self.assertIn("name=value", self.failure_text("do", "opportunity.win", "D003"))
        self.assertIn("JSON", self.failure_text("do", "opportunity.win", "opportunity:=[1"))

    def test_no_station(self):
        done = subprocess.run([BIN / "satchel", "--home", self.folder() / "none", "status",
                               "--json"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(json.loads(done.stderr)["code"], "station.missing")

    def test_invitations(self):
        home = self.folder() / "new"
        for invitation in ("nonsense", "", "a" * 5000):
            with self.subTest(invitation=invitation[:10]):
                station = support.Station(home)
                self.assertRefused("invitation.malformed", None, station.enrol, invitation)
        invitation = self.company_.server.invite("Bob Lane")
        support.Station(self.folder() / "bob").enrol(invitation)
        self.assertRefused("invitation.used", None, support.Station(home).enrol, invitation)
        self.assertRefused("enrol.exists", None, support.Station(self.ann.home).enrol, invitation)

    def test_addresses(self):
        invitation = self.company_.server.invite("Bob Lane")
        new = support.Station(self.folder() / "new")
        server = self.ann.status()["server"]
        for address in ("hq", "ftp://hq", "http://", "http://hq:0", "http://hq:66666", "http://hq/x",
                        "http://hq hq", "https://hq:", "http://[::1"):
            with self.subTest(address=address):
                self.assertRefused("address.invalid", "address", self.ann.run, "move", address, "--json")
                self.assertRefused("address.invalid", "address", new.run, "enrol", invitation,
                                   "--address", address, "--json")
        self.assertEqual(self.ann.status()["server"], server)
        self.assertFalse(new.home.exists())
        for address in ("https://hq.example.com", "http://[::1]:80", server):
            self.ann.run("move", address)
            self.assertEqual(self.ann.status()["server"], address)

    def test_a_home_that_does_not_work(self):
        station = support.Station(self.folder() / "broken")
        database = station.home / "replica.db"
        database.mkdir(parents=True)
        failure = self.assertRefused("database.open", "home", station.status)
        self.assertIn(f"The folder {station.home} cannot be read or written", failure.message)
        database.rmdir()
        database.write_text("no database " * 1000)
        failure = self.assertRefused("database.corrupt", "home", station.ask, "customer.list")
        self.assertIn("new invitation", failure.message)


if __name__ == "__main__":
    unittest.main()
