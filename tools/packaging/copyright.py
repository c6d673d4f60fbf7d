#!/usr/bin/env python3
"""Writes the copyright file of a package: Satchel's own licence, then those of what is built into its
programs, with their notices.

    copyright.py OWN OUTPUT [--civetweb FOLDER] [--app FOLDER]

Ends with 1 when a built-in package names no licence.
"""

import argparse
import json
import pathlib
import re
import sys

COMMON = {"Apache-2.0"}  # whose full text every Debian holds


def indented(text):
    """As a field of a Debian control file: a blank before each line, a dot for an empty one."""
    return "".join(f" {line.rstrip() or '.'}\n" for line in text.strip().expandtabs().splitlines())


def stanza(files, holders, licence, text):
    return f"\nFiles: {files}\nCopyright:\n{indented(holders)}License: {licence}\n{indented(text)}"


def holders_of(text, otherwise):
    lines = [line.strip("> ").strip() for line in text.splitlines()]
    found = [line for line in lines if line.lower().startswith("copyright ") and "(c)" in line.lower()]
    return "\n".join(dict.fromkeys(found)) or otherwise


def texts_in(folder, *beginnings):
    return [path.read_text(encoding="utf-8") for path in sorted(folder.iterdir())
            if path.is_file() and path.name.lower().startswith(beginnings)]


def civetweb(folder):
    """Of its licence file, the section of what is always built in; no other feature of it is used."""
    sections = re.split(r"\n(?=[^\n]+ License\n-+\n)", (folder / "LICENSE.md").read_text(encoding="utf-8"))
    text = "\n".join(section for section in sections if "### Included with all features" in section)
    if not text:
        raise SystemExit("copyright: CivetWeb's licence is not where it was")
    return stanza("civetweb (in satcheld and satchel)", holders_of(text, "the CivetWeb developers"),
                  "Expat", text)


def app_packages(folder):
    """Everything that the lock names for the pages themselves, not only for building them."""
    lock = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))
    for place, package in sorted(lock["packages"].items()):
        if not place or package.get("dev"):
            continue
        name = place.removeprefix("node_modules/")
        licence = package.get("license")
        if not licence:
            raise SystemExit(f"copyright: {name} names no licence")
        licences = texts_in(folder / place, "licen", "copyright")
        notices = texts_in(folder / place, "notice")
        if licence in COMMON:
            text = f"Text: /usr/share/common-licenses/{licence}.\n"
        else:
            text = "\n\n".join(licences) or f"{licence}; the package has no text of its own.\n"
        yield stanza(f"{name} {package['version']} (in the pages)",
                     holders_of("\n".join(licences + notices), f"the authors of {name}"),
                     licence, "\n\n".join([text, *notices]))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("own", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--civetweb", type=pathlib.Path)
    parser.add_argument("--app", type=pathlib.Path)
    options = parser.parse_args()
    text = options.own.read_text(encoding="utf-8")
    if options.civetweb:
        text += civetweb(options.civetweb)
    if options.app:
        text += "".join(app_packages(options.app))
    options.output.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
