"""Deploys template.yaml with the real `sam deploy`, to an emulator of AWS on this machine.

The emulator is MiniStack, an independent project on PyPI, with IAM enforced. The functions are the
binaries of the debug build, without their symbols. The script checks the life of a stack: create,
use, update, move to another database, a bad address, roll back, delete without the database.

The emulator is not AWS. These are its gaps, and how the script fills them:

- It ignores the definition of the HTTP API, so the script adds the routes.
- It serves the WebSocket API at its own address, so the script sets WEBSOCKET_ENDPOINT.
- It has no throttles and does not log what the APIs refuse.
- It speaks plain HTTP, so the cookies are not `Secure`.

Usage: deploy.py SAM BINARIES E2E: the SAM CLI, the folder of the binaries, and the end-to-end tests.
Without E2E, these do not run.
"""

import asyncio
import contextlib
import email
import email.policy
import glob
import http.client
import http.server
import json
import logging
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

import boto3
import botocore.exceptions
import pymongo
import websockets
from aiosmtpd.controller import Controller

# Its only warning is about a name inside it.
logging.getLogger("mail.log").setLevel(logging.ERROR)

ORIGIN = "https://chat.example.com"
REGION = "us-east-1"
STACK = "chat"

# The longest time from nothing to the first message, in seconds.
FIRST_MESSAGE = 180

# The longest time until a bad address has failed the resource, in seconds. The rollback follows.
FAILURE = 60

SLOW = "hundreds of messages at a time, for which the emulator starts as many processes"

