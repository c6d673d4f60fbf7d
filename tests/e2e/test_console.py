"""A console: one station for several people, who sign in with their secrets."""

import subprocess
import threading
import time
import unittest

import page as pages
from page import Refused
from support import BIN, Station, wait_until
from test_web import WebCase

SECRETS = {"Ann Reed": "snow 1234", "Bob Lane": "rain 1234", "Headquarters": "wind 1234"}


class Console(WebCase):

    def setUp(self):
        self.company_ = self.company()
        server = self.company_.server
        people = {row["name"]: row["id"] for row in self.company_.hq.ask("person.list")}
        invitation = self.run_tool("invite", server.folder, server.address, "rep manager hq admin",
                                   *(people[name] for name in (*SECRETS, "Cy Dow")))
        self.station = Station(self.folder() / "console")
        self.station.enrol(invitation.strip(), name="console")
        self.station.sync()
        for name, secret in SECRETS.items():
            self.run_tool("access", self.station.home, name, secret)
        self.served = pages.console(self, self.station.home)

    @staticmethod
    def run_tool(*words):
        return subprocess.run([BIN / "satchel-console", *words], check=True, text=True,
                              capture_output=True).stdout

    def page(self, name=None):
        page = self.served.page()
        page.get("session")
        if name:
            page.sign_in(name, SECRETS[name])
        return page

    def test_nobody_is_listed(self):
        session = self.served.page().get("session")
        self.assertEqual((session["mode"], session["people"], session["user"]),
                         ("console", [], None))
        self.assertEqual(session["station"]["org"], "Example")
        for path in ("status", "inbox", "story", "marks", "describe", "events", "hq/devices"):
            self.assertCode(401, "session.missing", self.served.page().get, path)
        page = self.page()
        for path in ("ask/person.list", "do/customer.edit", "sync", "secret", "hq/invite"):
            self.assertCode(401, "session.missing", page.post, path)
        self.assertCode(409, "enrol.exists", page.post, "enrol", {"invitation": "x"})

    def test_two_at_once(self):
        ann, bob = self.page("Ann Reed"), self.page("Bob Lane")
        names = {}

        def work(page, name):
            names[name] = {page.get("session")["user"]["name"] for _ in range(20)}
            page.post("do/customer.edit", {"customer": "Northwind", "phone": name})

        threads = [threading.Thread(target=work, args=[page, name])
                   for page, name in ((ann, "Ann Reed"), (bob, "Bob Lane"))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(names, {"Ann Reed": {"Ann Reed"}, "Bob Lane": {"Bob Lane"}})
        self.assertNotEqual(ann.token, bob.token)
        # One's token is nothing worth with the other's cookie.
        self.assertCode(403, "session.token", ann.post, "sync", X_Satchel_Token=bob.token)
        ann.post("sign-out")
        self.assertCode(401, "session.missing", ann.get, "status")
        self.assertEqual(bob.get("session")["user"]["name"], "Bob Lane")

    def test_failures_look_alike(self):
        page = self.page()
        took = {}
        said = {}
        for name in ("Ann Reed", "Nobody At All", "Cy Dow", "", "Reed"):
            started = time.monotonic()
            with self.assertRaises(Refused) as caught:
                page.sign_in(name, "wrong")
            took[name] = time.monotonic() - started
            said[name] = caught.exception.error
        self.assertEqual(said["Cy Dow"]["code"], "sign_in.no_access")
        self.assertEqual(said["Ann Reed"]["code"], "sign_in.secret")
        for name in ("Nobody At All", "", "Reed"):
            self.assertEqual(said[name], said["Ann Reed"])
        self.assertGreater(min(took.values()), 0.39, took)
        self.assertCode(400, "sign_in.secret", page.post, "sign-in", {"user": "Ann Reed"})
        self.assertCode(400, "sign_in.secret", page.post, "sign-in", {"user": 7, "secret": 8})

    def test_guessing_waits(self):
        page = self.page()
        for name in ("Ann Reed", "Nobody At All"):
            for _ in range(5):
                self.assertCode(400, "sign_in.secret", page.sign_in, name, "wrong")
            error = self.assertCode(429, "sign_in.wait", page.sign_in, name, "snow 1234")
            self.assertTrue(20 < error["wait_s"] <= 30, error)
            error = self.assertCode(429, "sign_in.wait", page.sign_in, name.upper() + " ", "x")
            self.assertTrue(20 < error["wait_s"] <= 30, error)
        self.assertEqual(page.sign_in("Bob Lane", SECRETS["Bob Lane"])["user"]["name"],
                         "Bob Lane")

    def test_secret(self):
        page, other = self.page("Ann Reed"), self.page("Ann Reed")
        self.assertCode(400, "secret.short", page.post, "secret",
                        {"old": SECRETS["Ann Reed"], "secret": None})
        page.post("secret", {"old": SECRETS["Ann Reed"], "secret": "hail 1234"})
        self.assertCode(401, "session.missing", other.get, "status")
        self.assertCode(400, "sign_in.secret", other.sign_in, "Ann Reed", SECRETS["Ann Reed"])
        other.sign_in("Ann Reed", "hail 1234")

    def test_headquarters(self):
        ann, hq = self.page("Ann Reed"), self.page("Headquarters")
        user = hq.get("session")["user"]
        self.assertCode(403, "role.missing", ann.get, "hq/devices")
        self.assertCode(403, "role.missing", ann.post, "hq/invite", {"users": []})
        for path in ("hq/devices", "hq/invitations"):
            self.assertEqual(hq.get(path),
                             {"name": path[3:], "actor": user["id"], "json": {}})
        for path in ("hq/invite", "hq/revoke"):
            self.assertEqual(hq.post(path, {"device": "1"}),
                             {"name": path[3:], "actor": user["id"], "json": {"device": "1"}})
        self.assertCode(400, "hq.failed", hq.post, "hq/invite", {"fail": 1})
        self.assertCode(405, "request.method", hq.get, "hq/revoke")
        self.assertCode(404, "path.unknown", hq.get, "hq/nothing")

    def test_access_taken_away(self):
        ann, bob = self.page("Ann Reed"), self.page("Bob Lane")
        self.run_tool("access", self.station.home, "Ann Reed", "-")
        self.company_.hq.do("person.deactivate", person="Bob Lane")
        self.company_.hq.sync()

        def is_out(page):
            try:
                page.get("status")
            except Refused as refused:
                self.assertEqual((refused.status, refused.code), (401, "session.missing"))
                return True
            return False

        wait_until(lambda: is_out(ann), "she has no secret any more")
        wait_until(lambda: is_out(bob), "he does not work here any more")
        self.assertCode(400, "sign_in.secret", bob.sign_in, "Bob Lane", SECRETS["Bob Lane"])

    def test_a_second_at_one_browser(self):
        page = self.page("Ann Reed")
        before = dict(page.cookies)
        page.sign_in("Bob Lane", SECRETS["Bob Lane"])
        self.assertEqual(page.get("session")["user"]["name"], "Bob Lane")
        page.cookies = before
        self.assertCode(401, "session.missing", page.get, "status")

    def test_restart_ends_sessions(self):
        page = self.page("Ann Reed")
        # It does not wait for pages that wait.
        after = page.get("events?after=0")["next"]

        def wait():
            nonlocal after
            try:
                while True:
                    after = page.get(f"events?after={after}")["next"]
            except (Refused, OSError):
                pass

        threading.Thread(target=wait, daemon=True).start()
        time.sleep(0.5)
        self.assertEqual(self.served.stop(), 0)
        page.link = pages.console(self, self.station.home).page().link
        page.origin = f"http://{page.link.netloc}"
        self.assertCode(401, "session.missing", page.get, "status")
        self.assertCode(403, "session.token", page.post, "sync")
        page.get("session")
        page.sign_in("Ann Reed", SECRETS["Ann Reed"])


if __name__ == "__main__":
    unittest.main()
