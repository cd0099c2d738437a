"""Checks Bundles against base FHIR R4 with two independent validators, and that these refuse what is broken.

Usage: base.py FILE, of lines {"name": …, "bundle": …}. Prints every complaint; exit 1 if there was one.
"""

import copy
import json
import sys

import fhirkit
from fhir.resources.R4B.bundle import Bundle


def fhirkit_says(bundle):
    return [str(issue) for issue in fhirkit.validate(json.dumps(bundle)) if "error" in repr(issue)]


def resources_says(bundle):
    try:
        Bundle.model_validate_json(json.dumps(bundle))
        return []
    except Exception as error:  # whatever it raises is a refusal
        return [str(error).splitlines()[0]]


VALIDATORS = {"fhirkit": fhirkit_says, "fhir.resources": resources_says}


def resource(bundle, kind):
    return next(entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind)


def pressures(bundle):
    entries = [entry["resource"] for entry in bundle["entry"]]
    return next(one for one in entries if "component" in one and "valueQuantity" in one["component"][0])


# What is done to a Bundle, and who has to notice.
BROKEN = {
    "an Observation without status": (lambda b: pressures(b).pop("status"), ["fhirkit"]),
    "an Observation without code": (lambda b: pressures(b).pop("code"), ["fhirkit", "fhir.resources"]),
    "an unknown element": (lambda b: pressures(b).update(systolic=120), ["fhirkit", "fhir.resources"]),
    "a value that is a text": (
        lambda b: pressures(b)["component"][0]["valueQuantity"].update(value="120"),
        ["fhirkit"],
    ),
    "two times": (
        lambda b: pressures(b).update(effectiveDateTime="2026-11-21T18:04:12Z", effectivePeriod={"end": "2026-11-21T18:04:12Z"}),
        ["fhirkit", "fhir.resources"],
    ),
    "a time without zone": (lambda b: pressures(b).update(issued="2026-11-21T18:04:12"), ["fhirkit"]),
    "a Provenance without target": (lambda b: resource(b, "Provenance").pop("target"), ["fhirkit", "fhir.resources"]),
    "a Provenance without agent": (lambda b: resource(b, "Provenance").pop("agent"), ["fhirkit", "fhir.resources"]),
    "an unknown kind of resource": (
        lambda b: b["entry"][0]["resource"].update(resourceType="Cuff"),
        ["fhirkit", "fhir.resources"],
    ),
    "a Bundle without type": (lambda b: b.pop("type"), ["fhirkit", "fhir.resources"]),
}


def main(path):
    complaints = []
    with open(path, encoding="utf-8") as lines:
        samples = [json.loads(line) for line in lines]
    for sample in samples:
        for name, says in VALIDATORS.items():
            complaints += [f"{sample['name']}: {name}: {text}" for text in says(sample["bundle"])]
    for what, (change, noticed_by) in BROKEN.items():
        bundle = copy.deepcopy(samples[0]["bundle"])
        change(bundle)
        complaints += [f"{name} takes {what}" for name in noticed_by if not VALIDATORS[name](bundle)]
    print("\n".join(complaints) or f"{len(samples)} Bundles, {len(BROKEN)} broken ones")
    return 1 if complaints else 0


sys.exit(main(sys.argv[1]))
