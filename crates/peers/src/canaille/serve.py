"""Serves Canaille on a loopback port, in memory, with the people, groups and clients that its argument names."""

import json
import sys

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend
from werkzeug.serving import make_server

wanted = json.loads(sys.argv[1])
app = create_app(
    {
        "SECRET_KEY": "of a test",
        "SERVER_NAME": f"localhost:{wanted['port']}",
        "PREFERRED_URL_SCHEME": "http",
        "CANAILLE": {"DATABASE": "memory"},
        "CANAILLE_OIDC": {},
    }
)

with app.app_context(), Backend.instance.session():
    people = {}
    for person in wanted["users"]:
        people[person["name"]] = models.User(
            user_name=person["name"],
            formatted_name=person["name"],
            family_name=person["name"],
            emails=[person["mail"]],
            password=person["password"],
        )
        Backend.instance.save(people[person["name"]])
    for group in wanted["groups"]:
        members = [people[name] for name in group["members"]]
        Backend.instance.save(models.Group(display_name=group["name"], members=members))
    clients = []
    for client in wanted["clients"]:
        entry = models.Client(
            client_id=client["id"],
            client_secret=client["secret"],
            client_name=client["id"],
            # Clients at trusted addresses need no consent.
            client_uri="http://127.0.0.1",
            redirect_uris=[client["redirect"]],
            grant_types=["authorization_code", "refresh_token", "client_credentials"],
            response_types=["code"],
            token_endpoint_auth_method="client_secret_basic",
            scope=["openid", "profile", "email", "groups"],
        )
        Backend.instance.save(entry)
        clients.append(entry)
    # A client may read about tokens whose audience it is in: each of them, here.
    for entry in clients:
        entry.audience = clients
        Backend.instance.save(entry)

make_server("127.0.0.1", wanted["port"], app, threaded=True).serve_forever()
