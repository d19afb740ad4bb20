"""What every test file shares: a server for each file, one Chromium and one Firefox for the whole run."""

import datetime
import gc
import ipaddress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import server as servers
from chromium import Chromium
from firefox import Firefox
from peers import Stage
from rest import Rest, unique
from server import Server


@pytest.fixture(scope="module")
async def server():
    """A server with its defaults, for all tests of one file."""
    async with Server() as running:
        yield running


@pytest.fixture
async def rest(server):
    client = Rest(server.url)
    yield client
    await client.close()


@pytest.fixture
async def room(rest):
    """The id of a fresh room, deleted afterwards if it is still there."""
    name = await rest.create_room(unique("room"))
    yield name
    await rest.delete(f"/rooms/{name}")


@pytest.fixture
async def stage(rest, room):
    async with Stage(rest, room) as stage:
        yield stage


@pytest.fixture(scope="session")
async def chromium():
    async with Chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
async def firefox():
    async with Firefox() as browser:
        yield browser


@pytest.fixture
async def visit(server):
    """`await visit(browser, "Anna")`: somebody at the page of this file's server; the tab is closed afterwards."""
    visitors = []

    async def new(browser, name, **options):
        visitor = await browser.visitor(options.pop("server", server), name, **options)
        visitors.append(visitor)
        return visitor

    yield new
    for visitor in visitors:
        await visitor.close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """(certificate, key): files with a self-signed pair for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "switchyard test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).sign(key, hashes.SHA256()))
    folder = tmp_path_factory.mktemp("tls")
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return folder / "cert.pem", folder / "key.pem"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    # Python 3.11 fails now and then when its collector runs while pytest parses a source for the report.
    gc.disable()
    try:
        report = (yield).get_result()
    finally:
        gc.enable()
    if report.failed:
        for each in servers.running:
            report.sections.append((f"end of the log of {each.arguments}", each.log()))
