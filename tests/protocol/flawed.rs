//! Each of the flaws, with the sentence that it violates.

use crate::flaws::Flaw;
use crate::process::Request;
use crate::scenarios::{ADA, BOB, CLEO, add, delete, edit, message, messages, react, read, remove, scenario};
use crate::truth::{CONTENT, CONTIGUOUS, CONVERGED, CURRENT, ENTITLED, ERASED, GAPLESS, MEMBERS_ONLY, ONCE, UNSEEN};

#[test]
fn a_head_that_is_read_last() {
    scenario(messages(3), &[message(ADA, 10), read(BOB)]).fails(Flaw::HeadLast, CURRENT);
}

#[test]
fn a_read_without_the_notes() {
    scenario(messages(3), &[edit(ADA, 10, 1), read(BOB)]).fails(Flaw::ReadWithoutNotes, CURRENT);
}

#[test]
fn a_changed_message_from_a_later_head() {
    let before = [messages(2), vec![message(ADA, 10)]].concat();
    let requests = [edit(ADA, 11, 3), Request::Read { by: BOB, since: 3 }];
    scenario(before, &requests).fails(Flaw::TargetFromALaterHead, CURRENT);
}

#[test]
fn an_answer_that_is_newer_than_its_head() {
    scenario(messages(2), &[remove(10, CLEO), edit(ADA, 11, 1), read(CLEO)]).fails(Flaw::NewerThanHead, ENTITLED);
}

#[test]
fn a_read_that_ignores_from() {
    scenario(messages(2), &[add(10, CLEO), read(CLEO)]).without(CLEO).fails(Flaw::FromIgnored, CONTIGUOUS);
}

#[test]
fn notes_applied_out_of_order() {
    scenario(messages(2), &[delete(ADA, 10, 1), react(BOB, 11, 1)]).fails(Flaw::OwnNoteOnly, CONTENT);
}

#[test]
fn notes_applied_without_a_guard() {
    scenario(messages(2), &[edit(ADA, 10, 1), react(BOB, 11, 1)]).fails(Flaw::NotesWithoutGuard, CONTENT);
}

#[test]
fn notes_removed_before_they_are_applied() {
    scenario(messages(2), &[edit(ADA, 10, 1)]).fails(Flaw::NotesDroppedFirst, CURRENT);
}

#[test]
fn a_deletion_acknowledged_at_once() {
    scenario(messages(2), &[delete(ADA, 10, 1)]).fails(Flaw::DeletionAcknowledgedEarly, ERASED);
}

#[test]
fn a_repeated_deletion_acknowledged_at_once() {
    let requests = [delete(ADA, 10, 1), delete(ADA, 10, 1), message(BOB, 11)];
    scenario(messages(3), &requests).fails(Flaw::RepeatedDeletionUnfinished, ERASED);
}

#[test]
fn a_membership_checked_before_the_append() {
    scenario(messages(1), &[remove(10, CLEO), message(CLEO, 11)]).fails(Flaw::MembershipByAnEarlierRead, MEMBERS_ONLY);
}

#[test]
fn a_repeat_answered_before_the_membership() {
    scenario(messages(3), &[remove(10, CLEO), message(CLEO, 3)]).fails(Flaw::RepeatBeforeMembership, MEMBERS_ONLY);
}

#[test]
fn a_change_of_a_message_from_before_joining() {
    let requests = [remove(10, CLEO), add(11, CLEO), react(CLEO, 12, 1)];
    scenario(messages(1), &requests).fails(Flaw::ChangeOfUnseenMessage, UNSEEN);
}

#[test]
fn an_append_that_ignores_the_previous_keys() {
    scenario(messages(1), &[message(BOB, 10), message(BOB, 10)]).fails(Flaw::NoPreviousKeys, ONCE);
}

#[test]
fn a_roll_that_leaves_the_keys_of_the_roll_before() {
    let requests = [message(BOB, 10), message(BOB, 10), message(ADA, 11), message(ADA, 12)];
    scenario(messages(1), &requests).fails(Flaw::NoPublishBeforeFlip, ONCE);
}

#[test]
fn a_roll_that_empties_any_page() {
    let requests = [message(ADA, 10), message(BOB, 11), message(CLEO, 12)];
    scenario(messages(1), &requests).fails(Flaw::FlipOfAnyPage, GAPLESS);
}

#[test]
fn a_last_message_from_an_earlier_read() {
    let before = [messages(2), vec![react(BOB, 10, 2)]].concat();
    let requests = [react(CLEO, 11, 2), message(BOB, 12)];
    scenario(before, &requests).fails(Flaw::LastFromAnEarlierRead, CURRENT);
}

#[test]
fn receivers_before_the_append() {
    scenario(messages(1), &[message(ADA, 10)]).with_device(BOB, 1, false).fails(Flaw::ReceiversBeforeAppend, CONVERGED);
}

#[test]
fn a_change_announced_with_an_earlier_content() {
    let requests = [edit(ADA, 10, 1), react(CLEO, 11, 1)];
    scenario(messages(2), &requests).with_device(BOB, 1, false).fails(Flaw::ContentBeforeAppend, CONTENT);
}

#[test]
fn a_change_announced_with_a_later_content() {
    let requests = [react(BOB, 10, 1), remove(11, CLEO), edit(ADA, 12, 1)];
    scenario(messages(2), &requests).with_connected_device(CLEO).fails(Flaw::ContentNewerThanAppend, ENTITLED);
}

#[test]
fn a_change_announced_with_a_message_from_before_joining() {
    let before = [messages(2), vec![add(10, CLEO)]].concat();
    scenario(before, &[edit(ADA, 11, 1)])
        .without(CLEO)
        .with_device(CLEO, 1, false)
        .fails(Flaw::ContentToEverybody, ENTITLED);
}

#[test]
fn a_repeat_announced_to_who_joined_later() {
    let before = [messages(2), vec![add(10, CLEO)]].concat();
    scenario(before, &[message(BOB, 2)])
        .without(CLEO)
        .with_device(CLEO, 1, false)
        .fails(Flaw::RepeatToEverybody, ENTITLED);
}

#[test]
fn a_sync_before_the_connection() {
    scenario(messages(1), &[message(ADA, 10)]).with_device(BOB, 1, false).fails(Flaw::SyncBeforeConnection, CONVERGED);
}

#[test]
fn entries_shown_on_arrival() {
    let requests = [message(ADA, 10), message(ADA, 11)];
    scenario(messages(1), &requests).with_device(BOB, 1, true).fails(Flaw::ShownOnArrival, CONTIGUOUS);
}

#[test]
fn the_latest_arrival_of_a_message() {
    let requests = [edit(ADA, 10, 1), react(CLEO, 11, 1)];
    scenario(messages(1), &requests).with_device(BOB, 1, false).fails(Flaw::LatestArrivalWins, CONVERGED);
}

#[test]
fn entries_forgotten_with_the_chat() {
    let before = [messages(1), vec![remove(10, CLEO)]].concat();
    scenario(before, &[add(11, CLEO)]).with_device(CLEO, 1, false).fails(Flaw::EverythingForgotten, CONVERGED);
}