# The end-to-end tests that cannot pass here, by the start of their names, with the reason.
LEFT_OUT = {
    "chats::a_new_chat_is_announced": "a photo's url is HTTPS",
    "events::a_binary_frame_closes_the_socket": "the emulator accepts binary frames",
    "events::a_frame_has_at_most_32_kilobytes": "the emulator accepts larger frames",
    "gateway::a_page_of_an_allowed_origin": "the emulator ignores the definition of the HTTP API, and so CORS",
    "gateway::the_websocket_api_requires_an_upgrade": "the emulator refuses it with 502",
    "handshakes::a_socket_requires_valid_credentials": "the emulator refuses every handshake with 403",
    "handshakes::a_ticket_comes_with_a_url": "the url in the answer is AWS's",
    "handshakes::a_ticket_opens_only_one_socket": "the emulator refuses every handshake with 403",
    "handshakes::a_user_id_and_a_name_are_required": "the emulator refuses every handshake with 403",
    "handshakes::an_ended_session_cannot_open_a_socket": "the emulator refuses every handshake with 403",
    "history::a_page_of_long_messages": SLOW,
    "history::the_longest_page": SLOW,
    "log::a_reader_sees_no_hole": SLOW,
    "messages::two_hundred_simultaneous_messages": SLOW,
    "page::": "only the local stack has the demo page",
    "photos::a_photo_has_at_most_two_mebibytes": "a photo's url is HTTPS",
    "photos::a_photo_is_recognized_by_its_content": "a photo's url is HTTPS",
    "photos::an_old_photo_stays_at_its_url": "a photo's url is HTTPS",
    "sync::a_reader_sees_no_hole": SLOW,
    "sync::an_answer_ends_where_its_carrier_does": SLOW,
    "sync::everything_that_was_missed": SLOW,
    "unread::the_list_counts_as_the_model_does": SLOW,
    "unread::the_number_of_unread_messages": SLOW,
}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def wait_for(what, condition, seconds=60):
    """Returns the first true value of `condition`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, pymongo.errors.PyMongoError):
            if value := condition():
                return value
        time.sleep(0.1)
    sys.exit(f"not within {seconds} s: {what}")


def check(what, condition, details=""):
    if not condition:
        sys.exit(f"failed: {what} {details}")
    print(f"  ok: {what}", flush=True)


@contextlib.contextmanager
def process(command, log, **options):
    """Runs a program until the end of the block."""
    with open(log, "wb") as output:
        running = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True, **options)
    try:
        yield running
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGTERM)
        try:
            running.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)


class Mails:
    """A mail server that keeps what it receives, newest first."""

    def __init__(self):
        self.all = []
        self.controller = Controller(
            self, hostname="127.0.0.1", port=free_port(), authenticator=lambda *_: self.accept(),
            auth_require_tls=False,
        )
        self.controller.start()
        self.url = f"smtp://127.0.0.1:{self.controller.port}"

    @staticmethod
    def accept():
        from aiosmtpd.smtp import AuthResult

        return AuthResult(success=True)

    async def handle_DATA(self, _server, _session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        text = message.get_body(("plain",)).get_content()
        self.all.insert(0, {
            "from": message["from"], "to": envelope.rcpt_tos[0], "subject": message["subject"], "text": text,
        })
        return "250 OK"

    def to(self, address):
        return [mail for mail in self.all if mail["to"] == address]


class Database:
    """A replica set of one server."""

    def __init__(self, folder):
        programs = sorted(glob.glob("target/local/mongod-*/mongod"))
        self.program = shutil.which("mongod") or (programs and programs[-1])
        if not self.program:
            sys.exit("there is no mongod; `cargo run` downloads one")
        self.port = free_port()
        data = f"{folder}/mongodb"
        os.mkdir(data)
        self.command = [os.path.abspath(self.program), "--replSet", "rs", "--bind_ip", "127.0.0.1",
                        "--port", str(self.port), "--dbpath", data]

    def url(self, name):
        return f"mongodb://127.0.0.1:{self.port}/{name}?directConnection=true"

    def client(self):
        return pymongo.MongoClient(self.url("admin"), serverSelectionTimeoutMS=2000)

    def become_primary(self):
        member = {"_id": 0, "host": f"127.0.0.1:{self.port}"}
        wait_for("mongod answers", lambda: self.client().admin.command("ping"))
        self.client().admin.command("replSetInitiate", {"_id": "rs", "members": [member]})
        wait_for("mongod is primary", lambda: self.client().admin.command("hello")["isWritablePrimary"])

    def indexes(self, name):
        """Returns the indexes that the deployment creates: every collection has one of its `_id`."""
        database = self.client()[name]
        return {
            (collection, index)
            for collection in database.list_collection_names()
            for index in database[collection].index_information()
            if index != "_id_"
        }


class Gateway(http.server.BaseHTTPRequestHandler):
    """Gives the HTTP API an address of its own, and lists mails as the local stack does."""

    protocol_version = "HTTP/1.1"
    target = host = mails = None

    def handle_any(self):
        path = urllib.parse.urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if path.path == "/_local/mail":
            to = urllib.parse.parse_qs(path.query).get("to")
            mails = self.mails.to(to[0]) if to else self.mails.all
            return self.answer(200, [("content-type", "application/json")], json.dumps(mails).encode())
        upstream = http.client.HTTPConnection("127.0.0.1", self.target, timeout=60)
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in ("host", "connection"):
                upstream.putheader(name, value)
        upstream.putheader("host", self.host)
        upstream.endheaders(body)
        response = upstream.getresponse()
        own = ("connection", "transfer-encoding", "content-length")
        headers = [header for header in response.getheaders() if header[0].lower() not in own]
        self.answer(response.status, headers, response.read())
        upstream.close()

    def answer(self, status, headers, body):
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_HEAD = do_PATCH = handle_any

    def log_message(self, *_):
        pass

    @classmethod
    def start(cls, target, host, mails):
        cls.target, cls.host, cls.mails = target, host, mails
        # Tests send hundreds of requests at the same time.
        http.server.ThreadingHTTPServer.request_queue_size = 512
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), cls)
        server.daemon_threads = True
        # A client that has gone is no failure.
        server.handle_error = lambda *_: None
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}"


class Person:
    """A user who signs up with a mailed code."""

    def __init__(self, api, mails, name):
        self.api, self.cookies = api, {}
        address = f"{name.lower()}-{time.time_ns()}@example.com"
        self.call("POST", "sendOtp", {"email": address})
        code = re.search(r"code is (\d{6})", wait_for("the mail arrives", lambda: mails.to(address))[0]["text"])[1]
        self.call("POST", "verifyOtp", {"email": address, "otp": code})
        self.call("POST", "uploadDetails", {"email": address, "fullName": name})
        self.name, self.id = name, self.call("GET", "userDetails")["userdata"]["_id"]

    def call(self, method, endpoint, body=None):
        address = urllib.parse.urlsplit(self.api)
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"cookie": cookies, "origin": ORIGIN, "content-type": "application/json"}
        connection.request(method, f"/api/{endpoint}", None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        text = response.read().decode()
        if response.status != 200:
            sys.exit(f"{method} {endpoint}: {response.status} {text}")
        for cookie in response.headers.get_all("set-cookie", []):
            if "Path=/api" in cookie:
                name, _, value = cookie.split(";")[0].partition("=")
                self.cookies[name] = value
        return json.loads(text)

    async def open(self, socket_url, origin=ORIGIN):
        ticket = self.call("POST", "socketTicket")["ticket"]
        query = urllib.parse.urlencode({"userId": self.id, "name": self.name, "ticket": ticket, "v": "2"})
        return await websockets.connect(f"{socket_url}?{query}", origin=origin)


async def receive(link, event):
    """Returns the next frame of this kind."""
    async with asyncio.timeout(30):
        while True:
            frame = json.loads(await link.recv())
            if frame.get("event") == event:
                return frame


class Deployment:
    """The emulator, and what `sam` does with it."""

    def __init__(self, sam, binaries, folder, database, mails):
        self.sam, self.folder, self.database, self.mails = sam, folder, database, mails
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.environment = os.environ | {
            "AWS_ENDPOINT_URL": self.endpoint, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION, "SAM_CLI_TELEMETRY": "0",
        }
        os.environ.update(self.environment)
        # A copy of the workspace's layout, so that target/lambda stays as it is.
        self.code = f"{folder}/target/lambda"
        for file in ("template.yaml", "samconfig.toml"):
            shutil.copy(file, folder)
        with open("template.yaml", encoding="utf-8") as file:
            for binary in sorted(set(re.findall(r"CodeUri: target/lambda/(\S+)", file.read()))):
                os.makedirs(f"{self.code}/{binary}")
                bootstrap = f"{self.code}/{binary}/bootstrap"
                subprocess.run(["strip", "-o", bootstrap, f"{binaries}/{binary}"], check=True)

    def emulator(self):
        program = os.path.join(os.path.dirname(sys.executable), "ministack")
        environment = self.environment | {
            "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(self.port), "MINISTACK_HOST": "localhost",
            "STATE_DIR": f"{self.folder}/state", "S3_DATA_DIR": f"{self.folder}/s3", "LAMBDA_EXECUTOR": "local",
            "PERSIST_STATE": "0", "MINISTACK_REGION": REGION, "AUTH": "true",
        }
        return process([program], f"{self.folder}/emulator.log", env=environment, cwd=self.folder)

    def answers(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True

    def client(self, service):
        return boto3.client(service, endpoint_url=self.endpoint, region_name=REGION)

    def secret(self, name, database_url):
        """Stores a version of a secret. Returns the version's id."""
        values = {
            "DATABASE_URL": database_url, "SECRET_KEY": "k" * 64, "SECRET_KEY_ACCESS": "a" * 64,
            "EMAIL_SERVICE_USERNAME": "chat@example.com", "EMAIL_SERVICE_KEY": "key",
        }
        client = self.client("secretsmanager")
        try:
            return client.create_secret(Name=name, SecretString=json.dumps(values))["VersionId"]
        except client.exceptions.ResourceExistsException:
            return client.put_secret_value(SecretId=name, SecretString=json.dumps(values))["VersionId"]

    def run(self, *arguments):
        """Runs the SAM CLI. Returns whether it succeeded, its output, and its duration in seconds."""
        start = time.monotonic()
        done = subprocess.run(
            [self.sam, *arguments], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300,
        )
        return done.returncode == 0, done.stdout, time.monotonic() - start

    def deploy(self, stack=STACK, **parameters):
        settings = {
            "AllowedOrigins": ORIGIN, "Architecture": "x86_64", "CookieSecure": "false",
            "EmailServiceUrl": self.mails.url,
        } | parameters
        overrides = [f"{name}={value}" for name, value in settings.items()]
        return self.run("deploy", "--config-env", "ci", "--stack-name", stack, "--parameter-overrides", *overrides)

    def resources(self):
        pages = self.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=STACK)
        summaries = [summary for page in pages for summary in page["StackResourceSummaries"]]
        return {summary["LogicalResourceId"]: summary["PhysicalResourceId"] for summary in summaries}

    def status(self, stack=STACK):
        return self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]

    def check_failure(self, stack=STACK):
        """Checks that the last failure of the indexes came soon and has its reason."""
        events = self.client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
        own = [event for event in events if event["LogicalResourceId"] == "Indexes"]
        position = next(at for at, event in enumerate(own) if event["ResourceStatus"].endswith("FAILED"))
        failed, started = own[position], own[position + 1]
        seconds = (failed["Timestamp"] - started["Timestamp"]).total_seconds()
        reason = failed["ResourceStatusReason"]
        check("the reason is known", "DATABASE_URL" in reason and "percent-encode" in reason, reason)
        check("the reason does not quote the address", "wo:rd" not in reason, reason)
        check(f"it was known after {seconds:.1f} s", seconds <= FAILURE)

    def functions(self):
        """Returns the configuration of each function of the stack, by its logical id."""
        client = self.client("lambda")
        by_name = {
            item["FunctionName"]: item
            for page in client.get_paginator("list_functions").paginate()
            for item in page["Functions"]
        }
        return {name: by_name[physical] for name, physical in self.resources().items() if physical in by_name}

    def addresses(self):
        """Returns the addresses of the database that the functions have."""
        variables = [item["Environment"]["Variables"] for item in self.functions().values()]
        return {each["DATABASE_URL"] for each in variables if "DATABASE_URL" in each}

    def socket_address(self):
        return f"127.0.0.1:{self.port}/_aws/execute-api/{self.resources()['WebSocketApi']}/api"

    def fill_gaps(self):
        """Adds what the emulator leaves out."""
        resources, functions = self.resources(), self.functions()
        api, gateway = resources["HttpApi"], self.client("apigatewayv2")
        if not gateway.get_routes(ApiId=api)["Items"]:
            processed = self.client("cloudformation").get_template(StackName=STACK, TemplateStage="Processed")
            body = processed["TemplateBody"]
            template = body if isinstance(body, dict) else json.loads(body)
            for path, methods in template["Resources"]["HttpApi"]["Properties"]["Body"]["paths"].items():
                for method, operation in methods.items():
                    uri = operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
                    function = re.search(r"functions/\$\{(\w+)\.Arn\}", uri)[1]
                    integration = gateway.create_integration(
                        ApiId=api, IntegrationType="AWS_PROXY", PayloadFormatVersion="2.0",
                        IntegrationUri=functions[function]["FunctionArn"],
                    )["IntegrationId"]
                    gateway.create_route(
                        ApiId=api, RouteKey=f"{method.upper()} {path}", Target=f"integrations/{integration}"
                    )
        client = self.client("lambda")
        for function in functions.values():
            variables = function.get("Environment", {}).get("Variables", {})
            if "WEBSOCKET_ENDPOINT" in variables:
                variables["WEBSOCKET_ENDPOINT"] = f"http://{self.socket_address()}"
                client.update_function_configuration(
                    FunctionName=function["FunctionName"], Environment={"Variables": variables}
                )

    def api(self):
        host = f"{self.resources()['HttpApi']}.execute-api.localhost:{self.port}"
        return Gateway.start(self.port, host, self.mails)


