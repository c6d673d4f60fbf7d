"""What headquarters does with its stations: many invitations, lists, taking trust back."""

import json
import re
import shutil
import socket
import unittest
import xml.etree.ElementTree

import support
from company import free_port
from page import Page, Refused, tls_context


class Admin(support.TestCase):
    def devices(self, company):
        return {row["name"]: row for row in json.loads(
            company.server.run("devices", "--data", company.server.folder, "--json"))}

    def invitations(self, company):
        return json.loads(company.server.run("invitations", "--data", company.server.folder, "--json"))

    def refused(self, company, code, *words):
        with self.assertRaises(support.Failure) as caught:
            company.server.run(*words, "--data", company.server.folder)
        self.assertIn(f"({code}", str(caught.exception))


class Invitations(Admin):
    def test_a_line_for_everybody(self):
        company = self.company()
        lines = company.server.run("invite", "--data", company.server.folder, "--all",
                                   "--role", "rep").splitlines()
        people = dict(line.split("\t") for line in lines)
        self.assertEqual(set(people), {"Ann Reed", "Bob Lane", "Cy Dow", "Eve Idle"})
        ann = support.Station(company.folder / "ann")
        ann.enrol(people["Ann Reed"])
        ann.sync()
        self.assertEqual([row["name"] for row in ann.status()["actors"]], ["Ann Reed"])
        everybody = company.server.run("invite", "--data", company.server.folder, "--all")
        self.assertGreater(len(everybody.splitlines()), len(lines))
        self.refused(company, "role.unknown", "invite", "--all", "--role", "king")
        company.server.verify()

    def test_used_twice(self):
        company = self.company()
        invitation = company.server.invite("Ann Reed")
        support.Station(company.folder / "ann").enrol(invitation)
        self.assertRefused("invitation.used", None, support.Station(company.folder / "other").enrol,
                           invitation)
        used = self.invitations(company)[0]
        self.assertEqual(used["name"], "Ann Reed")
        self.assertGreaterEqual(used["used_at"], used["created_at"])
        self.refused(company, "invitation.used", "revoke", "--invitation", used["id"])

    def test_taken_back(self):
        company = self.company()
        invitation = company.server.invite("Ann Reed")
        row = self.invitations(company)[0]
        self.assertIsNone(row["used_at"])
        self.assertIsNone(row["revoked_at"])
        self.refused(company, "invitation.unknown", "revoke", "--invitation", "ffff0000ffff0000")
        self.refused(company, "invitation.unknown", "revoke", "--invitation", row["id"][:3])
        for _ in range(2):  # once more does nothing
            company.server.run("revoke", "--data", company.server.folder, "--invitation", row["id"])
        self.assertGreaterEqual(self.invitations(company)[0]["revoked_at"], row["created_at"])
        self.assertRefused("invitation.revoked", None, support.Station(company.folder / "ann").enrol,
                           invitation)
        company.server.verify()


