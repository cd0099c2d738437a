"""render.py: prints messages.md, the page for people, made of asyncapi.yaml and schemas/.

Wants PyYAML: `$(tests/tools/setup)/python/bin/python docs/render.py > docs/messages.md`
"""

import json
from pathlib import Path

import yaml

HERE = Path(__file__).parent
ASYNCAPI = yaml.safe_load((HERE / "asyncapi.yaml").read_text())
SCHEMAS = {path.name: json.loads(path.read_text()) for path in sorted((HERE / "schemas").glob("*.json"))}
MESSAGES = ["status", "info", "reading", "readiness", "alert", "command", "reply", "state", "doctor", "replay"]


def text(words):
    return " ".join(str(words).split()).replace("|", "\\|")


class Schema:
    """A schema and the file in which it stands."""

    def __init__(self, file, contents):
        self.file, self.contents = file, contents

    def own(self, key, default=None):
        return self.contents.get(key, default)

    def target(self):
        """What this one refers to, or itself."""
        if "$ref" not in self.contents:
            return self
        file, _, pointer = self.contents["$ref"].partition("#")
        file = file or self.file
        contents = SCHEMAS[file]
        for step in filter(None, pointer.split("/")):
            contents = contents[step]
        return Schema(file, contents).target()

    def get(self, key):
        """A word of this one, else of what it refers to."""
        if key in self.contents:
            return self.contents[key]
        target = self.target()
        return None if target is self else target.get(key)

    def part(self, contents):
        return Schema(self.file, contents)

    def branches(self):
        target = self.target()
        return [target.part(branch) for branch in target.own("anyOf", [])]

    def is_object(self):
        return any({"properties", "allOf"} & set(one.target().contents) for one in [self, *self.branches()])

    def kind(self):
        """What a value is, in a word or some."""
        target = self.target()
        if "const" in target.contents:
            return f"`{json.dumps(target.own('const'))}`"
        if "enum" in target.contents:
            return "one of " + ", ".join(f"`{json.dumps(word).strip(chr(34))}`" for word in target.own("enum"))
        if self.get("title") and not self.is_object():
            return self.get("title")
        if target.own("type") == "array":
            items = target.part(target.own("items"))
            # The words of a long list stand once, where they are explained.
            return f"list of {items.get('title') or items.kind()}"
        if self.is_object():
            null = any(branch.own("type") == "null" for branch in self.branches())
            title = self.get("title") or next(b.get("title") for b in self.branches() if b.is_object())
            return f"{title}{' or null' if null else ''}"
        if self.branches():
            return " or ".join(branch.kind() for branch in self.branches())
        kinds = target.own("type")
        names = {"string": "text", "boolean": "true or false"}
        kinds = [kinds] if isinstance(kinds, str) else kinds
        return " or ".join(names.get(kind, kind) for kind in kinds)

    def fields(self):
        """Name, schema, and whether it is required, of every field; what all messages have comes first."""
        target = self.target()
        found, required = {}, set()
        for part in target.own("allOf", []):
            for name, field, needed in target.part(part).fields():
                found[name] = field
                required |= {name} if needed else set()
        for name, field in target.own("properties", {}).items():
            # Where both speak of a field, the description stands in one of them.
            if field is not False and not (name in found and "description" not in field):
                found[name] = target.part(field)
        required |= set(target.own("required", []))
        if "schema" in found:
            found = {"schema": found.pop("schema"), **found}
        return [(name, field, name in required) for name, field in found.items()]

    def below(self):
        """The objects within this one, each once, in order."""
        for _, field, _ in self.fields():
            target = field.target()
            if target.own("type") == "array" or "items" in target.contents:
                field = target.part(target.own("items"))
            for candidate in [field, *field.branches()]:
                if {"properties", "allOf"} & set(candidate.target().contents):
                    yield candidate


def table(schema, skip=()):
    print("| field | | type | meaning |\n|---|---|---|---|")
    for name, field, required in schema.fields():
        if name not in skip:
            kind, meaning = text(field.kind()), text(field.get("description") or "")
            print(f"| `{name}` | {'' if required else 'optional'} | {kind} | {meaning} |")
    print()