async def use(api, mails, socket_url):
    """Uses the stack as two people do. Returns the time of the first message."""
    ada, bob = Person(api, mails, "Ada"), Person(api, mails, "Bob")
    chat = ada.call("POST", "createConnection", {"personId": bob.id})["chatId"]
    message = {"chatId": chat, "userId": ada.id, "message": "Hello Bob", "clientId": "1"}
    ada.call("POST", "sendMessage", message)
    first_message = time.monotonic()
    check("two people sign in by mail, and a message is sent over HTTP", True)

    from_ada, from_bob = await ada.open(socket_url), await bob.open(socket_url)
    await from_ada.send(json.dumps({
        "action": "sendMessage", "chatId": chat, "message": "Hello again", "clientId": "2", "ackId": 7,
    }))
    ack, entry = await receive(from_ada, "ack"), await receive(from_bob, "entry")
    check("a message over a socket is acknowledged and arrives", "Hello again" in json.dumps(entry), f"{ack} {entry}")
    synced = json.dumps(bob.call("POST", "sync", {}))
    check("sync returns both", "Hello Bob" in synced and "Hello again" in synced, synced)
    try:
        await ada.open(socket_url, origin="https://evil.example")
        refusal = None
    except websockets.InvalidStatus as refused:
        refusal = refused.response.status_code
    check("a foreign origin is refused", refusal == 403, refusal)
    ada.call("POST", "logout")
    try:
        async with asyncio.timeout(30):
            while True:
                await from_ada.recv()
    except websockets.ConnectionClosed:
        check("logging out closes the socket", True)
    await from_bob.close()
    return first_message


