"""Reads every answer of a running lab by the types that datamodel-code-generator made of its description.

Arguments: the lab's address, the folder with `models.py` and `openapi.json`, the id of a trace, the id of a run of an
exercise. An answer that the types do not take, or of which they lose a part, ends this with an error. Prints how many were
read.
"""

import importlib
import json
import sys
import urllib.error
import urllib.request

import pydantic

base, folder, trace, run = sys.argv[1:]
sys.path.insert(0, folder)
models = importlib.import_module("models")
with open(f"{folder}/openapi.json", encoding="utf-8") as file:
    document = json.load(file)

# Streams have no end.
STREAMS = {"/api/events", "/api/switchboard"}
FILLED = {
    "/api/traces/{id}": f"/api/traces/{trace}",
    "/api/exercises/{id}": f"/api/exercises/{run}",
    "/api/scenarios/{name}": "/api/scenarios/payment-outage-brazil",
    "/api/profiles/{service}": "/api/profiles/storefront",
    "/runbooks/{alert}": "/runbooks/HighErrorRate",
    "/api/series": "/api/series?metric=http.server.request.duration",
}


def answer(path):
    try:
        with urllib.request.urlopen(base + path, timeout=20) as response:
            return response.status, response.headers.get_content_type(), response.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.headers.get_content_type(), refused.read()


def type_of(schema):
    """The generated type of an answer, or nothing where the description gives it none."""
    if "$ref" in schema:
        return getattr(models, schema["$ref"].rsplit("/", 1)[-1])
    if schema.get("type") == "array" and "$ref" in schema.get("items", {}):
        return list[type_of(schema["items"])]
    return None


read = 0
for path, operations in document["paths"].items():
    if "get" not in operations or path in STREAMS:
        continue
    status, media_type, body = answer(FILLED.get(path, path))
    contents = operations["get"]["responses"][str(status)]["content"]
    wanted = type_of(contents[media_type]["schema"]) if media_type.endswith("json") else None
    if wanted is None:
        continue
    adapter = pydantic.TypeAdapter(wanted)
    try:
        value = adapter.validate_json(body)
    except pydantic.ValidationError as wrong:
        sys.exit(f"{path}: {str(wrong)[:2000]}")
    again = json.loads(adapter.dump_json(value, by_alias=True, exclude_unset=True))
    if again != json.loads(body):
        sys.exit(f"{path}: read as {again!r:.1000}, but the answer is {body[:1000]}")
    read += 1
print(read)