def objects(schema, done):
    """The tables of everything within, each once on the page."""
    for inner in schema.below():
        title = inner.get("title")
        if schema_key(inner) in done:
            continue
        done.add(schema_key(inner))
        if inner.target().file.startswith("state") and inner.target().contents is SCHEMAS["state.json"]:
            continue
        print(f"**{title}** {text(inner.target().own('description', ''))}\n".replace("** \n", "**\n"))
        table(inner)
        objects(inner, done)


def schema_key(schema):
    target = schema.target()
    return json.dumps(target.contents, sort_keys=True)


def channels():
    print("| topic under `{prefix}/v1/{site}/{gateway}` | retained | QoS | message | when |\n|---|---|---|---|---|")
    for name, operation in ASYNCAPI["operations"].items():
        channel = ASYNCAPI["channels"][name]
        topic = channel["address"].split("{gateway}/")[1]
        binding = operation["bindings"]["mqtt"]
        message = ASYNCAPI["components"]["messages"][name]["name"]
        way = "to the gateway. " if operation["action"] == "receive" else ""
        summary = text(f"{channel['summary']} {operation['summary']} {channel.get('description', '')}")
        print(f"| `{topic}` | {'yes' if binding['retain'] else 'no'} | {binding['qos']} | `{message}` | {way}{summary} |")
    print()
    print("| in a topic | is |\n|---|---|")
    for name, parameter in ASYNCAPI["components"]["parameters"].items():
        print(f"| `{{{name}}}` | {text(parameter['description'])} |")
    print()


def properties():
    headers = ASYNCAPI["components"]["messageTraits"]["properties"]["headers"]
    print(f"{text(headers['description'])} Content type `{ASYNCAPI['defaultContentType']}`, payload format indicator 1.\n")
    print("| user property | meaning |\n|---|---|")
    for name, field in headers["properties"].items():
        print(f"| `{name}` | {text(field['description'])} |")
    print()



def words():
    print("| a type | is |\n|---|---|")
    for definition in SCHEMAS["common.json"]["$defs"].values():
        pattern = definition.get("pattern")
        if pattern:
            meaning = text(definition.get("description") or "")
            print(f"| {definition['title']} | {meaning}{' ' if meaning else ''}`{pattern.strip('^$')}` |")
    print()


def commands(schema):
    print("What each command adds:\n")
    for branch in schema.own("oneOf"):
        command = schema.part(branch).target()
        name = command.own("properties")["command"]["const"]
        print(f"**`{name}`** {text(command.own('description'))}\n")
        table(command, skip={"command"})


def main():
    print("# Messages\n")
    print("<!-- Made by render.py of asyncapi.yaml and schemas/: change those, and make it anew. -->\n")
    print(text(ASYNCAPI["info"]["description"]) + "\n")
    print(
        "The same for programs: [`asyncapi.yaml`](asyncapi.yaml) and a JSON Schema (2020-12) for each message in [`schemas/`](schemas). "
        "Their lists of words are those of this version of the program; a reader must not refuse a message for a word that was added since. "
        "Pressures are mmHg unless a `unit` says otherwise, times RFC 3339 with an offset. A field that is not optional is always there.\n"
    )
    print("## Topics\n")
    channels()
    properties()
    words()
    done = set()
    for name in MESSAGES:
        schema = Schema(f"{name}.json", SCHEMAS[f"{name}.json"])
        title = schema.own("title")
        print(f"## {title[0].upper() + title[1:]}\n" if name == "replay" else f"## `{title}`\n")
        print(text(schema.own("description")) + "\n")
        if name == "replay":
            for branch in schema.own("oneOf"):
                line = schema.part(branch)
                print(f"**{line.get('title')}** {text(line.target().own('description', ''))}\n".replace("** \n", "**\n"))
                table(line)
                objects(line, done)
            continue
        table(schema)
        if name == "command":
            commands(schema)
        objects(schema, done)


main()
