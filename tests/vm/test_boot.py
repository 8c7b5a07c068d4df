# SPDX-License-Identifier: GPL-2.0-or-later
"""A stock Debian kernel loads another one with our kexec and boots it; what must be refused is refused."""

import pytest

import first_kernel
import second_kernel
import vm

pytestmark = pytest.mark.boot

# What the messages must say, case-insensitively.
MESSAGES = {
    "nothing loaded": r"nothing has been loaded",
    "not root": r"root|CAP_SYS_BOOT",
    "load disabled": r"kexec_load_disabled",
    "not a kernel": r"/etc/passwd",
    "no such kernel": r"/no-such-kernel",
}

# Causes that are seen, not guessed.
PROVEN = ("not root", "load disabled")

APPEND = "console=ttyS0 panic=-1 quiet second=yes"
LOAD = f"--initrd=/initrd --append='{APPEND}' /kernel"


def load_and_execute(way):
    return f"""
step load kexec {way} -l {LOAD}
step status kexec -S -l
step execute kexec -e
"""


def assert_second_kernel(machine, release, efi="no"):
    """The machine's second kernel comes up with its initrd whole and the command line that was asked for."""
    match = machine.wait_for(second_kernel.up(release, efi=efi))
    assert match["cmdline"] == APPEND
    steps = first_kernel.steps(machine.log()[:match.start()])
    assert "execute" not in steps, f"kexec -e came back: {steps['execute']}"
    return steps


@pytest.mark.parametrize("way, first, second, cpu", [
    ("-c", "6.1", "6.1", "max"),
    ("-c", "6.1", "6.1", "qemu64"),
    ("-s", "6.1", "6.1", "qemu64"),
    ("-a", "6.1", "6.1", "max"),
    ("-c", "6.12", "6.12", "max"),
    ("-s", "6.12", "6.12", "max"),
    ("-c", "newest", "newest", "max"),
    ("-s", "newest", "newest", "max"),
    ("-a", "newest", "newest", "max"),
    ("-c", "6.1", "newest", "max"),
    ("-s", "6.1", "newest", "max"),
    ("-c", "newest", "6.1", "qemu64"),
    ("-c", "6.12", "newest", "max"),
    ("-s", "newest", "6.12", "max"),
])
def test_boots(first_machine, release, way, first, second, cpu):
    with first_machine(load_and_execute(way), first, second, cpu=cpu) as machine:
        steps = assert_second_kernel(machine, release(second))
        assert steps["load"].rc == 0, steps["load"].output
        assert steps["status"].rc == 1


def test_default_way_boots(first_machine, release):
    """Without -c, -s or -a, one of the ways is chosen that works."""
    with first_machine(load_and_execute("")) as machine:
        assert_second_kernel(machine, release("6.1"))


@pytest.mark.parametrize("way", ["-c", "-s"])
def test_force_loads_and_boots(first_machine, release, way):
    """-f loads and starts at once, without any shutdown of user space."""
    with first_machine(f"step execute kexec {way} -f {LOAD}\n") as machine:
        assert_second_kernel(machine, release("6.1"))


@pytest.mark.parametrize("way", ["-c", "-s"])
def test_boots_from_efi(first_machine, release, way):
    """Firmware tables and the runtime map come over: the second kernel knows that it runs on EFI."""
    with first_machine(load_and_execute(way), efi=True) as machine:
        assert_second_kernel(machine, release("6.1"), efi="yes")


@pytest.mark.parametrize("way", ["-c", "-s"])
def test_reuseinitrd_loads_the_first_kernels_initrd(first_machine, all_of, way):
    """A newer kernel keeps its initrd as a file of /sys, which cannot be mapped. 6.1 has no such file."""
    script = f"""
step size stat -c %s /sys/firmware/initrd
step plan kexec -c -l /kernel --reuseinitrd --dry-run
step load kexec {way} -l /kernel --reuseinitrd
step status kexec -S -l
"""
    with first_machine(script, "newest", contents={"blob_mib": 1}, cmdline="retain_initrd") as machine:
        found = first_kernel.steps(machine.wait_off())
    with all_of() as check:
        check(found["size"].rc == 0, f"the kernel kept its initrd: {found['size'].output}")
        check(found["plan"].rc == 0, f"the plan succeeds: {found['plan'].output}")
        check.says(found["plan"].output, r"initrd +/sys/firmware/initrd", "the plan")
        check(found["load"].rc == 0, f"{way} loads: {found['load'].output}")
        check(found["status"].rc == 1, "-S -l says loaded")


