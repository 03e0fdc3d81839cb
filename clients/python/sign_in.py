"""Unmodified `msal` and `azure-identity` sign a user in: by browser, by device code, and silently afterwards.

The browser is one that fills in forms; everything else is what the libraries do by themselves.
"""

import sys
import threading
import webbrowser
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import msal
import requests
from azure.identity import DeviceCodeCredential, InteractiveBrowserCredential
from tenant import Tenant, check, same, step

REDIRECTS = (301, 302, 303, 307)


class Form(HTMLParser):
    """The last form of a page: where it goes, and what is filled in already."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "form":
            self.action = named.get("action") or ""
            self.fields = {}
        elif tag == "input" and named.get("name"):
            self.fields[named["name"]] = named.get("value") or ""


class Browser:
    """Goes where it is sent, and signs in wherever it is asked."""

    def __init__(self, tenant: Tenant, user: str) -> None:
        self.session = requests.Session()
        self.base = tenant.authority
        found = next(u for u in tenant.users if u["userPrincipalName"].startswith(f"{user}@"))
        self.name = found["userPrincipalName"]
        self.password = found["password"]

    def open(self, address: str) -> requests.Response | str:
        """The page that is there in the end, or the address outside of the tenant that the browser is sent to."""
        return self._follow(self.session.get(address, allow_redirects=False))

    def submit(self, page: requests.Response, **typed: str) -> requests.Response | str:
        form = Form(page.text)
        action = urljoin(page.url, form.action)
        answer = self.session.post(action, data=form.fields | typed, allow_redirects=False)
        return self._follow(answer)

    def sign_in(self, address: str) -> requests.Response | str:
        """Opens an address and gives name and password if the page asks for them."""
        there = self.open(address)
        if isinstance(there, requests.Response) and 'type="password"' in there.text:
            there = self.submit(there, username=self.name, password=self.password)
        return there

    def _follow(self, answer: requests.Response) -> requests.Response | str:
        while answer.status_code in REDIRECTS:
            address = urljoin(answer.url, answer.headers["Location"])
            if not address.startswith(self.base):
                return address
            answer = self.session.get(address, allow_redirects=False)
        check(answer.status_code == 200, f"{answer.url} is answered {answer.status_code}: {answer.text}")
        return answer


class Opener(webbrowser.BaseBrowser):
    """What the libraries take for the browser of this machine."""

    def __init__(self, browser: Browser) -> None:
        super().__init__()
        self.browser = browser

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
        # The library listens only after this has returned.
        threading.Thread(target=self.visit, args=(url,)).start()
        return True

    def visit(self, url: str) -> None:
        there = self.browser.sign_in(url)
        if isinstance(there, str):
            requests.get(there, timeout=60)
        else:
            # The answer is a form that posts itself.
            form = Form(there.text)
            requests.post(form.action, data=form.fields, timeout=60)


def allow_device(browser: Browser, page: str, user_code: str) -> None:
    """What a user does who was shown a code."""
    browser.open(page)
    confirm = browser.sign_in(f"{page}?user_code={user_code}")
    check(user_code in confirm.text, "the page shows the code of the device")
    browser.submit(confirm, decision="allow")


def is_alice(tenant: Tenant, token: str) -> None:
    me = requests.get(f"{tenant.base_url}/v1.0/me", headers={"Authorization": f"Bearer {token}"}, timeout=60)
    same(me.status_code, 200, "the status of /me")
    check(me.json()["userPrincipalName"].startswith("alice@"), "the token is alice's")


def given(answer: dict[str, Any]) -> dict[str, Any]:
    check("access_token" in answer, f"there is a token: {answer}")
    return answer


def by_code(tenant: Tenant, app: msal.PublicClientApplication, scopes: list[str]) -> None:
    browser = Browser(tenant, "alice")
    flow = app.initiate_auth_code_flow(scopes, redirect_uri="http://localhost:4711", login_hint=browser.name)
    back = browser.sign_in(flow["auth_uri"])
    check(isinstance(back, str), "the browser is sent back")
    fields = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
    answer = given(app.acquire_token_by_auth_code_flow(flow, fields))
    is_alice(tenant, answer["access_token"])
    same(answer["id_token_claims"]["preferred_username"], browser.name, "the name in the ID token")
    step("alice signed in with a code")

    again = browser.open(app.initiate_auth_code_flow(scopes, redirect_uri="http://localhost:4711")["auth_uri"])
    check(isinstance(again, str) and "code=" in again, "a session needs no password")
    stolen = app.acquire_token_by_auth_code_flow(flow, fields)
    same(stolen.get("error"), "invalid_grant", "the error of a code that is used twice")
    step("a code is good once")

    leave = f"{tenant.authority}/{tenant.id}/oauth2/v2.0/logout"
    browser.submit(browser.open(leave))
    nobody = app.initiate_auth_code_flow(scopes, redirect_uri="http://localhost:4711", prompt="none")
    back = browser.open(nobody["auth_uri"])
    check("error=login_required" in back, "nobody is signed in any more")
    step("alice signed out")


def by_device(tenant: Tenant, app: msal.PublicClientApplication, scopes: list[str]) -> None:
    flow = app.initiate_device_flow(scopes)
    check("user_code" in flow, f"the device has a code: {flow}")
    allow_device(Browser(tenant, "alice"), flow["verification_uri"], flow["user_code"])
    answer = given(app.acquire_token_by_device_flow(flow))
    is_alice(tenant, answer["access_token"])
    step("alice let a device act")


def silently(tenant: Tenant, app: msal.PublicClientApplication, scopes: list[str]) -> None:
    account = app.get_accounts()[0]
    check(account["username"].startswith("alice@"), "the account is alice's")
    same(app.acquire_token_silent(scopes, account)["token_source"], "cache", "where a token comes from")
    kept = [
        entry["secret"]
        for entry in app.token_cache.search(msal.TokenCache.CredentialType.REFRESH_TOKEN)
    ]
    answer = given(app.acquire_token_silent_with_error(scopes, account, force_refresh=True))
    same(answer["token_source"], "identity_provider", "where a fresh token comes from")
    is_alice(tenant, answer["access_token"])
    step("a token was refreshed silently")

    given(app.acquire_token_silent_with_error(scopes, account, force_refresh=True))
    stolen = app.acquire_token_by_refresh_token(kept[0], scopes)
    same(stolen.get("error"), "invalid_grant", "the error of a refresh token that is used twice")
    ended = app.acquire_token_silent_with_error(scopes, account, force_refresh=True)
    same(ended.get("error"), "invalid_grant", "what the thief's victim is told")
    step("a refresh token that is used twice ends its family")


def by_credentials(tenant: Tenant, scope: str) -> None:
    options = {
        "client_id": tenant.public_client_id,
        "tenant_id": tenant.id,
        "authority": tenant.authority,
        "disable_instance_discovery": True,
    }
    webbrowser.register("walk", None, Opener(Browser(tenant, "alice")), preferred=True)
    is_alice(tenant, InteractiveBrowserCredential(timeout=60, **options).get_token(scope).token)
    step("azure-identity signed alice in with a browser")

    def prompt(page: str, user_code: str, _expires: Any) -> None:
        allow_device(Browser(tenant, "alice"), page, user_code)

    is_alice(tenant, DeviceCodeCredential(prompt_callback=prompt, **options).get_token(scope).token)
    step("azure-identity let a device act for alice")


def main() -> None:
    tenant = Tenant.read(sys.argv[1])
    scope = f"{tenant.base_url}/.default"
    app = msal.PublicClientApplication(
        tenant.public_client_id,
        authority=f"{tenant.authority}/{tenant.id}",
        instance_discovery=False,
    )
    by_code(tenant, app, [scope])
    by_device(tenant, app, [scope])
    silently(tenant, app, [scope])
    by_credentials(tenant, scope)
    for account in app.get_accounts():
        app.remove_account(account)
    same(app.get_accounts(), [], "the accounts that are left")
    step("what was made is gone")


main()
