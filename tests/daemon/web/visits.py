"""A page over a household's ledger, asked without a network."""

from http.cookies import SimpleCookie

from starlette.testclient import TestClient

from daemon.service.standalone import page_site
from daemon.store.store import Store
from daemon.web.application import application
from tests.daemon.cli.household import Household, reads


class Visits:
    """One site, and clients of it: signed in, or strangers."""

    def __init__(self, household: Household, *, listen=None):
        self.household = household
        self.store = Store.open(household.paths.state / "ledger.sqlite")
        self.site = page_site(household.paths.files(), self.store, reads(), listen)
        self.app = application(self.site)
        self.me = self.stranger()
        self.session = self.site.access.open_session("test")
        self.me.cookies.set("orderbell", self.session)

    def stranger(self, **more) -> TestClient:
        return TestClient(
            self.app, base_url="http://127.0.0.1:8470", follow_redirects=False, **more
        )

    def close(self) -> None:
        self.store.close()


def cookies_of(answer) -> SimpleCookie:
    jar: SimpleCookie = SimpleCookie()
    for header in answer.headers.get_list("set-cookie"):
        jar.load(header)
    return jar
