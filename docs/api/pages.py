#!/usr/bin/env python3
"""For Doxygen: the first page, which lists rooms and examples, and what is said of namespaces and examples.

pages.py INCLUDE EXAMPLES writes comments for the headers below the folder INCLUDE and the programs in EXAMPLES.
"""

import pathlib
import re
import sys

from filter import comments, plain


def first_comment(path):
    """Its lines, each behind "//"."""
    return re.match(r"(?:#pragma once\n)?((?://.*\n)+)", path.read_text())[1]


def sentence(path):
    text = " ".join(line[3:] for line in first_comment(path).splitlines())
    return plain(re.match(r"(.*?\.)(?:\s|$)", re.sub(r"^All of [\w/]+: ", "", text))[1])


def row(name, path):
    return f"<tr><td>{name}</td><td>{sentence(path)}</td></tr>"


def namespaces(include):
    """The maps of the rooms that declare something in each namespace, forward declarations aside."""
    found = {}
    for path in sorted(include.glob("imgcls/*/**/*.h")):
        room = path.relative_to(include / "imgcls").parts[0]
        for name in re.findall(r"^namespace (imgcls[\w:]*) \{\n(?!class \w+;\n)", path.read_text(), re.MULTILINE):
            found.setdefault(name, set()).add(f"imgcls/{room}.h")
    return found


include, examples = map(pathlib.Path, sys.argv[1:])
rooms = [path for path in sorted(include.glob("imgcls/*.h")) if path.name != "imgcls.h"]
programs = sorted(examples.glob("*.cpp"))
print("/** @mainpage imgcls")
print("Train image classifiers from C++. Each room of the library has a header that is its map; all are in")
print("imgcls/imgcls.h.")
print("<table>", *(row(f"imgcls/{path.name}", path) for path in rooms), "</table>", sep="\n")
print("Programs to begin with, which the pages of what they use name as examples:")
print("<table>", *(row(f'@ref {path.name} "{path.name}"', path) for path in programs), "</table>", "*/", sep="\n")
for name, maps in namespaces(include).items():
    print(f"\n//! @namespace {name}\n//! Its rooms: {', '.join(sorted(maps))}.")
for path in programs:
    print(f"\n//! @example {path.name}\n//! @details")
    print(comments(re.sub(r"^//", "//!", first_comment(path), flags=re.MULTILINE)), end="")
