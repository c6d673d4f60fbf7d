"""`satchel app`: the station over HTTP, on real processes."""

import json
import socket
import stat
import threading
import time
import unittest
import urllib.parse

import page as pages
import support
from page import Page, Refused
from support import BIN, wait_until


class WebCase(support.TestCase):

    def assertCode(self, status, code, call, *arguments, **headers):
        with self.assertRaises(Refused) as caught:
            call(*arguments, **headers)
        self.assertEqual((caught.exception.status, caught.exception.code), (status, code))
        self.assertTrue(caught.exception.error["message"])
        return caught.exception.error


class App(WebCase):

    def setUp(self):
        self.company_ = self.company()
        self.ann = self.company_.station("ann", "Ann Reed")

    def serve(self, *options, **more):
        served = pages.app(self, self.ann.home, *options, **more)
        page = served.page()
        return served, page

    def opened(self, *options, **more):
        served, page = self.serve(*options, **more)
        page.open()
        return served, page

    def test_key(self):
        served, page = self.serve()
        for path in ("session", "status", "nothing"):
            self.assertCode(401, "session.key", page.get, path)
        self.assertCode(401, "session.key", page.post, "do/customer.edit")
        status, headers, _ = page.request("GET", "/?key=" + "a" * 32)
        self.assertEqual((status, headers["Location"], headers["Set-Cookie"]), (303, "/", None))
        self.assertCode(401, "session.key", page.get, "session")
        status, headers, _ = page.request("GET", "/?" + page.link.query)
        self.assertEqual((status, headers["Location"]), (303, "/"))
        for word in ("HttpOnly", "SameSite=Strict", "Path=/", "Max-Age="):
            self.assertIn(word, headers["Set-Cookie"])
        self.assertNotIn("Secure", headers["Set-Cookie"])
        self.assertEqual(page.get("session")["user"]["name"], "Ann Reed")
        key = self.ann.home / "app.key"
        self.assertEqual(stat.S_IMODE(key.stat().st_mode), 0o600)
        served.stop()
        # The browser knows the station after a restart; a key that others could read is replaced.
        again = pages.app(self, self.ann.home)
        page.link = again.page().link
        self.assertEqual(page.get("session")["user"]["name"], "Ann Reed")
        again.stop()
        key.chmod(0o644)
        third = pages.app(self, self.ann.home)
        self.assertNotEqual(third.link.split("key=")[1], again.link.split("key=")[1])
        page.link = third.page().link
        self.assertCode(401, "session.key", page.get, "session")

    def test_session(self):
        served, page = self.opened()
        session = page.get("session")
        self.assertEqual((session["mode"], session["enrolled"]), ("app", True))
        self.assertEqual(session["station"] | {"code": ""},
                         {"name": "ann", "org": "Example", "code": ""})
        self.assertEqual([(one["name"], one["secret"]) for one in session["people"]],
                         [("Ann Reed", False)])
        self.assertEqual((session["user"]["roles"], session["user"]["secret"]), (["rep"], False))
        self.assertEqual(session["version"], self.ann.run("--version").split()[1])
        before = dict(page.cookies)
        self.assertEqual(page.get("session")["token"], session["token"])
        self.assertEqual(page.cookies, before)
        signed_out = page.post("sign-out")
        self.assertIsNone(signed_out["user"])
        self.assertNotEqual(page.cookies, before)
        self.assertCode(401, "session.missing", page.get, "status")
        old = served.page()
        old.cookies = before
        self.assertCode(401, "session.missing", old.get, "status")
        self.assertEqual(page.sign_in("Ann Reed")["user"]["name"], "Ann Reed")
        self.assertCode(400, "sign_in.unknown", page.sign_in, "Bob Lane")

    def test_work(self):
        _, page = self.opened()
        done = page.post("do/customer.edit", {"customer": "Northwind", "phone": "555-1"})
        self.assertEqual(done["phone"], "555-1")
        rows = page.post("ask/customer.show", {"customer": "Northwind"})
        self.assertEqual([row["phone"] for row in rows], ["555-1"])
        done = page.post("do-all/customer.edit", [{"customer": "Northwind", "phone": "555-2"},
                                                  {"customer": "Southgate", "phone": "555-3"}])
        self.assertEqual([one["phone"] for one in done], ["555-2", "555-3"])
        error = self.assertCode(400, "parameter.not_found", page.post, "do-all/customer.edit",
                                [{"customer": "Northwind", "phone": "555-4"},
                                 {"customer": "Nobody", "phone": "555-5"}])
        self.assertEqual((error["index"], error["field"]), (1, "customer"))
        self.assertEqual(page.post("ask/customer.show", {"customer": "Northwind"})[0]["phone"],
                         "555-2")
        self.assertIn("waiting", page.get("status"))
        self.assertEqual(set(page.get("inbox")),
                         {"notices", "conflicts", "refusals", "attention"})
        self.assertEqual(page.get("story?limit=1")[0]["command"], "customer.edit")
        self.assertEqual(len(page.get("story?limit=1")), 1)
        self.assertEqual(len(page.get("story")), 2)
        record = page.get("story")[0]["changes"][0]["key"]
        self.assertEqual([one["command"] for one in
                          page.get(f"story?table=customer&id={record}")], ["customer.edit"])
        self.assertEqual(page.get("story?table=customer&id=00000000-0000-7000-8000-000000000001"),
                         [])
        self.assertCode(400, "parameter.missing", page.get, "story?table=customer")
        self.assertCode(400, "table.unknown", page.get, f"story?table=nothing&id={record}")
        self.assertIn("pending", page.get("marks"))
        self.assertIn("customer.edit",
                      [one["name"] for one in page.get("describe")["commands"]])
        report = page.post("sync")
        self.assertEqual(report["waiting"], 0)
        self.assertIn("duration_ms", report)
        self.company_.hq.sync()
        self.assertEqual(self.company_.hq.ask("customer.show", customer="Northwind")[0]["phone"],
                         "555-2")

    def test_refusals(self):
        _, page = self.opened()
        self.assertCode(404, "path.unknown", page.get, "nothing")
        self.assertCode(404, "path.unknown", page.get, "")
        self.assertCode(404, "path.unknown", page.post, "do/")
        self.assertCode(404, "command.unknown", page.post, "do/nothing.at.all")
        self.assertCode(404, "query.unknown", page.post, "ask/nothing")
        for name in ("%ff%fe", "客" * 100):  # no UTF-8; cut within a character
            path = urllib.parse.quote(name, safe="%")
            self.assertCode(404, "query.unknown", page.post, "ask/" + path)
            self.assertCode(404, "path.unknown", page.post, path)
        self.assertCode(405, "request.method", page.get, "sync")
        self.assertCode(405, "request.method", page.post, "status")
        self.assertCode(403, "role.missing", page.post, "do/person.register",
                        {"name": "X", "role": "rep"})
        for body in (b"{", b"[]", b"7", b"{}{}", b'{"a":1,"a":2}', b"\xff\xfe", b'{"a":"\0"}',
                     b"[" * 5000, b'{"a":' * 5000):
            self.assertCode(400, "json.invalid", page.post, "do/customer.edit", body)
            self.assertCode(400, "json.invalid", page.post, "sign-in", body)
        self.assertCode(400, "parameter.unknown", page.post, "ask/customer.list", {"nothing": 1})
        self.assertCode(400, "parameter.invalid", page.get, "events?after=x")
        self.assertCode(400, "parameter.invalid", page.get, "story?limit=x")
        self.assertCode(404, "path.unknown", page.post, "hq/invite")
        self.assertCode(409, "enrol.exists", page.post, "enrol", {"invitation": "x"})
        for path in ("resubmit", "discard"):
            self.assertCode(400, "parameter.invalid", page.post, path, {"transaction": "x"})
            self.assertCode(404, "resubmit.unknown", page.post, path,
                            {"transaction": "00000000-0000-4000-8000-000000000001"})

    def test_bodies(self):
        _, page = self.opened()
        big = b'{"customer":"' + b"x" * (9 << 20) + b'"}'
        for path, body in (("do/customer.edit", big), ("sign-in", big[:100000] + b'"}')):
            try:
                self.assertCode(413, "request.size", page.post, path, body)
            except (BrokenPipeError, ConnectionResetError):
                pass  # it hung up before all was sent
        for kind in (None, "text/plain", "application/x-www-form-urlencoded", "application/jsonx"):
            self.assertCode(415, "request.type", page.post, "ask/customer.list",
                            Content_Type=kind)
        self.assertTrue(page.post("ask/customer.list",
                                  Content_Type="application/json; charset=utf-8"))

    def test_foreign_pages(self):
        _, page = self.opened()
        for origin in (None, "null", "http://evil.example", page.origin + "0",
                       page.origin.replace("http:", "https:"), page.origin + "/",
                       "http://localhost:" + str(page.link.port)):
            self.assertCode(403, "session.origin", page.post, "ask/customer.list", Origin=origin)
        self.assertCode(403, "session.origin", page.get, "status", Origin="http://evil.example")
        self.assertTrue(page.get("status", Origin=page.origin))
        for host in ("evil.example", f"evil.example:{page.link.port}", "127.0.0.1.evil.example",
                     "127.evil.example", "192.168.1.5", "[::2]", "."):
            self.assertCode(403, "session.origin", page.get, "session", Host=host)
            self.assertEqual(page.request("GET", "/", Host=host)[0], 403)
        with socket.create_connection((page.link.hostname, page.link.port)) as bare:
            bare.sendall(b"GET / HTTP/1.0\r\n\r\n")
            self.assertIn(b" 403 ", bare.recv(100))
        local = f"localhost:{page.link.port}"
        self.assertTrue(page.post("ask/customer.list", Host=local, Origin="http://" + local))
        other = page.token[:-1] + ("a" if page.token[-1] != "a" else "b")
        for token in (None, "", "x", other, page.token + "x"):
            self.assertCode(403, "session.token", page.post, "ask/customer.list",
                            X_Satchel_Token=token)
        # No preflight passes.
        _, headers, _ = page.request("OPTIONS", "/api/do/customer.edit",
                                     Origin="http://evil.example",
                                     Access_Control_Request_Method="POST")
        self.assertIsNone(headers["Access-Control-Allow-Origin"])

    def test_secret(self):
        served, page = self.opened()
        self.assertCode(400, "parameter.missing", page.post, "secret", {})
        self.assertCode(400, "secret.short", page.post, "secret", {"secret": "abc"})
        other = served.page()
        other.open()
        self.assertEqual(page.post("secret", {"secret": "snow 1234"}), {})
        # Who is signed in elsewhere is no longer; who set it is.
        self.assertCode(401, "session.missing", other.get, "status")
        self.assertTrue(page.get("status"))
        self.assertIsNone(other.get("session")["user"])
        self.assertEqual([one["secret"] for one in other.get("session")["people"]], [True])
        self.assertCode(400, "sign_in.secret", other.sign_in, "Ann Reed")
        self.assertEqual(other.sign_in("Ann Reed", "snow 1234")["user"]["secret"], True)
        self.assertCode(400, "secret.old", page.post, "secret", {"secret": "rain 1234"})
        self.assertCode(400, "secret.old", page.post, "secret",
                        {"old": "wrong", "secret": "rain 1234"})
        self.assertEqual(page.post("secret", {"old": "snow 1234", "secret": "rain 1234"}), {})
        self.assertEqual(page.post("secret", {"old": "rain 1234", "secret": None}), {})
        self.assertEqual(served.page().open()["user"]["name"], "Ann Reed")

    def test_guessing_waits(self):
        served, page = self.opened()
        page.post("secret", {"secret": "snow 1234"})
        page.post("sign-out")
        for _ in range(5):
            self.assertCode(400, "sign_in.secret", page.sign_in, "Ann Reed", "wrong")
        error = self.assertCode(429, "sign_in.wait", page.sign_in, "Ann Reed", "snow 1234")
        self.assertTrue(20 < error["wait_s"] <= 30, error)
        served.kill()
        page.link = pages.app(self, self.ann.home).page().link
        page.origin = f"http://{page.link.netloc}"
        page.get("session")
        error = self.assertCode(429, "sign_in.wait", page.sign_in, "Ann Reed", "snow 1234")
        self.assertTrue(0 < error["wait_s"] <= 30, error)

    def test_events(self):
        _, page = self.opened()
        bob = self.company_.station("bob", "Bob Lane")
        page.post("sync")
        start = page.get("events?after=0")
        self.assertEqual(start["events"][0], {"event": "missed"})
        self.assertIn("synced", [event["event"] for event in start["events"]])
        future = page.get(f"events?after={start['next'] + 1000000}")
        self.assertEqual(future["events"][0], {"event": "missed"})
        bob.do("customer.edit", customer="Northwind", phone="555-7")
        bob.sync()
        changed, after = pages.until_event(page, start["next"], "changed")
        self.assertEqual(changed, {"event": "changed", "received": 1, "forgotten": 0})
        self.assertEqual(page.post("ask/customer.show", {"customer": "Northwind"})[0]["phone"],
                         "555-7")
        page.post("do/customer.edit", {"customer": "Northwind", "phone": "555-8"})
        pages.until_event(page, after, "worked")
        self.company_.links["ann"].cut()
        self.assertCode(502, "transport.unreachable", page.post, "sync")
        failed, _ = pages.until_event(page, after, "sync_failed")
        self.assertEqual(failed["code"], "transport.unreachable")
        offline, _ = pages.until_event(page, after, "offline")
        self.assertTrue(offline["code"].startswith("transport."))

    def test_many_wait(self):
        served, first = self.opened()
        crowd = [served.page() for _ in range(8)]
        for one in crowd:
            one.cookies |= {name: value for name, value in first.cookies.items()
                            if name.startswith("satchel-key")}
            one.get("session")
        answers = []
        self.company_.links["ann"].cut()  # nothing happens, so they wait
        after = pages.until_event(first, 0, "offline")[1]

        def wait(one):
            status = 503
            while status == 503:  # whoever only looks may be in the way
                status, _, body = one.request("GET", f"/api/events?after={after}")
            answers.append((status, bool(json.loads(body)["events"])))

        threads = [threading.Thread(target=wait, args=[one]) for one in crowd for _ in range(4)]
        for thread in threads:
            thread.start()

        def full():
            try:
                first.get(f"events?after={after}", timeout=0.3)
            except TimeoutError:
                return False
            except Refused as refused:
                self.assertEqual((refused.status, refused.code), (503, "events.many"))
                return True

        wait_until(full, "32 wait")
        first.post("do/customer.edit", {"customer": "Northwind", "phone": "555-9"})
        for thread in threads:
            thread.join()
        self.assertEqual(answers, [(200, True)] * 32)  # woken by it, not sent home with nothing

    def test_a_page_loaded_again(self):
        """A fifth request of one session lets the first go."""
        _, page = self.opened()
        self.company_.links["ann"].cut()
        after = pages.until_event(page, 0, "offline")[1]
        ended = []

        def wait(number):
            page.request("GET", f"/api/events?after={after}")
            ended.append(number)

        threads = []
        for number in range(5):
            threads.append(threading.Thread(target=wait, args=[number]))
            threads[-1].start()
            time.sleep(0.2)
        wait_until(lambda: ended, "the first is let go", 10)
        self.assertEqual(ended, [0])
        page.post("sign-out")  # lets the others go
        for thread in threads:
            thread.join(5)
        self.assertEqual(len(ended), 5)

    def test_stops_at_once(self):
        served, page = self.opened()
        after = page.get("events?after=0")["next"]
        waiting = threading.Thread(
            target=lambda: page.request("GET", f"/api/events?after={after}"))
        waiting.start()
        time.sleep(0.3)
        self.assertEqual(served.stop(), 0)
        waiting.join()  # answered or cut off

    def test_enrol(self):
        home = self.folder() / "new"
        invitation = self.company_.server.invite("Bob Lane")
        served = pages.app(self, home)
        page = served.page()
        session = page.open()
        self.assertEqual((session["enrolled"], session["station"], session["user"],
                          session["people"]), (False, None, None, []))
        self.assertCode(400, "station.not_enrolled", page.get, "status")
        self.assertCode(400, "station.not_enrolled", page.sign_in, "Bob Lane")
        self.assertCode(400, "invitation.malformed", page.post, "enrol", {"invitation": "x"})
        self.assertCode(400, "invitation.malformed", page.post, "enrol", {})
        session = page.post("enrol", {"invitation": invitation, "name": "bob's phone"})
        self.assertTrue(session["enrolled"])
        self.assertEqual(session["station"]["name"], "bob's phone")
        self.assertTrue(session["user"]["id"])
        page.post("sync")
        progress, _ = pages.until_event(page, 0, "progress")
        self.assertEqual(set(progress),
                         {"event", "phase", "rows", "rows_left", "bytes", "waiting", "files_waiting",
                          "file_bytes_left", "seconds_left", "bytes_to_send", "bytes_to_receive"})
        self.assertEqual(page.get("session")["user"]["name"], "Bob Lane")
        self.assertEqual(len(page.post("ask/customer.list")), 2)
        self.assertCode(409, "enrol.exists", page.post, "enrol", {"invitation": invitation})
        # Another program enrols the station while this one waits for an invitation.
        home = self.folder() / "third"
        page = pages.app(self, home).page()
        self.assertFalse(page.open()["enrolled"])
        support.Station(home).enrol(self.company_.server.invite("Bob Lane"), name="third")
        session = page.get("session")
        self.assertEqual((session["enrolled"], session["station"]["name"]), (True, "third"))
        self.assertTrue(page.get("status"))
        other = pages.app(self, self.folder() / "other").page()
        other.open()
        self.assertCode(400, "invitation.used", other.post, "enrol", {"invitation": invitation})

    def test_where_it_listens(self):
        home = self.ann.home
        failure = self.assertRefused("web.plain", "listen", self.ann.run, "--json", "app",
                                     "--listen", "0.0.0.0:0")
        self.assertIn("--certificate", failure.message)
        self.assertRefused("server.listen", "listen", self.ann.run, "--json", "app",
                           "--listen", "nonsense")
        self.assertRefused("server.certificate", "certificate", self.ann.run, "--json", "app",
                           "--certificate", home / "none.pem")
        with socket.socket() as taken:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            self.assertRefused("server.listen", "listen", self.ann.run, "--json", "app",
                               "--listen", f"127.0.0.1:{taken.getsockname()[1]}")
        plain = pages.app(self, home, "--allow-plain", "--address", "https://sales.example.com",
                          listen="0.0.0.0:0")
        self.assertTrue(plain.link.startswith("https://sales.example.com/?key="), plain.link)

    def test_the_next_port(self):
        first, second = (pages.app(self, self.folder(), listen=None) for _ in range(2))
        ports = [int(one.link.split(":")[2].split("/")[0]) for one in (first, second)]
        self.assertLess(ports[0], ports[1])
        self.assertTrue(8790 <= ports[0] and ports[1] <= 8799, ports)

    def test_tls(self):
        certificate = pages.make_certificate(self.folder())
        served = pages.app(self, self.ann.home, "--certificate", certificate)
        self.assertTrue(served.link.startswith("https://127.0.0.1:"))
        page = served.page(context=pages.tls_context(certificate))
        self.assertEqual(page.open()["user"]["name"], "Ann Reed")
        self.assertEqual(len(page.set_cookies), 2)
        for cookie in page.set_cookies:
            self.assertIn("; Secure", cookie)
        self.assertTrue(page.post("ask/customer.list"))
        self.assertCode(403, "session.origin", page.post, "ask/customer.list",
                        Origin=page.origin.replace("https", "http"))

    def test_in_words(self):
        for language, words in (("zh_CN.UTF-8", "请在本机浏览器中打开"), ("C.UTF-8", "in a browser")):
            served = pages.Served(self, "env", "LANG=" + language, "LC_ALL=" + language,
                                  *self.ann.command("app", "--listen", "127.0.0.1:0"))
            self.assertIn(words, served.said)
            self.assertIn("?key=", served.link)

    def test_open(self):
        folder = self.folder()
        (folder / "xdg-open").write_text(f'#!/bin/sh\necho "$1" > {folder}/opened\n')
        (folder / "xdg-open").chmod(0o755)
        served = pages.Served(self, "env", f"PATH={folder}:/usr/bin:/bin",
                              *self.ann.command("app", "--listen", "127.0.0.1:0", "--open"))
        opened = folder / "opened"
        wait_until(lambda: opened.exists() and opened.read_text(), "a browser is started")
        # Its name is not secret, what is in it is.
        file = self.ann.home.resolve() / "app.html"
        self.assertEqual(opened.read_text().strip(), str(file))
        self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
        self.assertIn(f'content="0; url={served.link}"', file.read_text())


