//! The named errors of the contract.
//!
//! Clients compare the `code`, which never changes, and show the message. Code and descriptions use
//! the same constants, so they cannot drift apart.

use crate::error::{Error, Reason};

/// Defines a constant for each error, and [`all`].
macro_rules! errors {
    ($($(#[$doc:meta])+ $name:ident = $kind:ident($code:literal, $message:literal);)+) => {
        $($(#[$doc])+ pub const $name: Error = Error::$kind(Reason::new($code, $message));)+

        /// Returns all named errors.
        pub fn all() -> Vec<Error> {
            vec![$($name),+]
        }
    };
}

errors! {
    /// The request has no valid access token.
    NO_ACCESS_KEY = Unauthorized("noAccessKey", "there is no valid access-key: refresh, or sign in");
    /// The request has no valid refresh token.
    NO_REFRESH_KEY = Unauthorized("noRefreshKey", "there is no valid refresh-key: sign in");
    /// The refresh token is genuine, but its session has ended.
    SESSION_OVER = Unauthorized("sessionOver", "the session is over: sign in again");
    /// The refresh token was exchanged before, so it was copied.
    REFRESH_KEY_REUSED = Unauthorized(
        "refreshKeyReused",
        "this refresh-key was used before: the session is over, sign in again"
    );
    /// The signed-in user was deleted.
    NO_SUCH_CALLER = Unauthorized("noSuchCaller", "this user does not exist any more");
    /// The one-time code is wrong, used, expired, or had too many attempts.
    WRONG_CODE = Unauthorized("wrongCode", "the code is wrong or no longer valid");
    /// The socket ticket is forged, expired or used, or its session has ended.
    INVALID_TICKET = Unauthorized("invalidTicket", "the ticket is not valid, or no longer");
    /// The connection has no record, for example because it expired.
    UNKNOWN_CONNECTION = Unauthorized("unknownConnection", "this connection is not known: connect again");

    /// `userId` names another user.
    NOT_THE_CALLER = Forbidden("notTheCaller", "\"userId\" is not the signed-in user");
    /// `email` was not verified by this browser.
    NOT_YOUR_EMAIL = Forbidden("notYourEmail", "this is not your e-mail address");
    /// The caller is not a member of the chat.
    NOT_A_MEMBER = Forbidden("notAMember", "you are not a member of this chat");
    /// The caller may not change the message.
    NOT_YOUR_MESSAGE = Forbidden("notYourMessage", "this is not your message");
    /// The role of the caller does not allow this, or that of the other member.
    NOT_ALLOWED_BY_ROLE = Forbidden("notAllowedByRole", "your role in this chat does not allow this");
    /// The connection did not join the room of the chat.
    NOT_IN_ROOM = Forbidden("notInRoom", "join the chat room first");
    /// The caller has no chat with this user.
    NO_SHARED_CHAT = Forbidden("noSharedChat", "you share no chat with this user");
    /// A page of this origin may not open sockets.
    ORIGIN_NOT_ALLOWED = Forbidden("originNotAllowed", "this origin is not allowed");

    /// No code was sent to the address.
    NO_SUCH_CODE = NotFound("noSuchCode", "no code was asked for with this e-mail address");
    /// The user does not exist, or the profile is not complete.
    NO_SUCH_USER = NotFound("noSuchUser", "there is no such user");
    /// The chat does not exist.
    NO_SUCH_CHAT = NotFound("noSuchChat", "there is no such chat");
    /// The chat has no entry with this `seq`.
    NO_SUCH_ENTRY = NotFound("noSuchEntry", "the chat has no such entry");
    /// The user is not a member of the group.
    NO_SUCH_MEMBER = NotFound("noSuchMember", "there is no such member");
    /// The photo does not exist.
    NO_SUCH_PHOTO = NotFound("noSuchPhoto", "there is no such photo");

    /// The two users already have a chat.
    ALREADY_CONNECTED = Conflict("alreadyConnected", "you are connected already");
    /// The user is a member of the group already.
    ALREADY_A_MEMBER = Conflict("alreadyAMember", "this user is a member already");
    /// The group has as many members as it can have.
    GROUP_IS_FULL = Conflict("groupIsFull", "the group is full");
    /// The last owner of a group cannot leave it or give up the role.
    LAST_OWNER = Conflict("lastOwner", "the group needs another owner first");
    /// The `clientId` was already used for another text.
    CLIENT_ID_REUSED = Conflict("clientIdReused", "\"clientId\" was used for another message");

    /// The body is not declared as JSON.
    NOT_JSON = UnsupportedMedia("notJson", "the body must be sent as application/json");
    /// The uploaded file is not an image of a supported type.
    NOT_A_PHOTO = UnsupportedMedia("notAPhoto", "\"profile\" must be a JPEG, PNG or WebP image");

    /// `before` and `after` were given together.
    BEFORE_AND_AFTER = BadParameter("beforeAndAfter", "\"before\" and \"after\" exclude each other");
    /// A user cannot chat with themselves.
    YOURSELF = Invalid("yourself", "\"personId\" must be somebody else");
    /// The answer of `sync` is in the ack.
    ACK_ID_REQUIRED = Invalid("ackIdRequired", "\"ackId\" is required");
    /// The mail server knows that the mailbox does not exist.
    UNDELIVERABLE = Invalid("undeliverable", "\"email\" cannot receive mail");
}

/// Creates the error for a frame whose action does not exist.
pub fn no_such_action(actions: &str) -> Error {
    let message = format!("there is no such action; the actions are {actions}");
    Error::NotFound(Reason::dynamic("noSuchAction", message))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_error_has_a_unique_code_in_camel_case() {
        let errors = all();
        let codes: BTreeSet<_> = errors.iter().map(Error::code).collect();
        assert_eq!(codes.len(), errors.len(), "a code is used twice: {codes:?}");
        for code in codes {
            let is_camel_case = code.starts_with(|first: char| first.is_ascii_lowercase())
                && code.chars().all(|char| char.is_ascii_alphanumeric());
            assert!(is_camel_case, "{code:?} is not in camel case");
        }
    }
}
