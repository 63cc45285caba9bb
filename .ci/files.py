"""The files of the project, as listed by git."""

import subprocess
from pathlib import Path


def git(*arguments, stdin=None):
    return subprocess.run(
        ["git", *arguments], input=stdin, stdout=subprocess.PIPE, text=True, check=True
    ).stdout


def all_files():
    """Returns all files that are tracked or not ignored, relative to the current folder."""
    listed = git("ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    return sorted({name for name in listed if name and Path(name).is_file()})


def written_files():
    """Returns the hand-written files. .gitattributes marks the others as generated."""
    names = all_files()
    checked = git("check-attr", "-z", "--stdin", "linguist-generated", stdin="\0".join(names))
    name_attribute_value = checked.split("\0")
    generated = {
        name
        for name, value in zip(name_attribute_value[0::3], name_attribute_value[2::3])
        if value in ("set", "true")
    }
    return [name for name in names if name not in generated]