@pytest.fixture(params=["6.1", "newest"])
def verbs(request, first_machine):
    """Steps of one machine that loads, unloads, asks and is refused, but never boots a second kernel."""
    script = f"""
step status-before kexec -S -l
step crash-status kexec -S
step execute-nothing kexec -e
step unload-nothing kexec -u
step load-c kexec -c -l {LOAD}
step status-c kexec -S -l
step kernel-says-c cat /sys/kernel/kexec_loaded
step crash-status-loaded kexec -S
step unload-c kexec -c -u
step status-unloaded-c kexec -S -l
step debug-s kexec -d -s -l {LOAD}
step status-debug-s kexec -S -l
step unload-debug-s kexec -u
step load-s kexec -s -l {LOAD}
step status-s kexec -S -l
step unload-s kexec -s -u
step status-unloaded-s kexec -S -l
step execute-unloaded kexec -e
step load-a kexec -l {LOAD}
step status-a kexec -S -l
step unload-a kexec -u
step status-unloaded-a kexec -S -l
step kernel-says-unloaded cat /sys/kernel/kexec_loaded
step user-c as_nobody kexec -c -l /kernel
step user-s as_nobody kexec -s -l /kernel
step user-unload as_nobody kexec -u
step not-a-kernel-c kexec -c -l /etc/passwd
step not-a-kernel-s kexec -s -l /etc/passwd
step no-such-kernel kexec -l /no-such-kernel
step status-refused kexec -S -l
echo 1 > /proc/sys/kernel/kexec_load_disabled
step disabled-c kexec -c -l {LOAD}
step disabled-s kexec -s -l {LOAD}
step disabled-a kexec -a -l {LOAD}
step status-disabled kexec -S -l
"""
    with first_machine(script, request.param) as machine:
        yield first_kernel.steps(machine.wait_off(3 * vm.BOOT_SECONDS))  # many loads, each of 64 MiB


def test_verbs(verbs, all_of):
    def rc(name):
        return verbs[name].rc

    with all_of() as check:
        for way in "csa":
            check(rc(f"load-{way}") == 0, f"-{way} loads: {verbs[f'load-{way}'].output}")
            check(rc(f"status-{way}") == 1, f"-S -l says loaded after -{way}")
            check(rc(f"unload-{way}") == 0, f"-u unloads after -{way}: {verbs[f'unload-{way}'].output}")
            check(rc(f"status-unloaded-{way}") == 0, f"-S -l says not loaded after -{way} and -u")
        check(rc("debug-s") == 0, f"-d never breaks a load: {verbs['debug-s'].output}")
        check(rc("status-debug-s") == 1, "-S -l says loaded after -d -s")
        check(verbs["kernel-says-c"].output == "1", "the kernel agrees that an image is loaded")
        check(verbs["kernel-says-unloaded"].output == "0", "the kernel agrees that none is loaded")
        check(rc("status-before") == 0, "-S -l says not loaded at first")
        check(rc("crash-status") == rc("crash-status-loaded") == 0, "-S alone asks for the crash image")
        check(rc("unload-nothing") == 0, "-u with nothing loaded is no error")
        for name, message in (("execute-nothing", "nothing loaded"), ("execute-unloaded", "nothing loaded"),
                              ("no-such-kernel", "no such kernel"), ("not-a-kernel-c", "not a kernel"),
                              ("not-a-kernel-s", "not a kernel"), ("user-c", "not root"), ("user-s", "not root"),
                              ("user-unload", "not root"), ("disabled-c", "load disabled"),
                              ("disabled-s", "load disabled"), ("disabled-a", "load disabled")):
            check(rc(name) not in (0, 126, 127), f"{name} is refused (exit code {rc(name)})")
            check.says(verbs[name].output, MESSAGES[message], name)
            if message in PROVEN:
                check("Possible causes" not in verbs[name].output, f"{name} names one cause: {verbs[name].output!r}")
        check(rc("execute-nothing") == 1, "-e with nothing loaded has exit code 1")
        check(rc("status-refused") == rc("status-disabled") == 0, "a refused load leaves nothing loaded")
