"""Prints a token for each key that comes on stdin, made by PyJWT."""

import json
import sys
import time

import jwt

given = json.load(sys.stdin)
claims = {"sub": "u1", "exp": int(time.time()) + 600}
tokens = {"HS256": jwt.encode(claims, given["secret"], algorithm="HS256")}
for name, key in given["keys"].items():
    tokens[name] = jwt.encode(claims, key, algorithm=name, headers={"kid": name})
print(json.dumps(tokens))
