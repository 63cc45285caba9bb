//! Rolling: emptying a full head.

use super::Next;
use crate::flaws::Flaw;
use crate::world::World;

/// Executes the next command of a roll.
pub(super) fn step(next: Next, world: &mut World) -> Next {
    let (flaws, chat) = (world.flaws, world.chat_mut());
    match next {
        Next::ReadFullHead { then } => {
            let full = chat.head();
            if !full.is_full() {
                return *then;
            }
            let (number, keys) = (full.number, full.prev_keys.clone());
            let archive = Next::InsertArchive { full, then };
            // The flip overwrites `prevKeys`.
            if number == 0 || flaws.has(Flaw::NoPublishBeforeFlip) {
                archive
            } else {
                Next::Publish { number: number - 1, keys, then: Box::new(archive) }
            }
        }
        Next::InsertArchive { full, then } => {
            chat.insert_archive(&full);
            Next::Flip { full, then }
        }
        Next::Flip { full, then } => {
            chat.flip(&full, flaws);
            Next::Publish { number: full.number, keys: full.keys, then }
        }
        Next::Publish { number, keys, then } => {
            chat.publish(number, &keys);
            *then
        }
        next => next,
    }
}