def check_permissions(deployment):
    """Calls each method on connections with each policy of the template."""
    resources, iam = deployment.resources(), deployment.client("iam")
    for policy, allowed in (("PostToSockets", "POST"), ("CloseSockets", "DELETE"), (None, None)):
        name = f"ci-{policy}"
        iam.create_user(UserName=name)
        if policy:
            iam.attach_user_policy(UserName=name, PolicyArn=resources[policy])
        key = iam.create_access_key(UserName=name)["AccessKey"]
        caller = boto3.client(
            "apigatewaymanagementapi", endpoint_url=f"http://{deployment.socket_address()}", region_name=REGION,
            aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"],
        )
        calls = {
            "POST": lambda: caller.post_to_connection(ConnectionId="L0SM9cOFvHcCIhw=", Data=b"x"),
            "DELETE": lambda: caller.delete_connection(ConnectionId="L0SM9cOFvHcCIhw="),
            "GET": lambda: caller.get_connection(ConnectionId="L0SM9cOFvHcCIhw="),
        }
        found = set()
        for method, call in calls.items():
            try:
                call()
                found.add(method)
            except botocore.exceptions.ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] != 403:
                    found.add(method)
        check(f"{policy or 'no policy'} allows {allowed or 'nothing'}", found == {allowed} - {None}, found)


