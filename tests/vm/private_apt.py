# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian packages without touching the system: apt whose lists, state and downloads are in a folder of its own.

It shares nothing with the system's apt but the configuration of mirrors and proxies.
"""

import re
import shutil
import subprocess
from pathlib import Path

import apt_sources

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
SYSTEM_STATUS = Path("/var/lib/dpkg/status")


class FetchFailed(Exception):
    """A package could not be had; the message says what apt said."""


class PrivateApt:
    """apt with a state of its own, for some suites of the machine's Debian mirror.

    beside_system: it knows what is installed on this machine; otherwise nothing is.
    """

    def __init__(self, root, suites, beside_system=False):
        self.root = root
        for part in ("state/lists/partial", "cache/archives/partial", "download"):
            (root / part).mkdir(parents=True, exist_ok=True)
        if beside_system:
            shutil.copyfile(SYSTEM_STATUS, root / "status")
        else:
            (root / "status").touch()
        (root / "sources.list").write_text("".join(self._source_lines(suites)))
        settings = {"Dir::State": root / "state", "Dir::State::status": root / "status", "Dir::Cache": root / "cache",
                    "Dir::Etc::sourcelist": root / "sources.list", "Dir::Etc::sourceparts": "/dev/null",
                    "Dir::Etc::preferences": "/dev/null", "Dir::Etc::preferencesparts": "/dev/null",
                    "APT::Architecture": "amd64", "APT::Architectures": "amd64", "APT::Default-Release": "",
                    "APT::Sandbox::User": "root", "Acquire::Languages": "none", "Acquire::Retries": "3"}
        hooks = ("APT::Update::Pre-Invoke", "APT::Update::Post-Invoke", "APT::Update::Post-Invoke-Success",
                 "DPkg::Post-Invoke", "Acquire::IndexTargets::deb::Contents-deb", "Acquire::IndexTargets::deb::DEP-11")
        (root / "apt.conf").write_text("".join(f'{name} "{value}";\n' for name, value in settings.items())
                                       + "".join(f"#clear {hook};\n" for hook in hooks))

    @staticmethod
    def _source_lines(suites):
        sources = list(apt_sources.configured())
        mirror, security = apt_sources.debian_mirror(sources), apt_sources.debian_security_mirror(sources)
        for suite in suites:
            uri = security if suite.endswith("-security") else mirror
            if uri:
                yield f"deb [signed-by={KEYRING} arch=amd64] {uri} {suite} main\n"

    def run(self, program, *arguments):
        # -c is read after the system's configuration, so what it says holds.
        done = subprocess.run([program, "-c", self.root / "apt.conf", *arguments], cwd=self.root / "download",
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            raise FetchFailed(f"{program} {' '.join(arguments[:3])} failed:\n{done.stdout}{done.stderr}".strip())
        return done.stdout

    def download_with_dependencies(self, *packages):
        """Paths of `packages` (each may name its suite: `name/suite`) and of what they need that is not installed."""
        self.run("apt-get", "-q", "-y", "--download-only", "--no-install-recommends", "install", *packages)
        return sorted((self.root / "cache/archives").glob("*.deb"))

    def packages(self, prefix):
        """Name to version of every package whose name starts with `prefix`."""
        names = self.run("apt-cache", "pkgnames", prefix).split()
        if not names:
            return {}
        shown = self.run("apt-cache", "show", "--no-all-versions", *names)
        fields = re.findall(r"^(Package|Version): (\S+)$", shown, re.M)
        versions, name = {}, None
        for field, value in fields:
            if field == "Package":
                name = value
            else:
                versions.setdefault(name, value)
        return versions
