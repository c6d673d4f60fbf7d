"""Every station holds what its people may see, and nothing else."""

import unittest

import support


class Scopes(support.TestCase):

    def setUp(self):
        self.company_ = self.company(full=True)
        self.hq = self.company_.hq

    @staticmethod
    def opportunities(station, **values):
        return station.ask("opportunity.list", limit=1000000, **values)

    def test_a_salesperson_and_her_manager(self):
        anna = self.company_.station("anna", "Anna Snelling")
        deals = self.opportunities(anna)
        self.assertEqual(len(deals), 448)
        self.assertEqual({deal["owner"] for deal in deals}, {"Anna Snelling"})
        self.assertEqual(len(anna.ask("customer.list", limit=1000000)), 53)
        rate, = anna.ask("opportunity.win_rate")
        self.assertEqual((rate["won"], rate["lost"], rate["win_rate_bp"], rate["won_amount_minor"]),
                         (208, 128, 6190, 27505600))

        dustin = self.company_.station("dustin", "Dustin Brinkmann")
        deals = self.opportunities(dustin)
        self.assertEqual(len(deals), 1583)
        self.assertEqual([deal for deal in deals if deal["owner"] == "Darcel Schlecht"], [])
        anna.verify()
        dustin.verify()

        darcel = self.company_.station("darcel", "Darcel Schlecht")
        self.assertEqual(len(self.opportunities(darcel)), 747)

    def test_a_handed_over_deal_moves(self):
        anna = self.company_.station("anna", "Anna Snelling")
        cecily = self.company_.station("cecily", "Cecily Lampkin")
        deal = self.opportunities(anna, state="open")[0]
        self.hq.do("opportunity.assign", opportunity=deal["id"], to="Cecily Lampkin")
        self.hq.sync()
        anna.sync()
        cecily.sync()
        self.assertNotIn(deal["id"], {row["id"] for row in self.opportunities(anna)})
        moved = {row["id"]: row for row in self.opportunities(cecily)}
        self.assertEqual(moved[deal["id"]]["owner"], "Cecily Lampkin")
        self.assertEqual(len(self.opportunities(anna)), 447)
        for station in (anna, cecily, self.hq):
            station.verify()
        self.company_.server.verify()


if __name__ == "__main__":
    unittest.main()
