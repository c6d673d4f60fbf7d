#!/usr/bin/env python3
"""Each rule of lint.py finds what it is there for, and leaves its innocent neighbour alone."""

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
