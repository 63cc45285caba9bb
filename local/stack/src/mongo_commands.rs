//! Counts commands in MongoDB's wire protocol
//! (<https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/>).

use gateway::CountCommands;

/// The opcode of messages that carry a command.
const OP_MSG: i32 = 2013;

/// The size of the header that each message begins with.
const HEADER: usize = 16;

/// The position of the opcode in the header.
const OPCODE: usize = 12;

/// The position of the first key of the first section, which is the name of the command: after the
/// header come flags (4 bytes), the section's kind (1), the document's length (4) and the type of
/// its first element (1).
const FIRST_KEY: usize = 26;

/// The largest message that MongoDB accepts.
const MAX_MESSAGE: usize = 48_000_000;

/// Commands that a driver sends on its own behalf, to discover the server and to authenticate.
const HOUSEKEEPING: [&[u8]; 7] =
    [b"hello", b"ismaster", b"isMaster", b"ping", b"endSessions", b"saslStart", b"saslContinue"];

/// Counts the commands on one connection, except the driver's housekeeping.
#[derive(Default)]
pub(crate) struct MongoCommands {
    /// The beginning of a message that is not complete yet.
    unread: Vec<u8>,
}

impl CountCommands for MongoCommands {
    fn count(&mut self, bytes: &[u8]) -> u64 {
        self.unread.extend_from_slice(bytes);
        let (mut commands, mut read) = (0, 0);
        while let Some(length) = message_length(&self.unread[read..]) {
            let Some(message) = self.unread.get(read..read + length) else { break };
            commands += u64::from(command(message).is_some_and(|name| !HOUSEKEEPING.contains(&name)));
            read += length;
        }
        self.unread.drain(..read);
        commands
    }
}

/// Returns the length of the message at the start of `bytes`, if the length is complete and valid.
fn message_length(bytes: &[u8]) -> Option<usize> {
    let length = bytes.first_chunk().map(|length| i32::from_le_bytes(*length))?;
    usize::try_from(length).ok().filter(|length| (HEADER..=MAX_MESSAGE).contains(length))
}

/// Returns the name of the command in a message.
fn command(message: &[u8]) -> Option<&[u8]> {
    let opcode = message.get(OPCODE..)?.first_chunk().map(|opcode| i32::from_le_bytes(*opcode))?;
    if opcode != OP_MSG {
        return None;
    }
    message.get(FIRST_KEY..)?.split(|byte| *byte == 0).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a message whose command has this name.
    fn message(opcode: i32, command: &str) -> Vec<u8> {
        let mut message = vec![0; FIRST_KEY];
        message.extend_from_slice(command.as_bytes());
        message.extend_from_slice(&[0; 5]);
        let length = i32::try_from(message.len()).unwrap();
        message[..4].copy_from_slice(&length.to_le_bytes());
        message[OPCODE..HEADER].copy_from_slice(&opcode.to_le_bytes());
        message
    }

    #[test]
    fn commands_are_counted_and_housekeeping_is_not() {
        let bytes = [message(OP_MSG, "find"), message(OP_MSG, "hello"), message(OP_MSG, "insert")].concat();

        assert_eq!(MongoCommands::default().count(&bytes), 2);
    }

    #[test]
    fn messages_may_arrive_byte_by_byte() {
        let mut counter = MongoCommands::default();
        let bytes = [message(OP_MSG, "find"), message(OP_MSG, "ping"), message(OP_MSG, "update")].concat();

        let counts: Vec<_> = bytes.iter().map(|byte| counter.count(&[*byte])).collect();

        assert_eq!(counts.iter().sum::<u64>(), 2);
        assert_eq!(counts.last(), Some(&1), "a command is counted with its last byte");
    }

    #[test]
    fn messages_of_another_kind_carry_no_command() {
        assert_eq!(MongoCommands::default().count(&message(2004, "find")), 0);
    }
}
