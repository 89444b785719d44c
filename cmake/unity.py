#!/usr/bin/env python3
"""Which sources can be compiled as one: most of a source's compile time goes into the headers that it
shares with its neighbours.

    cmake/unity.py FILE...      one line for each group: the files, separated by spaces

Sources can be joined when no name of one's unnamed namespace is another's, or a header's of their
folder. The names are found by the shape that clang-format gives declarations; what that misses is
a compile error in the joined build, and cured by a better name.
"""

import re
import sys
from functools import cache
from pathlib import Path

FILES_MAX = 6  # more gain little and make a change cost more
DECLARED = [re.compile(pattern) for pattern in (
    r"(?:template.*> )?(?:struct|class|enum class|enum|union|using|namespace) (\w+)",
    r"[A-Za-z_].*?(?<!operator)\b(\w+)\(",
    r"[A-Za-z_].*?\b(\w+)(?:\[[^\]]*\])* *(?:=|\{|;)")]
# Tests are named by their two words; joined programs may not repeat the pair, as without joining.
MACROS = {"TEST", "TEST_F", "TEST_P", "INSTANTIATE_TEST_SUITE_P", "MATCHER", "MATCHER_P", "MATCHER_P2"}


def declared(line):
    line = re.sub(r"^(?:\[\[\w+\]\] )+", "", line)
    found = {match[1] for match in (pattern.match(line) for pattern in DECLARED) if match}
    if found & MACROS:
        second = re.search(r"\((\w+)", line)
        return {second[1]} if "MATCHER" in line and second else set()
    return found


@cache
def names(path):
    """What the unnamed namespaces of a source declare, and the aliases at its top."""
    found, inside = set(), False
    for line in Path(path).read_text().splitlines():
        if line.startswith("namespace {"):
            inside = True
        elif line.startswith("}  // namespace") and inside:
            inside = False
        elif inside or re.match(r"(?:using|namespace) \w+ =", line):
            found |= declared(line)
    return found


@cache
def header_names(folder):
    return set().union(*(declared(line) for header in sorted(Path(folder).glob("*.h"))
                         for line in header.read_text().splitlines()))


def groups(paths):
    made = []
    for path in sorted(paths):
        own = names(path)
        if own & header_names(Path(path).parent):
            made.append(([path], None))
            continue
        for files, taken in made:
            if taken is not None and len(files) < FILES_MAX and not taken & own:
                files.append(path)
                taken |= own
                break
        else:
            made.append(([path], set(own)))
    return [files for files, _ in made]


if __name__ == "__main__":
    for group in groups(sys.argv[1:]):
        print(" ".join(group))