class Files(WebCase):
    """The pages themselves, from a folder."""

    def setUp(self):
        folder = self.folder()
        (folder / "assets").mkdir()
        (folder / "index.html").write_text("<p>index")
        (folder / "assets" / "main-abc123.js").write_text("let a = 1")
        (folder / "icon.svg").write_text("<svg/>")
        self.served = pages.app(self, folder / "home", "--assets", folder)
        self.page = self.served.page()

    def test_headers(self):
        for path, kind in (("/", "text/html; charset=utf-8"), ("/icon.svg", "image/svg+xml"),
                           ("/customers/1", "text/html; charset=utf-8"),
                           ("/assets/main-abc123.js", "text/javascript; charset=utf-8")):
            status, headers, _ = self.page.request("GET", path)
            self.assertEqual((status, headers["Content-Type"]), (200, kind), path)
            policy = headers["Content-Security-Policy"]
            for rule in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'",
                         "base-uri 'none'", "connect-src 'self'"):
                self.assertIn(rule, policy)
            self.assertNotIn("unsafe", policy.split("style-src")[0])
            self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
            self.assertTrue(headers["Referrer-Policy"])
            self.assertIn("geolocation=(self)", headers["Permissions-Policy"])
            self.assertEqual(headers["Cross-Origin-Opener-Policy"], "same-origin")
            self.assertEqual(headers["Cross-Origin-Resource-Policy"], "same-origin")
            self.assertEqual("immutable" in headers["Cache-Control"],
                             path.startswith("/assets/"))
            tag = headers["ETag"]
            status, headers, body = self.page.request("GET", path, If_None_Match=tag)
            self.assertEqual((status, body), (304, b""))
            status, _, _ = self.page.request("GET", path, If_None_Match='"other"')
            self.assertEqual(status, 200)
            status, headers, body = self.page.request("HEAD", path)
            self.assertEqual((status, body), (200, b""))
            self.assertNotEqual(headers["Content-Length"], "0")

    def test_places(self):
        self.assertEqual(self.page.request("GET", "/customers/1?a=b")[2], b"<p>index")
        for path in ("/assets/none.js", "/../home/app.key", "/%2e%2e/home/app.key",
                     "/home/app.key2", "/..%2fhome%2fapp.key", "//home/app.key2",
                     "/icon.svg2", "/assets/" + "x" * 5000 + ".js"):
            status, _, body = self.page.request("GET", path)
            self.assertIn(status, (404, 400), path)
            self.assertNotIn(b"index", body)
        status, headers, _ = self.page.request("POST", "/customers", b"{}")
        self.assertEqual((status, headers["Allow"]), (405, "GET, HEAD"))

    def test_built_in(self):
        served = pages.app(self, self.folder())
        status, headers, body = served.page().request("GET", "/", Accept_Encoding="gzip")
        self.assertEqual((status, headers["Content-Encoding"]), (200, "gzip"))
        status, headers, plain = served.page().request("GET", "/", Accept_Encoding="identity")
        self.assertEqual((status, headers["Content-Encoding"]), (200, None))
        self.assertIn(b"<script", plain)
        self.assertNotEqual(body, plain)

    def test_no_folder(self):
        station = support.Station(self.folder() / "home")
        self.assertRefused("web.assets", "assets", station.run, "--json", "app",
                           "--assets", self.folder() / "none")


if __name__ == "__main__":
    unittest.main()