def run_e2e(program, deployment, api):
    """Runs the end-to-end tests, except those that the emulator cannot pass."""
    names = subprocess.run([program, "--list", "--format", "terse"], capture_output=True, text=True, check=True).stdout
    tests = [line.removesuffix(": test") for line in names.splitlines() if line.endswith(": test")]
    left_out = {start: [name for name in tests if name.startswith(start)] for start in LEFT_OUT}
    skipped = {name for found in left_out.values() for name in found}
    for start, found in left_out.items():
        print(f"  left out: {start} ({len(found)}): {LEFT_OUT[start]}")
    variables = {
        "E2E_HTTP_API_URL": api, "E2E_WEBSOCKET_API_URL": f"ws://{deployment.socket_address()}",
        "E2E_MAIL_URL": f"{api}/_local/mail", "E2E_DATABASE_URL": deployment.database.url("chat"),
    }
    arguments = [argument for name in sorted(skipped) for argument in ("--skip", name)]
    start = time.monotonic()
    done = subprocess.run(
        [program, "--exact", "--test-threads", "2", *arguments], cwd="tests", env=os.environ | variables,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )
    own = re.findall(r"^(\S+) is skipped: it needs its own stack", done.stdout, re.M)
    print(f"  left out: {len(own)} tests that need their own stack", flush=True)
    if done.returncode != 0:
        print(done.stdout[-20000:])
    seconds = time.monotonic() - start
    check(f"{len(tests) - len(skipped) - len(own)} end-to-end tests pass in {seconds:.0f} s", done.returncode == 0)


