# SPDX-License-Identifier: GPL-2.0-or-later
"""Where this machine gets Debian's packages from.

Reads what apt itself reads: one-line `.list` files and deb822 `.sources` files. Nothing here touches the network and
nothing names a host: another suite of Debian is asked of the same mirror that the machine already uses.
"""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

DEBIAN_SUITE = re.compile(r"(oldoldstable|oldstable|stable|testing|unstable|sid|bullseye|bookworm|trixie|forky|duke)"
                          r"(-updates|-backports|-security|-proposed-updates|/updates)?")


class NoMirror(Exception):
    """The machine's apt configuration has no entry for Debian's main archive."""


@dataclass(frozen=True)
class Source:
    uri: str
    suite: str
    components: tuple

    @property
    def is_security(self):
        return self.suite.endswith(("-security", "/updates"))


def parse_one_line(text):
    """Sources of the `deb [options] URI SUITE COMPONENT...` format."""
    for line in text.splitlines():
        words = re.sub(r"\[[^]]*\]", " ", line.split("#", 1)[0]).split()
        if len(words) >= 4 and words[0] == "deb":
            yield Source(words[1], words[2], tuple(words[3:]))


def parse_deb822(text):
    """Sources of the stanza format; a stanza stands for every pair of its URIs and suites."""
    text = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", text):
        fields, name = {}, None
        for line in stanza.splitlines():
            if line[:1] in " \t" and name:
                fields[name] += " " + line.strip()
            elif ":" in line:
                name, value = line.split(":", 1)
                name = name.strip().lower()
                fields[name] = value.strip()
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").lower() in ("no", "false", "0"):
            continue
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                yield Source(uri, suite, tuple(fields.get("components", "").split()))


def configured(etc_apt=None):
    """Every source that apt is configured to use, in apt's order."""
    etc_apt = Path(etc_apt) if etc_apt else _etc_apt()
    files = [etc_apt / "sources.list"]
    if (etc_apt / "sources.list.d").is_dir():
        files += sorted((etc_apt / "sources.list.d").iterdir())
    for path in files:
        parse = {".list": parse_one_line, ".sources": parse_deb822}.get(path.suffix)
        if parse and path.is_file():
            yield from parse(path.read_text(errors="replace"))


def debian_mirror(sources):
    """URI of Debian's main archive among `sources`."""
    for source in sources:
        if DEBIAN_SUITE.fullmatch(source.suite) and "main" in source.components and not source.is_security \
                and not source.uri.startswith("cdrom:"):
            return source.uri
    raise NoMirror("apt is not configured for Debian's main archive: no `deb` entry with a Debian suite and `main`")


def debian_security_mirror(sources):
    """URI of Debian's security archive among `sources`, or None."""
    return next((s.uri for s in sources if DEBIAN_SUITE.fullmatch(s.suite) and s.is_security
                 and "main" in s.components), None)


def _etc_apt():
    answer = subprocess.run(["apt-config", "shell", "DIR", "Dir::Etc/d"], capture_output=True, text=True, check=True)
    match = re.search(r"DIR='([^']*)'", answer.stdout)
    return Path(match.group(1) if match else "/etc/apt")
