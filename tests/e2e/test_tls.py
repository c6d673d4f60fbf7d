"""TLS of headquarters: its own certificate by a pin, an authority's, and what is refused."""

import shutil
import socket
import ssl
import subprocess
import unittest
import warnings

import support


class Tls(support.TestCase):
    def server(self, host="127.0.0.1"):
        folder = self.folder()
        server = support.Server(folder / "server")
        self.addCleanup(server.kill)
        server.run("init", "--data", server.folder, "--org", "T", "--address",
                   f"https://{host}:{server.port}", "--admin", "Admin")
        return folder, server

    def self_signed(self, server, *options):
        return server.run("tls", "self-signed", "--data", server.folder, *options)

    def refused(self, code, server, *words):
        with self.assertRaises(support.Failure) as caught:
            server.run(*words)
        self.assertIn(f"({code}", str(caught.exception))
        return str(caught.exception)


class SelfSigned(Tls):
    def test_an_invitation_is_enough(self):
        folder, server = self.server()
        shown = self.self_signed(server, "--host", "hq.example", "--host", "10.1.2.3")
        for word in ("hq.example", "10.1.2.3", "localhost", "127.0.0.1", "#pin="):
            self.assertIn(word, shown)
        self.assertEqual((server.folder / "tls.pem").stat().st_mode & 0o777, 0o600)
        server.start()
        invitation = server.invite("Admin")
        self.assertIn("#pin=", invitation)
        station = support.Station(folder / "hq")
        station.enrol(invitation)
        station.sync()
        self.assertEqual(station.status()["server"], f"https://127.0.0.1:{server.port}")
        self.assertGreater(station.status()["rows"], 0)

    def test_a_renewed_certificate_keeps_its_key_and_another_key_is_refused(self):
        folder, server = self.server()
        self.self_signed(server)
        server.start()
        station = support.Station(folder / "hq")
        station.enrol(server.invite("Admin"))
        self.self_signed(server, "--days", "30")
        server.stop()
        server.start()
        station.sync()
        self.self_signed(server, "--new-key")
        server.stop()
        server.start()
        failure = self.assertRefused("transport.tls", "address", station.sync)
        self.assertIn("satchel move", failure.message)
        # without a pin nobody vouches for it
        station.run("move", f"https://127.0.0.1:{server.port}")
        self.assertRefused("transport.tls", "address", station.sync)
        station.run("move", server.run("address", "--data", server.folder).strip())
        station.sync()

    def test_a_key_that_stations_know_is_not_written_over(self):
        _, server = self.server()
        pin = self.self_signed(server).split("#pin=")[1]
        file = server.folder / "tls.pem"
        whole = file.read_text()
        # A lost certificate is made anew, a lost key only when somebody says so.
        file.write_text(whole[:whole.index("-----BEGIN CERTIFICATE")])
        self.assertEqual(self.self_signed(server).split("#pin=")[1], pin)
        for broken in ("", "nothing", whole[whole.index("-----BEGIN CERTIFICATE"):], whole[40:]):
            file.write_text(broken)
            failure = self.refused("tls.key", server, "tls", "self-signed", "--data", server.folder)
            self.assertIn("--new-key", failure)
            self.assertEqual(file.read_text(), broken)
        self.assertNotEqual(self.self_signed(server, "--new-key").split("#pin=")[1], pin)

    def test_a_backup_has_the_key_that_stations_know(self):
        folder, server = self.server()
        self.self_signed(server)
        server.start()
        station = support.Station(folder / "hq")
        station.enrol(server.invite("Admin"))
        station.sync()
        server.run("backup", "--data", server.folder, "--to", folder / "copy")
        server.stop()
        self.assertEqual((folder / "copy" / "tls.pem").stat().st_mode & 0o777, 0o600)
        server.folder.rename(folder / "lost")
        (folder / "copy").rename(server.folder)
        server.start()
        station.sync()

    def test_a_wrong_pin_is_refused(self):
        folder, server = self.server()
        self.self_signed(server)
        server.start()
        invitation = server.invite("Admin")
        pin = invitation[-52:]
        wrong = invitation[:-52] + ("b" if pin[0] == "a" else "a") + pin[1:]
        station = support.Station(folder / "hq")
        self.assertRefused("transport.tls", "address", station.enrol, wrong)
        self.assertRefused("invitation.malformed", None, station.enrol, invitation[:-3])
        station.enrol(invitation)

    def test_nothing_older_than_tls_1_2(self):
        _, server = self.server()
        self.self_signed(server)
        server.start()

        def version(minimum, maximum):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            context.set_ciphers("ALL:@SECLEVEL=0")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that the old versions are old
                context.minimum_version, context.maximum_version = minimum, maximum
            with socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain:
                with context.wrap_socket(plain) as secure:
                    return secure.version()

        self.assertEqual(version(ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2), "TLSv1.2")
        self.assertEqual(version(ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3), "TLSv1.3")
        with self.assertRaises((ssl.SSLError, OSError)):
            version(ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)

    def test_what_cannot_be_in_a_certificate(self):
        _, server = self.server()
        self.refused("tls.name", server, "tls", "self-signed", "--data", server.folder, "--host",
                     "hq,DNS:bank.example")
        with self.assertRaises(support.Failure) as caught:
            self.self_signed(server, "--days", "many")
        self.assertEqual(caught.exception.status, 2)
        self.assertFalse((server.folder / "tls.pem").exists())
        self.refused("tls.file", server, "tls", "show", "--data", server.folder)


