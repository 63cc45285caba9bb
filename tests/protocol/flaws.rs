//! Protocols that look right and are not. A model that cannot tell them from the real one proves
//! nothing.

/// A deviation from the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// A reader reads the archives first and the head last.
    HeadLast,
    /// A reader does not fold the notes of the head over what it reads.
    ReadWithoutNotes,
    /// A reader answers although an archive has a change that is newer than the head it has read.
    NewerThanHead,
    /// A reader of the newest entries reads the head a second time for messages that they change.
    TargetFromALaterHead,
    /// A reader ignores `from`.
    FromIgnored,
    /// A request applies only its own note, and not the earlier ones.
    OwnNoteOnly,
    /// Applying does not compare the note with `changedSeq`.
    NotesWithoutGuard,
    /// Notes are removed from the head before they are applied.
    NotesDroppedFirst,
    /// A deletion is acknowledged when it is appended.
    DeletionAcknowledgedEarly,
    /// A repeated deletion is acknowledged although its note may still be in the head.
    RepeatedDeletionUnfinished,
    /// Membership is checked by a read before the append.
    MembershipByAnEarlierRead,
    /// A repeat is answered before the membership is checked.
    RepeatBeforeMembership,
    /// The filter of a change does not compare its target with `from`.
    ChangeOfUnseenMessage,
    /// The filter of an append does not look at `prevKeys`.
    NoPreviousKeys,
    /// A roll does not give the archive before it its keys.
    NoPublishBeforeFlip,
    /// A roll removes the entries of the head whatever its number is.
    FlipOfAnyPage,
    /// A roll takes `last` from the head that it has read before.
    LastFromAnEarlierRead,
    /// The receivers are looked up before the append.
    ReceiversBeforeAppend,
    /// A change is announced with the content that was read before the append.
    ContentBeforeAppend,
    /// A change is announced with a content that is newer than the change.
    ContentNewerThanAppend,
    /// A change is announced with its message to members who joined after the message.
    ContentToEverybody,
    /// A repeat is announced to members who joined after the original.
    RepeatToEverybody,
    /// A device syncs first and records its connection second.
    SyncBeforeConnection,
    /// A device shows an entry when it arrives, whatever its seq is.
    ShownOnArrival,
    /// A device keeps the version of a message that arrived last.
    LatestArrivalWins,
    /// A device that hears that a chat is not its own any more forgets every entry that waits.
    EverythingForgotten,
}

/// The flaw that a model has, if any.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Flaws(pub(crate) Option<Flaw>);

impl Flaws {
    pub(crate) fn has(self, flaw: Flaw) -> bool {
        self.0 == Some(flaw)
    }
}
