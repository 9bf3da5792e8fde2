#!/usr/bin/env python3
"""Each value of an enumeration has a sentence, or none has and the enumeration's speaks of all: Doxygen does not look.

enumerations.py FOLDER names the header, line and value of what is missing in the headers below FOLDER.
"""

import pathlib
import re
import sys

ENUMERATION = re.compile(
    r"^(?P<above> *///.*\n)? *enum\b(?: class)?(?P<name> \w+)?[^;{]*\{(?P<values>[^}]*)\}", re.MULTILINE
)
VALUE = re.compile(r"^(?P<above>\s*///(?!<).*\n)?\s*(?P<name>\w+)(?: = [^,/\n]*)?,?(?P<after> +///<)?", re.MULTILINE)


def gaps(text):
    for found in ENUMERATION.finditer(text):
        name = (found["name"] or "an enumeration").strip()
        line = text.count("\n", 0, found.start("values")) + 1
        values = [] if "\n" not in found["values"] else list(VALUE.finditer(found["values"]))
        silent = [value for value in values if not value["above"] and not value["after"]]
        if not found["above"]:
            yield line, name
        elif len(silent) < len(values):
            for value in silent:
                yield line + found["values"].count("\n", 0, value.start("name")), f"{name}::{value['name']}"


found = 0
folder = pathlib.Path(sys.argv[1])
for header in sorted(folder.rglob("*.h")):
    for line, name in gaps(header.read_text()):
        print(f"lib/{header.relative_to(folder)}:{line}: error: {name} is not documented.", file=sys.stderr)
        found += 1
sys.exit(found > 0)