class Schemes(Tls):
    def test_a_certificate_and_a_plain_address_do_not_go_together(self):
        folder = self.folder()
        server = support.Server(folder / "server")
        self.addCleanup(server.kill)
        server.init("T")
        self.self_signed(server)
        self.refused("server.scheme", server, "serve", "--data", server.folder)
        self.refused("address.invalid", server, "address", "--data", server.folder, "--set", "hq")
        server.run("address", "--data", server.folder, "--set", f"https://127.0.0.1:{server.port}")
        server.start()
        support.Station(folder / "hq").enrol(server.invite("Headquarters"))

    def test_plain_beyond_this_machine_needs_a_word(self):
        folder = self.folder()
        server = support.Server(folder / "server")
        self.addCleanup(server.kill)
        server.init("T")
        for listen in ("0.0.0.0", "[::]", "127.0.0.1.example"):
            self.refused("server.plain", server, "serve", "--data", server.folder, "--listen",
                         f"{listen}:0")
        server.start("--listen", f"0.0.0.0:{server.port}", "--allow-plain")
        support.Station(folder / "hq").enrol(server.invite("Headquarters"))


@unittest.skipUnless(shutil.which("openssl"), "openssl is not installed")
class Authority(Tls):
    def openssl(self, *words):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)

    def key_and_request(self, folder, name):
        self.openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                     "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.csr", "-subj",
                     f"/CN={name}")

    def issue(self, folder, name, issuer, extensions, days=2):
        (folder / "ext").write_text(extensions)
        self.key_and_request(folder, name)
        signer = (["-signkey", folder / f"{name}.key"] if issuer is None else
                  ["-CA", folder / f"{issuer}.pem", "-CAkey", folder / f"{issuer}.key",
                   "-CAcreateserial"])
        self.openssl("x509", "-req", "-in", folder / f"{name}.csr", "-out", folder / f"{name}.pem",
                     "-days", days, "-extfile", folder / "ext", *signer)

    def authority(self, folder, host):
        self.issue(folder, "root", None, "basicConstraints=critical,CA:TRUE\n")
        self.issue(folder, "middle", "root", "basicConstraints=critical,CA:TRUE\n")
        self.issue(folder, "leaf", "middle", f"subjectAltName=DNS:{host}\n")
        self.issue(folder, "other", "root", "subjectAltName=DNS:elsewhere.example\n")
        for name, parts in (("chain", ("leaf", "middle")), ("wrong", ("leaf", "root"))):
            (folder / f"{name}.pem").write_text("".join(
                (folder / f"{part}.pem").read_text() for part in parts))

    def test_a_certificate_with_its_chain(self):
        folder, server = self.server("localhost")
        self.authority(folder, "localhost")
        shown = server.run("tls", "import", "--data", server.folder, "--certificate",
                           folder / "chain.pem", "--key", folder / "leaf.key")
        self.assertNotIn("#pin=", shown)
        self.assertNotIn("refuse", shown)
        server.start()
        invitation = server.invite("Admin")
        self.assertNotIn("#pin=", invitation)
        station = support.Station(folder / "hq")
        self.assertRefused("transport.tls", None, station.enrol, invitation)
        station.json("enrol", "--ca", folder / "root.pem", invitation)
        station.sync()

    def test_what_is_refused_leaves_what_was_there(self):
        folder, server = self.server("localhost")
        self.authority(folder, "localhost")
        self.self_signed(server)
        before = (server.folder / "tls.pem").read_bytes()

        def refused(code, *words):
            self.refused(code, server, "tls", "import", "--data", server.folder, "--certificate",
                         *words)
            self.assertEqual((server.folder / "tls.pem").read_bytes(), before)

        refused("tls.key", folder / "chain.pem")
        refused("tls.key", folder / "chain.pem", "--key", folder / "other.key")
        refused("tls.chain", folder / "wrong.pem", "--key", folder / "leaf.key")
        refused("tls.certificate", folder / "leaf.key")
        refused("tls.file", folder / "none.pem")
        self.openssl("pkey", "-in", folder / "leaf.key", "-aes128", "-passout", "pass:x", "-out",
                     folder / "locked.key")
        refused("tls.key", folder / "chain.pem", "--key", folder / "locked.key")

    def test_another_host_is_said(self):
        folder, server = self.server("localhost")
        self.authority(folder, "localhost")
        shown = server.run("tls", "import", "--data", server.folder, "--certificate",
                           folder / "other.pem", "--key", folder / "other.key")
        self.assertIn("stations will refuse it", shown)

    def test_an_expired_one_is_refused(self):
        folder, server = self.server("localhost")
        self.issue(folder, "old", None, "subjectAltName=DNS:localhost\n", days=-1)
        self.refused("tls.expired", server, "tls", "import", "--data", server.folder, "--certificate",
                     folder / "old.pem", "--key", folder / "old.key")


if __name__ == "__main__":
    unittest.main()
