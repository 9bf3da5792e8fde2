#!/usr/bin/env python3
"""For Doxygen: a header with its first comment as its page's text, a room's map as it is laid out."""

import pathlib
import re
import sys

path = pathlib.Path(sys.argv[1])
text = path.read_text()
found = re.match(r"#pragma once\n((?://.*\n)+)", text)
if found:
    lines = [re.sub(r"^// ?", "", line) for line in found[1].splitlines()]
    first = next((i for i, line in enumerate(lines) if line.startswith("  ")), None)
    if path.parent.name == "imgcls" and first is not None:  # the map of a room
        lines = [*lines[:first], "@verbatim", *lines[first:], "@endverbatim"]
    comment = "\n".join(["/** @file", *(line.replace("*/", "* /") for line in lines), "*/"])
    text = "#pragma once\n" + comment + "\n" + text[found.end():]
sys.stdout.write(text)
