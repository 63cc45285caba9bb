"""Runs schemathesis against the local stack: nothing that it sends may be answered in a way that docs/openapi.yaml does not describe.

Usage: schemathesis.py STACK SCHEMATHESIS, the programs to run.
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

# The ids of the description's examples.
ADA, BOB, CHAT = (f"65a1b2c3d4e5f60718293a4{digit}" for digit in "bcd")

OPTIONS = [
    "--max-examples=100",
    "--seed=1",
    # Its threads get into each other's way.
    "--workers=1",
    "--phases=examples,coverage,fuzzing",
    # API Gateway answers a method that a path does not have with 404, never with 405.
    "--exclude-checks=unsupported_method",
    "--generation-database=none",
]


# What a schema cannot say: of `before` and `after` only one can be given, a chat is with somebody else,
# and the names of a form's fields, which are made up here, have to fit into a header.
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
    """Somebody who signs up with a mailed code."""

    def __init__(self, api, mails, name):
        self.api, self.mails, self.email = api, mails, f"{name.lower()}@example.com"
        self.cookies = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        self.ask("sendOtp", {"email": self.email})
        with urllib.request.urlopen(f"{mails}?to={self.email}") as reply:
            code = re.search(r"code is (\d{6})", json.load(reply)[0]["text"])[1]
        self.ask("verifyOtp", {"email": self.email, "otp": code})
        self.ask("uploadDetails", {"email": self.email, "fullName": name})
        self.id = self.ask("userDetails")["userdata"]["_id"]

    def ask(self, endpoint, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.api}/api/{endpoint}", data, {"content-type": "application/json"})
        with self.opener.open(request) as reply:
            return json.load(reply)

    def credentials(self):
        return {cookie.name: cookie.value for cookie in self.cookies if cookie.path == "/api"}


def start(program, data):
    """Starts the stack on free ports; returns its process and what it announces."""
    variables = {"APP_PORT": "0", "LOCAL_DATA_DIR": data, "LOCAL_STOP_WITH_STDIN": "true"}
    stack = subprocess.Popen(
        [program], env=os.environ | variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    announced = {}
    for line in stack.stdout:
        if line.startswith("ready"):
            return stack, announced
        name, _, value = line.partition(" ")
        announced[name] = value.strip()
    sys.exit("the stack does not start")


def main(program, schemathesis):
    # It leaves files where it runs.
    schemathesis = os.path.abspath(schemathesis)
    with tempfile.TemporaryDirectory() as folder:
        stack, announced = start(program, f"{folder}/data")
        try:
            api, mails = announced["HttpApiUrl"], announced["MailUrl"]
            ada, bob = Person(api, mails, "Ada"), Person(api, mails, "Bob")
            chat = ada.ask("createConnection", {"personId": bob.id})["chatId"]
            ada.ask("sendMessage", {"message": "Hello Bob", "chatId": chat, "userId": ada.id})
            # The examples are about people and a chat that exist.
            with open(DESCRIPTION, encoding="utf-8") as file:
                description = file.read().replace(ADA, ada.id).replace(BOB, bob.id).replace(CHAT, chat)
            with open(f"{folder}/openapi.yaml", "w", encoding="utf-8") as file:
                file.write(description)
            config = f"{folder}/schemathesis.toml"
            run = [schemathesis, "--config-file", config, "run", f"{folder}/openapi.yaml", f"--url={api}", *OPTIONS]
            # What ends sessions comes last.
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
                    sys.exit("the stack answers otherwise than described")
        finally:
            stack.stdin.close()
            stack.stdout.close()
            stack.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
