"""The import of a CRM's files: what comes out, what is mended, what is set aside."""

import csv
import unittest

import support
from support import DATA, SMALL


def all_rows(station, query):
    return station.ask(query, limit=1000000)


class TheSample(support.TestCase):
    """The files of tests/data/crm-sales, as they are."""

    def setUp(self):
        self.company_ = self.company(full=True)
        self.hq = self.company_.hq

    def test_figures(self):
        rate, = self.hq.ask("opportunity.win_rate")
        self.assertEqual(rate, {"won": 4238, "lost": 2473, "win_rate_bp": 6315,
                                "won_amount_minor": 1000553400, "currency": "USD"})
        stages = {row["stage_code"]: row["count"]
                  for row in self.hq.ask("opportunity.count_by_stage")}
        self.assertEqual(stages, {"prospecting": 500, "engaging": 1589, "won": 4238, "lost": 2473})
        managers = self.hq.ask("opportunity.won_by_manager")
        self.assertEqual(len(managers), 6)
        self.assertEqual((managers[0]["manager"], managers[0]["won_amount_minor"]),
                         ("Melvin Marxen", 225193000))
        self.assertEqual((managers[-1]["manager"], managers[-1]["won_amount_minor"]),
                         ("Dustin Brinkmann", 109436300))
        self.assertEqual(sum(row["won_amount_minor"] for row in managers), 1000553400)

    def test_history_and_open_deals(self):
        steps = {(row["from_stage"], row["to_stage"]): row["conversion_bp"]
                 for row in self.hq.ask("opportunity.stage_conversion")}
        self.assertEqual(steps[("prospecting", "engaging")], 9432)
        self.assertEqual(steps[("engaging", "won")], 5106)
        open_amount = sum(row["amount_minor"] for row in
                          self.hq.ask("opportunity.weighted_pipeline"))
        self.assertEqual(open_amount, 496621500)
        reasons = {row["reason"]: row["count"] for row in self.hq.ask("opportunity.lost_reasons")}
        self.assertEqual(reasons, {"unknown": 2473})

    def test_agents_without_a_deal_appear_with_zeros(self):
        rows = [row for row in self.hq.ask("opportunity.won_by_owner")
                if row["won"] + row["lost"] + row["open"] == 0]
        self.assertEqual({row["owner"] for row in rows},
                         {"Mei-Mei Johns", "Elizabeth Anderson", "Natalya Ivanova",
                          "Carol Thompson", "Carl Lin"})
        self.assertEqual({row["won_amount_minor"] for row in rows}, {0})

    def test_twice_makes_nothing_twice(self):
        before = all_rows(self.hq, "opportunity.list")
        report = self.hq.import_files(DATA)
        for kind, count in (("branches", 3), ("people", 41), ("products", 7), ("customers", 85),
                            ("opportunities", 8800)):
            self.assertEqual(report[kind], {"made": 0, "changed": 0, "unchanged": count,
                                            "rejected": 0}, kind)
        self.assertEqual(all_rows(self.hq, "opportunity.list"), before)
        self.assertEqual(self.hq.status()["waiting"], 0)

    def test_what_the_mending_made(self):
        names = {row["name"] for row in self.hq.ask("product.list")}
        self.assertEqual(len(names), 7)
        self.assertIn("GTX Pro", names)
        customers = all_rows(self.hq, "customer.list")
        self.assertEqual(len(customers), 85)
        self.assertNotIn("technolgy", {row["industry"] for row in customers})
        self.assertIn("Philippines", {row["country"] for row in customers})


