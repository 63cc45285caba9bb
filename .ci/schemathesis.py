"""Runs schemathesis against the local stack.

Every response of the stack must match docs/openapi.yaml.

Usage: schemathesis.py STACK SCHEMATHESIS, the paths of the two programs.
"""

import http.cookiejar
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request

DESCRIPTION = "docs/openapi.yaml"

# The ids in the examples of the description.
ADA, BOB, CHAT = (f"65a1b2c3d4e5f60718293a4{digit}" for digit in "bcd")

OPTIONS = [
    "--max-examples=100",
    "--seed=1",
    # The worker threads of schemathesis interfere with each other.
    "--workers=1",
    "--phases=examples,coverage,fuzzing",
    # API Gateway returns 404, never 405, if a path does not support the method.
    "--exclude-checks=unsupported_method",
    "--generation-database=none",
]


# Rules that a schema cannot express: `before` and `after` exclude each other, a chat needs another
# person, and the names of form fields, which schemathesis generates, must be valid in a header.
CONFIG = """
[[operations]]
include-operation-id = "getChat"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 401, 403, 404]

[[operations]]
include-operation-id = "createConnection"
checks.positive_data_acceptance.expected-statuses = ["2xx", 401, 404, 409, 422]

[[operations]]
include-operation-id = "uploadDetails"
checks.positive_data_acceptance.expected-statuses = ["2xx", 401, 403, 422]

"""


class Person:
    """A user who signs up with a mailed code."""

    def __init__(self, api, mails, name):
        self.api, self.mails, self.email = api, mails, f"{name.lower()}@example.com"
        self.cookies = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        self.call("sendOtp", {"email": self.email})
        with urllib.request.urlopen(f"{mails}?to={self.email}") as reply:
            code = re.search(r"code is (\d{6})", json.load(reply)[0]["text"])[1]
        self.call("verifyOtp", {"email": self.email, "otp": code})
        self.call("uploadDetails", {"email": self.email, "fullName": name})
        self.id = self.call("userDetails")["userdata"]["_id"]

    def call(self, endpoint, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.api}/api/{endpoint}", data, {"content-type": "application/json"})
        with self.opener.open(request) as reply:
            return json.load(reply)

    def credentials(self):
        return {cookie.name: cookie.value for cookie in self.cookies if cookie.path == "/api"}


def start(program, data):
    """Starts the stack on free ports. Returns its process and the addresses that it printed."""
    variables = {"APP_PORT": "0", "LOCAL_DATA_DIR": data, "LOCAL_STOP_WITH_STDIN": "true"}
    stack = subprocess.Popen(
        [program], env=os.environ | variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    printed = {}
    for line in stack.stdout:
        if line.startswith("ready"):
            return stack, printed
        name, _, value = line.partition(" ")
        printed[name] = value.strip()
    sys.exit(f"the stack did not start; run {program} to see why")


def main(program, schemathesis):
    # Use an absolute path, because schemathesis runs in another folder, in which it leaves files.
    schemathesis = os.path.abspath(schemathesis)
    with tempfile.TemporaryDirectory() as folder:
        stack, printed = start(program, f"{folder}/data")
        try:
            api, mails = printed["HttpApiUrl"], printed["MailUrl"]
            ada, bob = Person(api, mails, "Ada"), Person(api, mails, "Bob")
            chat = ada.call("createConnection", {"personId": bob.id})["chatId"]
            ada.call("sendMessage", {"message": "Hello Bob", "chatId": chat, "userId": ada.id})
            # Replace the ids in the examples by those of existing people and an existing chat.
            with open(DESCRIPTION, encoding="utf-8") as file:
                description = file.read().replace(ADA, ada.id).replace(BOB, bob.id).replace(CHAT, chat)
            with open(f"{folder}/openapi.yaml", "w", encoding="utf-8") as file:
                file.write(description)
            config = f"{folder}/schemathesis.toml"
            run = [schemathesis, "--config-file", config, "run", f"{folder}/openapi.yaml", f"--url={api}", *OPTIONS]
            # Send requests that end sessions last.
            for chosen, person in (
                ("--exclude-path-regex=^/api/(logout|refresh)$", ada),
                ("--include-path=/api/refresh", bob),
                ("--include-path=/api/logout", ada),
            ):
                with open(config, "w", encoding="utf-8") as file:
                    file.write(CONFIG)
                    for name, token in person.credentials().items():
                        file.write(f'[auth.openapi.{name}]\napi_key = "{token}"\n')
                if subprocess.run([*run, chosen], cwd=folder).returncode != 0:
                    sys.exit(f"the stack contradicts {DESCRIPTION}; the failures above name each request")
        finally:
            stack.stdin.close()
            stack.stdout.close()
            stack.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
