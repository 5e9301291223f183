"""A real Squid, with the shipped files under the paths they have on an instance, between a client and a server.

Three machines made of Linux namespaces: `client` routes everything through `nat`, as a private subnet's route
table does; `nat` has a mount namespace of its own, so that /etc/squid is the test's alone; `server` has the
addresses of the Internet. Names come from /etc/hosts, which Squid reads as well.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).parent
SHIPPED = HERE.parents[1] / "functions/nat-failover/squid"

NEEDED = {
    "squid": "squid-openssl",
    "nft": "nftables",
    "ip": "iproute2",
    "curl": "curl",
    "openssl": "openssl",
    "unshare": "util-linux",
    "nsenter": "util-linux",
}

ALLOWED = "203.0.113.10"  # s3.amazonaws.com of the test's hosts file
OTHER = "203.0.113.66"  # everybody else
METADATA = "169.254.169.254"
INSIDE = "10.1.9.9"  # a neighbour in the VPC
HOSTS = f"""127.0.0.1 localhost
{ALLOWED} s3.amazonaws.com new.example.net
{OTHER} www.example.com squid
{OTHER} ec2-203-0-113-66.compute-1.amazonaws.com
{INSIDE} rebound.amazonaws.com
{METADATA} metadata.amazonaws.com
"""


def missing():
    """What keeps the test from running, in words that say what to do; None if nothing does."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    packages = {package for tool, package in NEEDED.items() if not shutil.which(tool, path=path)}
    if packages:
        return f"apt-get install {' '.join(sorted(packages))}"
    version = subprocess.run(["squid", "-v"], capture_output=True, text=True, env={"PATH": path}).stdout
    if "--with-openssl" not in version:
        return "apt-get install squid-openssl (this Squid is built without OpenSSL, it cannot read a ClientHello)"
    tried = subprocess.run(["unshare", "--mount", "--net", "--pid", "--fork", "true"], capture_output=True, text=True)
    if tried.returncode:
        return (
            "run it as root, or under `unshare --map-root-user --map-auto` (apt-get install uidmap); "
            f"without either there are no network namespaces ({tried.stderr.strip()})"
        )
    return None


class Machine:
    """Namespaces that live, with all that runs in them, as long as this process."""

    def __init__(self):
        self.holder = subprocess.Popen(
            ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "cat"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.holder.stdin.write(b"up\n")
        self.holder.stdin.flush()
        self.holder.stdout.readline()
        children = pathlib.Path(f"/proc/{self.holder.pid}/task/{self.holder.pid}/children").read_text()
        self.pid = children.split()[0]
        self.run("ip", "link", "set", "lo", "up")

    def command(self, *command):
        path = "PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"
        return ["nsenter", "-t", self.pid, "--mount", "--net", "--pid", "env", path, *map(str, command)]

    def run(self, *command, check=True, **options):
        done = subprocess.run(self.command(*command), capture_output=True, text=True, **options)
        if check and done.returncode:
            raise AssertionError(f"{' '.join(map(str, command))}: {done.stdout}{done.stderr}")
        return done

    def start(self, *command, **options):
        return subprocess.Popen(self.command(*command), text=True, **options)

    def close(self):
        if self.holder.stdin.closed:
            return
        self.holder.stdin.close()
        self.holder.stdout.close()
        self.holder.wait(10)


def connect(left, left_name, left_address, right, right_name, right_address):
    # Outside of the machines' PID namespaces, in which the other's number means nothing.
    link = ["ip", "link", "add", left_name, "type", "veth", "peer", "name", right_name, "netns", right.pid]
    subprocess.run(["nsenter", "-t", left.pid, "--net", *link], check=True)
    for machine, name, address in ((left, left_name, left_address), (right, right_name, right_address)):
        machine.run("ip", "address", "add", address, "dev", name)
        machine.run("ip", "link", "set", name, "up")


def until(condition, what, seconds=20):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what}")


