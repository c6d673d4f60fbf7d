#!/usr/bin/env python3
"""Each rule of lint.py finds what it is there for, and leaves its innocent neighbour alone."""

import json
import unittest

from lint import MAX_LINES, findings


def rules(texts):
    return sorted({rule for _, _, rule, _ in findings(texts)})


def rules_of(path, text):
    return rules({path: text})


class Layers(unittest.TestCase):
    def test_downward_is_allowed(self):
        for path, name in (("schema/a.c", "schema/base/error.h"), ("sync/a.c", "schema/a.h"),
                           ("client-core/a.c", "sync/a.h"), ("client-core/a.c", "satchel.h"),
                           ("server/a.c", "sync/a.h"), ("tools/satcheld/a.c", "server/a.h"),
                           ("tools/satchel/a.c", "satchel.h"), ("tests/unit/a.c", "server/a.h")):
            self.assertEqual(rules_of(path, f'#include "{name}"\n'), [], (path, name))

    def test_upward_and_sideways_are_not(self):
        for path, name in (("schema/a.c", "sync/a.h"), ("schema/base/a.c", "server/a.h"),
                           ("sync/a.c", "server/a.h"), ("sync/a.h", "client-core/a.h"),
                           ("client-core/a.c", "server/a.h"), ("server/a.c", "client-core/a.h"),
                           ("server/a.c", "satchel.h"), ("server/a.c", "../client-core/a.h"),
                           ("tools/satchel/a.c", "tests/support/a.h")):
            for form in (f'#include "{name}"\n', f"  #  include <{name}>\n"):
                self.assertEqual(rules_of(path, form), ["layer"], (path, form))

    def test_header_beside_the_file(self):
        texts = {"server/a.c": '#include "b.h"\n', "server/b.h": "\n", "client-core/b.h": "\n"}
        self.assertEqual(rules(texts), [])


class Calls(unittest.TestCase):
    def test_banned(self):
        for call in ("strcpy(a, b)", "sprintf (a, b)", "x = atoi(b)", "system(a)", "strtok(a, b)"):
            self.assertEqual(rules_of("tools/a.c", f"{call};\n"), ["call"], call)

    def test_members_comments_and_strings_are_not_calls(self):
        for line in ("env->system(a);", "env.system(a);", "/* strcpy(a) */", "// strcpy(a)",
                     '"strcpy(a)";', "my_strcpy(a);", "strcpy_s(a);"):
            self.assertEqual(rules_of("tools/a.c", line + "\n"), [], line)

    def test_only_libraries_may_not_print_or_exit(self):
        for line in ("printf(a);", "exit(1);", "fprintf(stderr, a);"):
            self.assertEqual(rules_of("sync/a.c", line + "\n"), ["call"], line)
            self.assertEqual(rules_of("tools/a.c", line + "\n"), [], line)


