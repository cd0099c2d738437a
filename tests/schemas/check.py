"""check.py FOLDER open|closed: judges messages by the JSON Schemas of a folder.

Reads a list of [SCHEMA, MESSAGE] and prints {"mistakes": [[…] for each message], "unseen": [places]}: what is wrong with each, and which
of the fields that the schemas of these messages describe none of them has. With "closed", a field that no schema describes is a mistake.
"""

import json
import sys
from pathlib import Path

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012


def close(schema):
    """The same schema for a world in which nobody adds fields."""
    if isinstance(schema, list):
        return [close(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: close(part) for key, part in schema.items()}
    if closed.get("additionalProperties") is True:
        del closed["additionalProperties"]
        closed["unevaluatedProperties"] = False
    return closed


class Schemas:
    def __init__(self, folder, closed):
        files = {path.name: json.loads(path.read_text()) for path in Path(folder).glob("*.json")}
        for schema in files.values():
            Draft202012Validator.check_schema(schema)
        self.files = {name: close(schema) for name, schema in files.items()} if closed else files
        self.registry = Registry().with_resources(
            (name, Resource(contents=schema, specification=DRAFT202012)) for name, schema in self.files.items()
        )

    def validator(self, place):
        return Draft202012Validator(
            {"$ref": place}, registry=self.registry, format_checker=Draft202012Validator.FORMAT_CHECKER
        )

    def mistakes(self, place, message):
        for mistake in self.validator(place).iter_errors(message):
            yield f"{mistake.json_path}: {mistake.message[:200]}"

    def at(self, place):
        """The schema at a place, and the place itself, after all references."""
        while True:
            name, pointer = place.split("#")
            schema = self.files[name]
            for step in filter(None, pointer.split("/")):
                schema = schema[int(step) if isinstance(schema, list) else step]
            if not (isinstance(schema, dict) and "$ref" in schema):
                return schema, place
            file, pointer = (schema["$ref"] + "#").split("#")[:2]
            place = f"{file or name}#{pointer}"

    def parts(self, schema, place):
        """The schemas that describe the same value."""
        for keyword in ("allOf", "anyOf", "oneOf"):
            for number, _ in enumerate(schema.get(keyword, [])):
                yield keyword, f"{place}/{keyword}/{number}"

    def described(self, place, found=None):
        """The place of every field that is described here or below."""
        found = set() if found is None else found
        schema, place = self.at(place)
        if not isinstance(schema, dict):
            return found
        for name, field in schema.get("properties", {}).items():
            below = f"{place}/properties/{name}"
            if field is not False and below not in found:
                found.add(below)
                self.described(below, found)
        if "items" in schema:
            self.described(f"{place}/items", found)
        for _, part in self.parts(schema, place):
            self.described(part, found)
        return found

    def seen(self, place, message, found):
        """Adds the place of every field that is described and that the message has."""
        schema, place = self.at(place)
        if not isinstance(schema, dict):
            return
        for name in schema.get("properties", {}) if isinstance(message, dict) else ():
            if name in message:
                found.add(f"{place}/properties/{name}")
                self.seen(f"{place}/properties/{name}", message[name], found)
        if "items" in schema and isinstance(message, list):
            for item in message:
                self.seen(f"{place}/items", item, found)
        for keyword, part in self.parts(schema, place):
            if keyword == "allOf" or self.validator(part).is_valid(message):
                self.seen(part, message, found)


def main(folder, rules):
    schemas = Schemas(folder, closed=rules == "closed")
    messages = [(f"{name}.json#", message) for name, message in json.load(sys.stdin)]
    described, seen = set(), set()
    for place in {place for place, _ in messages}:
        schemas.described(place, described)
    for place, message in messages:
        schemas.seen(place, message, seen)
    mistakes = [list(schemas.mistakes(place, message)) for place, message in messages]
    json.dump({"mistakes": mistakes, "unseen": sorted(described - seen)}, sys.stdout)


main(*sys.argv[1:])
