//! The endpoints for finding people and talking to them.

use super::endpoints::{
    Endpoint, Gives, Takes, body, no_access, no_refresh, query, reply, wrong_body, wrong_chat, wrong_query,
};
use super::examples::{self, bob, chat, listed_chat, message, messages};
use super::schemas::Schemas;
use crate::api::*;
use crate::cookies::{ACCESS, REFRESH};
use crate::error::Error;
use crate::tokens::Ticket;

const PEOPLE: &str = "People";
const CHATS: &str = "Chats";
const SOCKETS: &str = "Sockets";

pub(super) fn endpoints(schemas: &mut Schemas) -> Vec<Endpoint> {
    vec![
        Endpoint {
            method: "GET",
            path: "/api/users",
            function: "Users",
            tag: PEOPLE,
            summary: "The directory of everybody with a complete profile",
            who: "anyone, unless `PUBLIC_DIRECTORY=false`",
            cookies: &["", ACCESS],
            takes: query::<UsersInput>(schemas, r#"{"search":"ada","limit":"100","after":"65a1b2c3d4e5f60718293a40"}"#),
            notes: &[("search", "the start of any part of a name"), ("after", "an `_id`")],
            effect: "`data`: `[{\"_id\",\"fullName\",\"photoUrl\"}]`, `next`: what to ask for `after`, or `null`",
            gives: vec![reply(
                schemas,
                UsersOutput { data: vec![examples::ada_as_friend(), examples::bob_as_friend()], next: Some(bob()) },
            )],
            fails: [no_access()].into_iter().chain(wrong_query(["\"limit\" must be a number from 1 to 500"])).collect(),
            ..Endpoint::default()
        },
        Endpoint {
            method: "POST",
            path: "/api/createConnection",
            function: "CreateConnection",
            tag: CHATS,
            summary: "Starts the chat of the signed-in user and somebody else",
            who: "`access-key`",
            cookies: &[ACCESS],
            takes: Takes::Json(body::<CreateConnectionInput>(schemas, r#"{"personId":"65a1b2c3d4e5f60718293a4c"}"#)),
            effect: "`chatId`. 404 no such user; 409 connected already; 422 oneself",
            gives: vec![reply(
                schemas,
                CreateConnectionOutput { message: "Person added successfully", chat_id: chat() },
            )],
            fails: [
                vec![
                    no_access(),
                    Error::NotFound("there is no such user".into()),
                    Error::Conflict("you are connected already"),
                ],
                wrong_body([
                    "\"personId\" must be an id of 24 lower-case hex digits",
                    "\"personId\" must be somebody else",
                ]),
            ]
            .into_iter()
            .flatten()
            .collect(),
            ..Endpoint::default()
        },
        Endpoint {
            method: "GET",
            path: "/api/allConnection",
            function: "AllConnection",
            tag: CHATS,
            summary: "The chats of the signed-in user, each with the friend and the last message",
            who: "`access-key`",
            cookies: &[ACCESS],
            effect: "`data`: `[{\"_id\",\"friend\":{\"_id\",\"fullName\",\"photoUrl\"},\"chats\"}]`, the last active chat first; `chats` is the last message, or `[]`. 204 without a body when there are none",
            gives: vec![reply(schemas, AllConnectionOutput { data: vec![listed_chat()] }), Gives::NoContent],
            fails: vec![no_access()],
            ..Endpoint::default()
        },
        Endpoint {
            method: "GET",
            path: "/api/getChat",
            function: "GetChat",
            tag: CHATS,
            summary: "A part of a chat, the newest messages unless another is asked for",
            who: "`access-key`, member",
            cookies: &[ACCESS],
            takes: query::<GetChatInput>(
                schemas,
                r#"{"chatId":"65a1b2c3d4e5f60718293a4d","limit":"200","before":"201"}"#,
            ),
            notes: &[("before", "a `seq`"), ("after", "a `seq`, not with `before`")],
            effect: "`data`: `{\"_id\",\"chats\":[message, …]}`, oldest first; `hasMore`. Very long messages make the answer end earlier: `hasMore` tells",
            gives: vec![reply(schemas, GetChatOutput { data: messages(), has_more: false })],
            fails: wrong_query(["\"chatId\" is required", "\"before\" and \"after\" exclude each other"])
                .chain([no_access()])
                .chain(wrong_chat())
                .collect(),
            ..Endpoint::default()
        },
        Endpoint {
            method: "POST",
            path: "/api/sendMessage",
            function: "SendMessage",
            tag: CHATS,
            summary: "Stores a message. A client that does not hear the answer sends it again under the same `clientId`",
            who: "`access-key` or `refresh-key`, member",
            cookies: &[ACCESS, REFRESH],
            takes: Takes::Json(body::<SendMessageInput>(
                schemas,
                r#"{"message":"Hello Bob","chatId":"65a1b2c3d4e5f60718293a4d","userId":"65a1b2c3d4e5f60718293a4b","clientId":"1"}"#,
            )),
            notes: &[("userId", "oneself")],
            effect: "`data`: the message as stored",
            gives: vec![reply(schemas, SendMessageOutput { message: "Successfully send", data: message() })],
            fails: [
                vec![no_refresh(), Error::Forbidden("\"userId\" is not the signed-in user")],
                Vec::from(wrong_chat()),
                vec![Error::Conflict("\"clientId\" was used for another message")],
                wrong_body(["\"message\" must be 1 to 4096 characters long"]),
            ]
            .into_iter()
            .flatten()
            .collect(),
            ..Endpoint::default()
        },
        Endpoint {
            method: "GET",
            path: "/api/lastMessage",
            function: "LastMessage",
            tag: CHATS,
            summary: "The last message of a chat",
            who: "`access-key`, member",
            cookies: &[ACCESS],
            takes: query::<LastMessageInput>(schemas, r#"{"chatId":"65a1b2c3d4e5f60718293a4d"}"#),
            effect: "`data`: `{\"_id\",\"chats\"}`; `chats` is `[message]`, or `[]` where there is none yet",
            gives: vec![reply(schemas, LastMessageOutput { data: messages() })],
            fails: wrong_query(["\"chatId\" is required"]).chain([no_access()]).chain(wrong_chat()).collect(),
            ..Endpoint::default()
        },
        Endpoint {
            method: "POST",
            path: "/api/socketTicket",
            function: "SocketTicket",
            tag: SOCKETS,
            summary: "What a browser opens a socket with when its cookies do not reach the WebSocket API",
            who: "`access-key`",
            cookies: &[ACCESS],
            effect: "`ticket`, `url`, `expiresIn`: opens one socket within 30 seconds",
            gives: vec![reply(
                schemas,
                SocketTicketOutput {
                    ticket: "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJhdWQiOiJ0aWNrZXQifQ.c2lnbmF0dXJl".to_owned(),
                    url: "ws://localhost:3001/api".to_owned(),
                    expires_in: Ticket::LIFETIME.as_secs(),
                },
            )],
            fails: vec![no_access()],
            ..Endpoint::default()
        },
        Endpoint {
            method: "GET",
            path: "/uploads/{photo}",
            function: "Photo",
            tag: PEOPLE,
            summary: "A profile photo",
            who: "anyone",
            cookies: &[""],
            takes: Takes::Photo,
            effect: "the picture that `photoUrl` leads to, which never changes",
            gives: vec![Gives::Photo],
            fails: vec![Error::NotFound("there is no such photo".into())],
            ..Endpoint::default()
        },
    ]
}
