"""A browser without a screen: cookies, the token, the origin; and the programs that serve it."""

import http.client
import json
import os
import re
import selectors
import signal
import ssl
import subprocess
import urllib.parse

from support import BIN, wait_until


LINK = re.compile(r"https?://[^\s\"]+(?=[\s\"])")


class Refused(Exception):
    def __init__(self, status, error):
        super().__init__(f"{status} {error}")
        self.status, self.error, self.code = status, error, error["code"]


class Page:
    """One browser's page. `link`: the address that was printed."""

    def __init__(self, link, context=None):
        self.link = urllib.parse.urlsplit(link)
        self.context = context
        self.origin = f"{self.link.scheme}://{self.link.netloc}"
        self.cookies = {}
        self.set_cookies = []
        self.token = ""

    def request(self, method, path, body=None, timeout=40, **headers):
        """(status, headers, body); a header given as None is left out."""
        if self.link.scheme == "https":
            connection = http.client.HTTPSConnection(self.link.hostname, self.link.port,
                                                     timeout=timeout, context=self.context)
        else:
            connection = http.client.HTTPConnection(self.link.hostname, self.link.port,
                                                    timeout=timeout)
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if method == "POST":
            sent |= {"Origin": self.origin, "X-Satchel-Token": self.token,
                     "Content-Type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, body,
                               {name: value for name, value in sent.items() if value})
            response = connection.getresponse()
            self._keep(response.headers.get_all("Set-Cookie") or [])
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def _keep(self, lines):
        self.set_cookies += lines
        for line in lines:
            name, value = line.split(";")[0].split("=", 1)
            self.cookies[name] = value

    def call(self, method, path, body=None, **headers):
        """The JSON that /api/PATH answers; raises Refused."""
        data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        status, _, answer = self.request(method, "/api/" + path, data, **headers)
        answer = json.loads(answer)
        if status != 200:
            raise Refused(status, answer["error"])
        if isinstance(answer, dict) and "token" in answer:
            self.token = answer["token"]
        return answer

    def get(self, path, **headers):
        return self.call("GET", path, **headers)

    def post(self, path, body=None, **headers):
        return self.call("POST", path, {} if body is None else body, **headers)

    def open(self):
        """What a browser does with the link: the key, then the session."""
        self.request("GET", "/?" + self.link.query)
        return self.get("session")

    def sign_in(self, user, secret=None):
        return self.post("sign-in", {"user": user} | ({"secret": secret} if secret else {}))


class Served:
    """A program that prints the address it serves, until stop()."""

    def __init__(self, test, *command):
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        test.addCleanup(self.kill)
        self.said = self._until_link()
        self.link = LINK.search(self.said)[0]

    def _until_link(self):
        said = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while not LINK.search(said.decode(errors="replace")):
                if not selector.select(30):
                    raise TimeoutError("no address was printed")
                data = os.read(self.process.stdout.fileno(), 65536)
                if not data:
                    raise RuntimeError(self.process.stderr.read().decode())
                said += data
        return said.decode()

    def page(self, **options):
        return Page(self.link, **options)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


def app(test, home, *options, listen="127.0.0.1:0"):
    listens = ["--listen", listen] if listen else []
    return Served(test, BIN / "satchel", "--home", home, "--json", "app", *listens, *options)


def console(test, home, *options):
    return Served(test, BIN / "satchel-console", "serve", home, "127.0.0.1:0", *options)


def tls_context(certificate):
    return ssl.create_default_context(cafile=certificate)


def make_certificate(folder):
    path = folder / "tls.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
                    "-keyout", folder / "key.pem", "-out", folder / "certificate.pem"],
                   check=True, capture_output=True)
    path.write_text((folder / "key.pem").read_text() + (folder / "certificate.pem").read_text())
    return path


def until_event(page, after, wanted):
    """Reads events from number `after` until one is `wanted`; returns it and the next number."""
    found = []

    def look():
        nonlocal after
        answer = page.get(f"events?after={after}")
        after = answer["next"]
        found.extend(event for event in answer["events"] if event["event"] == wanted)
        return found

    wait_until(look, f"event {wanted}")
    return found[0], after
