"""Checks the first word of doc comments, and the width of comments, Markdown and Rust code.

Usage: prose.py [FILE ...]. Without arguments, it checks all hand-written files.
"""

import re
import sys
from collections import Counter
from pathlib import Path

from files import written_files

WIDTH = 100
HARD_LIMIT = 120
# The share of comment lines that may exceed WIDTH.
ALLOWANCE = 0.04

SLASHES = {".rs", ".ts", ".js", ".cjs", ".css"}
HASHES = {".py", ".toml", ".yaml", ".yml", ""}

BAD_START = re.compile(r"(What|Who|Whoever|So many)\b")
# Text that cannot be wrapped: a URL, or the target of a Markdown link.
ADDRESS = re.compile(r"https?://[^\s)>\"]+|(?<=\]\()[^)\s]+")


def width(line):
    return len(ADDRESS.sub("", line))


def comments(lines, suffix):
    """Yields the number, the marker and the text of each comment line."""
    in_block = False
    for number, line in enumerate(lines, 1):
        line = line.strip()
        if suffix in HASHES:
            if line.startswith("#") and not line.startswith("#!"):
                yield number, "#", line[1:].strip()
        elif in_block or line.startswith("/*"):
            marker = "*" if in_block else "/**" if line.startswith("/**") else "/*"
            in_block = "*/" not in line
            yield number, marker, line.removesuffix("*/").lstrip("/*").strip()
        elif match := re.match(r"//[/!]?", line):
            yield number, match[0], line[match.end() :].strip()


def doc_starts(comment_lines):
    """Yields the number and the text of the first line of each doc comment."""
    previous = None
    waiting = False
    for number, marker, text in comment_lines:
        continues = previous == (number - 1, marker)
        previous = (number, marker)
        if marker == "/**" or (marker in ("///", "//!") and not continues):
            waiting = True
        elif marker != "*":
            waiting = False
        # The text of `/**` may begin on a later line.
        if waiting and text:
            waiting = False
            yield number, text


def wide_lines(numbered, lines):
    """Yields the number and the width of lines over WIDTH, except for fenced code and tables."""
    fenced = False
    for number, text in numbered:
        if text.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced and not text.lstrip().startswith("|"):
            columns = width(lines[number - 1])
            if columns > WIDTH:
                yield number, columns


def main(names):
    problems = []
    wide = Counter()
    total = 0
    for name in names:
        suffix = Path(name).suffix
        if suffix not in SLASHES | HASHES | {".md"}:
            continue
        lines = Path(name).read_text(encoding="utf-8").splitlines()
        if suffix == ".md":
            for number, columns in wide_lines(enumerate(lines, 1), lines):
                problems.append(f"{name}:{number}: {columns} columns; wrap at {WIDTH}")
            continue
        comment_lines = list(comments(lines, suffix))
        total += len(comment_lines)
        for number, text in doc_starts(comment_lines):
            if word := BAD_START.match(text):
                problems.append(
                    f"{name}:{number}: begins with `{word[0]}`; begin with a noun or a verb,"
                    " such as `The …` or `Returns …`"
                )
        for number, columns in wide_lines(((number, text) for number, _, text in comment_lines), lines):
            if columns > HARD_LIMIT:
                problems.append(f"{name}:{number}: {columns} columns; wrap at {WIDTH}")
            else:
                wide[name] += 1
        if suffix == ".rs":
            # rustfmt keeps code narrower, but it does not break string literals.
            comment_numbers = {number for number, _, _ in comment_lines}
            for number, line in enumerate(lines, 1):
                if number not in comment_numbers and width(line) > HARD_LIMIT:
                    problems.append(f"{name}:{number}: {width(line)} columns; break the literal")
    if wide.total() > ALLOWANCE * total:
        for name, count in wide.most_common():
            problems.append(f"{name}: {count} comment lines over {WIDTH} columns")
        problems.append(
            f"{wide.total()} of {total} comment lines are over {WIDTH} columns, but at most"
            f" {ALLOWANCE:.0%} may be; wrap those in the files above"
        )
    print("\n".join(problems) or f"prose: {wide.total()} of {total} comment lines over {WIDTH}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or written_files()))
