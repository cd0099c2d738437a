# Signs a message with each of two libraries, and prints each on a line.
import json
import sys

import rfc8785
from joserfc import jws
from joserfc.jwk import OKPKey
from jwcrypto import jwk as other_jwk
from jwcrypto import jws as other_jws

written = json.load(open(sys.argv[1]))
key = OKPKey.import_key(written)


def message(name):
    return {"id": name, "site": "north", "gateway": "gw", "value": 120.3, "text": "Zürich", "none": None}


def show(unproved, header, signature):
    print(json.dumps(unproved | {"proof": f"{header}..{signature}"}, ensure_ascii=False))


for algorithm in ("Ed25519", "EdDSA"):
    unproved = message(f"joserfc-{algorithm}")
    protected = {"alg": algorithm, "kid": key.thumbprint()}
    header, _, signature = jws.serialize_compact(protected, rfc8785.dumps(unproved), key, [algorithm]).split(".")
    show(unproved, header, signature)

unproved = message("jwcrypto-EdDSA")
token = other_jws.JWS(rfc8785.dumps(unproved))
token.add_signature(other_jwk.JWK(**written), None, json.dumps({"alg": "EdDSA"}), None)
header, _, signature = token.serialize(compact=True).split(".")
show(unproved, header, signature)