class Devices(Admin):
    def test_who_is_there_and_how_far(self):
        company = self.company()
        ann = company.station("ann", "Ann Reed")
        bob = company.station("bob", "Bob Lane")
        for number in range(3):
            bob.do("customer.register", name=f"New {number}")
        bob.sync()
        ann.do("customer.register", name="Not sent")
        company.server.stop()  # writes down who was there
        rows = self.devices(company)
        self.assertEqual(set(rows), {"hq", "ann", "bob"})
        self.assertEqual([person["name"] for person in rows["ann"]["people"]], ["Ann Reed"])
        self.assertEqual((rows["bob"]["waiting"], rows["bob"]["behind"]), (0, 0))
        # the three, and that Bob enrolled
        self.assertEqual((rows["ann"]["waiting"], rows["ann"]["behind"]), (0, 4))
        self.assertGreaterEqual(rows["ann"]["last_seen_at"], rows["ann"]["enrolled_at"])
        self.assertIsNone(rows["ann"]["revoked_at"])
        table = company.server.run("devices", "--data", company.server.folder)
        self.assertIn("Ann Reed (ann)", table)
        company.server.verify()

    def test_one_that_never_came_back(self):
        company = self.company()
        company.station("ann", "Ann Reed", sync=False)
        row = self.devices(company)["ann"]
        self.assertIsNone(row["last_seen_at"])
        self.assertIsNone(row["waiting"])

    def test_a_lost_station_is_shut_out(self):
        company = self.company()
        ann = company.station("ann", "Ann Reed")
        bob = company.station("bob", "Bob Lane")
        ann.do("customer.register", name="From a thief")
        self.refused(company, "device.unknown", "revoke", "--device", "ZZ")
        code = self.devices(company)["ann"]["code"]
        for _ in range(2):
            company.server.run("revoke", "--data", company.server.folder, "--device", code.lower(),
                               "--reason", "left in a taxi")
        failure = self.assertRefused("station.revoked", None, ann.sync)
        self.assertIn("revoked", failure.message)
        kept, = json.loads(company.server.run("quarantine", "list", "--json", "--data",
                                              company.server.folder))
        self.assertEqual((kept["code"], kept["transactions"]), (code, 1))  # kept, not lost
        bob.sync()
        company.hq.sync()
        self.assertEqual(company.hq.ask("customer.list", text="From a thief"), [])
        self.assertIsNotNone(self.devices(company)["ann"]["revoked_at"])
        company.server.stop()
        company.server.verify()
        company.server.start()
        self.assertRefused("station.revoked", None, ann.sync)

    def test_headquarters_is_told_in_its_list(self):
        company = self.company()
        company.station("ann", "Ann Reed")
        company.server.run("revoke", "--data", company.server.folder, "--device", "ann")
        self.assertIn("revoked", company.server.run("devices", "--data", company.server.folder))


class Drawn(Admin):
    def test_an_invitation_as_a_code(self):
        company = self.company()
        file = company.folder / "ann.svg"
        text = company.server.invite("Ann Reed", "--qr", file)
        self.assertTrue(text.startswith("satchel1:"))
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)
        root = xml.etree.ElementTree.fromstring(file.read_text())
        size = int(root.get("viewBox").split()[2])
        self.assertEqual((size - 8 - 17) % 4, 0)  # a QR code's side, and four modules around
        dark = root[1].get("d")
        self.assertTrue(dark.startswith("M4 4h7v1h-7z"))  # the finder in the corner
        drawn = company.server.run("invite", "--data", company.server.folder, "--user", "Ann Reed",
                                   "--qr", "-")
        self.assertTrue(drawn.startswith("<svg"))
        self.assertNotIn("satchel1:", drawn)


