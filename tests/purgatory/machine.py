# SPDX-License-Identifier: GPL-2.0-or-later
"""A virtual machine that stage.S starts, watched from outside until its processor stops for good."""
import json
import re
import socket
import subprocess
import tempfile
import time

PARAMETERS = 0x180000


class Machine:
    def __init__(self, folder, stage, blobs, parameters, cpu="max", memory="256M", extra=(), uart=True):
        self.folder = folder
        self.serial_log = folder / "serial.log"
        self.process = None
        self.sockets = tempfile.TemporaryDirectory(prefix="qmp-")  # a socket's path is limited to 107 bytes
        self.socket = None
        arguments = ["qemu-system-x86_64", "-accel", "tcg", "-cpu", cpu, "-m", memory, "-nodefaults", "-display", "none"]
        arguments += ["-no-reboot", "-kernel", str(stage), "-qmp", f"unix:{self.sockets.name}/qmp,server=on,wait=off"]
        arguments += ["-serial", f"file:{self.serial_log}" if uart else "none", *extra]
        for number, (address, data) in enumerate([*blobs, (PARAMETERS, parameters)]):
            path = folder / f"blob{number}"
            path.write_bytes(data)
            arguments += ["-device", f"loader,file={path},addr={address:#x},force-raw=on"]
        self.arguments = arguments

    def __enter__(self):
        with open(self.folder / "qemu.log", "w") as log:
            self.process = subprocess.Popen(self.arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            self._connect()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.socket:
            self.socket.close()
        self.process.kill()
        self.process.wait()
        self.sockets.cleanup()

    def _connect(self):
        end = time.monotonic() + 30
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        while True:  # the socket's file is there before QEMU listens
            try:
                self.socket.connect(f"{self.sockets.name}/qmp")
                break
            except (FileNotFoundError, ConnectionRefusedError):
                assert self.process.poll() is None and time.monotonic() < end, (self.folder / "qemu.log").read_text()
                time.sleep(0.05)
        self.stream = self.socket.makefile("rw")
        self.stream.readline()
        self.command("qmp_capabilities")

    def command(self, name, **arguments):
        try:
            self.stream.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
            self.stream.flush()
            while True:
                line = self.stream.readline()
                assert line, "QEMU ended: the machine reset itself, or failed:\n" + (self.folder / "qemu.log").read_text()
                answer = json.loads(line)
                if "event" not in answer:
                    assert "error" not in answer, answer
                    return answer["return"]
        except (BrokenPipeError, ConnectionResetError) as error:
            raise AssertionError("QEMU ended: the machine reset itself, or failed") from error

    def monitor(self, line):
        return self.command("human-monitor-command", **{"command-line": line})

    def registers(self):
        text = self.monitor("info registers")
        values = {name: int(value, 16) for name, value in re.findall(r"\b([A-Z][A-Z0-9]{1,3}) ?=([0-9a-f]+)", text)}
        values["HLT"] = int(re.search(r"HLT=(\d)", text)[1])
        # "CS =0010 base limit flags", "GDT= base limit"
        values["segments"] = {m[1]: m[2].split() for m in re.finditer(r"^([CDEFGS]S|GDT) *= *(.*)$", text, re.M)}
        return values

    def until_halted(self, timeout=90):
        """The registers, once the processor halts with interrupts off."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            values = self.registers()
            if values["HLT"] and not values["RFL"] & 0x200:
                return values
            time.sleep(0.05)
        raise AssertionError(f"still running at {values['RIP']:#x} after {timeout} s; serial: {self.serial()}")

    def serial(self):
        return self.serial_log.read_bytes().decode("ascii", "replace") if self.serial_log.exists() else ""

    def memory(self, address, size):
        path = self.folder / "memory"
        self.command("pmemsave", val=address, size=size, filename=str(path))
        return path.read_bytes()

    def screen_text(self):
        cells = self.memory(0xB8000, 80 * 25 * 2)[::2].decode("ascii", "replace")
        return [cells[at : at + 80].rstrip() for at in range(0, len(cells), 80)]

    def screen_size(self):
        path = self.folder / "screen.ppm"
        self.monitor(f"screendump {path}")
        return tuple(int(word) for word in path.read_bytes().split(maxsplit=3)[1:3])
