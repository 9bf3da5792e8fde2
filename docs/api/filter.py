#!/usr/bin/env python3
"""For Doxygen: a header with its first comment as its page's text, a room's map as it is laid out.

What Doxygen takes for commands and HTML in comments is nothing of the kind here.
"""

import pathlib
import re
import sys


def plain(text):
    for sign in "\\@#%":
        text = text.replace(sign, "\\" + sign)
    text = text.replace("::", "\\::")
    return text.replace("<", "\\<").replace(">", "\\>").replace("/*", "/ *").replace("*/", "* /")


def page_text(lines, is_map):
    """The first comment: a map's table as it is laid out."""
    first = next((i for i, line in enumerate(lines) if line.startswith("  ")), None)
    if not is_map or first is None:
        return [plain(line) for line in lines]
    return [*map(plain, lines[:first]), "@verbatim", *lines[first:], "@endverbatim"]


path = pathlib.Path(sys.argv[1])
text = re.sub(r"(///<? ?)(.*)", lambda found: found[1] + plain(found[2]), path.read_text())
found = re.match(r"#pragma once\n((?://(?!/).*\n)+)", text)
if found:
    lines = [re.sub(r"^// ?", "", line) for line in found[1].splitlines()]
    comment = "".join(f"//! {line}\n" for line in ["@file", *page_text(lines, path.parent.name == "imgcls")])
    text = "#pragma once\n" + comment + "\n" + text[found.end():]
sys.stdout.write(text)