def certificate(folder):
    """An authority that the client trusts and Squid has never heard of, and the server's certificate by it."""
    authority, server = folder / "authority.pem", folder / "server.pem"
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    names = ["s3.amazonaws.com", "www.example.com", "rebound.amazonaws.com", "new.example.net"]
    alternatives = ",".join([f"DNS:{n}" for n in names] + [f"IP:{a}" for a in (ALLOWED, OTHER)])
    for command in (
        ["-subj", "/CN=authority", "-keyout", authority, "-out", authority],
        ["-subj", "/CN=server", "-addext", f"subjectAltName={alternatives}", "-addext", "basicConstraints=CA:FALSE"]
        + ["-CA", authority, "-CAkey", authority, "-keyout", server, "-out", server],
    ):
        subprocess.run(["openssl", "req", "-x509", *curve, *map(str, command)], check=True, capture_output=True)
    return authority, server


# Stands for `aws s3 cp s3://bucket FOLDER --recursive …` and refuses any other call.
AWS = """#!/bin/sh
set -eu
bucket=BUCKET
[ "$1 $2 $3 $5" = "s3 cp s3://bucket --recursive" ] || { echo "unexpected: $*" >&2; exit 2; }
[ -d "$bucket" ] || { echo "fatal error: no such bucket" >&2; exit 1; }
folder=$4; shift 6
[ "$*" = "--exclude * --include squid.conf --include allowed_domains.txt" ] || { echo "unexpected: $*" >&2; exit 2; }
for name in squid.conf allowed_domains.txt; do
    if [ -e "$bucket/$name" ]; then cp "$bucket/$name" "$folder"; fi
done
"""


