#!/usr/bin/env python3
"""For Doxygen: a header with its first comment as its page's text, a room's map as it is laid out.

What Doxygen takes for commands and HTML in comments is nothing of the kind here. A comment of one declaration of several
names ("least and greatest") is each name's; a defaulted comparison and what TORCH_MODULE declares say what they are.
Lines keep their numbers.
"""

import pathlib
import re
import sys

DECLARATION = re.compile(
    r"""^(?P<indent>\ *)(?P<type>(?:inline\ constexpr\ )?(?:const\ )?[\w:]+(?:<[\w:,\ ]+>)?)\ (?P<names>
    \w+(?:\ =\ [^,;()\n]*)?
    (?:,(?:\ +///<[^\n]*)?\s+\w+(?:\ =\ [^,;()\n]*)?)+
    );(?:\ +///<\ (?P<after>[^\n]*(?:\n\ +///<[^\n]*)*))?$""",
    re.MULTILINE | re.VERBOSE,
)
MODULE = re.compile(r"^TORCH_MODULE\((\w+)\);$", re.MULTILINE)
COMPARISON = re.compile(r"^ +(?:friend )?bool operator==\(.*\)(?: const)? = default;$", re.MULTILINE)


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


def comment_above(text, end):
    """The text of the comment that ends where a declaration begins."""
    lines = []
    for line in reversed(text[:end].splitlines()):
        found = re.match(r" *///(?!<) ?(.*)", line)
        if not found:
            break
        lines.insert(0, found[1])
    return " ".join(lines)


def declare_apart(found):
    """`int a, b;  ///< both` as two declarations, each with its comment."""
    declared = []
    after = found["after"]
    both = re.sub(r"\s*\n\s*///<\s*", " ", after) if after else comment_above(found.string, found.start())
    for name, own in re.findall(r"(\w+(?: = [^,;()\n]*)?)(?:,\s*|$)(?:///< ([^\n]*)\n\s*)?", found["names"]):
        comment = own or (both if after or declared else "")
        declared.append((f"/** {comment} */ " if comment else "") + f"{found['type']} {name};")
    return found["indent"] + " ".join(declared) + "\n" * found[0].count("\n")


path = pathlib.Path(sys.argv[1])
text = re.sub(r"(///<? ?)(.*)", lambda found: found[1] + plain(found[2]), path.read_text())
text = DECLARATION.sub(declare_apart, text)
text = MODULE.sub(
    r"/** Holds a \1Impl, which its copies share. */ class \1 : public torch::nn::ModuleHolder<\1Impl> {};", text
)
text = COMPARISON.sub(lambda found: found[0] + "  ///< Whether all members are equal.", text)
found = re.match(r"#pragma once\n((?://(?!/).*\n)+)", text)
if found:
    lines = [re.sub(r"^// ?", "", line) for line in found[1].splitlines()]
    comment = "".join(f"//! {line}\n" for line in page_text(lines, path.parent.name == "imgcls"))
    text = "//! @file\n" + comment + text[found.end():]  # for #pragma once
sys.stdout.write(text)
