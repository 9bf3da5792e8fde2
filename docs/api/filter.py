#!/usr/bin/env python3
"""For Doxygen: a header with its first comment as its page's text, and comments as they are laid out.

What Doxygen takes for commands and HTML in comments is nothing of the kind here; `names` are code, and indented lines,
a map's table among them, stay as they are. A comment of one declaration of several names ("least and greatest") is
each name's; a defaulted comparison and what TORCH_MODULE declares say what they are. Lines keep their numbers.
"""

import pathlib
import re
import sys

INDENTED = re.compile(r"(?:^ *//[/!](?!<) {3,}\S.*\n)+", re.MULTILINE)
DECLARATION = re.compile(
    r"""^(?P<indent>\ *)(?P<type>(?:(?:inline\ )?constexpr\ )?(?:const\ )?[\w:]+(?:<[\w:,\ ]+>)?)\ (?P<names>
    \w+(?:\ =\ [^,;()\n]*|\{\})?
    (?:,(?:\ +///<[^\n]*)?\s+\w+(?:\ =\ [^,;()\n]*|\{\})?)+
    );(?:\ +///<\ (?P<after>[^\n]*(?:\n\ +///<[^\n]*)*))?$""",
    re.MULTILINE | re.VERBOSE,
)
MODULE = re.compile(r"^TORCH_MODULE\((\w+)\);$", re.MULTILINE)
COMPARISON = re.compile(r"^ +(?:friend )?bool operator==\(.*\)(?: const)? = default;$", re.MULTILINE)


def plain(text):
    for sign in "\\@#%":
        text = text.replace(sign, "\\" + sign)
    text = text.replace("<", "\\<").replace(">", "\\>").replace("/*", "/ *").replace("*/", "* /")
    return re.sub(r"`((?:[^`.?!]|\.(?=\w))+)`", r"<code>\1</code>", text)  # in which no sentence seems to end


def as_laid_out(found):
    lines = found[0].splitlines()
    lines[0] = re.sub(r"(//[/!]) ", r"\1 <pre>", lines[0], count=1)
    return "\n".join([*lines[:-1], lines[-1] + "</pre>", ""])


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
    for name, own in re.findall(r"(\w+(?: = [^,;()\n]*|\{\})?)(?:,\s*|$)(?:///< ([^\n]*)\n\s*)?", found["names"]):
        comment = own or (both if after or declared else "")
        declared.append((f"/** {comment} */ " if comment else "") + f"{found['type']} {name};")
    return found["indent"] + " ".join(declared) + "\n" * found[0].count("\n")


def comments(text):
    """Comments' text for Doxygen."""
    text = re.sub(r"(//[/!]<? ?)(.*)", lambda found: found[1] + plain(found[2]), text)
    return INDENTED.sub(as_laid_out, text)


def page(header):
    first = re.match(r"#pragma once\n((?://(?!/).*\n)+)", header)
    if first:  # "@file" stands for "#pragma once"
        header = re.sub(r"^//", "//!", first[1], flags=re.MULTILINE) + header[first.end():]
    text = DECLARATION.sub(declare_apart, comments(header))
    text = MODULE.sub(
        r"/** Holds a \1Impl, which its copies share. */ class \1 : public torch::nn::ModuleHolder<\1Impl> {};", text
    )
    text = COMPARISON.sub(lambda found: found[0] + "  ///< Whether all members are equal.", text)
    return ("//! @file\n" if first else "") + text


if __name__ == "__main__":
    sys.stdout.write(page(pathlib.Path(sys.argv[1]).read_text()))
