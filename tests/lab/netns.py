# SPDX-License-Identifier: Apache-2.0
"""Network namespaces and what is in them, by way of iproute2, ethtool and nsenter.

Programs enter a namespace with `nsenter --net=`, never with `ip netns exec`: that one mounts a
fresh /sys, in which the pinned BPF maps are not to be seen.
"""

import json
import subprocess
from pathlib import Path

FOLDER = Path("/run/netns")


class LabError(Exception):
    """Something the person at the terminal can understand and act on."""


def run(*command: str, stdin: str | None = None, timeout: float = 30, check: bool = True,
        accept: tuple[int, ...] = (0,)) -> str:
    """Runs a command and returns its standard output; failure carries the command's own words."""
    try:
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=timeout,
                              errors="replace")
    except FileNotFoundError:
        raise LabError(f"{command[0]} is not installed: `make deps` installs it") from None
    except subprocess.TimeoutExpired:
        raise LabError(f"`{' '.join(command)}` did not end within {timeout} s") from None
    if check and done.returncode not in accept:
        cause = (done.stderr.strip() or done.stdout.strip() or f"exit status {done.returncode}")
        raise LabError(f"`{' '.join(command)}` failed: {cause}")
    return done.stdout


def ip_batch(script: list[str], *options: str) -> None:
    """Runs lines of iproute2 commands in one process; stops at the first that fails."""
    run("ip", *options, "-batch", "-", stdin="\n".join(script) + "\n")


def endpoint(address: str, port: int) -> str:
    """An address and a port in one, as iproute2 and URLs write them."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


class Namespace:
    """A named network namespace."""

    def __init__(self, name: str):
        self.name = name
        self.path = FOLDER / name

    def __str__(self) -> str:
        return self.name

    def exists(self) -> bool:
        return self.path.exists()

    def create(self) -> None:
        run("ip", "netns", "add", self.name)

    def delete(self) -> None:
        if self.exists():
            run("ip", "netns", "delete", self.name)

    def enter(self, *command: str) -> list[str]:
        """The command line that runs a command in here; the process is the command's own."""
        return ["nsenter", f"--net={self.path}", "--", *command]

    def run(self, *command: str, **options) -> str:
        return run(*self.enter(*command), **options)

    def ip(self, *script: str) -> None:
        ip_batch(list(script), "-n", self.name)

    def ip_json(self, *arguments: str) -> list:
        output = run("ip", "-n", self.name, "-json", *arguments)
        return json.loads(output) if output.strip() else []

    def sysctl(self, settings: dict[str, object]) -> None:
        """Sets values; a name that ends in "?" may be unknown to this kernel."""
        needed = [f"{key}={value}" for key, value in settings.items() if not key.endswith("?")]
        wished = [f"{key[:-1]}={value}" for key, value in settings.items() if key.endswith("?")]
        self.run("sysctl", "-q", "-w", *needed)
        for setting in wished:
            self.run("sysctl", "-q", "-e", "-w", setting, check=False)

    def plain_device(self, device: str) -> None:
        """Turns a veth's offloads off, so that packets and checksums are those of a wire."""
        self.run("ethtool", "-K", device, "tx", "off", "tso", "off", "gso", "off", "sg", "off",
                 "gro", "off")

    def packets(self, device: str, direction: str = "rx") -> int:
        links = self.ip_json("-stats", "link", "show", "dev", device)
        return links[0]["stats64"][direction]["packets"]


def connect(one: Namespace, one_device: str, other: Namespace, other_device: str) -> None:
    """A veth pair between two namespaces; both ends are down still."""
    one.ip(f"link add {one_device} type veth peer name {other_device} netns {other.name}")


def existing(prefix: str) -> list[Namespace]:
    """The namespaces of a lab, whether or not anybody remembers it."""
    if not FOLDER.is_dir():
        return []
    return [Namespace(entry.name) for entry in sorted(FOLDER.iterdir())
            if entry.name.startswith(f"{prefix}-")]
