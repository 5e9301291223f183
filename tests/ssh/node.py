"""A node in miniature: this process in a mount namespace of its own, with its own users, homes, /run, sshd and shell."""

import contextlib
import ctypes
import os
import pathlib
import shutil
import subprocess
import tempfile

import embed

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, MS_NOSUID, MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = 0x20000, 2, 4096, 16384, 1 << 18, 2

ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:cluster/ssh-AbCdEf"
KEYS = ["AAAAC3NzaC1lZDI1NTE5AAAAI" + letter * 43 for letter in "ABCDEFGH"]
GENERATIONS = [f"171629000000{n}" for n in range(8)]
USERS = {"root": (0, "/home/root"), "ada": (1000, "/home/ada"), "bob": (1001, "/home/bob"), "full": (1002, "/home/full")}
GROUPS = {"root": 0, "ada": 1000, "bob": 1001, "full": 1002, "staff": 2000, "wheel": 2001}
FUTURE = "9716290000000"  # a generation that no rotation has yet had
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHostHostHostHostHostHostHostHostHostHostHos"

SHELLS = {"dash": "dash", "bash": "bash", "busybox": "busybox", "mksh": "mksh"}
AWKS = {"mawk": "mawk", "gawk": "gawk", "busybox": "busybox"}


def key_line(n, arn=ARN, generation=None, key=None):
    """The line of the n-th rotation."""
    return f"ssh-ed25519 {key or KEYS[n]} ssh-rotation:{generation or GENERATIONS[n]}:{arn}"


def missing():
    """What keeps the tests from running, in words that say what to do; None if nothing does."""
    packages = {"runuser": "util-linux", "flock": "util-linux", "sshd": "openssh-server", "dash": "dash", "bash": "bash"}
    packages |= {"busybox": "busybox", "mksh": "mksh", "mawk": "mawk", "gawk": "gawk", "shellcheck": "shellcheck"}
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    wanted = sorted({package for tool, package in packages.items() if not shutil.which(tool, path=path)})
    if wanted:
        return f"apt-get install {' '.join(wanted)}"
    if os.getuid():
        return "run it as root, or under `unshare --map-root-user --map-auto` (apt-get install uidmap)"
    return None


def mount(source, target, kind=None, flags=0, options=None):
    encoded = [None if part is None else str(part).encode() for part in (source, target, kind)]
    if LIBC.mount(*encoded, flags, options and options.encode()):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), str(target))


def unmount(target):
    if LIBC.umount2(str(target).encode(), MNT_DETACH):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), str(target))