class Words(unittest.TestCase):
    TABLE = ("create table deal (id blob primary key, name text, amount_minor integer);\n"
             "create table list_item (id blob primary key);\n")
    QUERY = ("-- @query deal.list  Deals.\n-- @param state enum(open|won)?  Only those.\n"
             "select name, amount_minor, 'deal' as kind from deal where :state is null;\n")
    COMMAND = ("-- @command deal.add  A deal.\n-- @param name text(9)  Its name.\n"
               "select require(:name <> '', 'deal.nameless', 'name', 'A deal has a name.');\n"
               "insert into deal (id, name) values (new_id(), :name);\n")
    CODE = 'error_set(error, "deal.lost", "name", "It is lost.");\n'
    WORDS = {
        "columns": {"amount": ("金额", "Amount"), "kind": ("类型", "Kind"), "name": ("名称", "Name"),
                    "state": ("状态", "State")},
        "values": {"kind.deal": ("机会", "Deal"), "state.open": ("进行中", "Open"), "state.won": ("赢单", "Won")},
        "errors": {"deal.lost": ("机会已丢失。", "It is lost."), "deal.nameless": ("请填写“{field}”。", "{field} is missing.")},
    }

    def found(self, change=None, **texts):
        words = json.loads(json.dumps(self.WORDS))
        if change:
            change(words)
        files = {"schema/tables/a.sql": self.TABLE, "schema/queries/a.sql": self.QUERY,
                 "schema/commands/a.sql": self.COMMAND, "sync/a.c": self.CODE}
        files.update({f"tools/words/{name}.json": json.dumps(
            {key: {"zh": zh, "en": en} for key, (zh, en) in entries.items()}, ensure_ascii=False) + "\n"
            for name, entries in words.items()})
        files.update(texts)
        return [(path, what) for path, _, rule, what in findings(files) if rule == "words"]

    def test_what_has_its_words_is_left_alone(self):
        self.assertEqual(self.found(), [])

    def test_what_has_no_entry(self):
        for file, key in (("columns", "amount"), ("columns", "state"), ("values", "state.won"), ("values", "kind.deal"),
                          ("errors", "deal.lost"), ("errors", "deal.nameless")):
            found = self.found(lambda words, file=file, key=key: words[file].pop(key))
            self.assertEqual([what for _, what in found], [f"{key}: has no entry in tools/words/{file}.json"])

    def test_what_nothing_needs(self):
        for file in self.WORDS:
            found = self.found(lambda words, file=file: words[file].update({"z.z": ("多余", "Too much")}))
            self.assertEqual(found, [(f"tools/words/{file}.json", "z.z: nothing needs this entry")])

    def test_a_query_has_a_word_of_its_own(self):
        def own(words):
            words["columns"] = dict(sorted({**words["columns"], "deal.list:name": ("机会名称", "Deal")}.items()))
        self.assertEqual(self.found(own), [])

    def test_entries_that_are_wrong(self):
        for entry, what in ((("Amount", "Amount"), "zh has no Chinese character"),
                            (("金额", "金额"), "en has Chinese characters"),
                            (("金额", " "), "wants zh and en"),
                            (("{a}金额", "Amount"), "zh and en hold other places to fill"),
                            (("{a}金额", "{a} amount"), "nobody fills that place")):
            found = self.found(lambda words, entry=entry: words["columns"].update({"amount": entry}))
            self.assertIn(f"amount: {what}", [line for _, line in found])

    def test_order_and_form(self):
        for text, what in (('{"b": {"zh": "乙", "en": "b"}, "a": {"zh": "甲", "en": "a"}}\n', "keys stand in order, each once"),
                           ("{,}\n", "no JSON")):
            found = self.found(**{"tools/words/values.json": text})
            self.assertTrue(any(line.startswith(what) for _, line in found), found)

    def test_values_that_a_query_makes_up(self):
        query = self.QUERY.replace("select name", "-- Values of kind: deal, order.\nselect name")
        self.assertEqual([what for _, what in self.found(**{"schema/queries/a.sql": query})],
                         ["kind.order: has no entry in tools/words/values.json"])


class Isolation(unittest.TestCase):
    def test_one_file_knows_a_library(self):
        one = {"server/http.c": "#include <civetweb.h>\n"}
        self.assertEqual(rules(one), [])
        self.assertEqual(rules({**one, "tests/unit/a.c": "#include <civetweb.h>\n"}), [])
        self.assertEqual(rules({**one, "server/b.c": "#include <civetweb.h>\n"}), ["isolation"])

    def test_no_header_passes_it_on(self):
        self.assertEqual(rules_of("sync/wire.h", "#include <msgpack.h>\n"), ["isolation"])

    def test_clock_and_chance(self):
        for line in ("clock_gettime(a, b);", "x = time(NULL);", "getrandom(a, b, 0);"):
            self.assertEqual(rules_of("sync/a.c", line + "\n"), ["outside"], line)
            self.assertEqual(rules_of("schema/base/env.c", line + "\n"), [], line)
        self.assertEqual(rules_of("sync/a.c", "env->random(a); int (*random)(int);\n"), [])


class Place(unittest.TestCase):
    def test_top_level(self):
        for path in ("schema/a.sql", "README.zh-CN.md", ".clang-tidy", ".ci/run", "docs/a/b.md"):
            self.assertEqual(rules_of(path, "x\n"), [], path)
        for path in ("NOTES.md", "src/a.c", "schema"):
            self.assertEqual(rules_of(path, "x\n"), ["place"], path)


class Text(unittest.TestCase):
    def test_hygiene(self):
        for text in ("\tx\n", "x \n", "x\r\n", "x", "see /ro" "ot/me/x\n",
                     "http://de" "b.example.org/x\n"):
            self.assertEqual(rules_of("sync/a.c", text), ["text"], text)
        for text in ("", "x\n", "https://example.org/root/me\n", "/home/anna\n", "a/work/b\n"):
            self.assertEqual(rules_of("sync/a.c", text), [], text)

    def test_coverage_marks(self):
        self.assertEqual(rules_of("sync/a.c", "// LCOV_EXCL_LINE\n"), ["coverage"])

    def test_length(self):
        self.assertEqual(rules_of("sync/a.c", "\n" * MAX_LINES), [])
        self.assertEqual(rules_of("sync/a.c", "\n" * (MAX_LINES + 1)), ["length"])


if __name__ == "__main__":
    unittest.main()
