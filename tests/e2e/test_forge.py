"""A salesperson's own station, with its own keys, turns hostile (tests/forge)."""

import subprocess
import unittest

import support


class Forge(support.TestCase):

    def attack(self, company, *arguments):
        """What it printed, and its status. Half-way it asks to be revoked."""
        lines = []
        with subprocess.Popen([support.BIN / "satchel-forge", *arguments], text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE) as ran:
            for line in ran.stdout:
                lines.append(line.rstrip())
                if line.startswith("-- revoke"):
                    company.server.run("revoke", "--data", company.server.folder,
                                       "--device", line.split()[2])
                    ran.stdin.write("\n")
                    ran.stdin.flush()
        return lines, ran.returncode

    def test_every_attack_is_answered_as_it_should_be(self):
        company = self.company()
        deals = company.hq.ask("opportunity.list", limit=1000)
        foreign = next(deal for deal in deals if deal["owner"] == "Cy Dow")
        customers = company.hq.ask("customer.list", limit=1000)
        westfield = next(row for row in customers if row["name"] == "Westfield")
        cy = company.station("cy", "Cy Dow")
        secret = company.folder / "secret.jpg"
        secret.write_bytes(b"what nobody else may see")
        file = cy.json("attach", str(secret), "--opportunity", foreign["id"])["file"]
        self.assertEqual(cy.sync()["files_sent"], 1)
        lines, status = self.attack(
            company, f"invitation={company.server.invite('Ann Reed')}",
            f"foreign_opportunity={foreign['id']}", f"foreign_customer={westfield['id']}",
            f"foreign_file={file}")
        self.assertEqual([line for line in lines if "<- expected" in line], [])
        self.assertEqual(status, 0, lines)
        self.assertGreater(len(lines), 105)
        # The server is none the worse for it: it serves others, and its journal stands.
        bob = company.station("bob", "Bob Lane")
        bob.verify()
        company.server.stop()
        company.server.verify()


if __name__ == "__main__":
    unittest.main()
