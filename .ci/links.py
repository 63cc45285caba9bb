"""Checks that links in Markdown files to files and headings of the project are valid.

Usage: links.py [FILE ...]. Without arguments, it checks all Markdown files.
"""

import re
import sys
from functools import cache
from pathlib import Path, PurePosixPath
from posixpath import normpath
from urllib.parse import unquote

from files import all_files

INLINE_CODE = re.compile(r"(`+).+?\1")
LINK = re.compile(
    r"\]\(\s*<?([^)\s>]+)"  # [text](target)
    r"|^\s*\[[^\]]+\]:\s+(\S+)"  # [name]: target
    r"|\s(?:href|src)=\"([^\"]+)\""  # <a href="target">, <img src="target">
)
ANCHOR = re.compile(r"\s(?:id|name)=\"([^\"]+)\"")
FILES = set(all_files())
FOLDERS = {str(parent) for name in FILES for parent in PurePosixPath(name).parents}


def text_lines(name):
    """Yields the number and the text of each line outside of code blocks."""
    fenced = False
    for number, line in enumerate(Path(name).read_text(encoding="utf-8").splitlines(), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced:
            yield number, line


@cache
def anchors(name):
    """Returns the anchors of a file, as GitHub derives them from headings."""
    slugs = set()
    for _, line in text_lines(name):
        slugs.update(ANCHOR.findall(line))
        if heading := re.match(r"#{1,6}\s+(.*)", line):
            text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).strip().lower()
            slug = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
            repeats = 0
            while (unique := f"{slug}-{repeats}" if repeats else slug) in slugs:
                repeats += 1
            slugs.add(unique)
    return slugs


def fault(name, target):
    """Returns the problem of a link in the file `name`, or None."""
    if re.match(r"[a-z][a-z+.-]*:", target):
        return None
    path, _, anchor = target.partition("#")
    path = unquote(path)
    file = normpath(path[1:] if path.startswith("/") else PurePosixPath(name).parent / path)
    if not path:
        file = name
    if file not in FILES and file not in FOLDERS:
        return f"there is no {file}; correct the path, or add the file to git"
    if anchor and file.endswith(".md") and anchor not in anchors(file):
        known = " ".join(f"#{known}" for known in sorted(anchors(file)))
        return f"{file} has no heading #{anchor}; it has {known}"
    return None


def main(names):
    count = 0
    problems = []
    for name in names:
        for number, line in text_lines(name):
            for groups in LINK.findall(INLINE_CODE.sub("", line)):
                target = "".join(groups)
                count += 1
                if problem := fault(name, target):
                    problems.append(f"{name}:{number}: {target}: {problem}")
    print("\n".join(problems) or f"links: {count} in {len(names)} files")
    return 1 if problems else 0


if __name__ == "__main__":
    # The links in a template are relative to the page that is generated from it.
    pages = [name for name in sorted(FILES) if name.endswith(".md") and ".template." not in name]
    sys.exit(main(sys.argv[1:] or pages))
