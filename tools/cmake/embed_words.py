#!/usr/bin/env python3
"""Makes the tables that tools/satchel/vocabulary.h declares: embed_words.py FOLDER OUT.c"""
import json
import os
import sys


def literal(text):
    return json.dumps(text, ensure_ascii=False)  # a JSON string without control characters is one of C


def main(folder, output):
    parts = ['#include "tools/satchel/vocabulary.h"\n']
    for name in ("columns", "errors", "values"):
        with open(os.path.join(folder, name + ".json"), encoding="utf-8") as file:
            entries = json.load(file)
        rows = "".join(f"    {{{literal(key)}, {literal(entries[key]['zh'])}}},\n"
                       for key in sorted(entries, key=lambda key: key.encode()))
        parts.append(f"static const struct vocabulary_entry {name}[] = {{\n{rows}}};\n"
                     f"const struct vocabulary vocabulary_{name} = {{{name}, sizeof {name} / sizeof *{name}}};\n")
    with open(output, "w", encoding="utf-8") as file:
        file.write("\n".join(parts))


main(*sys.argv[1:])