class Node:
    def __init__(self):
        if LIBC.unshare(CLONE_NEWNS):
            raise OSError(ctypes.get_errno(), "unshare")
        mount("none", "/", flags=MS_REC | MS_PRIVATE)
        self.files = pathlib.Path(tempfile.mkdtemp(prefix="ssh-rotation-"))
        mount("tmpfs", self.files, "tmpfs", options="mode=755")
        (self.files / "passwd").write_text(
            "".join(f"{name}:x:{uid}:{uid}:Somebody:{home}:/bin/sh\n" for name, (uid, home) in USERS.items())
            + "sshd:x:100:65534::/run/sshd:/usr/sbin/nologin\n"
            "homeless:x:1003:1003::/nowhere:/bin/sh\nnameless:x:1004:1004:::/bin/sh\n"
        )
        (self.files / "group").write_text("".join(f"{name}:x:{gid}:{self.members(name)}\n" for name, gid in GROUPS.items()))
        for name in ("passwd", "group"):
            mount(self.files / name, f"/etc/{name}", flags=MS_BIND)
        mount("tmpfs", "/home", "tmpfs", options="mode=755")
        mount("tmpfs", "/run", "tmpfs", options="mode=755")
        mount("tmpfs", "/etc/ssh", "tmpfs", options="mode=755")
        # chosen anew for each test: what /bin/sh and awk really are, and an sshd that says what it is told to
        self.chosen = {}
        self.sshd("exit 0")
        self.host_keys()

    @staticmethod
    def members(group):
        return "ada" if group == "staff" else ""

    def close(self):
        os.chdir("/")
        unmount(self.files)
        self.files.rmdir()

    def choose(self, command, program):
        """Makes a command of the system another program."""
        target = self.uncover(command, unless=program)
        if target not in self.chosen:
            mount(program, target, flags=MS_BIND)
            self.chosen[target] = program

    def uncover(self, command, unless=None):
        """Makes it itself again; returns where it is."""
        paths = [pathlib.Path(folder) / command for folder in ("/usr/sbin", "/usr/bin")]
        target = next(path for path in paths if path.exists()).resolve()
        if self.chosen.get(target) not in (None, unless):
            unmount(target)
            del self.chosen[target]
        return target

    def shell_and_awk(self, shell, awk):
        paths = {name: self.keep(name) for name in {*SHELLS.values(), *AWKS.values()}}
        self.choose("sh", paths[SHELLS[shell]])
        self.choose("awk", paths[AWKS[awk]])

    def keep(self, program):
        """A copy, because the original may be covered by another."""
        copy = self.files / "programs" / program
        if not copy.exists():
            copy.parent.mkdir(exist_ok=True)
            shutil.copy(shutil.which(program, path="/usr/bin:/bin"), copy)
        return copy

    def sshd(self, body):
        fake = self.files / "sshd"
        fake.write_text(f"#!/bin/bash\n{body}\n")
        fake.chmod(0o755)
        self.choose("sshd", fake)

    @contextlib.contextmanager
    def clock(self, seconds):
        """`date +%s` says so."""
        fake = self.files / "date"
        fake.write_text(f"#!/bin/bash\n[ \"$*\" = +%s ] && echo {seconds}\n")
        fake.chmod(0o755)
        self.choose("date", fake)
        yield
        self.uncover("date")

    @contextlib.contextmanager
    def called(self, name):
        """The node's name is another."""
        (self.files / "hostname").write_text(f"{name}\n")
        mount(self.files / "hostname", "/proc/sys/kernel/hostname", flags=MS_BIND)
        yield
        unmount("/proc/sys/kernel/hostname")

    def host_keys(self):
        for file in pathlib.Path("/etc/ssh").iterdir():
            file.unlink()
        pathlib.Path("/etc/ssh/ssh_host_ed25519_key.pub").write_text(f"{HOST_KEY} root@node\n")

    def fresh_homes(self):
        for home in pathlib.Path("/home").iterdir():
            with contextlib.suppress(OSError):
                unmount(home)
            shutil.rmtree(home)
        for user, (uid, home) in USERS.items():
            pathlib.Path(home).mkdir(mode=0o755)
            os.chown(home, uid, uid)

    # -- a user's file --

    def ssh(self, user="ada"):
        return pathlib.Path(USERS[user][1]) / ".ssh"

    def file(self, user="ada"):
        return self.ssh(user) / "authorized_keys"

    def write(self, content, user="ada", mode=0o600):
        """Gives a user this authorized_keys; None for none."""
        uid = USERS[user][0]
        self.ssh(user).mkdir(mode=0o700, exist_ok=True)
        os.chown(self.ssh(user), uid, uid)
        if content is None:
            self.file(user).unlink(missing_ok=True)
            return
        self.file(user).write_bytes(content if isinstance(content, bytes) else content.encode())
        os.chown(self.file(user), uid, uid)
        self.file(user).chmod(mode)

    def read(self, user="ada"):
        return self.file(user).read_bytes() if self.file(user).exists() else None

    # -- the script --

    def script(self, **parameters):
        return self.command(**parameters)[0]

    def command(self, action="add", users="ada", secret=None, line=None, keep="none", superseded="none"):
        """The script as the agent runs it: a file with the parameters written into it. The secret is the line's."""
        line = key_line(1) if line is None else line
        if secret is None:
            text = line if isinstance(line, str) else line.decode()
            secret = "arn:" + text.split(":arn:")[1] if ":arn:" in text else ARN
        values = {"Action": action, "Users": users, "Secret": secret}
        values |= {"PublicKey": line, "KeepGeneration": keep, "SupersededKey": superseded}
        text = embed.SCRIPT.read_text()
        for name, value in values.items():
            text = text.replace(f"{{{{ {name} }}}}", value if isinstance(value, str) else value.decode())
        descriptor, path = tempfile.mkstemp(prefix="script-", dir=self.files)
        with open(descriptor, "w") as file:
            file.write(text)
            os.fchmod(file.fileno(), 0o700)
        return [path]

    def start(self, **parameters):
        return subprocess.Popen(
            self.command(**parameters),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
            env={"PATH": "/usr/bin:/bin"},
            start_new_session=True,
        )

    def run(self, **parameters):
        process = self.start(**parameters)
        out, err = process.communicate(timeout=60)
        os.unlink(process.args[0])
        return subprocess.CompletedProcess(process.args, process.returncode, out.decode(), err.decode())