class Console(Admin):
    def serve(self, company, *options, scheme="http", start=True):
        """Restarts the server with a console; waits until it can be asked."""
        company.server.stop()
        self.port = free_port()
        company.server.start("--console", f"127.0.0.1:{self.port}", *options)
        self.link = f"{scheme}://127.0.0.1:{self.port}/"
        support.wait_until(lambda: self.listens(self.port), "the console")

    @staticmethod
    def listens(port):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            return True
        except OSError:
            return False

    def password(self, company, user):
        return company.server.run("access", "--data", company.server.folder, "--user",
                                  user).splitlines()[-1]

    def page(self, user=None, secret=None, context=None):
        page = Page(self.link, context)
        page.get("session")
        if user:
            page.sign_in(user, secret)
        return page

    def assertCode(self, code, call, *arguments):
        with self.assertRaises(Refused) as caught:
            call(*arguments)
        self.assertEqual(caught.exception.code, code)
        return caught.exception

    def test_the_first_administrator(self):
        company = self.company()
        self.serve(company)
        secret = self.password(company, "Headquarters")
        self.assertRegex(secret, "^([2-9a-z]{4}-){3}[2-9a-z]{4}$")
        session = self.page().get("session")
        self.assertEqual((session["mode"], session["people"]), ("console", []))
        self.assertCode("sign_in.secret", self.page().sign_in, "Headquarters", "wrong")
        self.assertCode("sign_in.no_access", self.page().sign_in, "Ann Reed", "wrong")
        page = self.page("Headquarters", secret)
        self.assertEqual(set(page.get("session")["user"]["roles"]), {"hq", "admin"})
        self.assertGreater(len(page.post("ask/customer.list", {"limit": 100})), 3)
        with self.assertRaises(support.Failure):
            self.password(company, "Nobody")

    def test_what_is_done_there_reaches_stations_and_back(self):
        company = self.company()
        self.serve(company)
        ann = company.station("ann", "Ann Reed")
        page = self.page("Headquarters", self.password(company, "Headquarters"))
        page.post("do/customer.register", {"name": "From the console"})

        def arrived():
            company.hq.sync()
            return company.hq.ask("customer.list", text="From the console")

        support.wait_until(arrived, "the console's work")
        ann.do("customer.register", name="From Ann")
        ann.sync()
        support.wait_until(lambda: page.post("ask/customer.list", {"text": "From Ann"}),
                           "a station's work")
        company.server.stop()
        company.server.verify()

    def test_giving_access_and_taking_it_back(self):
        company = self.company()
        self.serve(company)
        hq = self.page("Headquarters", self.password(company, "Headquarters"))
        people = {row["name"]: row["id"] for row in hq.post("ask/person.list")}
        secret = hq.post("hq/access", {"user": people["Ann Reed"]})["password"]
        ann = self.page("Ann Reed", secret)
        for path in ("hq/devices", "hq/invitations"):
            self.assertCode("role.missing", ann.get, path)
        for path in ("hq/invite", "hq/revoke", "hq/access"):
            self.assertCode("role.missing", ann.post, path, {"user": people["Ann Reed"]})
        # a new one is the only one, and ends what was begun with the old one
        again = hq.post("hq/access", {"user": people["Ann Reed"]})["password"]
        self.assertCode("session.missing", ann.get, "status")
        self.assertCode("sign_in.secret", self.page().sign_in, "Ann Reed", secret)
        # … however the person is named, and wherever it is given
        for name in ("Ann Reed", "ann.reed", people["Ann Reed"].upper()):
            ann = self.page("Ann Reed", again)
            again = hq.post("hq/access", {"user": name})["password"]
            self.assertCode("session.missing", ann.get, "status")
        ann = self.page("Ann Reed", again)
        self.password(company, "Ann Reed")

        def is_out():
            return ann.get("session")["user"] is None

        support.wait_until(is_out, "Ann is out", 12)
        # Whoever gives himself one goes on; his other pages do not.
        own = hq.post("hq/access", {"user": "Headquarters"})["password"]
        other = self.page("Headquarters", own)
        own = hq.post("hq/access", {"user": "Headquarters"})["password"]
        self.assertCode("session.missing", other.get, "status")
        self.assertTrue(hq.get("status"))
        self.page("Headquarters", own)
        self.assertCode("sign_in.unknown", hq.post, "hq/access", {"user": "Nobody"})
        self.assertCode("parameter.missing", hq.post, "hq/access", {})

    def test_invitations_and_devices(self):
        company = self.company()
        self.serve(company)
        hq = self.page("Headquarters", self.password(company, "Headquarters"))
        people = {row["name"]: row["id"] for row in hq.post("ask/person.list")}
        given = hq.post("hq/invite", {"users": [people["Ann Reed"], people["Bob Lane"]], "days": 2})
        self.assertEqual([row["name"] for row in given], ["Ann Reed", "Bob Lane"])
        self.assertTrue(given[0]["qr"].startswith("<svg"))
        ann = support.Station(company.folder / "ann")
        ann.enrol(given[0]["invitation"], name="Ann's phone")
        ann.sync()
        listed = hq.get("hq/invitations")
        self.assertEqual({row["user"] for row in listed[:2]}, {people["Ann Reed"], people["Bob Lane"]})
        self.assertEqual(sorted(row["used_at"] is None for row in listed[:2]), [False, True])
        self.assertEqual(listed[0]["expires_at"] - listed[0]["created_at"] > 86400000, True)
        device = next(row for row in hq.get("hq/devices") if row["name"] == "Ann's phone")
        self.assertEqual(device["people"], [{"id": people["Ann Reed"], "name": "Ann Reed"}])
        self.assertIsNotNone(device["last_seen_at"])  # at once: it is the same process
        self.assertEqual(hq.post("hq/revoke", {"device": device["id"], "reason": "lost"}), {})
        ann.do("customer.register", name="Unsent")
        self.assertRefused("station.revoked", None, ann.sync)
        waiting, = hq.get("hq/quarantine")
        self.assertEqual((waiting["device"], waiting["transactions"]), (device["id"], 1))
        self.assertEqual(hq.post("hq/release", {"device": device["id"]})["transactions"], 1)
        self.assertCode("quarantine.empty", hq.post, "hq/discard", {"device": device["id"]})
        unused = next(row for row in listed if row["user"] == people["Bob Lane"])
        hq.post("hq/revoke", {"invitation": unused["id"]})
        self.assertRefused("invitation.revoked", None, support.Station(company.folder / "bob").enrol,
                           given[1]["invitation"])
        console = next(row for row in hq.get("hq/devices") if row["everyone"])
        self.assertCode("device.console", hq.post, "hq/revoke", {"device": console["id"]})
        for body in ({}, {"users": []}, {"users": "Ann"}, {"users": [7]}, {"users": ["x"], "days": 0},
                     {"users": ["x"], "days": "long"}):
            self.assertCode("parameter.invalid", hq.post, "hq/invite", body)
        self.assertCode("user.unknown", hq.post, "hq/invite", {"users": ["Nobody"]})
        self.assertCode("device.unknown", hq.post, "hq/revoke", {"device": "ZZ"})
        company.server.stop()
        company.server.verify()

    def test_over_tls_with_the_same_certificate(self):
        company = self.company()
        address = company.server.address.replace("http:", "https:")
        company.server.run("address", "--data", company.server.folder, "--set", address)
        company.server.run("tls", "self-signed", "--data", company.server.folder)
        self.serve(company, scheme="https")
        pem = (company.server.folder / "tls.pem").read_text()
        own = company.folder / "own.pem"
        own.write_text(pem[pem.index("-----BEGIN CERTIFICATE"):])
        secret = self.password(company, "Headquarters")
        page = self.page("Headquarters", secret, tls_context(own))
        self.assertIn("Secure", " ".join(page.set_cookies))
        # another certificate: the console follows its own server
        company.server.run("tls", "self-signed", "--data", company.server.folder, "--new-key")
        self.serve(company, scheme="https")
        pem = (company.server.folder / "tls.pem").read_text()
        own.write_text(pem[pem.index("-----BEGIN CERTIFICATE"):])
        self.page("Headquarters", secret, tls_context(own))

    def test_its_trouble_is_its_own(self):
        company = self.company()
        company.server.stop()
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            company.server.start("--console", f"127.0.0.1:{port}")
            log = company.server.folder / "serve.log"
            support.wait_until(lambda: "console failed" in log.read_text(), "the console's trouble")
            self.assertIn("server.listen", re.search(r".*console failed.*", log.read_text())[0])
            company.hq.sync()
        support.wait_until(lambda: self.listens(port), "the console")

    def test_a_restored_server_keeps_its_console(self):
        """What the backup lacks comes back from it."""
        company = self.company()
        self.serve(company)
        company.server.run("backup", "--data", company.server.folder, "--to", company.folder / "old")
        page = self.page("Headquarters", self.password(company, "Headquarters"))
        page.post("do/customer.register", {"name": "After the backup"})
        page.post("sync")
        company.server.stop()
        for name in ("master.db", "master.db-wal", "master.db-shm"):
            (company.server.folder / name).unlink(missing_ok=True)
        (company.folder / "old" / "master.db").rename(company.server.folder / "master.db")
        company.server.start()
        self.serve(company)
        page = self.page("Headquarters", self.password(company, "Headquarters"))
        page.post("sync")
        self.assertIn("After the backup", str(page.post("ask/customer.list")))
        self.assertFalse((company.server.folder / "console.1").exists())
        company.hq.sync()
        self.assertIn("After the backup", str(company.hq.ask("customer.list")))
        company.server.verify()

    def test_another_companys_console_is_set_aside(self):
        one, other = self.company(), self.company()
        self.serve(one)
        self.serve(other)
        one.server.stop()
        other.server.stop()
        shutil.rmtree(other.server.folder / "console")
        (one.server.folder / "console").rename(other.server.folder / "console")
        other.server.start()
        self.serve(other)
        self.assertTrue((other.server.folder / "console.1" / "replica.db").exists())
        self.page("Headquarters", self.password(other, "Headquarters"))

    def test_passwords_stay_on_this_machine_without_tls(self):
        company = self.company()
        company.server.stop()
        self.refused(company, "web.plain", "serve", "--console", "0.0.0.0:0")
        self.refused(company, "server.listen", "serve", "--console", "here")
        self.refused(company, "console.missing", "access", "--user", "Headquarters")


if __name__ == "__main__":
    unittest.main()