class Filter(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if reason := missing():
            raise AssertionError(f"The Squid tests need real network namespaces and a real Squid: {reason}")
        os.environ["PATH"] += ":/usr/sbin:/sbin"
        folder = tempfile.TemporaryDirectory(prefix="squid-test-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.folder.chmod(0o755)
        cls.authority, server_certificate = certificate(cls.folder)

        machines = []
        for name in ("client", "nat", "server"):
            machine = Machine()
            cls.addClassCleanup(machine.close)
            machines.append(machine)
        cls.client, cls.nat, cls.server = machines
        connect(cls.client, "eth0", "10.1.1.2/24", cls.nat, "eth1", "10.1.1.1/24")
        connect(cls.nat, "eth0", "203.0.113.1/24", cls.server, "eth0", f"{ALLOWED}/24")
        for address in (OTHER, METADATA, INSIDE):
            cls.server.run("ip", "address", "add", f"{address}/32", "dev", "eth0")
        cls.client.run("ip", "route", "add", "default", "via", "10.1.1.1")
        cls.nat.run("ip", "route", "add", "default", "via", ALLOWED)

        cls.log = cls.folder / "connections"
        cls.log.touch()
        served = cls.server.start(
            sys.executable, HERE / "server.py", server_certificate, cls.log, stdout=subprocess.PIPE
        )
        cls.addClassCleanup(served.wait)  # it ends with its machine
        cls.addClassCleanup(cls.server.close)
        cls.addClassCleanup(served.stdout.close)
        assert served.stdout.readline() == "ready\n"

        cls.install()
        cls.squid = cls.nat.start(
            "squid", "--foreground", "-f", "/etc/squid/squid.conf",
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        cls.addClassCleanup(cls.stop)
        until(lambda: cls.nat.run("ss", "-Hltn", "sport = 3130").stdout, "Squid listens")

    @classmethod
    def stop(cls):
        cls.squid.terminate()
        cls.squid.wait(20)

    @classmethod
    def install(cls):
        """As user data and squid-boot do it on an instance, without EC2 and without dnf."""
        owner = os.stat("/var/log/squid")  # Squid's user has another name in Debian
        for path in ("/etc/squid", "/run", "/dev/shm", "/usr/local/sbin"):
            cls.nat.run("mount", "-t", "tmpfs", "tmpfs", path)
        cls.nat.run("mount", "-t", "tmpfs", "-o", f"uid={owner.st_uid},gid={owner.st_gid}", "tmpfs", "/var/log/squid")
        for name, text in (("hosts", HOSTS), ("resolv.conf", "nameserver 127.0.0.1\n")):
            (cls.folder / name).write_text(text)
            cls.nat.run("mount", "--bind", cls.folder / name, f"/etc/{name}")

        cls.bucket = cls.folder / "bucket"
        cls.bucket.mkdir()
        (cls.folder / "aws").write_text(AWS.replace("BUCKET", str(cls.bucket), 1))
        cls.nat.run("install", "-d", "/etc/squid/default")
        for name in ("squid.conf", "allowed_domains.txt"):
            cls.nat.run("install", "-m", "644", SHIPPED / name, "/etc/squid/default")
        cls.nat.run("install", "-m", "644", SHIPPED / "redirect.nft", "/etc/squid")
        cls.nat.run("install", SHIPPED / "squid-prepare", SHIPPED / "squid-sync", cls.folder / "aws", "/usr/local/sbin")
        cls.nat.run("squid-prepare")
        cls.nat.run("nft", "-f", "/etc/squid/redirect.nft")

    def curl(self, *arguments):
        """The status, the server's answer and what the server saw of it."""
        before = len(self.log.read_text().splitlines())
        done = self.client.run(
            "curl", "--silent", "--show-error", "--max-time", "10", "--noproxy", "", "--cacert", self.authority,
            "--write-out", "\n%{http_code}", *arguments, check=False,
        )  # fmt: skip
        body, _, status = done.stdout.rpartition("\n")
        seen = self.log.read_text().splitlines()[before:]
        return {"exit": done.returncode, "status": int(status), "body": body, "seen": seen, "error": done.stderr}

    def assert_passes(self, *arguments, address=ALLOWED):
        answer = self.curl(*arguments)
        self.assertEqual((answer["exit"], answer["status"]), (0, 200), answer)
        self.assertEqual(json.loads(answer["body"])["address"], address)
        return json.loads(answer["body"])["headers"]

    def assert_stopped(self, *arguments, status):
        answer = self.curl(*arguments)
        self.assertEqual(answer["seen"], [], "the server must not see a connection")
        self.assertEqual(answer["status"], status, answer)
        if status == 0:
            self.assertNotEqual(answer["exit"], 0, answer)

    def access_log(self, pattern):
        until(
            lambda: re.search(pattern, self.nat.run("cat", "/var/log/squid/access.log").stdout, re.M),
            f"{pattern} in {self.nat.run('cat', '/var/log/squid/access.log').stdout}",
        )

    # The files as they ship

    def test_squid_parses_the_shipped_configuration_without_a_complaint(self):
        done = self.nat.run("squid", "-k", "parse", check=False)
        complaints = re.findall(r".*(?:WARNING|ERROR|FATAL).*", done.stdout + done.stderr)
        self.assertEqual((done.returncode, complaints), (0, []))

    def test_squid_itself_complains_of_nothing_while_it_works(self):
        self.curl("http://www.example.com/", "--resolve", f"www.example.com:80:{OTHER}")
        log = self.nat.run("cat", "/var/log/squid/cache.log").stdout
        self.assertEqual([line for line in log.splitlines() if re.search(r"FATAL|ERROR:", line)], [])

    def test_the_agent_watches_exactly_the_process_that_carries_the_traffic(self):
        agent = json.loads((SHIPPED / "amazon-cloudwatch-agent.json").read_text())
        pattern = agent["metrics"]["metrics_collected"]["procstat"][0]["pattern"]
        lines = self.nat.run("sh", "-c", "for f in /proc/[0-9]*/cmdline; do tr '\\0' ' ' <$f; echo; done").stdout
        watched = [line for line in lines.splitlines() if re.search(pattern, line)]
        self.assertEqual(len(watched), 1, lines)

    def test_redirect_can_be_loaded_again(self):
        rules = self.nat.run("nft", "list", "ruleset").stdout
        self.nat.run("nft", "-f", "/etc/squid/redirect.nft")
        self.assertEqual(self.nat.run("nft", "list", "ruleset").stdout, rules)

    # HTTP, by Host header

    def test_http_to_an_allowed_host_passes(self):
        headers = self.assert_passes("http://s3.amazonaws.com/", "--resolve", f"s3.amazonaws.com:80:{ALLOWED}")
        self.assertEqual(headers["Host"], "s3.amazonaws.com")
        self.assertFalse({"Via", "X-Forwarded-For"} & set(headers), "nothing of the private network leaks")

    def test_http_to_another_host_is_stopped(self):
        self.assert_stopped("http://www.example.com/", "--resolve", f"www.example.com:80:{OTHER}", status=403)
        self.access_log(r"TCP_DENIED/403 .* GET http://www\.example\.com/ ")

    def test_http_with_an_allowed_name_in_front_of_another_address_is_stopped(self):
        self.assert_stopped("http://s3.amazonaws.com/", "--resolve", f"s3.amazonaws.com:80:{OTHER}", status=409)

    def test_http_to_an_address_is_stopped_although_reverse_dns_has_an_allowed_name_for_it(self):
        self.assert_stopped(f"http://{OTHER}/", status=403)

    def test_http_without_a_host_is_stopped(self):
        self.assert_stopped(f"http://{ALLOWED}/", "--http1.0", "-H", "Host:", status=403)

    def test_http_with_another_host_in_the_request_line_is_stopped(self):
        other = ("--proxy", f"http://{OTHER}:80")
        self.assert_stopped("http://www.example.com/", *other, "-H", "Host: s3.amazonaws.com", status=403)
        self.assert_stopped("http://s3.amazonaws.com/", *other, "-H", "Host: www.example.com", status=409)

    def test_a_tunnel_over_port_80_is_stopped(self):
        tunnel = ("--proxytunnel", "--proxy", f"http://{OTHER}:80")
        self.assert_stopped("https://www.example.com/", *tunnel, status=0)
        self.assert_stopped("https://s3.amazonaws.com/", *tunnel, status=0)
        tunnel = ("--proxytunnel", "--proxy", f"http://{ALLOWED}:80")
        self.assert_stopped("http://s3.amazonaws.com/", *tunnel, status=0)

    def test_squid_cannot_be_asked_about_itself(self):
        path = "squid-internal-mgr/info"
        allowed = f"s3.amazonaws.com:80:{ALLOWED}"
        self.assert_stopped(f"http://s3.amazonaws.com/{path}", "--resolve", allowed, status=403)
        self.assert_stopped(f"http://squid/{path}", "--resolve", f"squid:80:{OTHER}", status=403)

    # HTTPS, by SNI

    def test_https_to_an_allowed_host_passes_and_the_client_sees_the_servers_own_certificate(self):
        # curl trusts the test's authority alone, whose key Squid does not have.
        self.assert_passes("https://s3.amazonaws.com/", "--resolve", f"s3.amazonaws.com:443:{ALLOWED}")
        self.access_log(rf"TCP_TUNNEL/\d+ .* CONNECT \S+ s3\.amazonaws\.com ORIGINAL_DST/{re.escape(ALLOWED)}")

    def test_https_passes_with_every_version_of_tls_in_use(self):
        for version in ("1.2", "1.3"):
            with self.subTest(version):
                self.assert_passes(
                    "https://s3.amazonaws.com/", "--resolve", f"s3.amazonaws.com:443:{ALLOWED}",
                    f"--tlsv{version}", "--tls-max", version,
                )  # fmt: skip

    def test_https_to_another_host_is_stopped(self):
        self.assert_stopped("https://www.example.com/", "--resolve", f"www.example.com:443:{OTHER}", status=0)
        self.access_log(r" www\.example\.com HIER_NONE/-")

    def test_https_with_an_allowed_name_in_front_of_another_address_is_stopped(self):
        self.assert_stopped("https://s3.amazonaws.com/", "--resolve", f"s3.amazonaws.com:443:{OTHER}", status=0)

    def test_https_to_an_address_sends_no_name_and_is_stopped(self):
        for address in (ALLOWED, OTHER):
            with self.subTest(address):
                self.assert_stopped(f"https://{address}/", status=0)

    def test_what_is_not_tls_on_port_443_is_stopped(self):
        self.assert_stopped(f"http://{ALLOWED}:443/", "-H", "Host: s3.amazonaws.com", status=0)

    # What no name makes reachable

    def test_metadata_and_private_addresses_are_stopped_whatever_their_name(self):
        for name, address in (("metadata.amazonaws.com", METADATA), ("rebound.amazonaws.com", INSIDE)):
            with self.subTest(name):
                self.assert_stopped(f"http://{name}/", "--resolve", f"{name}:80:{address}", status=403)
                self.assert_stopped(f"https://{name}/", "--resolve", f"{name}:443:{address}", status=0)

    def test_squids_own_address_and_ports_are_no_way_out(self):
        self.assert_stopped("http://10.1.1.1/", "-H", "Host: s3.amazonaws.com", status=409)
        self.assert_stopped("http://s3.amazonaws.com/", "--proxy", "http://10.1.1.1:3128", status=0)

    def test_other_ports_are_not_forwarded(self):
        self.nat.run("sysctl", "-qw", "net.ipv4.ip_forward=1")  # even if something switched it on
        self.addCleanup(self.nat.run, "sysctl", "-qw", "net.ipv4.ip_forward=0")
        self.server.run("ip", "route", "replace", "10.1.1.0/24", "via", "203.0.113.1")
        self.assert_stopped(f"http://{ALLOWED}:8080/", "--connect-timeout", "2", status=0)

    # The bucket

    def sync(self, check=True, **files):
        shutil.rmtree(self.bucket, ignore_errors=True)
        self.bucket.mkdir()
        for name, text in files.items():
            (self.bucket / {"conf": "squid.conf", "domains": "allowed_domains.txt"}[name]).write_text(text)
        return self.nat.run("env", "BUCKET=bucket", "squid-sync", check=check)

    def in_use(self):
        return self.nat.run("sh", "-c", "cd /etc/squid && readlink active && cat active/*").stdout

    def reach_new(self):
        return self.curl("http://new.example.net/", "--resolve", f"new.example.net:80:{ALLOWED}")["status"]

    def test_an_empty_bucket_changes_nothing(self):
        before = self.in_use()
        self.sync()
        self.assertEqual(self.in_use(), before)

    def test_a_good_list_is_used_without_a_restart_and_an_emptied_bucket_brings_the_shipped_one_back(self):
        self.addCleanup(self.sync)
        worker = self.nat.run("pgrep", "-f", r"^\(squid-1\)").stdout
        self.assertEqual(self.reach_new(), 403)

        self.sync(domains="new.example.net\n")
        until(lambda: self.reach_new() == 200, "the new list is in use")
        self.assert_stopped("http://s3.amazonaws.com/", "--resolve", f"s3.amazonaws.com:80:{ALLOWED}", status=403)
        self.assert_passes("https://new.example.net/", "--resolve", f"new.example.net:443:{ALLOWED}")
        self.assertEqual(self.nat.run("pgrep", "-f", r"^\(squid-1\)").stdout, worker)

        self.sync()
        until(lambda: self.reach_new() == 403, "the shipped list is in use again")

    def test_a_bad_file_is_not_used(self):
        conf = (SHIPPED / "squid.conf").read_text()
        before = self.in_use()
        for what, files in {
            "a directive that Squid does not know": {"conf": conf + "no_such_directive on\n"},
            "a rule on a list that is not there": {"conf": conf.replace("active/allowed", "active/missing")},
            "no file at all, but its name": {"conf": ""},
            "Squid's own default": {"conf": "http_port 3128\nhttp_access allow all\n"},
            "a good list beside a bad squid.conf": {"conf": conf + "acl\n", "domains": "new.example.net\n"},
        }.items():
            with self.subTest(what):
                done = self.sync(check=False, **files)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn("refused, the old configuration stays", done.stderr)
                self.assertEqual(self.in_use(), before)
                self.assertEqual(self.reach_new(), 403)
                self.assert_passes("http://s3.amazonaws.com/", "--resolve", f"s3.amazonaws.com:80:{ALLOWED}")

    def test_without_the_bucket_everything_stays(self):
        before = self.in_use()
        self.bucket.rename(self.folder / "gone")
        self.addCleanup((self.folder / "gone").rename, self.bucket)
        done = self.nat.run("env", "BUCKET=bucket", "squid-sync", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(self.in_use(), before)

    def test_no_folder_is_left_behind(self):
        self.sync()
        self.sync(check=False, conf="nonsense\n")
        left = self.nat.run("sh", "-c", "cd /etc/squid && ls -d config.*").stdout.split()
        self.assertEqual(len(left), 1, left)


if __name__ == "__main__":
    unittest.main()