class SmallFiles(support.TestCase):

    def setUp(self):
        self.company_ = self.company(data=support.write_files(self.folder(), SMALL))
        self.hq = self.company_.hq

    def variant(self, **edits):
        files = dict(SMALL)
        for name, edit in edits.items():
            files[name + ".csv"] = edit(files[name + ".csv"])
        return support.write_files(self.folder(), files)

    def counts(self):
        return {query: len(all_rows(self.hq, query))
                for query in ("customer.list", "opportunity.list")} | {
                    "people": len(self.hq.ask("person.list")),
                    "products": len(self.hq.ask("product.list"))}

    def test_same_files_in_other_clothes(self):
        before = self.counts()

        def dress(text):
            return "\ufeff" + text.replace("\n", "\r\n") + "\r\n\r\n"

        folder = self.variant(accounts=dress, products=dress, sales_teams=dress,
                              sales_pipeline=dress)
        report = self.hq.import_files(folder)
        self.assertEqual(report["opportunities"]["unchanged"], 10)
        self.assertEqual(report["rejected"], 0)
        self.assertEqual(self.counts(), before)

    def test_quoted_commas_and_chinese(self):
        folder = self.variant(accounts=lambda text: text + (
            '"Wood, Stone & Sons ""WSS""",retail,2001,12.5,10,China,\n'
            '北京启明科技有限公司,technology,2005,3.25,42,China,\n'))
        self.assertEqual(self.hq.import_files(folder)["customers"]["made"], 2)
        names = {row["name"] for row in all_rows(self.hq, "customer.list")}
        self.assertLessEqual({'Wood, Stone & Sons "WSS"', "北京启明科技有限公司"}, names)
        card, = self.hq.ask("customer.show", customer="北京启明科技有限公司")
        self.assertEqual(card["revenue_minor"], 325000000)

    def test_gb18030(self):
        folder = self.variant(accounts=lambda text: (
            text + "深圳市南山电子有限公司,technology,2005,3.25,42,China,\n").encode("gb18030"))
        self.assertEqual(self.hq.import_files(folder)["customers"]["made"], 1)
        names = {row["name"] for row in all_rows(self.hq, "customer.list")}
        self.assertIn("深圳市南山电子有限公司", names)

    def test_a_changed_row_is_taken_over(self):
        folder = self.variant(sales_pipeline=lambda text: text.replace(
            "D003,Ann Reed,Beta,Southgate,Engaging,2017-01-03,,",
            "D003,Ann Reed,Beta,Southgate,Won,2017-01-03,2017-04-01,77"))
        kept = self.hq.import_files(folder, "--keep")
        self.assertEqual(kept["opportunities"]["unchanged"], 10)
        report = self.hq.import_files(folder)
        self.assertEqual(report["opportunities"],
                         {"made": 0, "changed": 1, "unchanged": 9, "rejected": 0})
        card, = self.hq.ask("opportunity.show", opportunity="D003")
        self.assertEqual((card["state"], card["amount_minor"], card["closed_on"]),
                         ("won", 7700, "2017-04-01"))

    def test_wrong_rows_are_set_aside_with_their_reason(self):
        folder = self.variant(sales_pipeline=lambda text: text + (
            "N001,Ann Read,Beta,Northwind,Engaging,2017-01-01,,\n"
            "N002,Ann Reed,Gamma,Northwind,Engaging,2017-01-01,,\n"
            "N003,Ann Reed,Beta,Northwind,Thinking,2017-01-01,,\n"
            "N004,Ann Reed,Beta,Northwind,Won,2017-01-01,2017-02-30,5\n"
            "N005,Ann Reed,Beta,Northwind,Won,2017-01-01,2016-12-31,5\n"
            "N006,Ann Reed,Beta,Northwind,Won,2017-01-01,2017-02-01,\n"
            "N007,Ann Reed,Beta,Northwind,Lost,2017-01-01,,0\n"
            "N008,Ann Reed,Beta,Northwind,Won,2017-01-01,2017-02-01,many\n"
            "D001,Ann Reed,Beta,Northwind,Engaging,2017-01-01,,\n"
            "N009,Ann Reed,Beta,Northwind,Engaging,2017-01-01\n"
            "N010,Ann Reed,Beta,Nowhere,Engaging,2017-01-01,,\n"
            "N011,Ann Reed,Beta,Northwind,Engaging,2017-01-01,,\n"))
        errors = self.folder() / "errors.csv"
        before = self.counts()
        report = self.hq.import_files(folder, "--errors", str(errors), accept=(3,))
        self.assertEqual(report["opportunities"],
                         {"made": 1, "changed": 0, "unchanged": 10, "rejected": 11})
        self.assertEqual(self.counts()["opportunity.list"], before["opportunity.list"] + 1)
        with open(errors, newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([(row["line"], row["field"], row["code"]) for row in rows], [
            ("12", "sales_agent", "reference.unknown"),
            ("13", "product", "reference.unknown"),
            ("14", "deal_stage", "stage.unknown"),
            ("15", "close_date", "parameter.date"),
            ("16", "close_date", "date.order"),
            ("17", "close_value", "parameter.missing"),
            ("18", "close_date", "parameter.missing"),
            ("19", "close_value", "parameter.number"),
            ("20", "opportunity_id", "row.duplicate"),
            ("21", "", "row.fields"),
            ("22", "account", "reference.unknown")])
        self.assertIn("Ann Reed", rows[0]["message"])
        self.assertEqual(rows[3]["row"], "N004,Ann Reed,Beta,Northwind,Won,2017-01-01,2017-02-30,5")

    def test_strict_and_dry_run_write_nothing(self):
        errors = str(self.folder() / "errors.csv")
        folder = self.variant(sales_pipeline=lambda text: text + (
            "N001,Ann Read,Beta,Northwind,Engaging,2017-01-01,,\n"
            "N011,Ann Reed,Beta,Northwind,Engaging,2017-01-01,,\n"))
        before = self.counts()
        self.assertRefused("import.rows", None, self.hq.import_files, folder, "--strict",
                           "--errors", errors)
        report = self.hq.import_files(folder, "--dry-run", "--errors", errors, accept=(3,))
        self.assertEqual(report["opportunities"]["made"], 1)
        self.assertEqual(self.counts(), before)
        self.assertEqual(self.hq.status()["waiting"], 0)

    def test_a_malformed_file_imports_nothing(self):
        rows = "N011,Ann Reed,Beta,Northwind,Engaging,2017-01-01,,\n"
        good = {"sales_pipeline": lambda text: text + rows}
        before = self.counts()
        for code, field, edit in (
                ("csv.column_missing", "sector", lambda text: text.replace("sector", "sektor", 1)),
                ("csv.syntax", None, lambda text: text.replace("Southgate", '"Southgate', 1)),
                ("csv.syntax", None, lambda text: text.replace("Southgate", 'South"gate', 1)),
                ("csv.encoding", None, lambda text: text.replace("Southgate", "Südgate", 1)
                 .encode("latin-1")),
                ("csv.encoding", None, lambda text: text.encode("utf-16")),
                ("csv.empty", None, lambda text: "")):
            with self.subTest(code=code):
                failure = self.assertRefused(code, field, self.hq.import_files,
                                             self.variant(accounts=edit, **good))
                self.assertEqual(failure.status, 1)
                self.assertIn("accounts.csv", failure.message)
        (folder := self.variant(**good)).joinpath("products.csv").unlink()
        self.assertRefused("csv.missing", None, self.hq.import_files, folder)
        self.assertEqual(self.counts(), before)
        self.assertEqual(self.hq.status()["waiting"], 0)

    def test_only_headquarters_imports(self):
        ann = self.company_.station("ann", "Ann Reed")
        before = len(all_rows(ann, "opportunity.list"))
        self.assertRefused("role.missing", None, ann.import_files,
                           support.write_files(self.folder(), SMALL))
        self.assertEqual(len(all_rows(ann, "opportunity.list")), before)

    def test_owner_is_who_won_most(self):
        owners = {row["name"]: row["owner"] for row in all_rows(self.hq, "customer.list")}
        self.assertEqual(owners, {"Northwind": "Bob Lane", "Southgate": "Cy Dow",
                                  "Eastbank": "Bob Lane", "Westfield": "Cy Dow"})


if __name__ == "__main__":
    unittest.main()