def create(deployment, e2e):
    print("create", flush=True)
    start = time.monotonic()
    succeeded, output, seconds = deployment.deploy()
    check(f"the stack is complete after {seconds:.0f} s, without a question", succeeded, output)
    deployment.fill_gaps()
    api = deployment.api()
    first = asyncio.run(use(api, deployment.mails, f"ws://{deployment.socket_address()}")) - start
    check(f"the first message is sent after {first:.0f} s", first <= FIRST_MESSAGE)
    check_permissions(deployment)
    if e2e:
        run_e2e(e2e, deployment, api)
    return api


def update(deployment):
    print("update one function", flush=True)
    before = {name: item["CodeSha256"] for name, item in deployment.functions().items()}
    with open(f"{deployment.code}/users/bootstrap", "ab") as file:
        file.write(b"\n")
    succeeded, output, seconds = deployment.deploy()
    check(f"the stack is updated in {seconds:.0f} s", succeeded, output)
    after = {name: item["CodeSha256"] for name, item in deployment.functions().items()}
    changed = {name for name in before if before[name] != after[name]}
    check("only that function has changed", changed == {"Users"}, changed)


def move(deployment, version):
    print("move to another database", flush=True)
    succeeded, output, seconds = deployment.deploy(Secret="chat-2", SecretVersionId=version)
    check(f"the stack is updated in {seconds:.0f} s", succeeded, output)
    database, addresses = deployment.database, deployment.addresses()
    check("all functions have its address", addresses == {database.url("chat2")}, addresses)
    indexes = database.indexes("chat2")
    check("it has the same indexes", indexes == database.indexes("chat") and indexes, indexes)


def fail(deployment, api, version):
    print("a bad address", flush=True)
    succeeded, output, seconds = deployment.deploy(Secret="chat-2", SecretVersionId=version)
    check("the deployment fails", not succeeded, output)
    deployment.check_failure()
    status, addresses = deployment.status(), deployment.addresses()
    check(f"the stack is rolled back after {seconds:.0f} s", status == "UPDATE_ROLLBACK_COMPLETE", status)
    check("all functions have the former address", addresses == {deployment.database.url("chat2")}, addresses)
    deployment.fill_gaps()
    asyncio.run(use(api, deployment.mails, f"ws://{deployment.socket_address()}"))

    print("a first deployment with a bad address", flush=True)
    succeeded, output, seconds = deployment.deploy(stack="bad", Secret="chat-2")
    check("it fails", not succeeded, output)
    deployment.check_failure("bad")
    status = deployment.status("bad")
    check(f"it is rolled back after {seconds:.0f} s", status == "ROLLBACK_COMPLETE", status)


def delete(deployment, mongod):
    print("delete without the database", flush=True)
    os.killpg(mongod.pid, signal.SIGKILL)
    for stack in ("bad", STACK):
        arguments = ("--no-prompts", "--region", REGION, "--stack-name", stack)
        succeeded, output, seconds = deployment.run("delete", *arguments)
        check(f"{stack} is deleted in {seconds:.0f} s", succeeded, output)
    failed = deployment.client("cloudformation").list_stacks(StackStatusFilter=["DELETE_FAILED"])
    check("no deletion has failed", not failed["StackSummaries"], failed)


def main(sam, binaries, e2e=None):
    sam, e2e = os.path.abspath(sam), e2e and os.path.abspath(e2e)
    with tempfile.TemporaryDirectory(prefix="deploy-") as folder, contextlib.ExitStack() as running:
        database, mails = Database(folder), Mails()
        running.callback(mails.controller.stop)
        mongod = running.enter_context(process(database.command, f"{folder}/mongod.log"))
        deployment = Deployment(sam, binaries, folder, database, mails)
        running.enter_context(deployment.emulator())
        database.become_primary()
        wait_for("the emulator answers", deployment.answers)
        deployment.secret("chat", database.url("chat"))
        good_version = deployment.secret("chat-2", database.url("chat2"))
        # The most frequent mistake: a password that is not percent-encoded. This version is current.
        bad_version = deployment.secret("chat-2", "mongodb+srv://chat:pa@ss/wo:rd@cluster.example.net/chat")

        api = create(deployment, e2e)
        update(deployment)
        move(deployment, good_version)
        fail(deployment, api, bad_version)
        delete(deployment, mongod)


if __name__ == "__main__":
    main(*sys.argv[1:])
