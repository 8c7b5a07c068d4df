# SPDX-License-Identifier: GPL-2.0-or-later
"""Virtual machines: QEMU with software emulation, watched through their serial ports.

Several machines may run side by side. A machine ends when its `with` block does, whatever happened there.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import qemu

BOOT_SECONDS = 120          # a boot takes 3 to 20 s on an idle machine; machines are not always idle
CONSOLE = "console=ttyS0 panic=-1 loglevel=3"
OVMF_CODE = Path("/usr/share/OVMF/OVMF_CODE_4M.fd")
OVMF_VARS = Path("/usr/share/OVMF/OVMF_VARS_4M.fd")
TAIL_LINES = 40


class MachineError(Exception):
    """The machine did not do what was waited for; the message ends with the tail of its log."""


class Machine:
    """One x86-64 virtual machine, started by `with`.

    kernel_dir: folder with `vmlinuz`. initrd: path. cmdline: added to CONSOLE.
    serials: ports; port N is ttySN and logs to serialN.log, written anew. memory: MiB.
    efi: boot by OVMF, with variables of its own. disk: raw file behind a virtio block device (/dev/vda).
    logs: folder for logs; a temporary one, removed at the end, when None.
    interactive: serial port 0 is this terminal (and QEMU's monitor) instead of a log.
    typed: type() writes to serial port 0.
    one_thread: QEMU runs the CPUs in turn. Side by side, one may run an instruction that another has just overwritten:
    for a kernel that changes its own code, as tracers make it do.
    """

    def __init__(self, kernel_dir, initrd, cmdline="", *, cpu="max", smp=2, memory=768, serials=2, efi=False,
                 disk=None, logs=None, interactive=False, typed=False, one_thread=False, extra=()):
        self._temporary = None if logs else tempfile.TemporaryDirectory(prefix="vm-")
        self.logs = Path(logs or self._temporary.name)
        self.logs.mkdir(parents=True, exist_ok=True)
        self._sockets = tempfile.TemporaryDirectory(prefix="qmp-")     # a socket's path is limited to 107 bytes
        self._qmp_path = Path(self._sockets.name) / "qmp"
        self._keyboard_path = Path(self._sockets.name) / "keyboard" if typed else None
        self._keyboard = None
        self._process = None
        self._errors = self.logs / "qemu.log"
        self.started = None
        self._serials = serials
        self._qemu = qemu.qemu()
        self.command = [*self._qemu.command, "-accel", "tcg,thread=single" if one_thread else "tcg",
                        "-cpu", cpu, "-smp", str(smp), "-m", str(memory), "-nodefaults", "-display", "none", "-no-reboot",
                        "-qmp", f"unix:{self._qmp_path},server=on,wait=off",
                        "-kernel", str(Path(kernel_dir) / "vmlinuz"), "-initrd", str(initrd),
                        "-append", f"{CONSOLE} {cmdline}".strip()]
        for port in range(serials):
            wired = "mon:stdio" if interactive and port == 0 else f"chardev:port{port}"
            if not interactive or port != 0:
                typing = f",input-path={self._keyboard_path}" if typed and port == 0 else ""
                self.command += ["-chardev", f"file,id=port{port},path={self.log_path(port)}{typing}"]
            self.command += ["-serial", wired]
        if efi:
            variables = self.logs / "efi-variables.fd"
            shutil.copyfile(OVMF_VARS, variables)
            self.command += ["-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={OVMF_CODE}",
                             "-drive", f"if=pflash,format=raw,unit=1,file={variables}"]
        if disk:
            self.command += ["-drive", f"if=none,id=disk,format=raw,file={disk}",
                             "-device", "virtio-blk-pci,drive=disk"]
        self.command += [str(word) for word in extra]
        self._interactive = interactive

    def __enter__(self):
        self.started = time.monotonic()
        for port in range(self._serials):
            self.log_path(port).unlink(missing_ok=True)
        if self._keyboard_path:
            os.mkfifo(self._keyboard_path)
            # Read and write, so that neither side waits for the other to open it.
            self._keyboard = open(self._keyboard_path, "r+b", buffering=0)
        with open(self._errors, "wb") as errors:
            kept = None if self._interactive else subprocess.DEVNULL
            self._process = subprocess.Popen(self.command, env=os.environ | self._qemu.environment, stdin=kept,
                                             stdout=kept, stderr=None if self._interactive else errors)
        return self

    def __exit__(self, *_):
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._keyboard:
            self._keyboard.close()
        self._sockets.cleanup()
        if self._temporary:
            self._temporary.cleanup()

    @property
    def pid(self):
        return self._process.pid

    @property
    def running(self):
        return self._process.poll() is None

    @property
    def seconds(self):
        """Since the machine was started."""
        return time.monotonic() - self.started

    def log_path(self, serial=0):
        return self.logs / f"serial{serial}.log"

    def log(self, serial=0):
        """What the port has printed so far, with plain newlines."""
        try:
            data = self.log_path(serial).read_bytes()
        except FileNotFoundError:
            return ""
        return data.decode(errors="replace").replace("\r", "")

    def wait_for(self, regex, timeout=BOOT_SECONDS, serial=0):
        """Waits until the port's log matches; returns the match (of lines, by `^` and `$`)."""
        pattern, deadline = re.compile(regex, re.M), time.monotonic() + timeout
        while True:
            was_running = self.running
            match = pattern.search(self.log(serial))
            if match:
                return match
            if not was_running:
                raise self.error(f"QEMU ended (exit code {self._process.returncode}) before /{regex}/ was seen", serial)
            if time.monotonic() > deadline:
                raise self.error(f"/{regex}/ was not seen within {timeout} s", serial)
            time.sleep(0.1)

    def matches(self, regex, serial=0):
        """True when the port has printed what matches."""
        return re.search(regex, self.log(serial), re.M) is not None

    def type(self, text):
        """Writes to serial port 0, as if typed there."""
        self._keyboard.write(text.encode())

    def wait_until(self, condition, timeout, complaint, serial=0):
        """Waits until `condition()` holds, while the machine runs."""
        deadline = time.monotonic() + timeout
        while not condition():
            if not self.running:
                raise self.error(f"{complaint}: QEMU ended (exit code {self._process.returncode})", serial)
            if time.monotonic() > deadline:
                raise self.error(complaint, serial)
            time.sleep(0.3)

    def wait_off(self, timeout=BOOT_SECONDS):
        """Waits until the machine powers itself off; returns the log of port 0."""
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise self.error(f"the machine was not off within {timeout} s") from None
        if code != 0:
            raise self.error(f"QEMU failed (exit code {code})")
        return self.log()

    def wait_for_end(self):
        """Waits, however long it takes, until QEMU ends; returns its exit code."""
        return self._process.wait()

    def monitor(self, command):
        """The answer of QEMU's human monitor to `command`, such as `info registers -a`."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(30)
            connection.connect(str(self._qmp_path))
            lines = connection.makefile("rw")
            lines.readline()                    # the greeting
            answer = None
            for request in ({"execute": "qmp_capabilities"},
                            {"execute": "human-monitor-command", "arguments": {"command-line": command}}):
                lines.write(json.dumps(request) + "\n")
                lines.flush()
                answer = {}
                while "return" not in answer and "error" not in answer:
                    answer = json.loads(lines.readline())
            if "error" in answer:
                raise MachineError(f"QEMU's monitor refused {command!r}: {answer['error']}")
            return answer["return"]

    def halted_for_ever(self):
        """True when no CPU runs and none can be woken by an interrupt: the boot CPU has HLT with interrupts off."""
        boot_cpu, *others = re.split(r"^CPU#", self.monitor("info registers -a"), flags=re.M)[1:]
        flags = int(re.search(r"[ER]FL=([0-9a-f]+)", boot_cpu)[1], 16)
        return not flags & 0x200 and all("HLT=1" in cpu for cpu in (boot_cpu, *others))

    def error(self, what, serial=0):
        """A MachineError that says `what`, and what the machine last said."""
        tail = "\n".join(self.log(serial).splitlines()[-TAIL_LINES:]) or "(nothing)"
        errors = self._errors.read_text(errors="replace").strip() if self._errors.exists() else ""
        return MachineError(f"{what}, {self.seconds:.0f} s after the start; last lines of ttyS{serial}:\n{tail}"
                            + (f"\nQEMU said:\n{errors}" if errors else "") + f"\nlogs: {self.logs}")
