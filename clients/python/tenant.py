"""What the walks need of a development tenant: who to sign in as, how to wait, how to check.

The tenant is told by `dev.json`, which `reeve serve --dev` writes into its data folder.
"""

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from azure.identity import ClientSecretCredential
from kiota_authentication_azure.azure_identity_authentication_provider import (
    AzureIdentityAuthenticationProvider,
)

PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Tenant:
    """A running server, by what its `dev.json` says."""

    id: str
    base_url: str
    authority: str
    ca_file: str
    client_id: str
    client_secret: str
    public_client_id: str
    users: list[dict[str, Any]]

    @classmethod
    def read(cls, file: str) -> "Tenant":
        told = json.loads(Path(file).read_text(encoding="utf-8"))
        client = next(c for c in told["clients"] if c["name"] == "admin")
        # Both are read when the first connection is made: the one by azure-identity, the other by httpx.
        os.environ["REQUESTS_CA_BUNDLE"] = told["caFile"]
        os.environ["SSL_CERT_FILE"] = told["caFile"]
        return cls(
            id=told["tenantId"],
            base_url=told["baseUrl"],
            authority=told["authority"],
            ca_file=told["caFile"],
            client_id=client["clientId"],
            client_secret=client["clientSecret"],
            public_client_id=told["publicClientId"],
            users=told["users"],
        )

    def sign_in(self) -> AzureIdentityAuthenticationProvider:
        credential = ClientSecretCredential(
            self.id,
            self.client_id,
            self.client_secret,
            authority=self.authority,
            disable_instance_discovery=True,
        )
        host = urlsplit(self.base_url).hostname
        return AzureIdentityAuthenticationProvider(credential, allowed_hosts=[host])


def check(condition: bool, what: str) -> None:
    """Fails the walk unless the condition holds."""
    if not condition:
        raise SystemExit(f"not so: {what}")


def same(actual: Any, expected: Any, what: str) -> None:
    """Fails the walk unless the two are equal."""
    check(actual == expected, f"{what} is {actual!r}, not {expected!r}")


def step(what: str) -> None:
    """Tells what has been done."""
    print(f"ok  {what}", flush=True)


async def until(what: str, ask: Callable[[], Awaitable[Any]], good: Callable[[Any], bool]) -> Any:
    """Asks again until the answer is good: what happens in the background has no other sign."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        answer = await ask()
        if good(answer):
            return answer
        check(time.monotonic() < deadline, f"{what} within {PATIENCE_SECONDS} s")
        await asyncio.sleep(0.05)


async def refused(call: Awaitable[Any], error: type[Exception], status: int, code: str) -> None:
    """Fails the walk unless the call is refused with this typed error."""
    try:
        await call
    except error as problem:
        same(problem.response_status_code, status, "the status")
        same(problem.error.code, code, "the code")
        check(bool(problem.error.message), "a refusal has a message")
        check(bool(problem.error.inner_error.request_id), "a refusal has a request id")
        return
    raise SystemExit(f"not so: refused with {status} {code}")
